//! One work for many processes and devices: shares that are put together are what one process makes.

use crate::paper::Paper;
use crate::program::{fail, run, succeed, train, trainer};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// `eval` of the phantoms into a folder.
fn eval(out: &Path, more: &[&str]) -> Command {
    let mut command = trainer();
    command.args(["eval", "--device", "cpu", "--data", "phantoms"]);
    command.args(["--split", "test", "--limit", "20", "--bundle"]);
    command.arg(run().join("bundle")).arg("--out").arg(out);
    command.args(more);
    command
}

/// A table of cases without its columns of times, which no two runs share.
fn cases_without_times(folder: &Path) -> Vec<Vec<String>> {
    let mut reader = csv::Reader::from_path(folder.join("cases.csv")).unwrap();
    let titles = reader.headers().unwrap().clone();
    let kept = |i: &usize| !titles[*i].ends_with("ms");
    let rows = reader.records().map(|row| {
        let row = row.unwrap();
        (0..row.len())
            .filter(kept)
            .map(|i| row[i].to_owned())
            .collect()
    });
    rows.collect()
}

fn summary_without_times(folder: &Path) -> Value {
    let bytes = fs::read(folder.join("summary.json")).unwrap();
    let mut summary: Value = serde_json::from_slice(&bytes).unwrap();
    let fields = summary.as_object_mut().unwrap();
    fields.retain(|name, _| !name.contains("ms_per") && name != "command");
    summary
}

#[test]
fn shards_of_an_evaluation_make_the_report_of_one_run() {
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().join(name);
    succeed(&mut eval(&at("one"), &[]));
    let folders: Vec<PathBuf> = ["2/3", "0/3", "1/3"]
        .iter()
        .map(|shard| {
            let folder = at(&shard.replace('/', "-of-"));
            succeed(&mut eval(&folder, &["--shard", shard]));
            folder
        })
        .collect();
    let merge = |out: &str, folders: &[PathBuf], more: &[&str]| {
        let mut command = eval(&at(out), more);
        command.arg("--merge").args(folders);
        command
    };
    succeed(&mut merge("merged", &folders, &[]));
    let [one, merged] = ["one", "merged"].map(at);
    assert_eq!(cases_without_times(&one).len(), 20);
    assert_eq!(cases_without_times(&one), cases_without_times(&merged));
    assert_eq!(summary_without_times(&one), summary_without_times(&merged));
    // Merged once more, it is the same to the last byte, pictures too.
    succeed(&mut merge("again", &folders, &[]));
    let bytes = |folder: &str, file: &str| fs::read(at(folder).join(file)).unwrap();
    assert_eq!(bytes("merged", "cases.csv"), bytes("again", "cases.csv"));
    let pictures = |folder: &Path| {
        let page = fs::read_to_string(folder.join("index.html")).unwrap();
        let mut pictures: Vec<String> = page
            .split("data:image/png;base64,")
            .skip(1)
            .map(|part| part.split('"').next().unwrap().to_owned())
            .collect();
        pictures.sort();
        pictures
    };
    assert!(pictures(&one).len() > 3);
    assert_eq!(pictures(&one), pictures(&merged));

    let said = fail(&mut merge("x", &folders[..2], &[]), 3);
    assert!(said.contains("shard 1/3: is missing"), "{said}");
    let said = fail(&mut merge("x", &folders, &["--text", "none"]), 3);
    assert!(
        said.contains("--text `given`") && said.contains("`none`"),
        "{said}"
    );
    let other = at("other");
    succeed(&mut eval(
        &other,
        &["--shard", "1/3", "--presence-threshold", "0.9"],
    ));
    let with_other = [folders[0].clone(), folders[1].clone(), other.clone()];
    let said = fail(&mut merge("x", &with_other, &[]), 3);
    assert!(
        said.contains(&*other.to_string_lossy()) && said.contains("rule"),
        "{said}"
    );
    let said = fail(&mut eval(&at("x"), &["--shard", "3/3"]), 2);
    assert!(said.contains("the last of 3 is 2/3"), "{said}");
    assert!(!at("x").exists());
}

/// The files of codes under a folder, by their own names.
fn codes(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            found.extend(codes(&path));
        } else if name.ends_with(".safetensors") {
            found.push((name, fs::read(path).unwrap()));
        }
    }
    found.sort();
    found
}

