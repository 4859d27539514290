//! Runs that begin with trained weights: on models of random weights, and on runs of seconds.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;
use mriseg::bundle::{Precision, sha256};
use std::fs;

use super::*;
use crate::cli::ProcessArgs;
use crate::config::ExperimentArgs;
use crate::run::Run;
use crate::run::bundle_dir;
use crate::run::checkpoint::{self, AVERAGE, BEST, LAST, RunProgress};
use crate::run::export::{self, EXAMPLE};
use crate::system::device::DeviceChoice;
use crate::system::{DeviceArgs, Interrupt, exit, write_atomic};

const SENTENCES: [&str; 2] = [
    EXAMPLE,
    "bilateral pulmonary infection, two infected areas, upper left lung and lower right lung.",
];

/// Small enough for seconds.
fn small() -> Experiment {
    let mut experiment = Experiment::tiny();
    experiment.model.lm.layers = 1;
    experiment
}

fn learned(sentences: &[&'static str]) -> TextTokenizer {
    let repeated = sentences.iter().copied().cycle().take(20);
    TextTokenizer::learn(repeated.collect::<Vec<_>>().into_iter(), 400).unwrap()
}

/// A run of random weights.
fn run(root: &Path, experiment: &Experiment) -> (RunDir, Model) {
    let run = RunDir::create_named(root, "source").unwrap();
    write_atomic(&run.config(), experiment.to_toml().unwrap().as_bytes()).unwrap();
    let model = experiment.model.init(&Device::flex());
    checkpoint::save_best(&run, &model, &learned(&SENTENCES), RunProgress::default()).unwrap();
    (run, model)
}

fn open(path: &Path, experiment: &Experiment) -> Result<WarmStart> {
    WarmStart::open(path, false, (experiment, None), &Device::flex())
}

fn refused<T>(result: Result<T>) -> String {
    match result {
        Ok(_) => panic!("not refused"),
        Err(error) => {
            assert_eq!(exit::kind_of(&error), exit::Kind::Usage, "{error}");
            error.to_string()
        }
    }
}

/// Every weight, in order.
fn weights(module: &impl Module) -> Vec<f32> {
    struct Collect(Vec<f32>);
    impl ModuleVisitor for Collect {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let values: Vec<f32> = param.val().into_data().try_to_vec().unwrap();
            self.0.extend(values);
        }
    }
    let mut all = Collect(Vec::new());
    module.visit(&mut all);
    all.0
}

/// How many weights differ by more than rounding does.
fn differing_weights(a: &impl Module, b: &impl Module) -> usize {
    let (a, b) = (weights(a), weights(b));
    assert_eq!(a.len(), b.len());
    a.iter()
        .zip(&b)
        .filter(|(a, b)| (*a - *b).abs() > 1e-6)
        .count()
}

/// The largest difference of two weights.
fn farthest(a: &impl Module, b: &impl Module) -> f32 {
    let (a, b) = (weights(a), weights(b));
    assert_eq!(a.len(), b.len());
    a.iter()
        .zip(&b)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f32::max)
}

/// The model that a run begins with, and what of it is the source's.
fn started(warm: &mut WarmStart, experiment: &Experiment) -> (Model, TakenOver) {
    let mut borrowed = Borrowed::default();
    let text = warm.lend(&mut borrowed, experiment).unwrap();
    let mut model = experiment.model.init(&Device::flex());
    let own = model.tokenizers.as_mut().unwrap();
    own.mask = borrowed.mask.unwrap_or(own.mask.clone());
    own.image = borrowed.image.unwrap_or(own.image.clone());
    let tokenizer = text.unwrap_or_else(|| learned(&SENTENCES[..1]));
    let (lm, report) = warm.start(model.lm.clone(), &tokenizer);
    model.lm = lm;
    (model, report)
}

