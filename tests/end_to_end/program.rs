//! The program under test, and a short run of it.

use mriseg::bundle::Manifest;
use mriseg::image::Picture;
use mriseg_data::{Dataset, PhantomConfig};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

pub(crate) const SENTENCE: &str =
    "unilateral pulmonary infection, one infected area, lower left lung.";

/// A run of seconds: the whole path, not a good model.
pub(crate) const SHORT: [&str; 9] = [
    "data.phantom_train=16",
    "data.phantom_valid=4",
    "data.phantom_test=4",
    "data.valid_cases=8",
    "mask_tokenizer.steps=6",
    "train.steps=12",
    "train.batch=4",
    "train.evaluations=2",
    "model.lm.layers=2",
];

/// The program under test, built when it is not there yet.
pub(crate) fn trainer() -> Command {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    let program = PROGRAM.get_or_init(|| {
        let built = Command::new(env!("CARGO"))
            .args(["build", "-q", "-p", "trainer"])
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
            .status()
            .unwrap();
        assert!(built.success());
        let test = std::env::current_exe().unwrap();
        let folder = test.parent().unwrap().parent().unwrap();
        folder.join(format!("trainer{}", std::env::consts::EXE_SUFFIX))
    });
    let mut command = Command::new(program);
    command.stdin(Stdio::null());
    command
}

pub(crate) fn train(out: &Path, name: &str, more: &[&str]) -> Command {
    let mut command = trainer();
    command.args(["train", "--device", "cpu", "--name", name, "--out"]);
    command.arg(out);
    for set in SHORT.iter().chain(more) {
        command.args(["--set", set]);
    }
    command
}

pub(crate) fn succeed(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

/// Runs a command that must fail with `code`; returns its message.
pub(crate) fn fail(command: &mut Command, code: i32) -> String {
    let output = command.output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{message}");
    assert!(!message.contains("panicked"), "{message}");
    message
}

/// One short run, shared by the tests that only read it.
pub(crate) fn run() -> &'static Path {
    static RUN: OnceLock<tempfile::TempDir> = OnceLock::new();
    let root = RUN.get_or_init(|| {
        let root = tempfile::tempdir().unwrap();
        succeed(&mut train(root.path(), "run", &[]));
        root
    });
    Box::leak(root.path().join("run").into_boxed_path())
}

pub(crate) fn read_bundle(folder: &Path) -> (Vec<u8>, BTreeMap<String, Vec<u8>>) {
    let manifest = fs::read(folder.join("manifest.json")).unwrap();
    let files = Manifest::parse(&manifest)
        .unwrap()
        .files()
        .map(|entry| {
            (
                entry.file.clone(),
                fs::read(folder.join(&entry.file)).unwrap(),
            )
        })
        .collect();
    (manifest, files)
}

pub(crate) fn picture() -> Picture {
    let phantoms = Dataset::phantoms(&PhantomConfig::default(), "test", 1);
    phantoms.load(0).unwrap().image.resized(150, 90)
}
