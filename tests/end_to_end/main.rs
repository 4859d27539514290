//! Train, export, load, segment: the whole path through the `trainer` program and the library.

mod captions;
mod colour;
mod command_line;
mod dicom;
mod files;
mod kills;
mod paper;
mod program;
mod scale;

use burn::tensor::Device;
use futures_lite::future::block_on;
use mriseg::bundle::Manifest;
use mriseg::decode::{DecodeStrategy, TokenEvent};
use mriseg::image::{GrayImage, Mask, Picture};
use mriseg::segmenter::{Query, Segmenter};
use mriseg_data::{Dataset, PhantomConfig};
use program::{SENTENCE, SHORT, fail, picture, read_bundle, run, succeed, train, trainer};
use std::fs;
use std::io::{BufRead, BufReader};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Command, Output, Stdio};

#[test]
fn a_run_leaves_summary_report_samples_and_a_bundle() {
    let run = run();
    let summary: serde_json::Value =
        serde_json::from_slice(&fs::read(run.join("report/summary.json")).unwrap()).unwrap();
    for key in [
        "cases",
        "empty_cases",
        "dice_per_image",
        "iou_per_image",
        "dice_pooled",
        "iou_pooled",
        "oracle_dice_per_image",
        "ms_per_image",
    ] {
        assert!(
            !summary[key].is_null() || key.contains("dice") || key.contains("iou"),
            "{key}"
        );
        assert!(summary.get(key).is_some(), "{key}");
    }
    for file in [
        "config.toml",
        "env.json",
        "data.json",
        "metrics.jsonl",
        "report/index.html",
        "report/cases.csv",
        "checkpoints/last/state.json",
        "checkpoints/best-dice/state.json",
        "samples/step-12/samples.png",
        "bundle/manifest.json",
        "bundle/card.md",
        "bundle/tokenizer.json",
    ] {
        assert!(run.join(file).is_file(), "{file}");
    }
    let metrics = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    assert!(metrics.contains("valid_reworded_dice\":0."), "{metrics}");
    let last: serde_json::Value = metrics
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .rfind(|line: &serde_json::Value| line["step"] == 12 && !line["loss"].is_null())
        .unwrap();
    for term in ["next_k_loss", "reading_loss", "sentence_loss"] {
        assert!(last[term].as_f64().unwrap() > 0.0, "{term}: {last}");
    }
}

#[test]
fn the_library_and_the_program_decode_the_same_tokens_from_an_exported_bundle() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = folder.path().join("bundle");
    succeed(
        trainer()
            .args(["export", "--run"])
            .arg(run())
            .arg("--out")
            .arg(&bundle),
    );
    let image = folder.path().join("picture.png");
    fs::write(&image, picture().to_png()).unwrap();
    let out = folder.path().join("mask.png");
    let output = succeed(
        trainer()
            .args([
                "predict", "--device", "cpu", "--json", "--text", SENTENCE, "--bundle",
            ])
            .arg(&bundle)
            .arg("--image")
            .arg(&image)
            .arg("--out")
            .arg(&out),
    );
    let printed: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();

    let (manifest, files) = read_bundle(&bundle);
    let segmenter = block_on(Segmenter::load(&manifest, files, &Device::flex())).unwrap();
    let picture = Picture::decode(&fs::read(&image).unwrap(), "picture.png").unwrap();
    let prompt = segmenter.prompt(SENTENCE).unwrap();
    let mut streamed = Vec::new();
    let keep = |event: &TokenEvent| {
        streamed.push(event.token);
        ControlFlow::Continue(())
    };
    // The program decodes speculatively: the tokens are the same.
    let result =
        block_on(segmenter.segment(Query::new(&picture, &prompt), DecodeStrategy::Greedy, keep))
            .unwrap();
    assert_eq!(streamed, result.tokens);
    assert_eq!(result.passes, result.tokens.len());
    assert_eq!(printed["tokens"], serde_json::json!(result.tokens));
    let mask = Mask::decode(&fs::read(&out).unwrap(), "mask.png")
        .unwrap()
        .mask;
    assert_eq!((mask.width, mask.height), (150, 90));
    assert_eq!(mask, result.mask);
    let checks = segmenter.checks(SENTENCE, &mask);
    assert!(!checks.is_empty());
    assert_eq!(printed["checks"], serde_json::to_value(&checks).unwrap());
    let heard = String::from_utf8(output.stderr).unwrap();
    for check in checks {
        assert_eq!(heard.contains(&check.message), !check.agrees, "{heard}");
    }
}

