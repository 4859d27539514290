//! The paper's pipeline: codes of Emu3's vision tokenizer, text of Qwen's, all three strategies. Emu3 is a tiny one
//! with random weights, which shows that everything fits, not that it segments.

use crate::program::{SENTENCE, fail, picture, read_bundle, run, succeed, trainer};
use burn::tensor::Device;
use futures_lite::future::block_on;
use mriseg::image::Mask;
use mriseg::segmenter::Segmenter;
use mriseg::tensor_source::{TensorSource, WeightsError};
use mriseg_data::{Dataset, PhantomConfig};
use mriseg_emu3::{Emu3Config, Emu3Tokenizer, RandomTensors};
use safetensors::tensor::{Dtype, TensorView};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Random tensors, kept as they are handed out.
struct Kept {
    random: RandomTensors,
    tensors: Vec<(String, Vec<usize>, Vec<u8>)>,
}

impl TensorSource for Kept {
    fn values(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, WeightsError> {
        let values = self.random.values(name, shape)?;
        let bytes = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        self.tensors.push((name.to_owned(), shape.to_vec(), bytes));
        Ok(values)
    }
}

/// A folder as the official one, of a tokenizer of 64 codes, 8x8 pixels each.
fn emu3(folder: &Path, seed: u64) {
    let config = Emu3Config {
        codebook_size: 64,
        ch: 32,
        ch_mult: vec![1, 1, 1, 2],
        num_res_blocks: 1,
        ..Emu3Config::official()
    };
    let mut kept = Kept {
        random: RandomTensors::new(seed),
        tensors: Vec::new(),
    };
    Emu3Tokenizer::load(&config, &mut kept, &Device::flex()).unwrap();
    let views = kept.tensors.iter().map(|(name, shape, bytes)| {
        let view = TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap();
        (name.clone(), view)
    });
    fs::create_dir_all(folder).unwrap();
    let weights = safetensors::serialize(views, None).unwrap();
    fs::write(folder.join("model.safetensors"), weights).unwrap();
    let config = serde_json::to_vec(&config).unwrap();
    fs::write(folder.join("config.json"), config).unwrap();
}

/// Phantoms as files, of a side that is no multiple of 8.
pub(crate) fn data(folder: &Path) {
    const SIDE: usize = 65;
    let mut table = "split,id,caption\n".to_owned();
    for (split, pictures) in [("train", 6), ("valid", 3)] {
        let phantoms = Dataset::phantoms(&PhantomConfig::default(), split, pictures);
        let [images, masks] = ["img", "mask"].map(|kind| folder.join(split).join(kind));
        fs::create_dir_all(&images).unwrap();
        fs::create_dir_all(&masks).unwrap();
        for i in 0..phantoms.len() {
            let case = phantoms.load(i).unwrap();
            let name = format!("{}.png", case.id);
            let image = case.image.resized(SIDE, SIDE);
            fs::write(images.join(&name), image.to_png()).unwrap();
            fs::write(masks.join(&name), case.mask.resized(SIDE, SIDE).to_png()).unwrap();
            table += &format!("{split},{},\"{}\"\n", case.id, case.text);
        }
    }
    fs::write(folder.join("captions.csv"), table).unwrap();
}

/// A folder with everything that the pipeline reads.
pub(crate) struct Paper {
    root: tempfile::TempDir,
}

impl Paper {
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        emu3(&root.path().join("emu3"), 1);
        data(&root.path().join("data"));
        Self { root }
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// `tokenize` or `train` of a small experiment after `configs/paper.toml`.
    pub(crate) fn command(&self, command: &str, more: &[&str]) -> Command {
        // Where Qwen's was not fetched, that of another run, which is of the same kind.
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let qwen = here.join("target/qwen/tokenizer.json");
        let text = if qwen.is_file() {
            qwen
        } else {
            println!("without Qwen's tokenizer: ./scripts/qwen fetches it");
            run().join("bundle/tokenizer.json")
        };
        let mut program = trainer();
        program.args([command, "--device", "cpu", "--data"]);
        program.arg(self.at("data")).arg("--config");
        program.arg(here.join("configs/paper.toml"));
        let sets = [
            format!("emu3.from={}", self.at("emu3").display()),
            format!("emu3.codes={}", self.at("codes").display()),
            format!("text_tokenizer.from={}", text.display()),
            "data.valid_cases=4".to_owned(),
            "model.mask.size=64".to_owned(),
            "model.mask.codes=64".to_owned(),
            "model.lm.d_model=64".to_owned(),
            "model.lm.d_hidden=96".to_owned(),
            "model.lm.heads=2".to_owned(),
            "model.lm.layers=1".to_owned(),
            "train.steps=12".to_owned(),
            "train.batch=4".to_owned(),
            "train.hard_errors.warmup=0".to_owned(),
        ];
        for set in sets.iter().map(String::as_str).chain(more.iter().copied()) {
            program.args(["--set", set]);
        }
        program
    }

