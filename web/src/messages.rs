//! What the engine hands to JavaScript: plain objects, which nobody has to free.

use js_sys::{Float32Array, Uint8Array, Uint32Array};
use mriseg::decode::TokenEvent;
use mriseg::segmenter;
use serde::Serialize;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsError, JsValue};

/// The types below, for TypeScript.
#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r"
export type Decode = 'greedy' | 'speculative';
/** A decoding that has read its picture and sentence and is about to give its first token. */
export interface Started {
  /** Rows of mask cells. */
  rows: number;
  /** Columns of mask cells. */
  columns: number;
  /** Mask tokens to come. */
  total: number;
  /** Words of the sentence that the model has hardly seen. */
  unknownWords: string[];
}
/** One decoded mask token. */
export interface Token {
  /** Position in decoding order, from 0. */
  index: number;
  /** Row of its cell, from the top. */
  row: number;
  /** Column of its cell, from the viewer's left. */
  column: number;
  /** Codebook entry. */
  token: number;
  /** Probability the model gave it, 0 to 1. */
  probability: number;
}
/** The mask as far as it is decoded, at the model's resolution. */
export interface PartialMask {
  width: number;
  height: number;
  /** Mask probability per pixel, row by row, 0 to 255. */
  probability: Uint8Array;
  /** 1 for each cell that is not decoded yet, row by row. */
  pending: Uint8Array;
}
/** The result at the picture's own size. */
export interface Segmentation {
  width: number;
  height: number;
  /** 1 inside the mask, 0 outside, row by row. */
  mask: Uint8Array;
  /** Decoded tokens in decoding order. */
  tokens: Uint32Array;
  /** Their probabilities. */
  probabilities: Float32Array;
  /** Cells that are not decoded; 0 unless stopped early. */
  pending: number;
  /** Passes through the model, one per token when decoding is greedy. */
  passes: number;
}
";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Started {
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) total: usize,
    pub(crate) unknown_words: Vec<String>,
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
        }
    }
}

/// A value as a plain JavaScript object.
///
/// # Errors
/// Never for the types of this file.
pub(crate) fn to_js(value: &impl Serialize) -> Result<JsValue, JsError> {
    serde_wasm_bindgen::to_value(value).map_err(|error| JsError::new(&error.to_string()))
}
