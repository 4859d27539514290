//! What stands between pixels and tokens of a model: its own tokenizers, or Emu3's.

use anyhow::Result;
use burn::tensor::Device;
use mriseg::bundle::Manifest;
use mriseg::config::ImageTokens;
use mriseg::model::Model;
use mriseg::vision::Vision;
use mriseg_emu3::{Emu3Dir, Emu3Tokenizer, Emu3Vision};
use std::path::Path;
use std::sync::Arc;

use crate::system::exit::data;
use crate::system::usage;

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
    if found.entry().sha256 != wanted.sha256 {
        return Err(usage(format!(
            "`{}` has SHA-256 {}, and the bundle was made with {}: name the folder of that one with --emu3",
            folder.join(&found.entry().file).display(),
            found.entry().sha256,
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