#[test]
fn shards_of_codes_are_those_of_one_run_and_training_reads_them_together() {
    let paper = Paper::new();
    let set = |name: &str| format!("emu3.codes={}", paper.at(name).display());
    let tokenize = |name: &str, shard: &[&str]| {
        let mut command = paper.command("tokenize", &[&set(name)]);
        command.args(shard);
        command
    };
    let train = |name: &str| {
        let mut command = paper.command("train", &[&set(name), "train.evaluations=1"]);
        command.args(["--name", name, "--threads", "1", "--out"]);
        command.arg(paper.at("runs"));
        command
    };
    succeed(&mut tokenize("whole", &[]));
    succeed(&mut tokenize("shards", &["--shard", "1/2"]));
    let said = fail(&mut train("shards"), 3);
    assert!(said.contains("shard-0-of-2: is missing"), "{said}");
    let said = fail(&mut tokenize("shards", &["--shard", "0/3"]), 2);
    assert!(
        said.contains("shard 1/2, beside which there is no 0/3"),
        "{said}"
    );
    let said = fail(&mut tokenize("whole", &["--shard", "0/2"]), 2);
    assert!(said.contains("made without --shard"), "{said}");
    let said = fail(&mut tokenize("shards", &[]), 2);
    assert!(said.contains("holds other files"), "{said}");

    // Of pictures of another size.
    let other = paper.at("other");
    let mut command = paper.command("tokenize", &[&set("other"), "model.mask.size=32"]);
    succeed(command.args(["--shard", "0/2"]));
    let [from, to] = [&other, &paper.at("shards")].map(|folder| folder.join("shard-0-of-2"));
    fs::rename(&from, &to).unwrap();
    let said = fail(&mut train("shards"), 2);
    assert!(
        said.contains("shard-0-of-2") && said.contains("pictures of side 32"),
        "{said}"
    );
    fs::remove_dir_all(&to).unwrap();

    succeed(&mut tokenize("shards", &["--shard", "0/2"]));
    let whole = codes(&paper.at("whole"));
    assert!(whole.len() > 1);
    assert_eq!(codes(&paper.at("shards")), whole);
    let losses = |name: &str| {
        succeed(&mut train(name));
        fs::read_to_string(paper.at("runs").join(name).join("metrics.jsonl")).unwrap()
    };
    assert_eq!(losses("whole"), losses("shards"));
}

#[test]
fn devices_that_cannot_share_a_step_are_refused_before_anything_is_written() {
    let root = tempfile::tempdir().unwrap();
    let said = |devices: &str, sets: &[&str], code| {
        let mut command = trainer();
        command.args(["train", "--name", "x", "--devices", devices, "--out"]);
        command.arg(root.path().join("runs"));
        for set in sets {
            command.args(["--set", set]);
        }
        fail(&mut command, code)
    };
    let twice = said("cpu,cpu", &[], 2);
    assert!(twice.contains("names CPU (burn-flex) twice"), "{twice}");
    let none = said("cpu,gpu:99", &[], 2);
    assert!(none.contains("GPU"), "{none}");
    let unknown = said("cpu,tpu", &[], 2);
    assert!(unknown.contains("trainer devices"), "{unknown}");
    let rounds = said(
        "cpu",
        &["train.batch=8", "train.gradient_accumulation_steps=9"],
        2,
    );
    assert!(
        rounds.contains("train.gradient_accumulation_steps = 9"),
        "{rounds}"
    );
    assert!(!root.path().join("runs").exists());
}

#[test]
fn a_run_that_accumulates_has_the_losses_of_one_that_does_not_and_goes_on() {
    let root = tempfile::tempdir().unwrap();
    let losses = |name: &str| -> Vec<f64> {
        let rows = fs::read_to_string(root.path().join(name).join("metrics.jsonl")).unwrap();
        let rows = rows
            .lines()
            .map(|row| serde_json::from_str::<Value>(row).unwrap());
        rows.filter_map(|row| row["loss"].as_f64()).collect()
    };
    succeed(&mut train(root.path(), "whole", &[]));
    let parts = ["train.gradient_accumulation_steps=2"];
    succeed(&mut train(root.path(), "parts", &parts));
    let [whole, parts] = ["whole", "parts"].map(losses);
    assert_eq!(whole.len(), parts.len());
    for (whole, parts) in whole.iter().zip(&parts) {
        assert!((whole - parts).abs() < 1e-4, "{whole} {parts}");
    }
    let mut resume = trainer();
    resume.args(["train", "--devices", "cpu", "--resume"]);
    succeed(resume.arg(root.path().join("parts")));
}
