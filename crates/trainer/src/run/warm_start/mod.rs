//! `--from`: a run that begins with the trained weights of another run or of a bundle. What fits the new model is
//! taken over, what does not is trained anew, and both are said.

mod source;

use anyhow::Result;
use burn::tensor::Device;
use mriseg::bundle::FileEntry;
use mriseg::config::{ImageTokens, ModelConfig};
use mriseg::mask_lm::{InCommon, MaskLm, TakenOver};
use mriseg::model::{ImageEncoder, Model};
use mriseg::text::TextTokenizer;
use mriseg::vq::MaskTokenizer;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::{Path, PathBuf};

use self::source::{Loaded, Source};
use super::borrowed::Borrowed;
use super::folder::RunDir;
use crate::cli::TrainArgs;
use crate::config::Experiment;
use crate::system::{json_if_there, usage};

/// What a run's `env.json` says about its source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// The source's folder, as it was given.
    path: PathBuf,
    /// The file within it that tells its weights from others.
    file: PathBuf,
    /// SHA-256 of that file.
    sha256: String,
    /// Whether the text tokenizer was learned anew.
    new_text: bool,
}

impl Entry {
    pub(crate) fn path(&self) -> std::path::Display<'_> {
        self.path.display()
    }
}

/// Trained weights, and what of them fits the model that begins with them.
pub(crate) struct WarmStart {
    entry: Entry,
    model: Model,
    tokenizer: TextTokenizer,
    mask: Option<MaskTokenizer>,
    image: Option<ImageEncoder>,
    pretrained_encoder: Option<String>,
    /// Whether mask codes and image tokens mean the same in both.
    codes: bool,
    image_tokens: bool,
    /// Of the tokenizers.
    report: TakenOver,
}

/// The experiment that the arguments of `train` describe; with `--from` and neither file nor preset, on the
/// settings of the source.
///
/// # Errors
/// As [`Experiment::resolve`], and when the source cannot be read.
pub(crate) fn experiment(args: &TrainArgs) -> Result<Experiment> {
    let given = &args.experiment;
    match &args.from {
        Some(from) if given.config.is_none() && given.preset.is_none() => {
            let mut settings = Source::of(from)?.settings()?;
            if given.data.is_some() {
                settings.data.sources.clear();
            }
            settings.changed(given, args.seed)
        }
        _ => Experiment::resolve(given, args.seed),
    }
}

impl WarmStart {
    /// Reads the source and finds out what fits. `ours` is the experiment and, where it has them, Emu3's weights.
    ///
    /// # Errors
    /// The folder is neither run nor bundle, a file is missing or damaged, or nothing fits.
    pub(crate) fn open(
        path: &Path,
        new_text: bool,
        ours: (&Experiment, Option<&FileEntry>),
        device: &Device,
    ) -> Result<Self> {
        let source = Source::of(path)?;
        let (experiment, emu3) = ours;
        refuse_other_tokenizers(experiment)?;
        let Loaded {
            model,
            config: theirs,
            tokenizer,
            emu3: their_emu3,
            sha256,
        } = source.load(device)?;
        let file = source.fingerprinted();
        let ours = &experiment.model;
        let mut report = TakenOver::default();
        let (mut mask, mut image, mut codes, mut image_tokens) = (None, None, false, false);
        if let Some(emu3) = emu3 {
            codes = their_emu3.as_ref() == Some(&emu3.sha256);
            image_tokens = codes;
        } else if let Some(own) = &model.tokenizers {
            let fits = same_networks(ours, &theirs);
            if fits {
                mask = Some(own.mask.clone().with_size(ours.mask.size));
                codes = true;
            }
            report.note(fits, "mask tokenizer", &differing(ours, &theirs, "/mask"));
            let same_kind = ours.lm.image_tokens == theirs.lm.image_tokens;
            let quantized = ours.lm.image_tokens == ImageTokens::Codes;
            let same_codebook = (ours.image.codes, ours.image.code_dim)
                == (theirs.image.codes, theirs.image.code_dim);
            if !quantized || (same_kind && same_codebook) {
                image = ours.init_image_encoder(device).with_encoder_of(&own.image);
            }
            image_tokens = same_kind && image.is_some();
            let otherwise = if quantized && !same_kind {
                "the source has no trained image codes".to_owned()
            } else {
                differing(ours, &theirs, "/image")
            };
            report.note(image.is_some(), "image encoder", &otherwise);
        }
        if mask.is_none() && image.is_none() && ours.lm.d_model != theirs.lm.d_model {
            return Err(usage(format!(
                "--from `{}`: nothing of it fits this model: {}; leave out --config and --preset to take its sizes, or make them equal",
                path.display(),
                differing(ours, &theirs, "")
            )));
        }
        Ok(Self {
            entry: Entry {
                path: std::path::absolute(path).unwrap_or_else(|_| path.to_owned()),
                file: file.strip_prefix(path).unwrap_or(&file).to_owned(),
                sha256,
                new_text,
            },
            pretrained_encoder: (image.is_some())
                .then(|| source.pretrained_encoder())
                .flatten(),
            model,
            tokenizer,
            mask,
            image,
            codes,
            image_tokens,
            report,
        })
    }