#[test]
fn from_a_run_or_its_bundle_a_model_of_equal_sizes_takes_everything_over() {
    let root = tempfile::tempdir().unwrap();
    let experiment = small();
    let (run, source) = run(root.path(), &experiment);
    let bundle = root.path().join("bundle");
    let packed = export::pack(&run, BEST, Precision::F32, "bundle").unwrap();
    bundle_dir::write(&packed, &bundle).unwrap();
    for path in [run.path(), &bundle] {
        let mut warm = open(path, &experiment).unwrap();
        let (model, report) = started(&mut warm, &experiment);
        assert!(report.anew.is_empty(), "{:?}", report.anew);
        // The rows behind the vocabulary are never used.
        let vocab = learned(&SENTENCES).vocab();
        assert!(
            (report.taken).contains(&format!("embedding of {vocab} text tokens")),
            "{:?}",
            report.taken
        );
        let (ours, theirs) = (weights(&model), weights(&source));
        let unused = (experiment.model.lm.text_vocab - vocab) * experiment.model.lm.d_model;
        let differing = ours.iter().zip(&theirs).filter(|(a, b)| a != b).count();
        assert!(differing <= unused, "{differing} of at most {unused}");
        assert_eq!(warm.entry.sha256.len(), 64);
        let file = path.join(&warm.entry.file);
        assert_eq!(sha256(&fs::read(file).unwrap()), warm.entry.sha256);
    }
}

#[test]
fn from_a_run_that_was_killed_between_the_two_renames_of_its_checkpoint_the_complete_one_is_taken()
{
    let root = tempfile::tempdir().unwrap();
    let experiment = small();
    let (run, _) = run(root.path(), &experiment);
    let before = open(run.path(), &experiment).unwrap().entry;
    let left = run.checkpoints().join("best-dice.new");
    fs::rename(run.checkpoint(BEST), left).unwrap();
    assert_eq!(open(run.path(), &experiment).unwrap().entry, before);
}

#[test]
fn from_a_run_of_another_picture_size_all_but_the_cells_is_taken_over() {
    let root = tempfile::tempdir().unwrap();
    let (run, source) = run(root.path(), &small());
    let mut larger = small();
    larger.model.image.size = 128;
    larger.model.mask.size = 128;
    larger.model.validate().unwrap();
    let mut warm = open(run.path(), &larger).unwrap();
    let (model, report) = started(&mut warm, &larger);
    assert_eq!(
        report.anew,
        ["cell embeddings (16 cells a side instead of 8)"]
    );
    let (own, theirs) = (model.tokenizers.unwrap(), source.tokenizers.unwrap());
    assert_eq!(weights(&own), weights(&theirs));
    let device = Device::flex();
    let picture = Tensor::<4>::zeros([1, 1, 128, 128], &device);
    assert_eq!(own.image_tokens(picture.clone()).dims()[1], 256);
    assert_eq!(own.mask.encode(picture).dims(), [1, 256]);
}

#[test]
fn from_a_run_with_another_encoder_the_rest_is_taken_over_and_a_new_vocabulary_keeps_common_words()
{
    let root = tempfile::tempdir().unwrap();
    let (run, _) = run(root.path(), &small());
    let mut other = small();
    other.model.image.channels = vec![16, 16, 64];
    let ours = (&other, None);
    let mut warm = WarmStart::open(run.path(), true, ours, &Device::flex()).unwrap();
    let (_, report) = started(&mut warm, &other);
    let (taken, anew) = (report.taken.join(", "), report.anew.join(", "));
    assert!(
        taken.contains("mask tokenizer, 1 transformer blocks"),
        "{taken}"
    );
    assert!(taken.contains("text tokens"), "{taken}");
    assert!(
        anew.contains("image encoder (model.image.channels = [16,16,64] instead of [16,32,64])")
            && anew.contains("image projections"),
        "{anew}"
    );
}

#[test]
fn from_a_run_of_which_nothing_fits_the_sizes_are_named() {
    let root = tempfile::tempdir().unwrap();
    let (run, _) = run(root.path(), &small());
    let mut other = small();
    other.model.lm.d_model = 64;
    other.model.lm.heads = 2;
    other.model.image.blocks = 1;
    other.model.mask.codes = 64;
    let said = refused(open(run.path(), &other));
    for part in [
        "model.lm.d_model = 64 instead of 96",
        "model.mask.codes = 64",
        "--preset",
    ] {
        assert!(said.contains(part), "{said}");
    }
    let mut few = small();
    few.model.lm.text_vocab = 256;
    let mut warm = open(run.path(), &few).unwrap();
    let said = refused(warm.lend(&mut Borrowed::default(), &few));
    assert!(
        said.contains("model.lm.text_vocab = 256") && said.contains("--new-text"),
        "{said}"
    );
    let mut two = small();
    two.mask_tokenizer.from = "runs/a".to_owned();
    assert!(refused(open(run.path(), &two)).contains("mask_tokenizer.from"));
}