    fn train(&self, name: &str, more: &[&str]) -> Command {
        let mut command = self.command("train", more);
        command.args(["--set", "train.evaluations=2"]);
        command.args(["--name", name, "--out"]).arg(self.at("runs"));
        command
    }

    /// Codes on disk, by name.
    fn shards(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut shards: Vec<_> = fs::read_dir(self.at("codes"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|end| end == "safetensors"))
            .map(|path| (path.clone(), fs::read(path).unwrap()))
            .collect();
        shards.sort();
        shards
    }
}

/// Overwrites all files of a folder, which keep their length.
fn blot_out(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let length = fs::metadata(&path).unwrap().len();
        fs::write(path, vec![0; length as usize]).unwrap();
    }
}

#[test]
fn codes_are_made_once_and_training_reads_nothing_else() {
    let paper = Paper::new();
    let message = fail(&mut paper.train("early", &[]), 2);
    assert!(message.contains("`trainer tokenize`"), "{message}");
    assert!(!paper.at("runs").exists());

    let output = succeed(&mut paper.command("tokenize", &[]));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("resized to 64x64"), "{said}");
    let made = paper.shards();
    let names: Vec<_> = made
        .iter()
        .map(|(path, _)| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    assert!(
        names.contains(&"train-00000.safetensors".to_owned()),
        "{names:?}"
    );
    assert!(
        names.iter().all(|name| !name.starts_with("test")),
        "{names:?}"
    );

    // Goes on where it stopped.
    fs::remove_file(&made[1].0).unwrap();
    let output = succeed(&mut paper.command("tokenize", &[]));
    assert!(String::from_utf8_lossy(&output.stdout).contains("encoded"));
    assert_eq!(paper.shards(), made);
    let output = succeed(&mut paper.command("tokenize", &[]));
    assert!(!String::from_utf8_lossy(&output.stdout).contains("encoded"));

    for kind in ["img", "mask"] {
        blot_out(&paper.at("data/train").join(kind));
    }
    let output = succeed(&mut paper.train("run", &[]));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("oracle Dice per image"), "{said}");
    let rows = fs::read_to_string(paper.at("runs/run/metrics.jsonl")).unwrap();
    // The memory of errors knows a case when it comes again.
    let row = rows
        .lines()
        .rfind(|row| row.contains("next_k_loss"))
        .unwrap();
    let row: serde_json::Value = serde_json::from_str(row).unwrap();
    for loss in ["loss", "next_k_loss", "contrast_loss", "hard_error_loss"] {
        assert!(row[loss].as_f64().unwrap() > 0.0, "{loss}: {rows}");
    }

    // Another tokenizer, and codes that it made.
    data(&paper.at("data"));
    emu3(&paper.at("emu3"), 2);
    fs::remove_dir_all(paper.at("codes")).unwrap();
    succeed(&mut paper.command("tokenize", &[]));
    let mut resume = trainer();
    resume.args(["train", "--device", "cpu", "--resume"]);
    let message = fail(resume.arg(paper.at("runs/run")), 2);
    assert!(message.contains("began with Emu3's tokenizer"), "{message}");
}

#[test]
fn a_folder_of_something_else_is_no_place_for_codes_and_nothing_is_read_before_that_is_said() {
    let paper = Paper::new();
    fs::create_dir(paper.at("codes")).unwrap();
    fs::write(paper.at("codes/notes.txt"), b"").unwrap();
    fs::remove_dir_all(paper.at("data")).unwrap();
    let message = fail(&mut paper.command("tokenize", &[]), 2);
    assert!(message.contains("holds other files"), "{message}");
}

#[test]
fn the_strategies_are_compared_on_codes() {
    let paper = Paper::new();
    succeed(&mut paper.command("tokenize", &[]));
    let mut ablate = paper.command("ablate", &[]);
    ablate.args(["--rows", "all", "--seeds", "1", "--out"]);
    let output = succeed(ablate.arg(paper.at("ablation")));
    let table = String::from_utf8_lossy(&output.stdout);
    assert!(
        table.contains("next token only") && table.contains("TCL and HET"),
        "{table}"
    );
}