#[test]
fn the_gpu_path_decodes_the_tokens_of_the_cpu_and_takes_a_simulated_gpu_only_when_asked() {
    if std::env::var_os("MRISEG_TEST_GPU").is_none() {
        println!(
            "skipped: set MRISEG_TEST_GPU=1 to try the GPU path, on a simulated adapter if need be"
        );
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("picture.png");
    fs::write(&image, picture().to_png()).unwrap();
    let predict = |device: &[&str]| {
        let mut command = trainer();
        command
            .args(["predict", "--json", "--text", SENTENCE])
            .args(device)
            .arg("--bundle")
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../www/public/bundles/phantom"))
            .arg("--image")
            .arg(&image)
            .arg("--out")
            .arg(folder.path().join("mask.png"));
        command.output().unwrap()
    };
    let gpu = predict(&["--device", "gpu", "--software-adapter"]);
    let message = String::from_utf8_lossy(&gpu.stderr);
    if message.contains("no GPU was found") || message.contains("cannot drive a GPU") {
        println!("skipped: {}", message.trim());
        return;
    }
    assert!(gpu.status.success(), "{message}");
    let tokens = |output: &Output| {
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        json["tokens"].clone()
    };
    assert_eq!(tokens(&gpu), tokens(&predict(&["--device", "cpu"])));

    let plain = predict(&["--device", "gpu"]);
    if !plain.status.success() {
        let message = String::from_utf8_lossy(&plain.stderr);
        assert_eq!(plain.status.code(), Some(2));
        assert!(message.contains("--software-adapter"), "{message}");
    }
}

#[test]
fn eval_prints_one_json_object_for_every_way_to_treat_the_sentence() {
    for mode in ["given", "none", "shuffled", "wrong-side"] {
        let output = succeed(
            trainer()
                .args([
                    "eval", "--device", "cpu", "--data", "phantoms", "--split", "test",
                ])
                .args(["--limit", "6", "--json", "--text", mode, "--bundle"])
                .arg(run().join("bundle")),
        );
        let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(summary["cases"], 6);
        assert_eq!(summary["text_mode"], mode);
    }
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_goes_on_exactly_where_it_stopped() {
    let root = tempfile::tempdir().unwrap();
    let longer = ["train.steps=40", "train.evaluations=8"];
    let one = ["--threads", "1"];
    succeed(train(root.path(), "whole", &longer).args(one));

    let mut child = train(root.path(), "parts", &longer)
        .args(one)
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    lines
        .find(|line| line.as_ref().unwrap().contains("step 5: free-running Dice"))
        .expect("the run reports its first evaluation")
        .unwrap();
    let interrupted = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(interrupted.success());
    let rest: Vec<String> = lines.map(|line| line.unwrap()).collect();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{rest:?}");
    assert!(
        rest.iter().any(|line| line.contains("--resume")),
        "{rest:?}"
    );

    let parts = root.path().join("parts");
    succeed(
        trainer()
            .args(["train", "--device", "cpu", "--resume"])
            .arg(&parts)
            .args(one),
    );
    // Rows are means over the steps since the last one, which was another after the interruption: rates are not.
    let rates = |run: &str| {
        let text = fs::read_to_string(root.path().join(run).join("metrics.jsonl")).unwrap();
        text.lines()
            .filter_map(|line| {
                let row: serde_json::Value = serde_json::from_str(line).unwrap();
                Some((row["step"].as_u64()?, row.get("learning_rate")?.to_string()))
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(rates("parts"), rates("whole"));
    assert_eq!(shards(&parts), shards(&root.path().join("whole")));
}

/// SHA-256 of the weights that a run has shipped: pictures, masks, language model.
fn shards(run: &Path) -> Vec<String> {
    let manifest = fs::read(run.join("bundle/manifest.json")).unwrap();
    let shards = Manifest::parse(&manifest).unwrap().shards;
    shards.into_iter().map(|shard| shard.sha256).collect()
}

#[test]
fn a_run_keeps_of_the_weights_it_began_with_what_it_is_told_to() {
    let root = tempfile::tempdir().unwrap();
    for (name, share) in [("kept", 1), ("left", 0)] {
        let share = format!("train.start_share={share}");
        let settings = [&share, "train.steps=2"];
        succeed(train(root.path(), name, &settings).arg("--from").arg(run()));
    }
    assert_eq!(shards(&root.path().join("kept")), shards(run()));
    assert_ne!(shards(&root.path().join("left"))[2], shards(run())[2]);

    let settings = ["train.start_share=0.5", "model.lm.next_tokens=8"];
    let message = fail(
        train(root.path(), "x", &settings).arg("--from").arg(run()),
        2,
    );
    assert!(message.contains("look-ahead heads"), "{message}");
}

#[test]
fn a_tokenizer_of_another_run_is_taken_as_it_is_or_refused_before_anything_is_written() {
    let root = tempfile::tempdir().unwrap();
    let from = format!("mask_tokenizer.from={}", run().display());
    succeed(&mut train(root.path(), "other", &[&from, "train.steps=2"]));
    let (ours, theirs) = (shards(&root.path().join("other")), shards(run()));
    assert_eq!(ours[1], theirs[1], "the mask tokenizer is the same");
    assert_ne!(ours[2], theirs[2], "the language model is not");

    let message = fail(
        &mut train(root.path(), "x", &[&from, "model.mask.codes=64"]),
        2,
    );
    assert!(
        message.contains("codes: 256") && message.contains("codes: 64"),
        "{message}"
    );
    let message = fail(
        &mut train(root.path(), "x", &["mask_tokenizer.from=nowhere"]),
        2,
    );
    assert!(message.contains("nowhere"), "{message}");
    assert!(!root.path().join("x").exists());
}

#[test]
fn a_pretrained_text_tokenizer_is_cut_down_bundled_and_understood_or_refused_before_anything_is_written()
 {
    let root = tempfile::tempdir().unwrap();
    // That of another run stands in for a large one: it is of the same kind.
    let file = run().join("bundle/tokenizer.json");
    let from = format!("text_tokenizer.from={}", file.display());
    let masks = format!("mask_tokenizer.from={}", run().display());
    succeed(&mut train(
        root.path(),
        "cut",
        &[&from, &masks, "train.steps=2"],
    ));
    let bundle = root.path().join("cut/bundle");
    let size = |file: &Path| fs::metadata(file).unwrap().len();
    assert!(size(&bundle.join("tokenizer.json")) <= size(&file));
    let (manifest, files) = read_bundle(&bundle);
    let segmenter = block_on(Segmenter::load(&manifest, files, &Device::flex())).unwrap();
    assert!(segmenter.prompt(SENTENCE).is_ok());

    for (sets, said) in [
        (
            ["text_tokenizer.from=nowhere.json", "seed=1"],
            "./scripts/qwen",
        ),
        (
            [&from, "model.lm.text_vocab=260"],
            "text_vocab = 260 is too small",
        ),
    ] {
        let message = fail(&mut train(root.path(), "x", &sets), 2);
        assert!(message.contains(said), "{message}");
    }
    assert!(!root.path().join("x").exists());
}

#[test]
fn a_damaged_shard_is_named_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = folder.path().join("bundle");
    succeed(
        trainer()
            .args(["export", "--run"])
            .arg(run())
            .arg("--out")
            .arg(&bundle),
    );
    let shard = bundle.join("weights-02.safetensors");
    let mut bytes = fs::read(&shard).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
    fs::write(&shard, bytes).unwrap();
    let image = folder.path().join("picture.png");
    fs::write(&image, picture().to_png()).unwrap();
    let out = folder.path().join("mask.png");
    let message = fail(
        trainer()
            .args(["predict", "--device", "cpu", "--text", SENTENCE, "--bundle"])
            .arg(&bundle)
            .arg("--image")
            .arg(&image)
            .arg("--out")
            .arg(&out),
        3,
    );
    assert!(
        message.contains("weights-02.safetensors: damaged"),
        "{message}"
    );
    assert!(!out.exists());
}

#[test]
fn bad_pictures_and_sentences_are_refused_in_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("picture.png");
    fs::write(&image, picture().to_png()).unwrap();
    let empty = folder.path().join("empty.png");
    fs::write(&empty, b"").unwrap();
    let out = folder.path().join("mask.png");
    let predict = |image: &Path, text: &str, code: i32| {
        let message = fail(
            trainer()
                .args(["predict", "--device", "cpu", "--text", text, "--bundle"])
                .arg(run().join("bundle"))
                .arg("--image")
                .arg(image)
                .arg("--out")
                .arg(&out),
            code,
        );
        assert!(!out.exists());
        assert_eq!(message.trim().lines().count(), 1, "{message}");
        message
    };
    assert!(predict(&empty, SENTENCE, 3).contains("empty.png"));
    assert!(predict(&folder.path().join("none.png"), SENTENCE, 3).contains("none.png"));
    assert!(predict(&image, "", 2).contains("sentence is empty"));
    assert!(predict(&image, &"left lung ".repeat(1000), 2).contains("too long: 2000 words"));
}

/// A folder in the QaTa layout with phantoms, of which one of each split has a sentence of 90 words.
fn data_with_long_sentences(folder: &Path) {
    let long = "there is an opacity in the left lower zone ".repeat(10);
    let mut table = "split,id,caption\n".to_owned();
    for split in ["train", "valid"] {
        let phantoms = Dataset::phantoms(&PhantomConfig::default(), split, 3);
        for kind in ["img", "mask"] {
            fs::create_dir_all(folder.join(split).join(kind)).unwrap();
        }
        for i in 0..phantoms.len() {
            let case = phantoms.load(i).unwrap();
            let file = |kind: &str| folder.join(split).join(kind).join(format!("{i}.png"));
            fs::write(file("img"), case.image.to_png()).unwrap();
            fs::write(file("mask"), case.mask.to_png()).unwrap();
            let text = if i == 2 { &long } else { &case.text };
            table += &format!("{split},{i},\"{text}\"\n");
        }
    }
    fs::write(folder.join("captions.csv"), table).unwrap();
}

#[test]
fn sentences_that_are_too_long_are_left_out_and_counted_before_training_begins() {
    let root = tempfile::tempdir().unwrap();
    let data = root.path().join("data");
    data_with_long_sentences(&data);
    let source = format!("data.source={}", data.display());
    let short = [
        "data.test_split=valid",
        "data.valid_cases=8",
        "train.steps=2",
    ];
    let heard = |output: &Output| {
        let [out, err] =
            [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
        format!("{out}{err}")
    };
    let said = heard(&succeed(&mut train(
        root.path(),
        "long",
        &[&source, short[0], short[1], short[2]],
    )));
    let left_out = said.find("1 of the").expect(&said);
    assert!(
        said.contains("left out") && said.contains("`2`, 90 words"),
        "{said}"
    );
    assert!(
        left_out < said.find("language model").expect(&said),
        "{said}"
    );

    let bundle = root.path().join("long/bundle");
    let output = succeed(
        trainer()
            .args(["eval", "--device", "cpu", "--json", "--bundle"])
            .arg(&bundle)
            .arg("--data")
            .arg(&data),
    );
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&summary["cases"], &summary["unasked"]),
        (&12.into(), &1.into())
    );

    let output = succeed(trainer().args(["check", "--data"]).arg(&data));
    let said = heard(&output);
    assert!(said.contains("failed in evaluation (2)"), "{said}");

    let none_fits = ["model.lm.text_tokens=2", &source, short[0]];
    let said = fail(&mut train(root.path(), "none", &none_fits), 3);
    assert!(said.contains("15 of the 15 sentences of train"), "{said}");
    assert!(said.contains("model.lm.text_tokens"), "{said}");
}

#[test]
fn a_probe_asks_in_many_ways_and_says_what_came_of_it() {
    let output = succeed(
        trainer()
            .args([
                "eval", "--device", "cpu", "--json", "--probe", "--limit", "6",
            ])
            .args(["--data", "phantoms", "--split", "test", "--bundle"])
            .arg(run().join("bundle")),
    );
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let rows = summary["probe"]["rows"].as_array().unwrap();
    let groups: Vec<&str> = rows
        .iter()
        .map(|row| row["group"].as_str().unwrap())
        .collect();
    for group in [
        "wording", "ladder", "side", "part", "empty", "lungs", "picture", "sentence",
    ] {
        assert!(groups.contains(&group), "{group}: {groups:?}");
    }
    let asked = |name: &str| rows.iter().find(|row| row["name"] == name).unwrap()["cases"].clone();
    assert_eq!(
        (asked("held-out"), asked("irrelevant request")),
        (6.into(), 6.into())
    );
    let report = fs::read_to_string(run().join("report/index.html")).unwrap();
    assert!(report.contains("What each part of a sentence does"));
    let card = fs::read_to_string(run().join("bundle/card.md")).unwrap();
    assert!(card.contains("Dice per image by wording"), "{card}");
}

#[test]
fn the_words_and_the_pictures_of_an_evaluation_can_be_chosen() {
    let dice = |more: &[&str]| {
        let output = succeed(
            trainer()
                .args([
                    "eval", "--device", "cpu", "--json", "--limit", "6", "--data", "phantoms",
                ])
                .args(["--split", "test", "--bundle"])
                .arg(run().join("bundle"))
                .args(more),
        );
        let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        (
            summary["wordings"].clone(),
            summary["pictures"].clone(),
            summary["cases"].clone(),
        )
    };
    assert_eq!(
        dice(&["--wordings", "lay"]),
        ("lay".into(), "plain".into(), 6.into())
    );
    assert_eq!(
        dice(&["--pictures", "letterboxed"]),
        ("given".into(), "letterboxed".into(), 6.into())
    );
    let message = fail(
        trainer()
            .args([
                "eval",
                "--data",
                "phantoms",
                "--wordings",
                "rude",
                "--bundle",
            ])
            .arg(run().join("bundle")),
        2,
    );
    assert!(message.contains("held-out"), "{message}");
}

#[test]
fn any_words_are_taken_and_it_is_said_how_they_were_read() {
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("picture.png");
    fs::write(&image, picture().to_png()).unwrap();
    for (text, said) in [
        ("LLL pneumonia", "read as: findings: left lung, lower zone"),
        ("please outline both lungs", "lungs themselves"),
        ("no infection on either side", "no findings"),
        ("🫁", "not understood"),
        ("zebra crossing", "zebra"),
        ("Infekt links unten", "links"),
        ("please, thank you", "not understood"),
        (
            "unilateral pulmonary infection, one infected area, lower left lung and lower right lung.",
            "unilateral",
        ),
    ] {
        let out = folder.path().join("mask.png");
        let output = succeed(
            trainer()
                .args(["predict", "--device", "cpu", "--text", text, "--bundle"])
                .arg(run().join("bundle"))
                .arg("--image")
                .arg(&image)
                .arg("--out")
                .arg(&out),
        );
        let heard = String::from_utf8_lossy(&output.stderr);
        assert!(heard.contains(said), "{text}: {heard}");
        assert!(out.is_file());
        fs::remove_file(&out).unwrap();
    }
}

#[test]
fn pictures_of_any_shape_are_segmented_at_their_own_size() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("mask.png");
    let predict = |picture: &GrayImage| {
        let image = folder.path().join("picture.png");
        fs::write(&image, picture.to_png()).unwrap();
        succeed(
            trainer()
                .args([
                    "predict",
                    "--device",
                    "cpu",
                    "--text",
                    "pneumonia",
                    "--bundle",
                ])
                .arg(run().join("bundle"))
                .arg("--image")
                .arg(&image)
                .arg("--out")
                .arg(&out),
        );
        let mask = Mask::decode(&fs::read(&out).unwrap(), "mask").unwrap().mask;
        assert_eq!((mask.width, mask.height), (picture.width, picture.height));
    };
    for (width, height) in [(1, 1), (2, 1), (1, 200), (2, 90), (300, 2)] {
        predict(&GrayImage::new(width, height, vec![0.4; width * height]));
    }
    predict(&GrayImage::new(64, 64, vec![1.0; 64 * 64]));
}

/// A picture on a white one of another size.
fn framed(plain: &GrayImage, [left, top]: [usize; 2], [wide, high]: [usize; 2]) -> GrayImage {
    let mut framed = GrayImage::new(wide, high, vec![1.0; wide * high]);
    for (y, row) in plain.pixels.chunks_exact(plain.width).enumerate() {
        let to = (y + top) * wide + left;
        framed.pixels[to..to + plain.width].copy_from_slice(row);
    }
    framed
}

#[test]
fn a_negative_or_a_framed_picture_gets_the_mask_of_the_plain_one() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = Path::new(env!("CARGO_MANIFEST_DIR")).join("../www/public/bundles/phantom");
    let phantoms = Dataset::phantoms(&PhantomConfig::default(), "test", 4);
    let case = phantoms.load(0).unwrap();
    let predict = |picture: &GrayImage| {
        let [image, out] = ["picture.png", "mask.png"].map(|name| folder.path().join(name));
        fs::write(&image, picture.to_png()).unwrap();
        let output = succeed(
            trainer()
                .args(["predict", "--device", "cpu", "--text", &case.text])
                .arg("--bundle")
                .arg(&bundle)
                .arg("--image")
                .arg(&image)
                .arg("--out")
                .arg(&out),
        );
        let mask = Mask::decode(&fs::read(&out).unwrap(), "mask").unwrap().mask;
        (mask, String::from_utf8_lossy(&output.stderr).into_owned())
    };
    // In grey values of 8 bits, as the files hold them.
    let plain = GrayImage::decode(&case.image.to_png(), "phantom").unwrap();
    let (width, height) = (plain.width, plain.height);
    let (mask, said) = predict(&plain);
    assert!(!mask.is_empty() && !said.contains("note:"), "{said}");

    let negative = plain.pixels.iter().map(|value| 1.0 - value).collect();
    let (of_negative, said) = predict(&GrayImage::new(width, height, negative));
    assert!(said.contains("inverted"), "{said}");
    assert_eq!(of_negative, mask);

    let (left, top) = (25, 10);
    let framed = framed(&plain, [left, top], [width + 40, height + 30]);
    let mut expected = Mask::empty(framed.width, framed.height);
    for y in 0..height {
        let (from, to) = (y * width, (y + top) * framed.width + left);
        expected.pixels[to..to + width].copy_from_slice(&mask.pixels[from..from + width]);
    }
    let (of_framed, said) = predict(&framed);
    assert!(said.contains("cut off"), "{said}");
    assert_eq!(of_framed, expected);
}

