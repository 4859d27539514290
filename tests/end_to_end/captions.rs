//! Sentences that are as people write them, about anything: a run ends with a report and a bundle, and goes on after some
//! were mended.

use crate::program::{fail, read_bundle, succeed, trainer};
use mriseg::bundle::{Domain, Manifest};
use mriseg::image::{GrayImage, Mask};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const SIDE: usize = 64;

/// A folder with a dark patch on each picture and these sentences, as (split, sentence).
fn patches(folder: &Path, captions: &[(&str, &str)]) -> PathBuf {
    for (case, (split, _)) in captions.iter().enumerate() {
        let inside =
            |i: usize| (i % SIDE).abs_diff(12 + 6 * case) < 8 && (i / SIDE).abs_diff(30) < 9;
        let pixels = (0..SIDE * SIDE).map(|i| if inside(i) { 0.1 } else { 0.8 });
        let picture = GrayImage::new(SIDE, SIDE, pixels.collect());
        let mask = Mask::new(
            SIDE,
            SIDE,
            (0..SIDE * SIDE).map(|i| inside(i).into()).collect(),
        );
        for (part, png) in [("img", picture.to_png()), ("mask", mask.to_png())] {
            let part = folder.join(split).join(part);
            fs::create_dir_all(&part).unwrap();
            fs::write(part.join(format!("case_{case}.png")), png).unwrap();
        }
    }
    write(folder, captions);
    folder.to_owned()
}

fn write(folder: &Path, captions: &[(&str, &str)]) {
    let mut table = "split,id,caption\n".to_owned();
    for (case, (split, caption)) in captions.iter().enumerate() {
        table += &format!("{split},case_{case},\"{caption}\"\n");
    }
    fs::write(folder.join("captions.csv"), table).unwrap();
}

/// A training of seconds, without other words than the data's.
fn train(root: &Path, data: &Path, more: &[&str]) -> Command {
    let mut command = trainer();
    command.args(["train", "--device", "cpu", "--name", "run"]);
    command.arg("--out").arg(root).arg("--data").arg(data);
    let short = [
        "model.lm.layers=1",
        "mask_tokenizer.steps=2",
        "train.steps=2",
        "train.batch=2",
        "train.evaluations=1",
        "data.requests={reworded=0.0, side=0.0, everything=0.0, nothing=0.0, lungs=0.0, other=0.0}",
    ];
    for set in short.iter().chain(more) {
        command.args(["--set", set]);
    }
    command
}

fn heard(output: &Output) -> String {
    let [out, err] = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    format!("{out}{err}")
}

