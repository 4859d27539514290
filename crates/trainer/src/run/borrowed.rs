//! Tokenizers that are not trained here: those of other runs, as `mask_tokenizer.from` and `image_tokenizer.from`
//! name them, so that several language models can be compared on the same codes; and Emu3's pretrained one, as
//! `emu3.from` names it.

use anyhow::Result;
use burn::tensor::Device;
use mriseg::config::ModelConfig;
use mriseg::model::{ImageEncoder, Tokenizers};
use mriseg::vq::MaskTokenizer;
use mriseg_emu3::Emu3Dir;
use std::fmt::Debug;
use std::path::Path;

use super::checkpoint::{self, LAST};
use super::folder::RunDir;
use crate::config::Experiment;
use crate::system::usage;

/// What need not be trained.
#[derive(Default)]
pub(crate) struct Borrowed {
    pub(crate) mask: Option<MaskTokenizer>,
    pub(crate) image: Option<ImageEncoder>,
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