#[test]
fn mistakes_on_the_command_line_are_refused_before_anything_is_written() {
    let root = tempfile::tempdir().unwrap();
    let message = fail(&mut train(root.path(), "x", &["train.stepz=3"]), 2);
    assert!(message.contains("did you mean `train.steps`"), "{message}");
    let message = fail(&mut train(root.path(), "x", &["mask_tokenizer.steps=0"]), 2);
    assert!(message.contains("mask_tokenizer.steps = 0"), "{message}");
    let message = fail(&mut train(root.path(), "x", &["train.start_share=0.5"]), 2);
    assert!(message.contains("--from"), "{message}");
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);

    let file = root.path().join("notes.txt");
    fs::write(&file, b"x").unwrap();
    let message = fail(&mut train(&file, "x", &[]), 1);
    assert!(message.contains("notes.txt"), "{message}");
    let message = fail(
        trainer()
            .args(["eval", "--data", "phantoms", "--bundle"])
            .arg(root.path()),
        3,
    );
    assert!(message.contains("manifest.json"), "{message}");
}

#[test]
fn an_ablation_writes_its_table_and_goes_on_where_it_stopped() {
    let root = tempfile::tempdir().unwrap();
    let out = root.path().join("ablation");
    let ablate = |rows: &str, more: &[&str]| {
        let mut command = trainer();
        command.args(["ablate", "--device", "cpu", "--quiet", "--seeds", "1"]);
        command.args(["--rows", rows, "--out"]).arg(&out);
        // How often to evaluate is up to the rows.
        let short = SHORT.iter().filter(|set| !set.contains("evaluations"));
        for set in short.chain(more) {
            command.args(["--set", set]);
        }
        command
    };
    succeed(&mut ablate("next-k-4", &[]));
    let positions = fs::read_to_string(out.join("positions.csv")).unwrap();
    assert_eq!(positions.lines().count(), 1 + 2 * 64);
    let changed = |run: &str| {
        let path = out.join(run).join("checkpoints/last/state.json");
        fs::metadata(path).unwrap().modified().unwrap()
    };
    let base = changed("base-seed1");
    // A later call adds to the table.
    let printed = succeed(&mut ablate("all", &[])).stdout;
    assert_eq!(changed("base-seed1"), base, "the base is not trained again");

    let markdown = fs::read_to_string(out.join("table.md")).unwrap();
    assert_eq!(markdown.lines().count(), 2 + 3, "{markdown}");
    assert!(String::from_utf8_lossy(&printed).starts_with(&markdown));
    let csv = fs::read_to_string(out.join("table.csv")).unwrap();
    let passes = |row: &str| -> f64 {
        let column = |line: &str, index: usize| line.split(',').nth(index).unwrap().to_owned();
        let head = csv.lines().next().unwrap();
        let index = head
            .split(',')
            .position(|c| c == "Passes per mask")
            .unwrap();
        let line = csv.lines().find(|line| column(line, 0) == row).unwrap();
        column(line, index).parse().unwrap()
    };
    assert_eq!(passes("base"), 64.0);
    assert!(passes("next-k-4") < 64.0);
    let page = fs::read_to_string(out.join("index.html")).unwrap();
    assert_eq!(page.matches("<figure>").count(), 3);

    let message = fail(&mut ablate("all", &["train.steps=13"]), 2);
    assert!(message.contains("other settings"), "{message}");
    let message = fail(&mut ablate("all", &["model.lm.next_tokens=2"]), 2);
    assert!(message.contains("model.lm.next_tokens"), "{message}");
}

