//! One mask, token by token.

use super::loaded::{Frame, Loaded};
use super::prompted::Prompted;
use super::result::{PartialMask, Segmentation};
use crate::decode::{DecodeStrategy, DecodedPass, MaskDecoder};
use crate::error::Error;
use std::sync::Arc;

/// A mask on its way. To stop, do not call [`Self::next`] again.
#[derive(Debug)]
pub struct SegmentationStream {
    loaded: Arc<Loaded>,
    decoder: MaskDecoder,
    frame: Frame,
    tokens: Vec<u32>,
    probabilities: Vec<f32>,
}

impl SegmentationStream {
    /// Begins behind `given` tokens.
    pub(super) fn start(
        loaded: Arc<Loaded>,
        prompted: Prompted,
        strategy: DecodeStrategy,
        given: Vec<u32>,
    ) -> Self {
        let Prompted { frame, prefill, .. } = prompted;
        let picker = loaded.picker.clone();
        Self {
            decoder: MaskDecoder::resume(&loaded.lm, picker, strategy, prefill, given),
            frame,
            loaded,
            tokens: Vec::new(),
            probabilities: Vec::new(),
        }
    }

    /// Decodes the next token, or run of tokens; tokens that were given come first, all together. Empty when every cell has
    /// its token.
    ///
    /// # Errors
    /// The device fails.
    pub async fn next(&mut self) -> Result<DecodedPass, Error> {
        let pass = (self.decoder.next(&self.loaded.lm).await)?;
        for event in &pass.tokens {
            self.tokens.push(event.token);
            self.probabilities.push(event.probability);
        }
        Ok(pass)
    }

    /// Keeps the first `tokens` of the mask only.
    pub(super) fn truncate(&mut self, tokens: usize) {
        self.tokens.truncate(tokens);
        self.probabilities.truncate(tokens);
    }

    /// The tokens so far.
    pub fn tokens(&self) -> &[u32] {
        &self.tokens
    }

    /// Passes through the model so far.
    pub fn passes(&self) -> usize {
        self.decoder.passes()
    }

    /// Probability of there being something to draw, once it was told; see [`MaskDecoder::presence`].
    pub fn presence(&self) -> Option<f32> {
        self.decoder.presence()
    }

    /// Side of the square grid of cells.
    pub fn grid(&self) -> usize {
        self.loaded.layout().grid
    }

    /// Tokens of a whole mask.
    pub fn total(&self) -> usize {
        self.loaded.layout().mask()
    }

    /// How the mask lies in the picture.
    pub fn frame(&self) -> &Frame {
        &self.frame
    }

    /// The mask so far, for drawing.
    ///
    /// # Errors
    /// The device fails.
    pub async fn partial_mask(&self) -> Result<PartialMask, Error> {
        let soft = self.loaded.soft_masks(&[&self.tokens]).await?.remove(0);
        Ok(PartialMask {
            width: soft.width,
            height: soft.height,
            probability: (soft.pixels.iter())
                .map(|p| (p * 255.0).round() as u8)
                .collect(),
            pending: (0..self.total()).map(|i| i >= self.tokens.len()).collect(),
        })
    }

    /// The mask at the image's own size, from the tokens decoded so far.
    ///
    /// # Errors
    /// The device fails.
    pub async fn finish(self) -> Result<Segmentation, Error> {
        let soft = self.loaded.soft_masks(&[&self.tokens]).await?.remove(0);
        Ok(Segmentation {
            pending: self.total() - self.tokens.len(),
            passes: self.passes(),
            presence: self.presence(),
            notes: self.frame.notes(),
            mask: self.frame.draw(&soft),
            width: self.frame.width,
            height: self.frame.height,
            tokens: self.tokens,
            probabilities: self.probabilities,
        })
    }
}
