//! Bundles.

use burn::tensor::Device;
use mriseg::bundle::{Bundle, BundleInfo, FileEntry, Manifest, Precision, sha256};
use mriseg::config::ModelConfig;
use mriseg::text::TextTokenizer;
use std::sync::OnceLock;

use crate::checkpoints::changed;

/// A bundle of a very small model.
///
/// # Panics
/// Never.
pub fn smallest() -> Bundle {
    let device = Device::flex();
    device.seed(1);
    let mut config = ModelConfig::tiny();
    let lm = &mut config.lm;
    (lm.d_model, lm.layers, lm.heads, lm.d_hidden) = (8, 1, 1, 8);
    (lm.text_tokens, lm.text_vocab, lm.next_tokens) = (4, 260, 1);
    (config.image.size, config.mask.size) = (16, 16);
    (
        config.image.codes,
        config.image.code_dim,
        config.image.blocks,
    ) = (8, 4, 0);
    config.image.channels = vec![8, 8, 8];
    (
        config.mask.channels,
        config.mask.blocks,
        config.mask.codes,
        config.mask.code_dim,
    ) = (8, 0, 8, 4);
    let info = BundleInfo {
        name: "smallest".to_owned(),
        example: "left lung".to_owned(),
        metrics: serde_json::Map::from_iter([("dice".to_owned(), 0.123_456_789.into())]),
        ..Default::default()
    };
    let tokenizer = TextTokenizer::learn(["left lung"].into_iter(), 260).expect("a tokenizer");
    let rule = Default::default();
    let model = config.init(&device);
    Bundle::pack(
        &model,
        &config,
        &tokenizer,
        rule,
        Precision::F16,
        info,
        "# Card",
    )
    .expect("a bundle")
}

fn whole() -> &'static Bundle {
    static WHOLE: OnceLock<Bundle> = OnceLock::new();
    WHOLE.get_or_init(smallest)
}

/// A manifest.
pub fn manifests(bytes: &[u8]) {
    let Ok(manifest) = Manifest::parse(bytes) else {
        return;
    };
    let _ = (manifest.bytes(), manifest.architecture.validate());
    let files = whole().files.clone();
    let _ = Bundle { manifest, files }.unpack(&Device::flex());
}

/// A bundle of which one file is another, with the right digest: the first byte says which, the second whether the
/// bytes behind are the file (even) or its changes (odd; see [`crate::checkpoints()`]).
pub fn bundles(bytes: &[u8]) {
    let [which, how, rest @ ..] = bytes else {
        return;
    };
    let mut bundle = whole().clone();
    let names: Vec<String> = bundle.files.keys().cloned().collect();
    let name = &names[usize::from(*which) % names.len()];
    let file = if how % 2 == 0 {
        rest.to_vec()
    } else {
        changed(&bundle.files[name], rest)
    };
    let entry = FileEntry {
        file: name.clone(),
        bytes: file.len() as u64,
        sha256: sha256(&file),
    };
    let manifest = &mut bundle.manifest;
    let entries = manifest.shards.iter_mut();
    for old in entries.chain([&mut manifest.tokenizer, &mut manifest.card]) {
        if old.file == *name {
            *old = entry.clone();
        }
    }
    bundle.files.insert(name.clone(), file);
    let _ = bundle.unpack(&Device::flex());
}
