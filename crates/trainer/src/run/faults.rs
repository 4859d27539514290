//! Disks that fail and files that vanish, at every write of a short run: one sentence, and what was saved before stays.

use anyhow::{Error, Result};
use burn::tensor::Device;
use mriseg_data::{Dataset, PhantomConfig};
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

use super::checkpoint::{self, LAST};
use super::folder::RunDir;
use super::state::Run;
use crate::cli::{ProcessArgs, TrainArgs};
use crate::config::{Experiment, ExperimentArgs};
use crate::system::atomic::{complete_dir, faults};
use crate::system::device::DeviceChoice;
use crate::system::{DeviceArgs, Interrupt, Kind, exit};

/// Every how many writes one fails, unless all are wanted: the environment variable is set.
const EVERY: usize = 11;
const ALL: &str = "MRISEG_TEST_ALL_WRITES";

fn args(root: &Path, more: &[&str]) -> TrainArgs {
    let sets = [
        "data.phantom_train=4",
        "data.phantom_valid=2",
        "data.phantom_test=2",
        "data.valid_cases=2",
        "mask_tokenizer.steps=2",
        "model.lm.layers=1",
        "train.steps=4",
        "train.batch=2",
        "train.evaluations=2",
    ];
    let set = sets.iter().chain(more).map(|&set| set.to_owned()).collect();
    TrainArgs {
        experiment: ExperimentArgs {
            set,
            ..ExperimentArgs::default()
        },
        name: Some("run".to_owned()),
        out: root.to_owned(),
        process: ProcessArgs {
            device: DeviceArgs {
                device: DeviceChoice::Cpu,
                ..DeviceArgs::default()
            },
            quiet: true,
        },
        ..TrainArgs::demo()
    }
}

fn complete(args: &TrainArgs) -> Result<()> {
    Run::open(args, Interrupt::default())?.complete().map(drop)
}

/// Goes on with the run, or begins it where it did not come so far.
fn go_on(root: &Path) -> Result<()> {
    let mut args = args(root, &[]);
    let run = root.join("run");
    if run.join("config.toml").is_file() {
        args.resume = Some(run);
        args.experiment = ExperimentArgs::default();
    }
    complete(&args)
}

fn must_be_one_sentence(error: &Error) -> String {
    let said = exit::sentence(error);
    assert!(
        matches!(exit::kind_of(error), Kind::Failure | Kind::Data),
        "{said}"
    );
    assert!(!said.contains('\n'), "{said}");
    said
}

/// Whether the run has a checkpoint; it must be whole, with all that going on needs.
fn loads(root: &Path) -> bool {
    let path = root.join("run");
    let Ok(run) = RunDir::open(&path) else {
        return false;
    };
    if !complete_dir(&run.checkpoint(LAST)).is_dir() {
        return false;
    }
    let experiment = Experiment::load(&run.config()).unwrap();
    checkpoint::load_average(&run.checkpoint(LAST), &experiment, &Device::flex()).unwrap();
    true
}

fn weights(root: &Path) -> Vec<Vec<u8>> {
    let shards = (0..3).map(|i| format!("run/bundle/weights-0{i}.safetensors"));
    shards
        .map(|shard| fs::read(root.join(shard)).unwrap())
        .collect()
}

/// Weights are compared to the bit, and burn draws them from a generator that all tests of a process share: this one has a
/// process of its own.
#[test]
fn whichever_write_of_a_run_fails_it_says_so_and_goes_on_from_the_checkpoint_before() {
    const NAME: &str = "run::faults::whichever_write_of_a_run_fails_it_says_so_and_goes_on_from_the_checkpoint_before";
    const ALONE: &str = "MRISEG_TEST_ALONE";
    if std::env::var_os(ALONE).is_none() {
        let mut alone = Command::new(std::env::current_exe().unwrap());
        alone
            .args([NAME, "--exact", "--nocapture"])
            .env(ALONE, "yes");
        let output = alone.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let failed = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}{failed}");
        assert!(said.contains("writes failed"), "{said}");
        return;
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    pool.unwrap().install(fail_at_every_write);
}

fn fail_at_every_write() {
    let whole = tempfile::tempdir().unwrap();
    complete(&args(whole.path(), &[])).unwrap();
    let expected = weights(whole.path());
    let every = if std::env::var_os(ALL).is_some() {
        1
    } else {
        EVERY
    };
    let (mut failures, mut checkpoints) = (0, 0);
    for writes in (0..).step_by(every) {
        let (kind, reason) = match failures % 2 {
            0 => (ErrorKind::StorageFull, "the disk is full"),
            _ => (ErrorKind::ReadOnlyFilesystem, "is read-only for you"),
        };
        let root = tempfile::tempdir().unwrap();
        let args = args(root.path(), &[]);
        let (done, failed) = faults::after(writes, kind, || complete(&args));
        if !failed {
            done.unwrap();
            assert_eq!(weights(root.path()), expected);
            break;
        }
        failures += 1;
        let said = must_be_one_sentence(&done.unwrap_err());
        assert!(
            said.contains("cannot write `") && said.contains(reason),
            "{said}"
        );
        checkpoints += usize::from(loads(root.path()));
        go_on(root.path()).unwrap();
        assert_eq!(weights(root.path()), expected, "after {writes} writes");
    }
    println!("{failures} writes failed, {checkpoints} of them after a checkpoint");
    assert!(failures > 3 && checkpoints > 1, "{failures} {checkpoints}");
}

/// Phantoms as files.
fn data(folder: &Path) {
    let mut table = "split,id,caption\n".to_owned();
    for (split, pictures) in [("train", 4), ("valid", 2)] {
        let phantoms = Dataset::phantoms(&PhantomConfig::default(), split, pictures);
        for kind in ["img", "mask"] {
            fs::create_dir_all(folder.join(split).join(kind)).unwrap();
        }
        for i in 0..phantoms.len() {
            let case = phantoms.load(i).unwrap();
            let file = |kind: &str| folder.join(split).join(kind).join(format!("{i}.png"));
            fs::write(file("img"), case.image.to_png()).unwrap();
            fs::write(file("mask"), case.mask.to_png()).unwrap();
            table += &format!("{split},{i},\"{}\"\n", case.text);
        }
    }
    fs::write(folder.join("captions.csv"), table).unwrap();
}

#[test]
fn a_file_that_vanishes_while_a_run_reads_is_named_and_the_checkpoint_stays() {
    for split in ["train", "valid"] {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("data");
        data(&folder);
        let source = format!("data.source={}", folder.display());
        let args = args(
            root.path(),
            &[&source, "data.test_split=valid", "data.valid_cases=99"],
        );
        let run = Run::open(&args, Interrupt::default()).unwrap();
        let pictures = folder.join(split).join("img");
        let names = fs::read_dir(&pictures).unwrap();
        names.for_each(|name| fs::remove_file(name.unwrap().path()).unwrap());
        let error = run.complete().unwrap_err();
        let said = must_be_one_sentence(&error);
        assert_eq!(exit::kind_of(&error), Kind::Data, "{said}");
        assert!(said.contains(".png"), "{said}");
    }
}
