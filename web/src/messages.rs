//! What the engine hands to JavaScript: plain numbers and typed arrays.

use wasm_bindgen::prelude::wasm_bindgen;

/// A decoding that has read its picture and sentence and is about to give its first token.
#[wasm_bindgen(getter_with_clone)]
#[derive(Clone, Debug)]
pub struct Started {
    /// Rows of mask cells.
    pub rows: usize,
    /// Columns of mask cells.
    pub columns: usize,
    /// Mask tokens to come.
    pub total: usize,
    /// Words of the sentence that the model has hardly seen.
    #[wasm_bindgen(js_name = unknownWords)]
    pub unknown_words: Vec<String>,
}

/// One decoded mask token.
#[wasm_bindgen]
#[derive(Clone, Copy, Debug)]
pub struct TokenEvent {
    /// Position in decoding order, from 0.
    pub index: usize,
    /// Row of its cell, from the top.
    pub row: usize,
    /// Column of its cell, from the viewer's left.
    pub column: usize,
    /// Codebook entry.
    pub token: u32,
    /// Probability the model gave it, 0 to 1.
    pub probability: f32,
}

/// The mask as far as it is decoded, at the model's resolution.
#[wasm_bindgen(getter_with_clone)]
#[derive(Clone, Debug)]
pub struct PartialMask {
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// Mask probability per pixel, row by row, 0 to 255.
    pub probability: Vec<u8>,
    /// 1 for each cell that is not decoded yet, row by row.
    pub pending: Vec<u8>,
}

/// The result at the picture's own size.
#[wasm_bindgen(getter_with_clone)]
#[derive(Clone, Debug)]
pub struct Segmentation {
    /// Width of the picture in pixels.
    pub width: usize,
    /// Height of the picture in pixels.
    pub height: usize,
    /// 1 inside the mask, 0 outside, row by row.
    pub mask: Vec<u8>,
    /// Decoded tokens in decoding order.
    pub tokens: Vec<u32>,
    /// Their probabilities.
    pub probabilities: Vec<f32>,
    /// Cells that are not decoded; 0 unless stopped early.
    pub pending: usize,
}