#[test]
fn from_a_folder_that_is_neither_run_nor_bundle_the_remedy_is_said() {
    let root = tempfile::tempdir().unwrap();
    let said = refused(open(root.path(), &small()));
    for part in ["config.toml", "manifest.json", "runs/demo"] {
        assert!(said.contains(part), "{said}");
    }
    let said = refused(open(&root.path().join("nowhere"), &small()));
    assert!(
        said.contains("no such folder") && said.contains("runs/demo"),
        "{said}"
    );
}

/// Arguments of a run of seconds in the folder `root`.
fn train(root: &Path, name: &str, from: Option<&Path>, more: &[&str]) -> TrainArgs {
    let mut sets = vec!["train.evaluations=1", "model.lm.layers=1"];
    if from.is_none() {
        sets.extend([
            "data.phantom_train=16",
            "data.phantom_valid=4",
            "data.phantom_test=2",
            "data.valid_cases=8",
            "mask_tokenizer.steps=6",
            "train.batch=4",
        ]);
    }
    sets.extend(more);
    TrainArgs {
        experiment: ExperimentArgs {
            set: sets.into_iter().map(str::to_owned).collect(),
            ..ExperimentArgs::default()
        },
        name: Some(name.to_owned()),
        out: root.to_owned(),
        process: ProcessArgs {
            device: DeviceArgs {
                device: DeviceChoice::Cpu,
                ..DeviceArgs::default()
            },
            quiet: true,
        },
        from: from.map(Path::to_owned),
        ..TrainArgs::demo()
    }
}

#[test]
fn from_a_trained_run_another_begins_with_its_weights_and_its_dice_and_moves_on() {
    let root = tempfile::tempdir().unwrap();
    let finish = |args: &TrainArgs| {
        let run = Run::open(args, Interrupt::default()).unwrap();
        run.complete().unwrap();
        let folder = run.folder().clone();
        let experiment = Experiment::load(&folder.config()).unwrap();
        let best = folder.checkpoint(BEST);
        let (model, tokenizer, reached) =
            checkpoint::load_average(&best, &experiment, &Device::flex()).unwrap();
        // Rows behind the vocabulary are never used.
        let lm = &experiment.model.lm;
        let unused = (lm.text_vocab - tokenizer.vocab()) * lm.d_model;
        (folder, model, reached, unused)
    };
    let steps = ["train.steps=8"];
    let (source, model, reached, unused) = finish(&train(root.path(), "source", None, &steps));

    // A learning rate this small moves no weight; the average of equal weights differs by its rounding.
    let still = ["train.steps=1", "train.learning_rate=1e-20"];
    let from = Some(source.path());
    let (folder, same, same_marks, _) = finish(&train(root.path(), "still", from, &still));
    assert!(differing_weights(&same.lm, &model.lm) <= unused);
    let (own, theirs) = (same.tokenizers.unwrap(), model.tokenizers.unwrap());
    assert!(farthest(&own, &theirs) < 1e-6);
    let dice = |reached: RunProgress| reached.best_dice.unwrap_or_default();
    assert!((dice(same_marks) - dice(reached)).abs() < 1e-3);
    let entry: Entry =
        serde_json::from_value(json_if_there::<Value>(&folder.env()).unwrap()["from"].clone())
            .unwrap();
    let average = fs::read(source.checkpoint(BEST).join(AVERAGE)).unwrap();
    assert_eq!(
        (entry.path.as_path(), entry.sha256),
        (source.path(), sha256(&average))
    );

    // A usual rate moves what is trained: all but the mask tokenizer.
    let moving = ["train.steps=2", "train.warmup=0", "train.average_decay=0"];
    let args = train(root.path(), "moving", from, &moving);
    let (folder, moved, _, _) = finish(&args);
    let own = moved.tokenizers.unwrap();
    assert!(farthest(&own.mask, &theirs.mask) < 1e-6);
    assert!(farthest(&own.image, &theirs.image) > 1e-4);
    assert!(farthest(&moved.lm, &model.lm) > 1e-4);

    // A run that was stopped before its first checkpoint begins with the same source, or not at all.
    fs::remove_dir_all(folder.checkpoint(LAST)).unwrap();
    let path = folder.path().to_owned();
    drop(folder);
    let resume = TrainArgs {
        experiment: ExperimentArgs::default(),
        resume: Some(path),
        from: None,
        ..args
    };
    assert!(Run::open(&resume, Interrupt::default()).is_ok());
    fs::write(source.checkpoint(BEST).join(AVERAGE), b"").unwrap();
    assert!(Run::open(&resume, Interrupt::default()).is_err());
}