#[test]
fn a_bundle_of_the_papers_pipeline_segments_with_its_own_emu3_only() {
    let paper = Paper::new();
    succeed(&mut paper.command("tokenize", &[]));
    succeed(&mut paper.train("run", &[]));
    let bundle = paper.at("runs/run/bundle");

    // Codes that were made before and codes that are made on the way are the same.
    let exact = paper.at("exact");
    let mut export = trainer();
    export.args(["export", "--precision", "f32", "--run"]);
    succeed(export.arg(paper.at("runs/run")).arg("--out").arg(&exact));
    let mut eval = trainer();
    eval.args(["eval", "--device", "cpu", "--json", "--bundle"]);
    eval.arg(&exact).arg("--data").arg(paper.at("data"));
    let alone = fail(&mut eval, 2);
    assert!(alone.contains("--emu3"), "{alone}");
    let output = succeed(eval.arg("--emu3").arg(paper.at("emu3")));
    let measured: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let report = fs::read(paper.at("runs/run/report/summary.json")).unwrap();
    let report: serde_json::Value = serde_json::from_slice(&report).unwrap();
    for score in ["cases", "oracle_dice_per_image", "dice_per_image"] {
        assert!(report[score].as_f64().unwrap() > 0.0, "{report}");
        assert_eq!(measured[score], report[score], "{score}");
    }

    let image = paper.at("picture.png");
    fs::write(&image, picture().to_png()).unwrap();
    let predict = |emu3: &Path| {
        let mut command = trainer();
        command.args(["predict", "--device", "cpu", "--text", SENTENCE, "--bundle"]);
        command.arg(&bundle).arg("--image").arg(&image);
        command.arg("--out").arg(paper.at("mask.png"));
        command.arg("--emu3").arg(emu3);
        command
    };
    succeed(&mut predict(&paper.at("emu3")));
    let mask = fs::read(paper.at("mask.png")).unwrap();
    let mask = Mask::decode(&mask, "mask.png").unwrap().mask;
    let (width, height) = (picture().width(), picture().height());
    assert_eq!((mask.width, mask.height), (width, height));
    emu3(&paper.at("other"), 2);
    let message = fail(&mut predict(&paper.at("other")), 2);
    assert!(message.contains("SHA-256"), "{message}");

    let (manifest, files) = read_bundle(&bundle);
    let device = Device::flex();
    let load = Segmenter::load(&manifest, files, &device);
    let message = block_on(load).unwrap_err().to_string();
    assert!(message.contains("too large for a browser"), "{message}");
}

#[test]
fn codes_of_something_else_or_damaged_ones_are_refused_by_name() {
    let paper = Paper::new();
    succeed(&mut paper.command("tokenize", &[]));
    for (set, said) in [
        ("model.mask.size=128", "pictures of side 64, not 128"),
        ("model.mask.codes=32", "model.mask.codes = 32"),
        ("data.train_cases=5", "training data of fingerprint"),
        ("data.valid_split=train", "validation data of fingerprint"),
        ("train.pick=least_error", "train.pick"),
        ("augment.scale=0.1", "augment.scale"),
    ] {
        let message = fail(&mut paper.train("x", &[set]), 2);
        assert!(message.contains(said), "{message}");
    }
    let plain = format!("emu3.codes={}", paper.at("plain").display());
    succeed(&mut paper.command("tokenize", &[&plain, "augment.flip=0"]));
    let message = fail(&mut paper.train("x", &[&plain]), 2);
    assert!(
        message.contains("mirrored cases: false, not true"),
        "{message}"
    );

    let index = paper.at("codes/codes.json");
    let whole = fs::read(&index).unwrap();
    let with = |change: &dyn Fn(&mut serde_json::Value), code: i32, said: &str| {
        let mut json = serde_json::from_slice(&whole).unwrap();
        change(&mut json);
        fs::write(&index, json.to_string()).unwrap();
        let message = fail(&mut paper.train("x", &[]), code);
        assert!(message.contains(said), "{message}");
    };
    with(
        &|json| drop(json["shards"].as_array_mut().unwrap().remove(0)),
        2,
        "lacks codes of the train cases",
    );
    with(
        &|json| json["empty"] = serde_json::json!([]),
        3,
        "codes.json",
    );
    with(
        &|json| {
            drop(
                json["origin"]["splits"]
                    .as_object_mut()
                    .unwrap()
                    .remove("test"),
            )
        },
        2,
        "test data of fingerprint none",
    );
    fs::write(&index, whole).unwrap();

    let (path, mut bytes) = paper.shards().swap_remove(0);
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&path, bytes).unwrap();
    let message = fail(&mut paper.train("x", &[]), 3);
    let name = path.file_name().unwrap().to_str().unwrap();
    assert!(
        message.contains(name) && message.contains("damaged"),
        "{message}"
    );

    let weights = paper.at("emu3/model.safetensors");
    let cut = fs::read(&weights).unwrap();
    fs::write(&weights, &cut[..cut.len() / 2]).unwrap();
    let other = format!("emu3.codes={}", paper.at("other-codes").display());
    let message = fail(&mut paper.command("tokenize", &[&other]), 3);
    assert!(
        message.contains("model.safetensors") && message.contains("cut short"),
        "{message}"
    );
    assert!(!paper.at("other-codes").exists());
    assert!(!paper.at("runs").exists());
}
