//! What the engine hands to JavaScript: plain objects, which nobody has to free.

use js_sys::{Float32Array, Uint8Array, Uint32Array};
use mriseg::decode::{self, TokenEvent};
use mriseg::image::Preparation;
use mriseg::{reading, segmenter};
use serde::Serialize;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsError, JsValue};

/// The types below, for TypeScript.
#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("messages.d.ts");

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Started {
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) total: usize,
    pub(crate) read_as: Option<String>,
    pub(crate) hint: Option<String>,
    pub(crate) notes: Vec<String>,
    pub(crate) square: Square,
}

#[derive(Serialize)]
pub(crate) struct Square {
    x: f64,
    y: f64,
    side: f64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Reading {
    pub(crate) read_as: String,
    pub(crate) hint: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct Token {
    index: usize,
    row: usize,
    column: usize,
    token: u32,
    probability: f32,
}

#[derive(Serialize)]
pub(crate) struct PartialMask {
    width: usize,
    height: usize,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    probability: Uint8Array,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    pending: Uint8Array,
}

#[derive(Serialize)]
pub(crate) struct Segmentation {
    width: usize,
    height: usize,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    mask: Uint8Array,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    tokens: Uint32Array,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    probabilities: Float32Array,
    pending: usize,
    passes: usize,
    presence: Option<f32>,
}

#[derive(Serialize)]
pub(crate) struct Agreement {
    #[serde(with = "serde_wasm_bindgen::preserve")]
    mean: Uint8Array,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    cells: Float32Array,
}

impl From<&Preparation> for Square {
    fn from(preparation: &Preparation) -> Self {
        let window = preparation.window;
        let side = window.width.max(window.height) as f64;
        // More than 1 where a huge picture was made smaller.
        let scale = side / preparation.side as f64;
        Self {
            x: window.x as f64 - scale * preparation.left as f64,
            y: window.y as f64 - scale * preparation.top as f64,
            side,
        }
    }
}

impl From<reading::Reading> for Reading {
    fn from(reading: reading::Reading) -> Self {
        Self {
            read_as: reading.describe(),
            hint: reading.hint(),
        }
    }
}

impl From<TokenEvent> for Token {
    fn from(event: TokenEvent) -> Self {
        Self {
            index: event.index,
            row: event.cell.row,
            column: event.cell.column,
            token: event.token,
            probability: event.probability,
        }
    }
}

impl From<segmenter::PartialMask> for PartialMask {
    fn from(mask: segmenter::PartialMask) -> Self {
        let pending: Vec<u8> = mask.pending.into_iter().map(u8::from).collect();
        Self {
            width: mask.width,
            height: mask.height,
            probability: Uint8Array::from(mask.probability.as_slice()),
            pending: Uint8Array::from(pending.as_slice()),
        }
    }
}

impl From<segmenter::Segmentation> for Segmentation {
    fn from(result: segmenter::Segmentation) -> Self {
        Self {
            width: result.width,
            height: result.height,
            mask: Uint8Array::from(result.mask.pixels.as_slice()),
            tokens: Uint32Array::from(result.tokens.as_slice()),
            probabilities: Float32Array::from(result.probabilities.as_slice()),
            pending: result.pending,
            passes: result.passes,
            presence: result.presence,
        }
    }
}

impl From<decode::Agreement> for Agreement {
    fn from(agreement: decode::Agreement) -> Self {
        let mean = agreement.mean.iter();
        let mean: Vec<u8> = mean.map(|p| (p * 255.0).round() as u8).collect();
        Self {
            mean: Uint8Array::from(mean.as_slice()),
            cells: Float32Array::from(agreement.cells.as_slice()),
        }
    }
}

/// A value as a plain JavaScript object, in which nothing is `null`.
///
/// # Errors
/// Never for the types of this file.
pub(crate) fn to_js(value: &impl Serialize) -> Result<JsValue, JsError> {
    let serializer = Serializer::new().serialize_missing_as_null(true);
    let value = value.serialize(&serializer);
    value.map_err(|error| JsError::new(&error.to_string()))
}