#[test]
fn decoding_several_tokens_per_pass_gives_the_same_scores_in_fewer_passes() {
    let eval = |more: &[&str]| -> serde_json::Value {
        let output = succeed(
            trainer()
                .args(["eval", "--device", "cpu", "--json", "--data", "phantoms"])
                .args(["--split", "test", "--limit", "6", "--bundle"])
                .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../www/public/bundles/phantom"))
                .args(more),
        );
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let batched = eval(&["--all-texts"]);
    let greedy = eval(&["--decode", "greedy"]);
    let speculative = eval(&["--decode", "speculative"]);
    assert_eq!(greedy["passes_per_mask"], 64.0);
    assert!(speculative["passes_per_mask"].as_f64().unwrap() < 40.0);
    for key in ["dice_per_image", "iou_pooled", "boundary_dice_per_image"] {
        assert!(batched[key].is_number(), "{key}");
        assert_eq!(greedy[key], batched[key], "{key}");
        assert_eq!(speculative[key], batched[key], "{key}");
    }
    let given = &batched["by_text"]["given"]["dice_per_image"];
    assert_eq!(given, &batched["dice_per_image"]);
    for mode in ["none", "shuffled", "wrong-side"] {
        assert_eq!(batched["by_text"][mode]["cases"], 6, "{mode}");
    }
}

#[test]
fn masks_by_chance_say_where_they_differ() {
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("picture.png");
    fs::write(&image, picture().to_png()).unwrap();
    let drawn = folder.path().join("sure.png");
    let output = succeed(
        trainer()
            .args(["predict", "--device", "cpu", "--text", SENTENCE])
            .args(["--samples", "4", "--bundle"])
            .arg(run().join("bundle"))
            .arg("--image")
            .arg(&image)
            .arg("--out")
            .arg(folder.path().join("mask.png"))
            .arg("--agreement")
            .arg(&drawn),
    );
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("4 sampled masks: cells agree to"), "{text}");
    let drawn = GrayImage::decode(&fs::read(&drawn).unwrap(), "sure.png").unwrap();
    assert_eq!((drawn.width, drawn.height), (150, 90));
}

