//! What the engine hands over beside a mask: how it grows, where samples agree, why a token, and how good it is.

use super::Square;
use js_sys::{Float32Array, Uint8Array, Uint32Array};
use mriseg::image::Picture;
use mriseg::metrics::Overlap;
use mriseg::{decode, segmenter};
use serde::Serialize;
use tsify::Tsify;

/// What several sampled masks have in common, as far as they are sampled.
#[derive(Serialize, Tsify)]
pub struct Agreement {
    /// Mean mask probability per pixel at the model's resolution, row by row, 0 to 255; 0 where nothing is sampled.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    #[tsify(type = "Uint8Array")]
    pub mean: Uint8Array,
    /// Per cell, row by row: the share of the masks that agree with the majority, .5 to 1; 0 where nothing is sampled.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    #[tsify(type = "Float32Array")]
    pub cells: Float32Array,
    /// Tokens of each mask so far.
    pub sampled: usize,
    /// Those tokens, mask after mask.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    #[tsify(type = "Uint32Array")]
    pub samples: Uint32Array,
}

/// A mask after 0, 1, … tokens, at the model's resolution, of the square that the model reads.
#[derive(Serialize, Tsify)]
pub struct Frames {
    /// Pixels across.
    pub width: usize,
    /// Pixels down.
    pub height: usize,
    /// Frames: one more than there are tokens.
    pub count: usize,
    /// Mask probability, frame after frame, each row by row, 0 to 255; 0 in cells that are not decoded yet.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    #[tsify(type = "Uint8Array")]
    pub frames: Uint8Array,
}

/// What each code draws by itself.
#[derive(Serialize, Tsify)]
pub struct Codebook {
    /// How many codes there are.
    pub codes: usize,
    /// Width and height of what one draws, in pixels.
    pub patch: usize,
    /// Mask probability, code after code, each row by row, 0 to 255.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    #[tsify(type = "Uint8Array")]
    pub pixels: Uint8Array,
}

/// The distributions that tokens are picked from.
#[derive(Serialize, Tsify)]
pub struct Inspection {
    /// How many codes there are.
    pub codes: usize,
    /// Distributions: one a token, and that of the next token, if one is left.
    pub rows: usize,
    /// Probability of each code, row after row, given the tokens before, as codes are picked by it.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    #[tsify(type = "Float32Array")]
    pub probabilities: Float32Array,
    /// The pieces of the sentence that text tokens stand for.
    pub words: Vec<String>,
    /// Layers of the model.
    pub layers: usize,
    /// Attention heads of a layer.
    pub heads: usize,
    /// Cells of the picture.
    pub cells: usize,
}

/// What the position that predicts one token attends to, and what each layer would predict there.
#[derive(Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct Attention {
    /// Layers of the model.
    pub layers: usize,
    /// Attention heads of a layer.
    pub heads: usize,
    /// Pieces of the sentence. Padding behind them is left out, so weights may sum to less than 1.
    pub words: usize,
    /// Cells of the picture.
    pub cells: usize,
    /// Inputs of the mask: its begin, then the tokens before this one.
    pub mask: usize,
    /// Layer after layer, head after head: the weights of words, cells and inputs of the mask.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    #[tsify(type = "Float32Array")]
    pub weights: Float32Array,
    /// The most probable code after each layer (logit lens).
    #[serde(with = "serde_wasm_bindgen::preserve")]
    #[tsify(type = "Uint32Array")]
    pub lens_codes: Uint32Array,
    /// Its probability there; after the last layer it is the prediction's, before marginal probabilities are mixed in.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    #[tsify(type = "Float32Array")]
    pub lens_probabilities: Float32Array,
}

/// What the model predicts where it reads the true mask.
#[derive(Serialize, Tsify)]
pub struct TeacherForced {
    /// The codes of the true mask.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    #[tsify(type = "Uint32Array")]
    pub truth: Uint32Array,
    /// The code that is picked for each cell, given the true ones before it.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    #[tsify(type = "Uint32Array")]
    pub predicted: Uint32Array,
    /// Probability of the true code of each cell.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    #[tsify(type = "Float32Array")]
    pub probabilities: Float32Array,
}

