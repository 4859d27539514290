//! Model bundle: `manifest.json`, weight shards, `tokenizer.json` and `card.md`. Everything is named
//! with its length and SHA-256, and nothing is loaded that does not match.

mod error;
mod format;
mod manifest;

use crate::config::ModelConfig;
use crate::decode::DecisionRule;
use crate::model::{ImageEncoder, Model};
use crate::text::{TextError, TextTokenizer};
use burn::store::{HalfPrecisionAdapter, ModuleSnapshot, SafetensorsStore};
use burn::tensor::Device;
use std::collections::BTreeMap;

pub use error::BundleError;
pub use format::{FORMAT_VERSION, MANIFEST};
pub use manifest::{BundleInfo, Domain, FileEntry, Manifest, Precision, SideConvention, sha256};

const TOKENIZER: &str = "tokenizer.json";
const CARD: &str = "card.md";

/// A bundle in memory.
#[derive(Debug, Clone)]
pub struct Bundle {
    /// The manifest.
    pub manifest: Manifest,
    /// Every file but the manifest, by name.
    pub files: BTreeMap<String, Vec<u8>>,
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
        self.manifest.to_bytes()
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
    use burn::module::{Module, ModuleVisitor, Param};
    use burn::tensor::{FloatDType, Int, Tensor};

    pub(crate) fn info() -> BundleInfo {
        BundleInfo {
            name: "test".to_owned(),
            example: "left lung".to_owned(),
            ..Default::default()
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

    /// Decoding relies on it where it keeps weights in 16 bits.
    #[test]
    fn every_matrix_of_a_language_model_in_half_precision_has_numbers_of_16_bits() {
        struct Matrices(usize);
        impl ModuleVisitor for Matrices {
            fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
                if D == 2 {
                    let matrix = param.val();
                    let halves = matrix.clone().cast(FloatDType::F16).cast(FloatDType::F32);
                    matrix.into_data().assert_eq(&halves.into_data(), true);
                    self.0 += 1;
                }
            }
        }
        let (_, bundle) = bundle(Precision::F16);
        let (model, _) = bundle.unpack(&Device::flex()).unwrap();
        let mut matrices = Matrices(0);
        model.lm.visit(&mut matrices);
        assert!(matrices.0 > 8, "{}", matrices.0);
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
        let newer = json.replace("\"format_version\": 2", "\"format_version\": 7");
        let message = Manifest::parse(newer.as_bytes()).unwrap_err().to_string();
        assert!(
            message.contains("format version 7") && message.contains("up to 2"),
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
