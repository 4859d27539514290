//! Model bundle: `manifest.json`, weight shards, `tokenizer.json` and `card.md`. Everything is named
//! with its length and SHA-256, and nothing is loaded that does not match.

use crate::config::{ConfigError, ModelConfig};
use crate::decode::DecisionRule;
use crate::image::Typical;
use crate::model::{ImageEncoder, Model};
use crate::text::{TextError, TextTokenizer};
use burn::store::{HalfPrecisionAdapter, ModuleSnapshot, SafetensorsStore};
use burn::tensor::Device;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Newest bundle format that this build reads.
pub const FORMAT_VERSION: u32 = 2;
/// First version whose manifest holds a digest of itself.
const WITH_DIGEST: u64 = 2;
/// The digest's key: SHA-256 over the manifest with [`NO_DIGEST`] in its place.
const DIGEST: &str = "manifest_sha256";
const NO_DIGEST: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// Name of the manifest inside a bundle.
pub const MANIFEST: &str = "manifest.json";
const TOKENIZER: &str = "tokenizer.json";
const CARD: &str = "card.md";

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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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

/// A bundle in memory.
#[derive(Debug, Clone)]
pub struct Bundle {
    /// The manifest.
    pub manifest: Manifest,
    /// Every file but the manifest, by name.
    pub files: BTreeMap<String, Vec<u8>>,
}

/// A bundle that cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The manifest is no manifest.
    #[error("{MANIFEST}: not a readable manifest ({0}); download or export the bundle again")]
    Manifest(String),
    /// The bundle is newer than this build.
    #[error(
        "{MANIFEST}: the bundle has format version {found}, this build reads up to {FORMAT_VERSION}: update mriseg"
    )]
    TooNew {
        /// Version of the bundle.
        found: u64,
    },
    /// A file is absent.
    #[error("{file}: the bundle lacks this file; download or export it again")]
    Missing {
        /// File name.
        file: String,
    },
    /// A file was cut short or changed.
    #[error(
        "{file}: damaged: expected {expected_bytes} bytes with sha256 {expected}, found {bytes} bytes with sha256 {found}; download or export the bundle again"
    )]
    Damaged {
        /// File name.
        file: String,
        /// Length in the manifest.
        expected_bytes: u64,
        /// Digest in the manifest.
        expected: String,
        /// Length found.
        bytes: u64,
        /// Digest found.
        found: String,
    },
    /// Weights do not fit the architecture of the manifest.
    #[error("{file}: the weights do not fit the architecture of {MANIFEST}: {reason}")]
    Weights {
        /// File name.
        file: String,
        /// What does not fit.
        reason: String,
    },
    /// The architecture of the manifest cannot be built.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The text tokenizer is broken or does not fit the model.
    #[error(transparent)]
    Tokenizer(#[from] TextError),
}

/// SHA-256, hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

impl FileEntry {
    fn of(file: &str, bytes: &[u8]) -> Self {
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
}

impl Bundle {
    /// Packs a model. `card` is Markdown.
    pub fn pack(
        model: &Model,
        architecture: &ModelConfig,
        tokenizer: &TextTokenizer,
        rule: DecisionRule,
        precision: Precision,
        info: BundleInfo,
        card: &str,
    ) -> Result<Self, BundleError> {
        let mut parts = Vec::new();
        if let Some(tokenizers) = &model.tokenizers {
            parts.push(match &tokenizers.image {
                ImageEncoder::Conv(tokenizer) => save(tokenizer, precision)?,
                ImageEncoder::EfficientNet(encoder) => save(encoder, precision)?,
            });
            parts.push(save(&tokenizers.mask, precision)?);
        }
        parts.push(save(&model.lm, precision)?);
        let mut files = BTreeMap::new();
        let mut entry = |file: &str, bytes: Vec<u8>| {
            let entry = FileEntry::of(file, &bytes);
            files.insert(file.to_owned(), bytes);
            entry
        };
        let shards = parts
            .into_iter()
            .enumerate()
            .map(|(index, bytes)| entry(&format!("weights-{index:02}.safetensors"), bytes))
            .collect();
        let manifest = Manifest {
            format_version: FORMAT_VERSION,
            architecture: architecture.clone(),
            normalisation: match model.tokenizers {
                Some(_) => "zero mean and unit deviation per picture",
                None => "-1 (black) to 1 (white)",
            }
            .to_owned(),
            rule,
            precision,
            shards,
            tokenizer: entry(TOKENIZER, tokenizer.to_bytes()?),
            card: entry(CARD, card.as_bytes().to_vec()),
            info,
        };
        Ok(Self { manifest, files })
    }