#[test]
fn bench_times_both_ways_and_saves_what_other_programs_need_to_do_the_same() {
    let gallery = Path::new(env!("CARGO_MANIFEST_DIR")).join("../www/public/gallery");
    let out = tempfile::tempdir().unwrap();
    let saved = out.path().join("saved");
    let bench = |more: &[&str]| {
        let mut command = trainer();
        command.args(["bench", "--device", "cpu", "--repeats", "1", "--json"]);
        command.arg("--gallery").arg(&gallery).args(more);
        command
    };
    let bundle = run().join("bundle");
    let output = succeed(
        bench(&["--cases", "2", "--pick", "most-probable", "--save"])
            .arg(&saved)
            .arg("--bundle")
            .arg(&bundle),
    );
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let ways = report["decode"].as_array().unwrap();
    let passes: Vec<f64> = ways
        .iter()
        .map(|way| way["passes"].as_f64().unwrap())
        .collect();
    assert_eq!(passes[0], 64.0);
    assert!(passes[1] <= 64.0);
    for way in ways {
        let ms = |key: &str| way[key].as_f64().unwrap();
        assert!(0.0 < ms("picture_ms") && ms("picture_ms") < ms("first_token_ms"));
        assert!(ms("other_tokens_ms") < ms("mask_ms"));
    }

    let cases: serde_json::Value =
        serde_json::from_slice(&fs::read(saved.join("cases.json")).unwrap()).unwrap();
    assert_eq!(cases.as_array().unwrap().len(), 2);
    let (manifest, files) = read_bundle(&saved);
    let segmenter = block_on(Segmenter::load(&manifest, files, &Device::flex())).unwrap();
    let case = &cases[1];
    let text = |key: &str| case[key].as_str().unwrap();
    let image = fs::read(gallery.join(text("image"))).unwrap();
    let picture = Picture::decode(&image, text("image")).unwrap();
    let prompt = segmenter.prompt(text("text")).unwrap();
    let go_on = |_: &TokenEvent| ControlFlow::Continue(());
    let result =
        block_on(segmenter.segment(Query::new(&picture, &prompt), DecodeStrategy::Greedy, go_on))
            .unwrap();
    assert_eq!(case["tokens"], serde_json::json!(result.tokens));
    assert_eq!(case["pixels"].as_array().unwrap().len(), 64 * 64);
    assert_eq!(
        fs::read(saved.join(text("mask"))).unwrap(),
        result.mask.to_png()
    );
    let whole = [0, 0, picture.width(), picture.height()];
    assert_eq!(case["window"], serde_json::json!(whole));

    let message = fail(bench(&["--cases", "99"]).arg("--bundle").arg(&bundle), 2);
    assert!(message.contains("has 6 pictures"), "{message}");
    succeed(&mut bench(&[
        "--preset",
        "tiny",
        "--cases",
        "1",
        "--set",
        "model.lm.layers=1",
    ]));
}