fn json(path: &Path) -> serde_json::Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn sentences_that_cannot_be_asked_or_are_unknown_are_told_and_counted_and_end_no_run() {
    let root = tempfile::tempdir().unwrap();
    let captions = [
        ("train", "melanoma"),
        ("train", "naevus"),
        ("train", "Fleck im linken Feld"),
        (
            "valid",
            "one very long sentence about hyperkeratosis and dermatofibroma",
        ),
        ("test", "lentigo"),
        (
            "test",
            "one very long sentence about hyperkeratosis and dermatofibroma",
        ),
    ];
    let data = patches(&root.path().join("data"), &captions);
    let said = heard(&succeed(&mut train(
        root.path(),
        &data,
        &["model.lm.text_tokens=12"],
    )));
    for line in [
        "1 of the 1 sentences of valid are longer than the 12 tokens",
        "1 of the 2 sentences of test are longer than the 12 tokens",
        "`case_5`, 8 words",
        "count as failed",
        "have no word that the model knows from its training (`case_4`: \"lentigo\")",
        "«linken» of `case_2`",
        "set augment.flip = 0",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
    let told = said.find("count as failed").unwrap();
    assert!(told < said.find("mask tokenizer:").unwrap(), "{said}");

    let summary = json(&root.path().join("run/report/summary.json"));
    for (key, count) in [("cases", 2), ("unasked", 1), ("unknown_words", 1)] {
        assert_eq!(summary[key], count, "{key}");
    }
    let page = fs::read_to_string(root.path().join("run/report/index.html")).unwrap();
    let card = fs::read_to_string(root.path().join("run/bundle/card.md")).unwrap();
    assert!(page.contains("1 of these cases could not be asked"));
    assert!(card.contains("1 could not be asked"), "{card}");
    let table = fs::read_to_string(root.path().join("run/report/cases.csv")).unwrap();
    assert!(
        table
            .lines()
            .any(|line| line.starts_with("case_5,") && line.ends_with(",false"))
    );

    let eval = |more: &[&str]| {
        let mut eval = trainer();
        eval.args(["eval", "--device", "cpu", "--split", "test", "--data"]);
        eval.arg(&data).args(more);
        eval.arg("--bundle").arg(root.path().join("run/bundle"));
        succeed(&mut eval)
    };
    let of_bundle: serde_json::Value = serde_json::from_slice(&eval(&["--json"]).stdout).unwrap();
    for key in ["cases", "unasked", "unknown_words", "dice_pooled"] {
        assert_eq!(of_bundle[key], summary[key], "{key}");
    }
    assert!(heard(&eval(&[])).contains("cannot be asked"));
}

#[test]
fn a_run_goes_on_where_only_sentences_changed_that_it_does_not_learn_from() {
    let root = tempfile::tempdir().unwrap();
    let long = "a patch of many words ".repeat(20);
    let begun = [
        ("train", "a dark patch"),
        ("train", "a patch"),
        ("train", &*long),
        ("valid", "a patch"),
        ("test", "a patch"),
    ];
    let data = patches(&root.path().join("data"), &begun);
    succeed(&mut train(root.path(), &data, &[]));
    let run = root.path().join("run");
    assert_eq!(json(&run.join("data.json"))["left_out"], 1);
    let resume = || {
        fs::remove_dir_all(run.join("bundle")).unwrap();
        let mut command = trainer();
        command
            .args(["train", "--device", "cpu", "--resume"])
            .arg(&run);
        command
    };
    let mut mended = begun;
    mended[2].1 = "a patch, shortened";
    mended[3].1 = "one patch";
    write(&data, &mended);
    let said = heard(&succeed(&mut resume()));
    assert!(said.contains("2 training cases"), "{said}");
    assert!(
        said.contains("1 training cases fit now; the run began without them")
            && said.contains("that of `case_3` from \"a patch\" to \"one patch\""),
        "{said}"
    );
    assert!(run.join("bundle/manifest.json").is_file());

    mended[1].1 = "another patch";
    write(&data, &mended);
    let said = fail(&mut resume(), 2);
    assert!(
        said.contains("of train")
            && said.contains("`case_1` from \"a patch\" to \"another patch\""),
        "{said}"
    );
}

#[test]
fn a_run_about_anything_leaves_a_bundle_that_says_so_and_nothing_of_lungs() {
    let root = tempfile::tempdir().unwrap();
    let captions = [
        ("train", "one small dark patch in the centre."),
        ("train", "one small dark patch in the centre."),
        ("train", "no patch."),
        ("train", "one brown patch near the top edge."),
        ("valid", "one dark patch."),
        ("test", "two brown spots near the top edge."),
    ];
    let data = patches(&root.path().join("data"), &captions);
    let trained = heard(&succeed(&mut train(root.path(), &data, &[])));
    let exported = root.path().join("exported");
    let mut export = trainer();
    export
        .arg("export")
        .arg("--run")
        .arg(root.path().join("run"));
    succeed(export.arg("--out").arg(&exported));
    let (manifest, files) = read_bundle(&exported);
    let info = Manifest::parse(&manifest).unwrap().info;
    assert_eq!(
        (info.domain, info.example.as_str()),
        (Domain::Other, captions[0].1)
    );
    let card = String::from_utf8(files["card.md"].clone()).unwrap();
    assert!(
        card.contains("4 of `train` to learn from, 1 of `valid` to choose by, 1 of `test`"),
        "{card}"
    );

    let ask = |command: &str, more: &[&str]| {
        let mut asked = trainer();
        asked
            .args([command, "--device", "cpu", "--bundle"])
            .arg(&exported);
        asked.args(more);
        asked
    };
    let picture = data.join("test/img/case_5.png");
    let mask = root.path().join("mask.png");
    let mut predict = ask("predict", &["--text", captions[5].1]);
    let predicted = heard(&succeed(
        predict.arg("--image").arg(picture).arg("--out").arg(&mask),
    ));
    assert!(!predicted.contains("no word"), "{predicted}");
    let mut predict = ask("predict", &["--text", "pneumothorax"]);
    let other = data.join("test/img/case_5.png");
    let guessed = heard(&succeed(
        predict.arg("--image").arg(other).arg("--out").arg(&mask),
    ));
    assert!(guessed.contains("no word of this sentence"), "{guessed}");
    let evaluated = heard(&succeed(
        ask("eval", &["--split", "test", "--all-texts", "--side-swap"])
            .arg("--data")
            .arg(&data),
    ));
    let checked = heard(&succeed(trainer().arg("check").arg("--data").arg(&data)));
    // The command names settings.
    let text = |said: &str| {
        let lines = said.lines().filter(|line| !line.starts_with("| Command"));
        lines.collect::<Vec<_>>().join("\n").to_lowercase()
    };
    for said in [&card, &predicted, &evaluated, &checked] {
        for word in [
            "lung",
            "x-ray",
            "covid",
            "infection",
            "side word",
            "wrong-side",
        ] {
            assert!(!text(said).contains(word), "{word}: {said}");
        }
    }
    assert!(evaluated.contains("--text shuffled"), "{evaluated}");
    let example = format!("--text \"{}\"", captions[0].1);
    assert!(trained.contains(&example), "{trained}");
    for option in [&["--probe"][..], &["--wordings", "lay"]] {
        let refused = fail(ask("eval", option).arg("--data").arg(&data), 2);
        assert!(
            refused.contains(option[0]) && refused.contains(captions[0].1),
            "{refused}"
        );
    }
}