/// A picture as the model reads it.
#[derive(Serialize, Tsify)]
pub struct Seen {
    /// Pixels across and down.
    pub side: usize,
    /// Red, green, blue and 255 of each pixel, row by row.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    #[tsify(type = "Uint8Array")]
    pub rgba: Uint8Array,
    /// What was done to the picture, each without capital and full stop.
    pub notes: Vec<String>,
    /// The part of the picture that is seen.
    pub square: Square,
}

/// How well two masks agree.
#[derive(Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    /// `2 |A and B| / (|A| + |B|)`; 1 where both are empty.
    pub dice: f64,
    /// `|A and B| / |A or B|`; 1 where both are empty.
    pub iou: f64,
    /// Pixels of both.
    pub both: u64,
    /// Pixels of the mask alone.
    pub mask_only: u64,
    /// Pixels of the truth alone.
    pub truth_only: u64,
}

impl Agreement {
    /// `masks` are the tokens of each mask so far.
    pub(crate) fn new(agreement: decode::Agreement, masks: Vec<Vec<u32>>) -> Self {
        let mean = agreement.mean.iter();
        let mean: Vec<u8> = mean.map(|p| (p * 255.0).round() as u8).collect();
        Self {
            mean: Uint8Array::from(mean.as_slice()),
            cells: Float32Array::from(agreement.cells.as_slice()),
            sampled: masks.first().map_or(0, Vec::len),
            samples: Uint32Array::from(masks.concat().as_slice()),
        }
    }
}

impl From<segmenter::MaskFrames> for Frames {
    fn from(frames: segmenter::MaskFrames) -> Self {
        Self {
            width: frames.side,
            height: frames.side,
            count: frames.count,
            frames: Uint8Array::from(frames.pixels.as_slice()),
        }
    }
}

impl From<segmenter::Codebook> for Codebook {
    fn from(codebook: segmenter::Codebook) -> Self {
        Self {
            codes: codebook.codes,
            patch: codebook.patch,
            pixels: Uint8Array::from(codebook.pixels.as_slice()),
        }
    }
}

impl From<&segmenter::Inspection> for Inspection {
    fn from(inspection: &segmenter::Inspection) -> Self {
        let config = inspection.config();
        Self {
            codes: config.layout().codes,
            rows: inspection.rows(),
            probabilities: Float32Array::from(inspection.probabilities()),
            words: inspection.words().to_vec(),
            layers: config.lm.layers,
            heads: config.lm.heads,
            cells: config.layout().image(),
        }
    }
}

impl From<segmenter::Attention> for Attention {
    fn from(attention: segmenter::Attention) -> Self {
        Self {
            layers: attention.layers,
            heads: attention.heads,
            words: attention.words,
            cells: attention.cells,
            mask: attention.mask,
            weights: Float32Array::from(attention.weights.as_slice()),
            lens_codes: Uint32Array::from(attention.lens_codes.as_slice()),
            lens_probabilities: Float32Array::from(attention.lens_probabilities.as_slice()),
        }
    }
}

impl From<segmenter::TeacherForced> for TeacherForced {
    fn from(forced: segmenter::TeacherForced) -> Self {
        Self {
            truth: Uint32Array::from(forced.truth.as_slice()),
            predicted: Uint32Array::from(forced.predicted.as_slice()),
            probabilities: Float32Array::from(forced.probabilities.as_slice()),
        }
    }
}

impl From<segmenter::SeenPicture> for Seen {
    fn from(seen: segmenter::SeenPicture) -> Self {
        Self {
            side: seen.picture.width(),
            rgba: Uint8Array::from(rgba(&seen.picture).as_slice()),
            notes: seen.frame.notes(),
            square: (&seen.frame).into(),
        }
    }
}

fn rgba(picture: &Picture) -> Vec<u8> {
    let rgb = picture.to_rgb8();
    let pixels = rgb.chunks_exact(3);
    pixels
        .flat_map(|pixel| [pixel[0], pixel[1], pixel[2], u8::MAX])
        .collect()
}

impl From<Overlap> for Comparison {
    fn from(overlap: Overlap) -> Self {
        Self {
            dice: overlap.dice().unwrap_or(1.0),
            iou: overlap.iou().unwrap_or(1.0),
            both: overlap.intersection,
            mask_only: overlap.predicted - overlap.intersection,
            truth_only: overlap.truth - overlap.intersection,
        }
    }
}