#[test]
fn bench_saves_pictures_as_the_model_reads_them() {
    let folder = tempfile::tempdir().unwrap();
    let gallery = folder.path().join("gallery");
    fs::create_dir(&gallery).unwrap();
    let case = Dataset::phantoms(&PhantomConfig::default(), "test", 4)
        .load(0)
        .unwrap();
    let plain = GrayImage::decode(&case.image.to_png(), "phantom").unwrap();
    let size = [plain.width + 40, plain.height + 30];
    let pictures = [
        ("plain.png", plain.clone()),
        ("framed.png", framed(&plain, [25, 10], size)),
    ];
    let items = pictures.map(|(image, picture)| {
        fs::write(gallery.join(image), picture.to_png()).unwrap();
        let sentence = serde_json::json!({ "text": case.text, "kind": "full" });
        serde_json::json!({ "id": image, "image": image, "sentences": [sentence] })
    });
    fs::write(
        gallery.join("gallery.json"),
        serde_json::json!(items).to_string(),
    )
    .unwrap();
    let saved = folder.path().join("saved");
    succeed(
        trainer()
            .args([
                "bench",
                "--device",
                "cpu",
                "--repeats",
                "1",
                "--cases",
                "2",
                "--json",
            ])
            .arg("--gallery")
            .arg(&gallery)
            .arg("--bundle")
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../www/public/bundles/phantom"))
            .arg("--save")
            .arg(&saved),
    );
    let cases = fs::read(saved.join("cases.json")).unwrap();
    let cases: serde_json::Value = serde_json::from_slice(&cases).unwrap();
    assert_eq!(cases[0]["pixels"], cases[1]["pixels"]);
    assert_eq!(cases[0]["tokens"], cases[1]["tokens"]);
}

