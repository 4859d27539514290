//! Tokenizers taken from other runs, as `mask_tokenizer.from` and `image_tokenizer.from` name them: several
//! language models can then be compared on the same codes.

use anyhow::Result;
use burn::tensor::Device;
use mriseg::config::ModelConfig;
use mriseg::model::Model;
use mriseg::vq::{ImageTokenizer, MaskTokenizer};
use std::fmt::Debug;
use std::path::Path;

use crate::checkpoint::{self, LAST};
use crate::config::Experiment;
use crate::exit::usage;
use crate::run_dir::RunDir;

/// What need not be trained.
#[derive(Default)]
pub(crate) struct Borrowed {
    pub(crate) mask: Option<MaskTokenizer>,
    pub(crate) image: Option<ImageTokenizer>,
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
                .map(|other| other.model(device, |model| &model.mask))
                .transpose()?
                .map(|model| model.mask),
            image: image
                .map(|other| other.model(device, |model| &model.image))
                .transpose()?
                .map(|model| model.image),
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

    /// Its model; `part` is what must have the sizes of ours.
    fn model<C: PartialEq + Debug>(
        &self,
        device: &Device,
        part: impl Fn(&ModelConfig) -> &C,
    ) -> Result<Model> {
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
        Ok(model)
    }
}
