//! Processes that are killed at any moment: the same command goes on, and comes to the same end, bit for bit.
//! `MRISEG_TEST_KILLS` says how often each command is killed.

use crate::paper::Paper;
use crate::program::{SHORT, trainer};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Times that each command is killed, where nothing else is asked for.
const FEW: usize = 2;

fn kills() -> usize {
    let asked = std::env::var("MRISEG_TEST_KILLS").ok();
    asked.map_or(FEW, |asked| asked.parse().expect("a number"))
}

/// Files of a folder and those in it, by name. What one process alone leaves is no part of them: locks and what is hidden,
/// times, names of folders, and checkpoints, whose parameters have random names.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if name.starts_with('.') || name == "checkpoints" {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if !["json", "html", "md", "toml", "csv"]
                .iter()
                .any(|end| name.ends_with(end))
            {
                found.push((
                    path.strip_prefix(folder).unwrap().to_owned(),
                    fs::read(&path).unwrap(),
                ));
            }
        }
    }
    found.sort();
    assert!(!found.is_empty());
    found
}

/// Ends when the process does, or kills it after a time; whether it came to its end, and well.
fn run_for(command: &mut Command, time: Duration) -> bool {
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let begin = Instant::now();
    while child.try_wait().unwrap().is_none() && begin.elapsed() < time {
        sleep(Duration::from_millis(2));
    }
    let killed = child.try_wait().unwrap().is_none();
    if killed {
        child.kill().unwrap();
    }
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(killed || output.status.success(), "{said}");
    !killed
}

/// Kills what `command` gives for a folder at as many moments as are asked for, each time in a folder of its own, and goes
/// on there until it is done.
fn survives(what: &str, command: impl Fn(&Path) -> Command, result: &str) {
    const GOLDEN: f64 = 0.618_033_988_749_895;
    let root = tempfile::tempdir().unwrap();
    let whole = root.path().join("whole");
    fs::create_dir(&whole).unwrap();
    let begin = Instant::now();
    assert!(run_for(&mut command(&whole), Duration::from_secs(600)));
    // A machine that is busy now may be faster later: what ends unkilled says how long it takes.
    let mut takes = begin.elapsed();
    let expected = files(&whole.join(result));
    let (mut killed, mut finished, mut moment) = (0, 0, 0.5_f64);
    while finished < kills() {
        let folder = root.path().join("killed");
        fs::create_dir(&folder).unwrap();
        // Moments spread evenly over the time it takes; every third is killed twice.
        let most = killed + 1 + usize::from(finished % 3 == 2);
        let before = killed;
        loop {
            moment = (moment + GOLDEN).fract();
            let time = if killed < most {
                takes.mul_f64(moment)
            } else {
                Duration::from_secs(600)
            };
            let begin = Instant::now();
            // Packed data is complete when it is there.
            if what == "pack" && folder.join(result).is_dir() {
                break;
            }
            if run_for(&mut command(&folder), time) {
                if killed == before {
                    takes = takes.min(begin.elapsed());
                }
                break;
            }
            killed += 1;
        }
        let found = files(&folder.join(result));
        let differing = found.iter().zip(&expected).find(|(a, b)| a != b);
        let differing = differing.map(|(a, b)| (&a.0, &b.0));
        assert!(found == expected, "{what}, kill {killed}: {differing:?}");
        fs::remove_dir_all(&folder).unwrap();
        finished += usize::from(killed > before);
    }
    println!("{what}: killed {killed} times, {finished} of {finished} finished, bit for bit");
}

#[test]
fn training_survives() {
    survives(
        "train",
        |folder| {
            let mut command = trainer();
            command.args(["train", "--device", "cpu", "--threads", "1"]);
            if folder.join("run/config.toml").is_file() {
                command.arg("--resume").arg(folder.join("run"));
                return command;
            }
            command.args(["--name", "run", "--out"]).arg(folder);
            for set in SHORT.iter().chain(&["train.evaluations=6"]) {
                command.args(["--set", set]);
            }
            command
        },
        "run",
    );
}

#[test]
fn an_ablation_survives() {
    survives(
        "ablate",
        |folder| {
            let mut command = trainer();
            command.args([
                "ablate",
                "--device",
                "cpu",
                "--threads",
                "1",
                "--seeds",
                "1",
            ]);
            command
                .args(["--rows", "all", "--out"])
                .arg(folder.join("rows"));
            for set in SHORT.iter().filter(|set| !set.contains("evaluations")) {
                command.args(["--set", set]);
            }
            command
        },
        "rows",
    );
}

#[test]
fn tokenizing_survives() {
    let paper = Paper::new();
    survives(
        "tokenize",
        |folder| {
            let codes = format!("emu3.codes={}", folder.join("codes").display());
            let mut command = paper.command("tokenize", &[&codes]);
            command.args(["--threads", "1"]);
            command
        },
        "codes",
    );
}

#[test]
fn packing_survives() {
    let paper = Paper::new();
    survives(
        "pack",
        |folder| {
            let mut command = trainer();
            command.args(["pack", "--threads", "1", "--data"]);
            command
                .arg(paper.at("data"))
                .arg("--out")
                .arg(folder.join("packed"));
            command
        },
        "packed",
    );
}
