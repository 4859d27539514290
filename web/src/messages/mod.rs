//! What the engine hands to JavaScript: plain objects, which nobody has to free.

mod views;

pub use views::*;

use js_sys::{Float32Array, Uint8Array, Uint32Array};
use mriseg::decode::{self, DecodedPass, TokenEvent};
use mriseg::image::Preparation;
use mriseg::segmenter::Frame;
use mriseg::{reading, segmenter};
use serde::{Deserialize, Serialize};
use tsify::Tsify;

/// How many tokens a pass may decode; the mask is the same.
#[derive(Deserialize, Tsify)]
#[serde(rename_all = "snake_case")]
pub enum Decode {
    /// One.
    Greedy,
    /// As many as the model guesses right.
    Speculative,
}

/// A decoding that has read its picture and sentence and is about to give its first token.
#[derive(Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
#[tsify(missing_as_null)]
pub struct Started {
    /// Rows of mask cells.
    pub rows: usize,
    /// Columns of mask cells.
    pub columns: usize,
    /// Mask tokens to come.
    pub total: usize,
    /// How the sentence is understood, such as "findings: left lung, lower zone"; null where it is not about lungs.
    pub read_as: Option<String>,
    /// What of the sentence could not be read, and how to say it; null when nothing is amiss.
    pub hint: Option<String>,
    /// What was done to the picture before the model read it, each without capital and full stop.
    pub notes: Vec<String>,
    /// The square that the cells divide.
    pub square: Square,
}

/// Where the square that the model reads lies, in pixels of the picture: smaller than a picture that has a frame,
/// and beyond the edges of one that was padded.
#[derive(Serialize, Tsify)]
pub struct Square {
    /// Left edge.
    pub x: f64,
    /// Upper edge.
    pub y: f64,
    /// Width and height.
    pub side: f64,
}

/// How a sentence is understood; the mask comes from the model, not from this.
#[derive(Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
#[tsify(missing_as_null)]
pub struct Reading {
    /// One line, such as "findings: left lung, lower zone".
    pub read_as: String,
    /// What could not be read, and how to say it; null when nothing is amiss.
    pub hint: Option<String>,
}

/// One decoded mask token.
#[derive(Serialize, Tsify)]
pub struct Token {
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
    /// Whether it stood before decoding began, in the prefix.
    pub given: bool,
}

/// Where drafts come from.
#[derive(Serialize, Tsify)]
#[serde(rename_all = "snake_case")]
pub enum DraftedBy {
    /// The look-ahead heads.
    Heads,
    /// The marginal probabilities of every cell.
    Marginals,
}

/// One pass through the model.
#[derive(Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
#[tsify(missing_as_null)]
pub struct Pass {
    /// The tokens that stand since; none when all cells had theirs. Those of the prefix come first, in a pass of their own.
    pub tokens: Vec<Token>,
    /// What was proposed for the same cells before the pass, from the first of them on. Those at the beginning that are the
    /// tokens themselves were accepted.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    #[tsify(type = "Uint32Array")]
    pub drafts: Uint32Array,
    /// Who proposed them; null where there are none.
    pub drafted_by: Option<DraftedBy>,
}

/// The mask as far as it is decoded, at the model's resolution, of the square that the model reads.
#[derive(Serialize, Tsify)]
pub struct PartialMask {
    /// Pixels across.
    pub width: usize,
    /// Pixels down.
    pub height: usize,
    /// Mask probability per pixel, row by row, 0 to 255.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    #[tsify(type = "Uint8Array")]
    pub probability: Uint8Array,
    /// 1 for each cell that is not decoded yet, row by row.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    #[tsify(type = "Uint8Array")]
    pub pending: Uint8Array,
}

/// The result at the picture's own size.
#[derive(Serialize, Tsify)]
#[tsify(missing_as_null)]
pub struct Segmentation {
    /// Pixels across.
    pub width: usize,
    /// Pixels down.
    pub height: usize,
    /// 1 inside the mask, 0 outside, row by row.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    #[tsify(type = "Uint8Array")]
    pub mask: Uint8Array,
    /// Decoded tokens in decoding order.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    #[tsify(type = "Uint32Array")]
    pub tokens: Uint32Array,
    /// Their probabilities.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    #[tsify(type = "Float32Array")]
    pub probabilities: Float32Array,
    /// Cells that are not decoded; 0 unless stopped early.
    pub pending: usize,
    /// Passes through the model, one per token when decoding is greedy.
    pub passes: usize,
    /// Probability of there being something to draw, 0 to 1, told before the first token; null where the model does
    /// not tell.
    pub presence: Option<f32>,
}

impl From<Decode> for decode::DecodeStrategy {
    fn from(decode: Decode) -> Self {
        match decode {
            Decode::Greedy => Self::Greedy,
            Decode::Speculative => Self::Speculative,
        }
    }
}

impl Started {
    /// Of a sentence about a picture, whose masks have `grid * grid` cells.
    pub(crate) fn new(grid: usize, frame: &Frame, reading: Option<reading::Reading>) -> Self {
        let reading = reading.map(Reading::from);
        let (read_as, hint) = reading.map_or((None, None), |r| (Some(r.read_as), r.hint));
        Self {
            rows: grid,
            columns: grid,
            total: grid * grid,
            read_as,
            hint,
            notes: frame.notes(),
            square: frame.into(),
        }
    }
}

impl From<&Frame> for Square {
    fn from(frame: &Frame) -> Self {
        match &frame.preparation {
            Some(preparation) => preparation.into(),
            None => (&Preparation::none(frame.width, frame.height)).into(),
        }
    }
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
            given: event.given,
        }
    }
}

impl From<DecodedPass> for Pass {
    fn from(pass: DecodedPass) -> Self {
        Self {
            tokens: pass.tokens.into_iter().map(Token::from).collect(),
            drafts: Uint32Array::from(pass.drafts.as_slice()),
            drafted_by: pass.drafted_by.map(|source| match source {
                decode::DraftedBy::Heads => DraftedBy::Heads,
                decode::DraftedBy::Marginals => DraftedBy::Marginals,
            }),
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