    /// Checks every digest and loads weights and tokenizer onto `device`.
    pub fn unpack(&self, device: &Device) -> Result<(Model, TextTokenizer), BundleError> {
        let manifest = &self.manifest;
        for entry in manifest.files() {
            entry.checked(&self.files)?;
        }
        manifest.architecture.validate()?;
        let mut model = manifest.architecture.init(device);
        match (&mut model.tokenizers, manifest.shards.as_slice()) {
            (Some(tokenizers), [image, mask, lm]) => {
                match &mut tokenizers.image {
                    ImageEncoder::Conv(tokenizer) => self.load(tokenizer, image)?,
                    ImageEncoder::EfficientNet(encoder) => self.load(encoder, image)?,
                }
                self.load(&mut tokenizers.mask, mask)?;
                self.load(&mut model.lm, lm)?;
            }
            (None, [lm]) => self.load(&mut model.lm, lm)?,
            (tokenizers, shards) => {
                let wanted = if tokenizers.is_some() { 3 } else { 1 };
                let reason = format!("{} shards instead of {wanted}", shards.len());
                return Err(BundleError::Manifest(reason));
            }
        }
        let tokenizer =
            TextTokenizer::from_bytes(manifest.tokenizer.checked(&self.files)?, TOKENIZER)?;
        if tokenizer.vocab() > manifest.architecture.lm.text_vocab {
            return Err(TextError::Tokenizer {
                file: TOKENIZER.to_owned(),
                reason: format!(
                    "has {} entries, the model knows {}: use the tokenizer it was trained with",
                    tokenizer.vocab(),
                    manifest.architecture.lm.text_vocab
                ),
            }
            .into());
        }
        Ok((model, tokenizer))
    }

    fn load<M: ModuleSnapshot>(
        &self,
        module: &mut M,
        entry: &FileEntry,
    ) -> Result<(), BundleError> {
        let bytes = entry.checked(&self.files)?;
        let mut store = SafetensorsStore::from_bytes(Some(bytes.to_vec()));
        if self.manifest.precision == Precision::F16 {
            store = store.with_from_adapter(halves());
        }
        let failed = |reason: String| BundleError::Weights {
            file: entry.file.clone(),
            reason,
        };
        let result = module
            .load_from(&mut store)
            .map_err(|error| failed(error.to_string()))?;
        if !result.unused.is_empty() {
            return Err(failed(format!("unknown tensors {:?}", result.unused)));
        }
        Ok(())
    }