#[test]
fn bench_times_training_steps_of_both_objectives() {
    let output = succeed(trainer().args([
        "bench",
        "--training",
        "--preset",
        "tiny",
        "--set",
        "train.batch=4",
        "--device",
        "cpu",
        "--repeats",
        "3",
        "--json",
    ]));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["batch"], 4);
    let [base, all] = [0, 1].map(|i| &report["objectives"][i]);
    for timing in [base, all] {
        let ms = |key: &str| timing[key].as_f64().unwrap();
        let parts = ms("draw_ms") + ms("forward_backward_ms") + ms("update_ms");
        assert!(
            0.0 < ms("draw_ms") && parts < 3.0 * ms("step_ms"),
            "{timing}"
        );
    }
    assert_eq!(base["objective"], "next token");
    assert_eq!(all["objective"], "all three strategies");
    fail(trainer().args(["bench", "--training"]), 2);
}

#[test]
fn the_readmes_sentence_finds_something_in_the_readmes_picture() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let readme = readme.replace("\\\n", "");
    let line = readme
        .lines()
        .find(|line| line.contains("trainer -- predict"))
        .unwrap();
    let after = |name: &str| line.split(&format!("{name} ")).nth(1).unwrap();
    let path = |name| root.join(after(name).split(' ').next().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("mask.png");
    succeed(
        trainer()
            .args(["predict", "--device", "cpu", "--text"])
            .arg(after("--text").split('"').nth(1).unwrap())
            .arg("--bundle")
            .arg(path("--bundle"))
            .arg("--image")
            .arg(path("--image"))
            .arg("--out")
            .arg(&out),
    );
    let mask = Mask::decode(&fs::read(&out).unwrap(), "mask.png").unwrap();
    assert!(!mask.mask.is_empty());
}
