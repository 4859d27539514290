//! What the engine says of a sentence and its mask without the model.

use mriseg::image::Mask;
use mriseg::{bundle, sentence};
use serde::{Deserialize, Serialize};
use tsify::{Ts, Tsify};
use wasm_bindgen::{JsError, prelude::wasm_bindgen};

use crate::Engine;

/// What of a sentence and its mask is compared.
#[derive(Serialize, Tsify)]
#[serde(rename_all = "snake_case")]
pub enum CheckKind {
    /// Whether anything is drawn where something is asked for, and nothing where nothing is.
    Presence,
    /// The number of findings that the sentence gives, and the connected parts of the mask.
    Count,
    /// The lungs that the sentence names, and the halves of the picture.
    Side,
    /// The zones that the sentence names, and the height in the picture.
    Level,
}

/// Whether a mask agrees with its sentence in one respect.
#[derive(Serialize, Tsify)]
pub struct Check {
    /// What is compared.
    pub kind: CheckKind,
    /// Whether mask and sentence agree.
    pub agrees: bool,
    /// What is compared with what: one sentence.
    pub message: String,
}

/// Whose left "left" is.
#[derive(Deserialize, Tsify)]
#[serde(rename_all = "snake_case")]
pub enum SideConvention {
    /// The left side of the picture.
    Viewer,
    /// The patient's left.
    Patient,
}

/// A sentence in the words of the model.
#[derive(Serialize, Tsify)]
pub struct InConvention {
    /// The sentence to give to the model.
    pub text: String,
    /// Whether it differs from the one that was written.
    pub changed: bool,
}

#[wasm_bindgen]
impl Engine {
    /// Compares a mask of the whole picture (0 and 1, row by row) with its sentence, whose "left" means `words`' left; none
    /// where the model's sentences are not about lungs, and where the sentence was not understood.
    ///
    /// # Errors
    ///
    /// When no model is loaded, or the mask has not `width * height` pixels.
    pub fn checks(
        &self,
        text: String,
        mask: Vec<u8>,
        width: usize,
        height: usize,
        words: Ts<SideConvention>,
    ) -> Result<Vec<Ts<Check>>, JsError> {
        let segmenter = self.loaded()?;
        if width.checked_mul(height) != Some(mask.len()) {
            return Err(JsError::new(&format!(
                "a mask of {width} x {height} pixels was announced, but it has {}; give one byte per pixel",
                mask.len()
            )));
        }
        let pixels = mask.into_iter().map(|pixel| u8::from(pixel != 0));
        let mask = Mask::new(width, height, pixels.collect());
        let checks = segmenter
            .checks_in(&text, &mask, words.to_rust()?.into())
            .into_iter();
        Ok(checks
            .map(|check| Check::from(check).into_ts())
            .collect::<Result<_, _>>()?)
    }

    /// The sentence with its sides exchanged, abbreviations too; undefined where that changes nothing, and where the model's
    /// sentences are not about lungs.
    ///
    /// # Errors
    ///
    /// When no model is loaded.
    #[wasm_bindgen(js_name = otherSide)]
    pub fn other_side(&self, text: String) -> Result<Option<String>, JsError> {
        Ok(self.loaded()?.other_side(&text))
    }

    /// A sentence whose "left" means `words`' left, in the words of the model.
    ///
    /// # Errors
    ///
    /// When no model is loaded, or there is no such convention.
    #[wasm_bindgen(js_name = inConvention)]
    pub fn in_convention(
        &self,
        text: String,
        words: Ts<SideConvention>,
    ) -> Result<Ts<InConvention>, JsError> {
        let words = words.to_rust()?.into();
        let model = self.loaded()?.in_convention(&text, words);
        let sentence = InConvention {
            changed: model != text,
            text: model.into_owned(),
        };
        Ok(sentence.into_ts()?)
    }
}

impl From<sentence::CheckKind> for CheckKind {
    fn from(kind: sentence::CheckKind) -> Self {
        match kind {
            sentence::CheckKind::Presence => Self::Presence,
            sentence::CheckKind::Count => Self::Count,
            sentence::CheckKind::Side => Self::Side,
            sentence::CheckKind::Level => Self::Level,
        }
    }
}

impl From<sentence::Check> for Check {
    fn from(check: sentence::Check) -> Self {
        Self {
            kind: check.kind.into(),
            agrees: check.agrees,
            message: check.message,
        }
    }
}

impl From<SideConvention> for bundle::SideConvention {
    fn from(convention: SideConvention) -> Self {
        match convention {
            SideConvention::Viewer => Self::Viewer,
            SideConvention::Patient => Self::Patient,
        }
    }
}
