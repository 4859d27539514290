//! Pictures in colour and sentences of no grammar: a data set that has nothing to do with lungs.

use crate::program::{read_bundle, succeed, trainer};
use mriseg::bundle::Manifest;
use mriseg::config::ImageEncoderKind;
use mriseg::image::{GrayImage, Mask, Picture};
use mriseg_data::Dataset;
use std::fs;
use std::path::{Path, PathBuf};

const SIDE: usize = 64;

/// A disc, red on green ground that is as light as it.
fn disc(column: usize, row: usize) -> (Picture, Mask) {
    let inside = |i: usize| {
        let (x, y) = (i % SIDE, i / SIDE);
        x.abs_diff(column).pow(2) + y.abs_diff(row).pow(2) < 12 * 12
    };
    let plane = |disc: f32, ground: f32| {
        let pixels = (0..SIDE * SIDE).map(|i| if inside(i) { disc } else { ground });
        GrayImage::new(SIDE, SIDE, pixels.collect())
    };
    let mask = (0..SIDE * SIDE).map(|i| u8::from(inside(i))).collect();
    (
        Picture::from_channels([plane(0.8, 0.1), plane(0.1, 0.308), plane(0.1, 0.1)]),
        Mask::new(SIDE, SIDE, mask),
    )
}

/// A folder with four cases a split.
fn discs(root: &Path) -> PathBuf {
    let data = root.join("discs");
    let mut table = "split,id,caption\n".to_owned();
    for split in ["train", "valid"] {
        for part in ["img", "mask"] {
            fs::create_dir_all(data.join(split).join(part)).unwrap();
        }
        for (i, place) in ["top left", "top right", "bottom left", "bottom right"]
            .iter()
            .enumerate()
        {
            let (picture, mask) = disc(16 + 32 * (i % 2), 16 + 32 * (i / 2));
            let file = |part| data.join(split).join(part).join(format!("{split}{i}.png"));
            fs::write(file("img"), picture.to_png()).unwrap();
            fs::write(file("mask"), mask.to_png()).unwrap();
            table += &format!("{split},{split}{i},\"one red disc in the {place}\"\n");
        }
    }
    fs::write(data.join("captions.csv"), table).unwrap();
    data
}

#[test]
fn pictures_in_colour_are_trained_on_measured_packed_and_segmented() {
    let root = tempfile::tempdir().unwrap();
    let data = discs(root.path());
    let mut train = trainer();
    train.args(["train", "--device", "cpu", "--quiet", "--name", "run"]);
    train.arg("--out").arg(root.path()).arg("--data").arg(&data);
    for set in [
        "data.test_split=valid",
        "model.image.encoder=efficientnet_lite0",
        "model.image.input_channels=3",
        "model.image.fused_dim=64",
        "model.lm.layers=1",
        "mask_tokenizer.steps=4",
        "train.steps=4",
        "train.batch=2",
        "train.evaluations=1",
        "train.marginal_cases=0.5",
        "train.marginal_share=0.5",
        "train.pick=best_dice",
        "augment.upside_down=0.5",
    ] {
        train.args(["--set", set]);
    }
    succeed(&mut train);
    let other = discs(&root.path().join("other"));
    let mut both = trainer();
    both.args(["train", "--device", "cpu", "--quiet", "--name", "both"]);
    both.arg("--from").arg(root.path().join("run"));
    both.arg("--out").arg(root.path()).arg("--data").arg(&data);
    let sources = format!(
        "data.sources=[{{folder=\"{}\", share=0.25}}]",
        other.display()
    );
    succeed(both.args(["--set", &sources, "--set", "train.steps=2"]));
    let recorded = fs::read(root.path().join("both/data.json")).unwrap();
    let recorded: serde_json::Value = serde_json::from_slice(&recorded).unwrap();
    assert_eq!(recorded["train_cases"], 8);
    assert_eq!(recorded["name"], "discs + discs");

    let bundle = root.path().join("run/bundle");
    let (manifest, _) = read_bundle(&bundle);
    let image = Manifest::parse(&manifest).unwrap().architecture.image;
    assert_eq!(image.encoder, ImageEncoderKind::EfficientnetLite0);
    assert_eq!(image.input_channels, 3);

    let eval = |more: &[&str]| -> serde_json::Value {
        let mut command = trainer();
        command.args(["eval", "--device", "cpu", "--json", "--bundle"]);
        command.arg(&bundle).arg("--data").arg(&data).args(more);
        serde_json::from_slice(&succeed(&mut command).stdout).unwrap()
    };
    let plain = eval(&[]);
    assert_eq!(plain["cases"], 4);
    let mirrored = eval(&["--mirror"]);
    let passes = |summary: &serde_json::Value| summary["passes_per_mask"].as_f64().unwrap();
    assert_eq!(passes(&mirrored), 2.0 * passes(&plain));
    let by_chance = |cut| eval(&["--samples", "3", "--cut", cut]);
    let [once, again, nothing] = ["0.3", "0.3", "1"].map(by_chance);
    for key in ["dice_pooled", "missed", "passes_per_mask"] {
        assert_eq!(once[key], again[key], "{key}");
    }
    assert_eq!(
        nothing["missed"], 1.0,
        "no pixel is drawn in more than all masks"
    );
    assert_eq!(eval(&["--teacher-forced"])["passes_per_mask"], 0.0);

    let mask = root.path().join("mask.png");
    let mut predict = trainer();
    predict.args([
        "predict",
        "--text",
        "one red disc in the top left",
        "--bundle",
    ]);
    predict.arg(&bundle).arg("--out").arg(&mask);
    predict
        .arg("--image")
        .arg(data.join("valid/img/valid0.png"));
    succeed(&mut predict);
    let mask = Mask::decode(&fs::read(mask).unwrap(), "mask").unwrap().mask;
    assert_eq!((mask.width, mask.height), (SIDE, SIDE));

    let packed = root.path().join("packed");
    let mut pack = trainer();
    pack.args(["pack", "--data"])
        .arg(&data)
        .arg("--out")
        .arg(&packed);
    succeed(&mut pack);
    let case = Dataset::open(&packed, "valid").unwrap().load(0).unwrap();
    let [red, green, _] = case
        .image
        .colours()
        .expect("a packed picture keeps its colours");
    let centre = 16 * SIDE + 16;
    assert!(red.pixels[centre] > green.pixels[centre] + 0.3);
}