    /// The `manifest.json`.
    pub fn manifest_bytes(&self) -> Vec<u8> {
        let text = serde_json::to_string_pretty(&self.manifest).expect("a manifest is plain data");
        if u64::from(self.manifest.format_version) < WITH_DIGEST {
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

/// 16 bits for the layers that burn halves, and for one of our own.
fn halves() -> HalfPrecisionAdapter {
    HalfPrecisionAdapter::new().with_module("Depthwise")
}

fn save<M: ModuleSnapshot>(module: &M, precision: Precision) -> Result<Vec<u8>, BundleError> {
    // One entry only: burn writes several in an order that changes from run to run, and with it the digest.
    let mut store = SafetensorsStore::from_bytes(None)
        .clear_metadata()
        .metadata("format", "safetensors");
    if precision == Precision::F16 {
        store = store.with_to_adapter(halves());
    }
    let failed = |error: &dyn std::fmt::Display| BundleError::Weights {
        file: "weights".to_owned(),
        reason: error.to_string(),
    };
    module
        .save_into(&mut store)
        .map_err(|error| failed(&error))?;
    store.get_bytes().map_err(|error| failed(&error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ImageEncoderKind;
    use crate::decode::Pick;
    use burn::module::Module;
    use burn::tensor::{Int, Tensor};

    pub(crate) fn info() -> BundleInfo {
        BundleInfo {
            name: "test".to_owned(),
            side_convention: SideConvention::Viewer,
            domain: Default::default(),
            typical: None,
            example: "left lung".to_owned(),
            data: "none".to_owned(),
            command: "none".to_owned(),
            config_sha256: sha256(b""),
            metrics: serde_json::Map::new(),
            licence: "MIT OR Apache-2.0".to_owned(),
            intended_use: "tests".to_owned(),
            pretrained_encoder: None,
            emu3: None,
        }
    }

    fn bundle(precision: Precision) -> (Model, Bundle) {
        let device = Device::flex();
        let tokenizer = TextTokenizer::learn(["left lung"].into_iter(), 512).unwrap();
        let config = ModelConfig::tiny();
        let model = config.init(&device);
        let bundle = Bundle::pack(
            &model,
            &config,
            &tokenizer,
            Pick::LeastError.into(),
            precision,
            info(),
            "# card",
        )
        .unwrap();
        (model, bundle)
    }

    #[test]
    fn the_same_weights_make_the_same_files() {
        let (model, first) = bundle(Precision::F16);
        let tokenizer = TextTokenizer::learn(["left lung"].into_iter(), 512).unwrap();
        let pack = || {
            let config = ModelConfig::tiny();
            let rule = Pick::LeastError.into();
            Bundle::pack(
                &model,
                &config,
                &tokenizer,
                rule,
                Precision::F16,
                info(),
                "# card",
            )
        };
        for _ in 0..8 {
            assert_eq!(pack().unwrap().files, first.files);
        }
    }

    fn logits(model: &Model) -> Vec<f32> {
        let device = Device::flex();
        let ids = Tensor::<2, Int>::zeros([1, 64], &device);
        let mask = &model.tokenizers.as_ref().unwrap().mask;
        mask.decode(ids).into_data().try_to_vec().unwrap()
    }

    #[test]
    fn full_precision_comes_back_exactly() {
        let (model, bundle) = bundle(Precision::F32);
        let (loaded, tokenizer) = bundle.unpack(&Device::flex()).unwrap();
        assert_eq!(logits(&model), logits(&loaded));
        assert!(tokenizer.vocab() > 256);
        let manifest = Manifest::parse(&bundle.manifest_bytes()).unwrap();
        assert_eq!(manifest, bundle.manifest);
    }

    #[test]
    fn half_precision_is_half_the_size_and_nearly_the_same() {
        let (model, half) = bundle(Precision::F16);
        let full = Bundle::pack(
            &model,
            &ModelConfig::tiny(),
            &TextTokenizer::learn(["left lung"].into_iter(), 512).unwrap(),
            Pick::LeastError.into(),
            Precision::F32,
            info(),
            "",
        )
        .unwrap();
        let shards = |b: &Bundle| b.manifest.shards.iter().map(|s| s.bytes).sum::<u64>() as f64;
        assert!(shards(&half) < 0.55 * shards(&full));
        let (loaded, _) = half.unpack(&Device::flex()).unwrap();
        for (a, b) in logits(&model).iter().zip(logits(&loaded)) {
            assert!((a - b).abs() < 0.02, "{a} {b}");
        }
    }

    #[test]
    fn a_pretrained_encoder_is_halved_as_a_whole_and_comes_back() {
        let mut config = ModelConfig::tiny();
        config.image.encoder = ImageEncoderKind::EfficientnetLite0;
        config.validate().unwrap();
        let device = Device::flex();
        let model = config.init(&device);
        let tokenizer = TextTokenizer::learn(["left lung"].into_iter(), 512).unwrap();
        let pick = Pick::LeastError.into();
        let bundle = Bundle::pack(
            &model,
            &config,
            &tokenizer,
            pick,
            Precision::F16,
            info(),
            "",
        )
        .unwrap();
        let image = |model: &Model| model.tokenizers.as_ref().unwrap().image.clone();
        let per_weight = bundle.manifest.shards[0].bytes as f64 / image(&model).num_params() as f64;
        assert!(per_weight < 2.01, "{per_weight}");
        let (loaded, _) = bundle.unpack(&device).unwrap();
        let picture = Tensor::<4>::ones([1, 1, 64, 64], &device);
        let tokens = |model: &Model| {
            let tokens = model
                .tokenizers
                .as_ref()
                .unwrap()
                .image_tokens(picture.clone());
            tokens.into_data().iter::<f32>().collect::<Vec<_>>()
        };
        for (a, b) in tokens(&model).iter().zip(tokens(&loaded)) {
            assert!((a - b).abs() < 0.02, "{a} {b}");
        }
    }

    #[test]
    fn a_flipped_bit_names_the_shard() {
        let (_, mut bundle) = bundle(Precision::F16);
        let shard = bundle.files.get_mut("weights-01.safetensors").unwrap();
        let middle = shard.len() / 2;
        shard[middle] ^= 1;
        let message = bundle.unpack(&Device::flex()).unwrap_err().to_string();
        assert!(
            message.starts_with("weights-01.safetensors: damaged"),
            "{message}"
        );
    }

    #[test]
    fn a_truncated_or_absent_shard_is_named() {
        let (_, mut bundle) = bundle(Precision::F16);
        bundle
            .files
            .get_mut("weights-02.safetensors")
            .unwrap()
            .truncate(100);
        let message = bundle.unpack(&Device::flex()).unwrap_err().to_string();
        assert!(message.contains("weights-02.safetensors") && message.contains("found 100 bytes"));
        bundle.files.remove("weights-00.safetensors");
        let message = bundle.unpack(&Device::flex()).unwrap_err().to_string();
        assert!(
            message.starts_with("weights-00.safetensors: the bundle lacks"),
            "{message}"
        );
    }

    #[test]
    fn a_newer_format_is_refused_with_both_versions() {
        let (_, bundle) = bundle(Precision::F16);
        let json = String::from_utf8(bundle.manifest_bytes()).unwrap();
        let newer = json.replace("\"format_version\": 1", "\"format_version\": 7");
        let message = Manifest::parse(newer.as_bytes()).unwrap_err().to_string();
        assert!(
            message.contains("format version 7") && message.contains("up to 1"),
            "{message}"
        );
    }

    #[test]
    fn weights_of_another_architecture_are_refused() {
        let (_, mut bundle) = bundle(Precision::F16);
        bundle.manifest.architecture.lm.layers += 1;
        let message = bundle.unpack(&Device::flex()).unwrap_err().to_string();
        assert!(
            message.starts_with("weights-02.safetensors: the weights do not fit"),
            "{message}"
        );
    }
}
