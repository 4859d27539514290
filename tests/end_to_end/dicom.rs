//! `trainer predict` on DICOM files: the tokens are those of the picture that the page makes of them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::program::{SENTENCE, fail, run, succeed, trainer};

fn fixture(name: &str) -> PathBuf {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/mriseg-dicom/fixtures");
    fixtures.join(format!("{name}.dcm"))
}

fn predict(image: &Path, out: &Path) -> Command {
    let mut command = trainer();
    command.args(["predict", "--device", "cpu", "--json", "--text", SENTENCE]);
    command.arg("--bundle").arg(run().join("bundle"));
    command.arg("--image").arg(image).arg("--out").arg(out);
    command
}

fn tokens(image: &Path, out: &Path) -> serde_json::Value {
    let output = succeed(&mut predict(image, out));
    let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(said["width"], 96);
    said["tokens"].clone()
}

#[test]
fn a_dicom_file_gives_the_tokens_of_its_picture_in_every_encoding() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("mask.png");
    let file = fs::read(fixture("mono2_12bit")).unwrap();
    let png = folder.path().join("picture.png");
    let picture = mriseg_dicom::picture(file, "mono2_12bit.dcm").unwrap();
    assert!(picture.starts_with(b"\x89PNG"));
    fs::write(&png, picture).unwrap();
    let wanted = tokens(&png, &out);
    assert!(
        wanted.as_array().is_some_and(|tokens| !tokens.is_empty()),
        "{wanted}"
    );
    for name in [
        "mono2_12bit",
        "jpeg_lossless",
        "jpeg2000_lossless",
        "no_preamble",
    ] {
        assert_eq!(tokens(&fixture(name), &out), wanted, "{name}");
    }
}

#[test]
fn a_dicom_file_that_is_not_decoded_is_named_with_a_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("mask.png");
    let message = fail(&mut predict(&fixture("jpeg_ls"), &out), 3);
    assert!(
        message.contains("jpeg_ls.dcm") && message.contains("JPEG-LS"),
        "{message}"
    );
    assert!(message.contains("convert it"), "{message}");
    assert!(!out.exists());
}
