//! What a segmentation gives.

use crate::image::Mask;

/// The mask as far as it is decoded, at the model's resolution.
#[derive(Debug, Clone, PartialEq)]
pub struct PartialMask {
    /// Side in pixels, both ways.
    pub width: usize,
    /// Side in pixels, both ways.
    pub height: usize,
    /// Foreground probability per pixel, 0 to 255, row by row; 0 in pending cells.
    pub probability: Vec<u8>,
    /// Per cell, row by row: not decoded yet, which is not the same as background.
    pub pending: Vec<bool>,
}

/// The tokens of a mask.
#[derive(Debug, Clone, PartialEq)]
pub struct DecodedMask {
    /// Mask codes, in the order of decoding.
    pub tokens: Vec<u32>,
    /// Their probabilities.
    pub probabilities: Vec<f32>,
    /// Probability of there being something to draw; `None` where the model does not tell.
    pub presence: Option<f32>,
}

/// A finished (or stopped) segmentation.
#[derive(Debug, Clone, PartialEq)]
pub struct Segmentation {
    /// Mask codes, in the order of decoding.
    pub tokens: Vec<u32>,
    /// Their probabilities.
    pub probabilities: Vec<f32>,
    /// Width of the image, in pixels.
    pub width: usize,
    /// Height of the image, in pixels.
    pub height: usize,
    /// The mask at the image's own size. Pending cells hold no foreground.
    pub mask: Mask,
    /// Cells that were not decoded because decoding was stopped.
    pub pending: usize,
    /// Passes through the model, one per token when decoding is greedy.
    pub passes: usize,
    /// Probability of there being something to draw; `None` where the model does not tell.
    pub presence: Option<f32>,
    /// What was done to the picture before the model read it, a sentence each.
    pub notes: Vec<String>,
}
