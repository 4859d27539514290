//! What the trainer reads and others may have written, one function each: `fuzz/` calls them.

use anyhow::{Result, anyhow};
use burn::tensor::Device;
use mriseg::text::TextTokenizer;
use std::path::Path;

use crate::codes::Shard;
use crate::config::{Experiment, ExperimentArgs};
use crate::data::gallery;
use crate::fit::LmState;
use crate::run::{RunDir, checkpoint};

/// `train --config FILE --set …`, and FILE as the `config.toml` of a run.
///
/// # Errors
/// As `train` reports them.
pub fn config(file: &Path, sets: Vec<String>) -> Result<()> {
    let args = ExperimentArgs {
        preset: None,
        config: Some(file.to_owned()),
        data: None,
        skip_incomplete: false,
        set: sets,
    };
    let (resolved, loaded) = (Experiment::resolve(&args, None), Experiment::load(file));
    resolved.and(loaded).map(|_| ())
}

/// A file of codes, as `tokenize` writes them.
///
/// # Errors
/// As training on them reports them.
pub fn codes(bytes: &[u8]) -> Result<()> {
    Shard::from_bytes(bytes)
        .map(|_| ())
        .map_err(|error| anyhow!(error))
}

/// `gallery.json` of a folder.
///
/// # Errors
/// As `predict --gallery` reports them.
pub fn gallery_list(folder: &Path) -> Result<()> {
    gallery::read(folder).map(|_| ())
}

const CASES: usize = 3;

fn smallest() -> Experiment {
    let mut experiment = Experiment::tiny();
    let lm = &mut experiment.model.lm;
    (lm.d_model, lm.layers, lm.heads, lm.d_hidden) = (8, 1, 1, 8);
    (lm.text_tokens, lm.text_vocab, lm.next_tokens) = (4, 260, 1);
    let image = &mut experiment.model.image;
    (image.codes, image.code_dim, image.blocks) = (8, 4, 0);
    image.channels.fill(8);
    let mask = &mut experiment.model.mask;
    (mask.channels, mask.blocks, mask.codes, mask.code_dim) = (8, 0, 8, 4);
    experiment
}

/// Writes the checkpoint of a very small run to `root/run`, for [`resume`] to read.
///
/// # Errors
/// The folder cannot be written.
pub fn write_checkpoint(root: &Path) -> Result<()> {
    let experiment = smallest();
    let autodiff = Device::flex().autodiff();
    let model = experiment.model.init(&autodiff);
    let state = LmState::new(&experiment, model, CASES, &autodiff);
    let tokenizer = TextTokenizer::learn(["left lung"].into_iter(), 260)?;
    let run = RunDir::create(root, "run")?;
    checkpoint::save(&run, &state, &tokenizer, checkpoint::RunProgress::default())
}

/// Reads the checkpoint below `root/run`, files of it replaced by others.
///
/// # Errors
/// As `train --resume` reports them.
pub fn resume(root: &Path) -> Result<()> {
    let run = RunDir::open(&root.join("run"))?;
    checkpoint::resume(&run, &smallest(), CASES, &Device::flex()).map(|_| ())
}
