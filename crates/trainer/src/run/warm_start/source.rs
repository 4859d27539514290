//! What `--from` names: the folder of a run or of a bundle.

use anyhow::Result;
use burn::tensor::Device;
use mriseg::bundle::MANIFEST;
use mriseg::config::ModelConfig;
use mriseg::model::Model;
use mriseg::text::TextTokenizer;
use serde_json::Value;
use std::path::{Path, PathBuf};

use crate::config::{Experiment, LmTraining, Preset};
use crate::run::bundle_dir;
use crate::run::checkpoint::{self, AVERAGE, BEST};
use crate::run::folder::RunDir;
use crate::system::{json_if_there, usage};

/// What a source holds.
pub(super) struct Loaded {
    pub(super) model: Model,
    pub(super) config: ModelConfig,
    pub(super) tokenizer: TextTokenizer,
    /// SHA-256 of Emu3's weights, where the model reads their codes.
    pub(super) emu3: Option<String>,
    /// Of the file that tells these weights from others.
    pub(super) sha256: String,
}

/// A folder that weights are taken from.
pub(super) enum Source {
    Run(RunDir),
    Bundle(PathBuf),
}

impl Source {
    pub(super) fn of(path: &Path) -> Result<Self> {
        let example = "give a folder such as runs/demo or runs/demo/bundle";
        if path.join(MANIFEST).is_file() {
            return Ok(Self::Bundle(path.to_owned()));
        }
        if !path.is_dir() {
            return Err(usage(format!(
                "--from `{}`: there is no such folder; {example}",
                path.display()
            )));
        }
        RunDir::open(path).map(Self::Run).map_err(|_| {
            usage(format!(
                "--from `{}`: neither a run nor a bundle: it holds no config.toml and no {MANIFEST}; {example}",
                path.display()
            ))
        })
    }

    /// The file that tells its weights from others. After a kill the checkpoint may lie beside its place.
    pub(super) fn fingerprinted(&self) -> PathBuf {
        match self {
            Self::Run(run) => run.checkpoint(BEST).join(AVERAGE),
            Self::Bundle(folder) => folder.join(MANIFEST),
        }
    }

    pub(super) fn load(&self, device: &Device) -> Result<Loaded> {
        match self {
            Self::Run(run) => {
                let experiment = Experiment::load(&run.config())?;
                let folder = run.checkpoint(BEST);
                let (model, tokenizer, sha256) =
                    checkpoint::load_fingerprinted(&folder, &experiment, device)?;
                let emu3 = json_if_there::<Value>(&run.data())
                    .and_then(|data| Some(data.pointer("/emu3/sha256")?.as_str()?.to_owned()));
                Ok(Loaded {
                    model,
                    config: experiment.model,
                    tokenizer,
                    emu3,
                    sha256,
                })
            }
            Self::Bundle(folder) => {
                let (bundle, sha256) = bundle_dir::read_fingerprinted(folder)?;
                let (model, tokenizer) = bundle.unpack(device)?;
                let manifest = bundle.manifest;
                Ok(Loaded {
                    model,
                    config: manifest.architecture,
                    tokenizer,
                    emu3: manifest.info.emu3.map(|emu3| emu3.sha256),
                    sha256,
                })
            }
        }
    }

    /// See [`BundleInfo::pretrained_encoder`](mriseg::bundle::BundleInfo::pretrained_encoder).
    pub(super) fn pretrained_encoder(&self) -> Option<String> {
        let file = match self {
            Self::Run(run) => run.data(),
            Self::Bundle(folder) => folder.join(MANIFEST),
        };
        Some(
            json_if_there::<Value>(&file)?
                .get("pretrained_encoder")?
                .as_str()?
                .to_owned(),
        )
    }

    /// Settings to begin with where the user names none: those of the run, or of the preset that is most like the
    /// bundle.
    pub(super) fn settings(&self) -> Result<Experiment> {
        match self {
            Self::Run(run) => {
                let mut experiment = Experiment::load(&run.config())?;
                experiment.mask_tokenizer.from.clear();
                experiment.image_tokenizer.from.clear();
                experiment.text_tokenizer.from.clear();
                Ok(experiment)
            }
            Self::Bundle(folder) => {
                let manifest = bundle_dir::manifest(folder)?;
                let model = manifest.architecture;
                let like = [Preset::Tiny, Preset::Small, Preset::Base, Preset::Large]
                    .map(Experiment::preset)
                    .into_iter()
                    .find(|preset| preset.model.lm.d_model >= model.lm.d_model)
                    .unwrap_or_else(|| Experiment::preset(Preset::Large));
                Ok(Experiment {
                    model,
                    train: LmTraining {
                        pick: manifest.rule.pick,
                        presence_threshold: manifest.rule.presence_threshold,
                        dice_threshold: manifest.rule.dice_threshold,
                        marginal_share: manifest.rule.marginal_share,
                        ..like.train
                    },
                    ..like
                })
            }
        }
    }
}
