//! Pictures and masks in the forms in which people have them.

use mriseg::image::{GrayImage, Mask, grey16_png};
use std::fs;
use std::path::Path;

use crate::program::{SENTENCE, fail, picture, run, succeed, trainer};

/// An uncompressed TIFF file of greys of 8 bits.
fn tiff(picture: &GrayImage) -> Vec<u8> {
    let samples = picture.to_gray8();
    let (width, height) = (picture.width as u32, picture.height as u32);
    // Tags of size, bits, no compression, black is 0, offset, samples, rows, and bytes; all numbers of 32 bits.
    let entries = [
        (256u16, width),
        (257, height),
        (258, 8),
        (259, 1),
        (262, 1),
        (273, 8),
        (277, 1),
        (278, height),
        (279, samples.len() as u32),
    ];
    let directory = (8 + samples.len() as u32).to_le_bytes();
    let mut file = [&b"II\x2a\0"[..], &directory, &samples].concat();
    file.extend((entries.len() as u16).to_le_bytes());
    for (tag, value) in entries {
        let kind = [tag.to_le_bytes(), 4u16.to_le_bytes()].concat();
        file.extend([&kind[..], &1u32.to_le_bytes(), &value.to_le_bytes()].concat());
    }
    file.extend([0; 4]);
    file
}

#[test]
fn a_picture_gives_one_mask_in_every_form_and_what_is_none_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("mask.png");
    let predict = |name: &str, bytes: &[u8]| {
        let image = folder.path().join(name);
        fs::write(&image, bytes).unwrap();
        let mut command = trainer();
        command
            .args(["predict", "--device", "cpu", "--json", "--text", SENTENCE])
            .arg("--bundle")
            .arg(run().join("bundle"))
            .arg("--image")
            .arg(&image)
            .arg("--out")
            .arg(&out);
        command
    };
    let picture = picture();
    let picture = picture.grey();
    let tokens = |name: &str, bytes: &[u8]| {
        let output = succeed(&mut predict(name, bytes));
        let printed: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        printed["tokens"].clone()
    };
    let plain = tokens("plain.png", &picture.to_png());
    assert_eq!(tokens("scan.tif", &tiff(picture)), plain);
    let low: Vec<u16> = picture
        .to_gray8()
        .iter()
        .map(|&level| level.into())
        .collect();
    let low = grey16_png(&low, picture.width, picture.height);
    assert_eq!(tokens("eight-in-sixteen.png", &low), plain);
    for (name, bytes, said) in [
        (
            "photo.png",
            &b"\0\0\0\x18ftypheic\0\0\0\0mif1"[..],
            "a HEIC picture",
        ),
        ("page.png", b"<!DOCTYPE html><html></html>", "a web page"),
        (
            "brain.nii.gz",
            b"\x1f\x8b\x08\0",
            "a compressed NIfTI volume",
        ),
    ] {
        let heard = fail(&mut predict(name, bytes), 3);
        assert!(heard.contains(name) && heard.contains(said), "{heard}");
    }
}

/// A data set of one training case with a mask of these levels in three columns.
fn columns(folder: &Path, levels: [u8; 3]) {
    let side = 48;
    let image = GrayImage::new(
        side,
        side,
        (0..side * side).map(|i| (i % 7) as f32 / 7.0).collect(),
    );
    let level = |i: usize| f32::from(levels[i % side / 16]) / 255.0;
    let mask = GrayImage::new(side, side, (0..side * side).map(level).collect());
    for (kind, file) in [("img", image.to_png()), ("mask", mask.to_png())] {
        let kind = folder.join("train").join(kind);
        fs::create_dir_all(&kind).unwrap();
        fs::write(kind.join("a.png"), file).unwrap();
    }
    fs::write(
        folder.join("captions.csv"),
        "split,id,caption\ntrain,a,\"a spot\"\n",
    )
    .unwrap();
}

#[test]
fn masks_of_labels_are_read_packed_and_measured_by_their_values() {
    let folder = tempfile::tempdir().unwrap();
    let (data, packed) = (folder.path().join("data"), folder.path().join("packed"));
    columns(&data, [0, 2, 0]);
    let command = |name: &str, more: &[&str]| {
        let mut command = trainer();
        command.args([name, "--data"]).arg(&data).args(more);
        command
    };
    let heard = succeed(&mut command("check", &[]));
    let heard = String::from_utf8(heard.stdout).unwrap();
    assert!(
        heard.contains("note: masks hold 0 and 2: 2 is read as marked"),
        "{heard}"
    );
    columns(&data, [0, 1, 2]);
    let heard = fail(&mut command("check", &[]), 3);
    assert!(heard.contains("1 error"), "{heard}");
    let out = packed.to_str().unwrap();
    let heard = fail(&mut command("pack", &["--out", out]), 3);
    assert!(heard.contains("--mask-value \"1\""), "{heard}");
    assert!(!packed.exists());
    let heard = fail(
        &mut command("pack", &["--out", out, "--mask-value", "9"]),
        3,
    );
    assert!(heard.contains("has the value 9"), "{heard}");
    succeed(&mut command("pack", &["--out", out, "--mask-value", "2"]));
    let case = mriseg_data::Dataset::open(&packed, "train")
        .unwrap()
        .load(0)
        .unwrap();
    let right = (0..48 * 48).map(|i| u8::from(i % 48 >= 32)).collect();
    assert_eq!(case.mask, Mask::new(48, 48, right));
}
