//! The folder of Emu3's vision tokenizer as it is published: `config.json` beside one safetensors file.

use anyhow::Result;
use burn::tensor::Device;
use mriseg::bundle::{FileEntry, Manifest};
use mriseg::config::{ImageTokens, ModelConfig};
use mriseg::model::Model;
use mriseg::vision::Vision;
use mriseg_emu3::{Emu3Config, Emu3Tokenizer, Emu3Vision, SafetensorsFile};
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::system::exit::data;
use crate::system::usage;

/// A tokenizer on disk.
#[derive(Debug)]
pub(crate) struct Emu3Dir {
    weights: PathBuf,
    config: Emu3Config,
    entry: FileEntry,
}

impl Emu3Dir {
    /// Reads the sizes, and the digest of the weights.
    ///
    /// # Errors
    /// A file is missing, cannot be read or holds sizes that cannot be built.
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        let config = folder.join("config.json");
        let text = fs::read_to_string(&config).map_err(|error| {
            usage(format!(
                "cannot read `{}`: {error}; name the folder of Emu3's vision tokenizer, with its config.json and its weights",
                config.display()
            ))
        })?;
        let wrong = |error: &dyn std::fmt::Display| {
            data(format!(
                "`{}`: {error}; take the config.json that comes with the weights",
                config.display()
            ))
        };
        let sizes: Emu3Config = serde_json::from_str(&text).map_err(|error| wrong(&error))?;
        sizes.validate().map_err(|error| wrong(&error))?;
        let weights = weights_of(folder)?;
        let entry = entry_of(&weights).map_err(|error| unreadable(&weights, &error))?;
        Ok(Self {
            weights,
            config: sizes,
            entry,
        })
    }

    /// Whether its codes are those of a model; `folder` names it in the error.
    ///
    /// # Errors
    /// They have other sizes.
    pub(crate) fn must_fit(&self, model: &ModelConfig, folder: &Path) -> Result<()> {
        for (name, ours, theirs) in [
            ("patch", model.mask.patch, self.config.patch()),
            ("codes", model.mask.codes, self.config.codebook_size),
        ] {
            if ours != theirs {
                return Err(usage(format!(
                    "model.mask.{name} = {ours}, and the tokenizer in `{}` has {theirs}: set it to {theirs}",
                    folder.display()
                )));
            }
        }
        Ok(())
    }

    /// Its sizes.
    pub(crate) fn config(&self) -> &Emu3Config {
        &self.config
    }

    /// Name, length and digest of its weights.
    pub(crate) fn entry(&self) -> &FileEntry {
        &self.entry
    }

    /// The tokenizer on `device`.
    ///
    /// # Errors
    /// The weights cannot be read or have other sizes.
    pub(crate) fn load(&self, device: &Device) -> Result<Emu3Tokenizer> {
        let file = File::open(&self.weights).map_err(|error| unreadable(&self.weights, &error))?;
        let name = self.weights.display().to_string();
        let mut source = SafetensorsFile::open(BufReader::new(file), &name)?;
        Ok(Emu3Tokenizer::load(&self.config, &mut source, device)?)
    }
}

/// What stands between pixels and tokens of a model: its own tokenizers, or `emu3`.
///
/// # Errors
/// It has none of its own, and there is no other.
pub(crate) fn vision_of(model: &Model, emu3: Option<&Arc<Emu3Tokenizer>>) -> Result<Vision> {
    match (&model.tokenizers, emu3) {
        (None, Some(tokenizer)) => Ok(Arc::new(Emu3Vision::new(tokenizer.clone(), model))),
        _ => Ok(model.vision()?),
    }
}

/// The same of a bundle's model; `folder` is where the user says that the tokenizer is which it needs beside its own files.
///
/// # Errors
/// It needs one and there is none, or another one.
pub(crate) fn vision_of_bundle(
    manifest: &Manifest,
    model: &Model,
    folder: Option<&Path>,
    device: &Device,
) -> Result<Vision> {
    if manifest.architecture.lm.image_tokens != ImageTokens::MaskCodes {
        return vision_of(model, None);
    }
    let wanted = manifest.info.emu3.as_ref().ok_or_else(|| {
        data("the bundle's manifest.json does not say which tokenizer it needs (`emu3`): export it again")
    })?;
    let Some(folder) = folder else {
        return Err(usage(format!(
            "this bundle needs Emu3's vision tokenizer, `{}` with SHA-256 {}: name its folder with --emu3",
            wanted.file, wanted.sha256
        )));
    };
    let found = Emu3Dir::open(folder)?;
    if found.entry.sha256 != wanted.sha256 {
        return Err(usage(format!(
            "`{}` has SHA-256 {}, and the bundle was made with {}: name the folder of that one with --emu3",
            found.weights.display(),
            found.entry.sha256,
            wanted.sha256
        )));
    }
    found.must_fit(&manifest.architecture, folder)?;
    vision_of(model, Some(&Arc::new(found.load(device)?)))
}

/// What a command line needs beside a bundle on Emu3's codes.
pub(crate) fn emu3_argument(folder: Option<&Path>) -> String {
    folder.map_or(String::new(), |folder| {
        format!(" --emu3 {}", folder.display())
    })
}

/// The one safetensors file of a folder.
fn weights_of(folder: &Path) -> Result<PathBuf> {
    let entries = fs::read_dir(folder).map_err(|error| unreadable(folder, &error))?;
    let mut found: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|end| end == "safetensors"))
        .collect();
    found.sort();
    match found.as_slice() {
        [weights] => Ok(weights.clone()),
        others => Err(usage(format!(
            "`{}` holds {} safetensors files instead of one, the weights of Emu3's vision tokenizer",
            folder.display(),
            others.len()
        ))),
    }
}

fn entry_of(path: &Path) -> io::Result<FileEntry> {
    let mut hash = Sha256::new();
    let bytes = io::copy(&mut File::open(path)?, &mut hash)?;
    let digest = hash.finalize();
    Ok(FileEntry {
        file: path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default(),
        bytes,
        sha256: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
    })
}

fn unreadable(path: &Path, error: &io::Error) -> anyhow::Error {
    usage(format!("cannot read `{}`: {error}", path.display()))
}
