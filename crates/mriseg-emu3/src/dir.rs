//! The folder of the tokenizer as it is published: `config.json` beside one safetensors file.

use burn::tensor::Device;
use mriseg::bundle::FileEntry;
use mriseg::config::ModelConfig;
use mriseg::tensor_source::WeightsError;
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::config::Emu3Config;
use crate::tokenizer::Emu3Tokenizer;
use crate::weights::SafetensorsFile;

/// A tokenizer on disk, whose sizes and digest are known and whose weights are not read yet.
#[derive(Debug)]
pub struct Emu3Dir {
    weights: PathBuf,
    config: Emu3Config,
    entry: FileEntry,
}

/// Why a folder is not that of a tokenizer, or not of the one that is wanted.
#[derive(Debug, thiserror::Error)]
pub enum Emu3DirError {
    /// There is no `config.json` that could be read.
    #[error("cannot read `{}`: {error}; name the folder of Emu3's vision tokenizer, with its config.json and its weights", path.display())]
    NoConfig {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// `config.json` is no JSON, or its sizes cannot be built.
    #[error("`{}`: {reason}; take the config.json that comes with the weights", path.display())]
    WrongConfig {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Folder or weights cannot be read.
    #[error("cannot read `{}`: {error}", path.display())]
    Unreadable {
        /// The folder or file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// There is not one safetensors file.
    #[error("`{}` holds {found} safetensors files instead of one, the weights of Emu3's vision tokenizer", folder.display())]
    NotOneFile {
        /// The folder.
        folder: PathBuf,
        /// How many there are.
        found: usize,
    },
    /// A model has other sizes.
    #[error("model.mask.{name} = {ours}, and the tokenizer in `{}` has {theirs}: set it to {theirs}", folder.display())]
    OtherSizes {
        /// The size: `patch` or `codes`.
        name: &'static str,
        /// That of the model.
        ours: usize,
        /// That of the tokenizer.
        theirs: usize,
        /// The folder.
        folder: PathBuf,
    },
}

impl Emu3Dir {
    /// Reads the sizes, and the digest of the weights.
    ///
    /// # Errors
    /// A file is missing, cannot be read or holds sizes that cannot be built.
    pub fn open(folder: &Path) -> Result<Self, Emu3DirError> {
        let path = folder.join("config.json");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) => return Err(Emu3DirError::NoConfig { path, error }),
        };
        let config = serde_json::from_str(&text)
            .map_err(|error| error.to_string())
            .and_then(|config: Emu3Config| {
                config.validate().map_err(|error| error.to_string())?;
                Ok(config)
            })
            .map_err(|reason| Emu3DirError::WrongConfig { path, reason })?;
        let weights = weights_of(folder)?;
        let entry = entry_of(&weights).map_err(|error| unreadable(&weights, error))?;
        Ok(Self {
            weights,
            config,
            entry,
        })
    }

    /// Whether its codes are those of a model; `folder` names it in the error.
    ///
    /// # Errors
    /// They have other sizes.
    pub fn must_fit(&self, model: &ModelConfig, folder: &Path) -> Result<(), Emu3DirError> {
        for (name, ours, theirs) in [
            ("patch", model.mask.patch, self.config.patch()),
            ("codes", model.mask.codes, self.config.codebook_size),
        ] {
            if ours != theirs {
                let folder = folder.to_owned();
                return Err(Emu3DirError::OtherSizes {
                    name,
                    ours,
                    theirs,
                    folder,
                });
            }
        }
        Ok(())
    }

    /// Its sizes.
    pub fn config(&self) -> &Emu3Config {
        &self.config
    }

    /// Name, length in bytes and digest of its weights.
    pub fn entry(&self) -> &FileEntry {
        &self.entry
    }

    /// The tokenizer on `device`.
    ///
    /// # Errors
    /// The weights cannot be read or have other sizes.
    pub fn load(&self, device: &Device) -> Result<Emu3Tokenizer, WeightsError> {
        let mut source = SafetensorsFile::open(&self.weights)?;
        Emu3Tokenizer::load(&self.config, &mut source, device)
    }
}

/// The one safetensors file of a folder.
fn weights_of(folder: &Path) -> Result<PathBuf, Emu3DirError> {
    let entries = fs::read_dir(folder).map_err(|error| unreadable(folder, error))?;
    let mut found: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|end| end == "safetensors"))
        .collect();
    match (found.pop(), found.len()) {
        (Some(weights), 0) => Ok(weights),
        (last, more) => Err(Emu3DirError::NotOneFile {
            folder: folder.to_owned(),
            found: more + usize::from(last.is_some()),
        }),
    }
}

fn entry_of(path: &Path) -> io::Result<FileEntry> {
    let mut hash = Sha256::new();
    let bytes = io::copy(&mut File::open(path)?, &mut hash)?;
    let digest = hash.finalize();
    let name = path.file_name().unwrap_or_default();
    Ok(FileEntry {
        file: name.to_string_lossy().into_owned(),
        bytes,
        sha256: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
    })
}

fn unreadable(path: &Path, error: io::Error) -> Emu3DirError {
    let path = path.to_owned();
    Emu3DirError::Unreadable { path, error }
}
