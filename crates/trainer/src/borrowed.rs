//! Tokenizers that are not trained here: those of other runs, as `mask_tokenizer.from` and `image_tokenizer.from`
//! name them, so that several language models can be compared on the same codes; and pretrained ones, for text as
//! `text_tokenizer.from` and for pictures and masks as `emu3.from` names it.

use anyhow::Result;
use burn::tensor::Device;
use mriseg::config::ModelConfig;
use mriseg::model::Tokenizers;
use mriseg::text::TextTokenizer;
use mriseg::vq::{ImageTokenizer, MaskTokenizer};
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::path::Path;

use crate::checkpoint::{self, LAST};
use crate::config::Experiment;
use crate::emu3_dir::Emu3Dir;
use crate::exit::usage;
use crate::run_dir::RunDir;

/// What need not be trained.
#[derive(Default)]
pub(crate) struct Borrowed {
    pub(crate) mask: Option<MaskTokenizer>,
    pub(crate) image: Option<ImageTokenizer>,
    /// See [`text`].
    pub(crate) text: Option<TextTokenizer>,
}

/// The text tokenizer that the experiment names, cut down to the training sentences.
///
/// # Errors
/// The file cannot be read or used, or needs more tokens than the model has.
pub(crate) fn text<'a>(
    experiment: &Experiment,
    sentences: impl Iterator<Item = &'a str>,
) -> Result<Option<TextTokenizer>> {
    let from = &experiment.text_tokenizer.from;
    if from.is_empty() {
        return Ok(None);
    }
    let bytes = std::fs::read(from).map_err(|error| {
        usage(format!(
            "text_tokenizer.from: cannot read `{from}`: {error}; ./scripts/qwen fetches Qwen's"
        ))
    })?;
    let texts: BTreeSet<&str> = sentences.collect();
    // Derived sentences are in lower case, whatever the data's are.
    let lower: Vec<String> = texts.iter().map(|text| text.to_lowercase()).collect();
    let both = texts.into_iter().chain(lower.iter().map(String::as_str));
    let tokenizer = TextTokenizer::pruned(&bytes, from, both)?;
    let (vocab, most) = (tokenizer.vocab(), experiment.model.lm.text_vocab);
    if vocab > most {
        return Err(usage(format!(
            "model.lm.text_vocab = {most} is too small: the sentences need {vocab} tokens of `{from}`; set it to {} or more",
            vocab.next_multiple_of(64)
        )));
    }
    Ok(Some(tokenizer))
}

/// Emu3's tokenizer, where the experiment takes it.
///
/// # Errors
/// It cannot be read, or has other sizes than the model's tokens.
pub(crate) fn emu3(experiment: &Experiment) -> Result<Option<Emu3Dir>> {
    let from = &experiment.emu3.from;
    if from.is_empty() {
        return Ok(None);
    }
    let folder = Path::new(from);
    let emu3 = Emu3Dir::open(folder)?;
    emu3.must_fit(&experiment.model, folder)?;
    Ok(Some(emu3))
}

impl Borrowed {
    /// Reads the tokenizers that the experiment names.
    ///
    /// # Errors
    /// There is no such run, it has no checkpoint, or its tokenizer has other sizes.
    pub(crate) fn load(experiment: &Experiment, device: &Device) -> Result<Self> {
        let mask = Other::open("mask", &experiment.mask_tokenizer.from, experiment)?;
        let image = Other::open("image", &experiment.image_tokenizer.from, experiment)?;
        Ok(Self {
            mask: mask
                .map(|other| other.tokenizers(device, |model| &model.mask))
                .transpose()?
                .map(|own| own.mask),
            image: image
                .map(|other| other.tokenizers(device, |model| &model.image))
                .transpose()?
                .map(|own| own.image),
            text: None,
        })
    }
}

/// A run that a tokenizer is taken from.
struct Other<'a> {
    name: &'a str,
    folder: RunDir,
    experiment: Experiment,
    ours: &'a Experiment,
}

impl<'a> Other<'a> {
    fn open(name: &'a str, run: &str, ours: &'a Experiment) -> Result<Option<Self>> {
        if run.is_empty() {
            return Ok(None);
        }
        let folder = RunDir::open(Path::new(run))?;
        Ok(Some(Self {
            name,
            experiment: Experiment::load(&folder.config())?,
            folder,
            ours,
        }))
    }

    /// Its tokenizers; `part` is what must have the sizes of ours.
    fn tokenizers<C: PartialEq + Debug>(
        &self,
        device: &Device,
        part: impl Fn(&ModelConfig) -> &C,
    ) -> Result<Tokenizers> {
        let (ours, theirs) = (part(&self.ours.model), part(&self.experiment.model));
        if ours != theirs {
            let name = self.name;
            return Err(usage(format!(
                "{name}_tokenizer.from = `{}`: that tokenizer has other sizes, {theirs:?} instead of {ours:?}; make model.{name} equal, or train a tokenizer",
                self.folder.path().display()
            )));
        }
        let checkpoint = self.folder.checkpoint(LAST);
        let (model, _, _) = checkpoint::load_average(&checkpoint, &self.experiment, device)?;
        model.tokenizers.ok_or_else(|| {
            let (name, run) = (self.name, self.folder.path().display());
            usage(format!(
                "{name}_tokenizer.from = `{run}`: that run has no tokenizers of its own; name another one"
            ))
        })
    }
}
