//! `manifest.json`: what a bundle says about itself and its files, and of which no byte may change.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

use super::error::BundleError;
use super::format::FORMAT_VERSION;
use crate::config::ModelConfig;
use crate::decode::DecisionRule;
use crate::image::Typical;

/// First version whose manifest holds a digest of itself.
const WITH_DIGEST: u64 = 2;
/// The digest's key: SHA-256 over the manifest with [`NO_DIGEST`] in its place.
const DIGEST: &str = "own_sha256";
const NO_DIGEST: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Whose left is meant by "left lung".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum SideConvention {
    /// The left side of the picture.
    #[default]
    Viewer,
    /// The patient's left, which is the right side of the picture.
    Patient,
}

/// What the sentences of a model are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Domain {
    /// Lungs and findings in them: [`Reading`](crate::reading::Reading) understands the sentences.
    #[default]
    ChestXray,
    /// Anything else.
    Other,
}

/// How weights are stored. They are computed with as f32 in both cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// 16 bits a weight.
    #[default]
    F16,
    /// 32 bits a weight.
    F32,
}

/// A file of the bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Name inside the bundle, without folders.
    pub file: String,
    /// Length.
    pub bytes: u64,
    /// Digest, hexadecimal.
    pub sha256: String,
}

/// What a bundle says about itself beyond its files.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BundleInfo {
    /// Short name, for lists.
    pub name: String,
    /// Whose left is meant by "left".
    pub side_convention: SideConvention,
    /// What its sentences are about.
    #[serde(default)]
    pub domain: Domain,
    /// What its training pictures typically look like, by which inverted grey values are told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub typical: Option<Typical>,
    /// A sentence that the model understands.
    pub example: String,
    /// Name and fingerprint of the training data.
    pub data: String,
    /// The command that trained it.
    pub command: String,
    /// SHA-256 of the resolved training configuration.
    pub config_sha256: String,
    /// Scores, by name.
    pub metrics: serde_json::Map<String, serde_json::Value>,
    /// Terms of use of the weights.
    pub licence: String,
    /// What it is for, and what not.
    pub intended_use: String,
    /// SHA-256 of the file with the weights that a pretrained image encoder began with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pretrained_encoder: Option<String>,
    /// Weights of Emu3's vision tokenizer, where the model was trained on its codes. They are not part of the
    /// bundle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emu3: Option<FileEntry>,
}

/// Contents of `manifest.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of this format.
    pub format_version: u32,
    /// Sizes of the model.
    pub architecture: ModelConfig,
    /// How pictures are scaled before encoding.
    pub normalisation: String,
    /// What is drawn, given what the model predicts.
    #[serde(flatten)]
    pub rule: DecisionRule,
    /// How weights are stored.
    pub precision: Precision,
    /// Image tokenizer, mask tokenizer and language model, one safetensors file each; the last alone where the
    /// tokenizers are not part of the model.
    pub shards: Vec<FileEntry>,
    /// The text tokenizer.
    pub tokenizer: FileEntry,
    /// The model card, Markdown.
    pub card: FileEntry,
    /// Everything else.
    #[serde(flatten)]
    pub info: BundleInfo,
}

/// SHA-256, hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

impl FileEntry {
    pub(super) fn of(file: &str, bytes: &[u8]) -> Self {
        Self {
            file: file.to_owned(),
            bytes: bytes.len() as u64,
            sha256: sha256(bytes),
        }
    }

    /// The file's bytes out of `files`, if they are what this entry says.
    pub fn checked<'a>(
        &self,
        files: &'a BTreeMap<String, Vec<u8>>,
    ) -> Result<&'a [u8], BundleError> {
        let file = self.file.clone();
        let Some(bytes) = files.get(&self.file) else {
            return Err(BundleError::Missing { file });
        };
        let found = sha256(bytes);
        if found != self.sha256 {
            return Err(BundleError::Damaged {
                file,
                expected_bytes: self.bytes,
                expected: self.sha256.clone(),
                bytes: bytes.len() as u64,
                found,
            });
        }
        Ok(bytes)
    }
}

impl Manifest {
    /// Reads `manifest.json`.
    pub fn parse(bytes: &[u8]) -> Result<Self, BundleError> {
        let broken = |error: serde_json::Error| BundleError::Manifest(error.to_string());
        let value: serde_json::Value = serde_json::from_slice(bytes).map_err(broken)?;
        let version = value.get("format_version").and_then(|v| v.as_u64());
        match version {
            None => return Err(BundleError::Manifest("no format_version".to_owned())),
            Some(found) if found > u64::from(FORMAT_VERSION) => {
                return Err(BundleError::TooNew { found });
            }
            Some(0) => return Err(BundleError::Manifest("format_version 0".to_owned())),
            Some(WITH_DIGEST..) => check_digest(bytes, &value).map_err(BundleError::Manifest)?,
            Some(_) => {}
        }
        serde_json::from_value(value).map_err(broken)
    }

    /// Every file of the bundle but the manifest.
    pub fn files(&self) -> impl Iterator<Item = &FileEntry> {
        self.shards.iter().chain([&self.tokenizer, &self.card])
    }

    /// Length of everything that [`Self::files`] names.
    pub fn bytes(&self) -> u64 {
        self.files().map(|entry| entry.bytes).sum()
    }

    /// The file's bytes, with a digest of all others of them.
    pub fn to_bytes(&self) -> Vec<u8> {
        let text = serde_json::to_string_pretty(self).expect("a manifest is plain data");
        if u64::from(self.format_version) < WITH_DIGEST {
            return text.into_bytes();
        }
        let fields = text.strip_suffix("\n}").expect("a pretty object");
        let with = |digest: &str| format!("{fields},\n  \"{DIGEST}\": \"{digest}\"\n}}");
        with(&sha256(with(NO_DIGEST).as_bytes())).into_bytes()
    }
}

/// Whether a manifest is byte for byte what was written: says what is wrong.
fn check_digest(bytes: &[u8], manifest: &serde_json::Value) -> Result<(), String> {
    let digest = manifest
        .get(DIGEST)
        .and_then(|digest| digest.as_str())
        .ok_or_else(|| format!("no {DIGEST}"))?;
    let place = bytes
        .windows(digest.len().max(1))
        .position(|window| window == digest.as_bytes())
        .ok_or_else(|| format!("{DIGEST} is not written plainly"))?;
    let mut without = bytes.to_vec();
    without.splice(place..place + digest.len(), NO_DIGEST.bytes());
    let found = sha256(&without);
    if found == digest {
        Ok(())
    } else {
        Err(format!(
            "changed since it was written: {DIGEST} is {digest}, and should be {found}"
        ))
    }
}