    /// The source of a run that was stopped before its first checkpoint, if it has one.
    ///
    /// # Errors
    /// As [`Self::open`], and when the source is another one by now.
    pub(crate) fn again(
        run: &RunDir,
        ours: (&Experiment, Option<&FileEntry>),
        device: &Device,
    ) -> Result<Option<Self>> {
        let from = json_if_there::<Value>(&run.env()).and_then(|env| env.get("from").cloned());
        let Some(begun) = from.and_then(|from| serde_json::from_value::<Entry>(from).ok()) else {
            return Ok(None);
        };
        let found = Self::open(&begun.path, begun.new_text, ours, device)?;
        if found.entry != begun {
            return Err(usage(format!(
                "`{}` is not what the run `{}` began with: its {} has SHA-256 {} instead of {}; put it back, or start a new run",
                begun.path.display(),
                run.path().display(),
                found.entry.file.display(),
                found.entry.sha256,
                begun.sha256
            )));
        }
        Ok(Some(found))
    }

    /// The weights that the image encoder of the source began with, where that is taken over.
    pub(crate) fn pretrained_encoder(&self) -> Option<&str> {
        self.pretrained_encoder.as_deref()
    }

    /// Where the weights come from.
    pub(crate) fn entry(&self) -> &Entry {
        &self.entry
    }

    /// Lends the tokenizers that fit. Gives the one for text, unless the experiment names another or is to learn one.
    ///
    /// # Errors
    /// The text tokenizer has more tokens than the model.
    pub(crate) fn lend(
        &mut self,
        borrowed: &mut Borrowed,
        experiment: &Experiment,
    ) -> Result<Option<TextTokenizer>> {
        borrowed.mask = self.mask.take();
        borrowed.image = self.image.take();
        if self.entry.new_text || !experiment.text_tokenizer.from.is_empty() {
            return Ok(None);
        }
        let (vocab, most) = (self.tokenizer.vocab(), experiment.model.lm.text_vocab);
        if vocab > most {
            return Err(usage(format!(
                "model.lm.text_vocab = {most} is too small for the text tokenizer of `{}`, which has {vocab} tokens; set it to {} or more, or learn another one with --new-text",
                self.entry.path.display(),
                vocab.next_multiple_of(64)
            )));
        }
        Ok(Some(self.tokenizer.clone()))
    }

    /// The language model with what fits of the source's, and what of the whole model that is. The model is on the
    /// device that the source was loaded to.
    pub(crate) fn start(&self, mut lm: MaskLm, tokenizer: &TextTokenizer) -> (MaskLm, TakenOver) {
        let common = InCommon {
            codes: self.codes,
            image_tokens: self.image_tokens,
            text: &tokenizer.tokens_in_common(&self.tokenizer),
        };
        let of_lm = lm.take_over(&self.model.lm, common);
        let report = TakenOver {
            taken: [self.report.taken.as_slice(), &of_lm.taken].concat(),
            anew: [self.report.anew.as_slice(), &of_lm.anew].concat(),
        };
        (lm, report)
    }
}

/// A picture or a mask has one tokenizer.
fn refuse_other_tokenizers(experiment: &Experiment) -> Result<()> {
    for (name, from) in [
        ("mask_tokenizer.from", &experiment.mask_tokenizer.from),
        ("image_tokenizer.from", &experiment.image_tokenizer.from),
    ] {
        if !from.is_empty() {
            return Err(usage(format!(
                "{name} = `{from}`: --from takes the tokenizers of its source; leave one of the two out"
            )));
        }
    }
    Ok(())
}

/// Whether mask tokenizers differ at most in the size of the masks.
fn same_networks(ours: &ModelConfig, theirs: &ModelConfig) -> bool {
    let mut theirs = theirs.mask.clone();
    theirs.size = ours.mask.size;
    ours.mask == theirs
}

/// The sizes that two models differ in, below a path such as `/mask` of their settings.
fn differing(ours: &ModelConfig, theirs: &ModelConfig, below: &str) -> String {
    fn compare(name: &str, ours: &Value, theirs: &Value, found: &mut Vec<String>) {
        match (ours, theirs) {
            (Value::Object(ours), Value::Object(theirs)) => {
                for (key, value) in ours {
                    let other = theirs.get(key).unwrap_or(&Value::Null);
                    compare(&format!("{name}.{key}"), value, other, found);
                }
            }
            (ours, theirs) if ours == theirs => {}
            (ours, theirs) => found.push(format!("{name} = {ours} instead of {theirs}")),
        }
    }
    let of = |model: &ModelConfig| {
        let value = serde_json::to_value(model).unwrap_or_default();
        value.pointer(below).cloned().unwrap_or_default()
    };
    let mut found = Vec::new();
    let name = format!("model{}", below.replace('/', "."));
    compare(&name, &of(ours), &of(theirs), &mut found);
    found.join(", ")
}

#[cfg(test)]
mod tests;
