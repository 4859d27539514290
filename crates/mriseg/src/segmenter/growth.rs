//! A mask as it grows, token by token, and what single codes draw.

use super::input::InputError;
use super::loaded::{Frame, Loaded};
use crate::error::Error;
use crate::image::{GrayImage, Mask, Picture};
use crate::metrics::Overlap;

/// A mask after 0, 1, … tokens, at the model's resolution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaskFrames {
    /// Width and height, in pixels.
    pub side: usize,
    /// Frames: one more than there are tokens.
    pub count: usize,
    /// Foreground probabilities, 0 to 255: frame after frame, each row by row; 0 in pending cells.
    pub pixels: Vec<u8>,
}

/// What every code of a mask tokenizer draws among its like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Codebook {
    /// How many codes there are.
    pub codes: usize,
    /// Side of a patch, in pixels.
    pub patch: usize,
    /// Foreground probabilities, 0 to 255: code after code, each row by row.
    pub pixels: Vec<u8>,
}

/// A picture as the model reads it.
#[derive(Debug, Clone)]
pub struct SeenPicture {
    /// Prepared, and scaled to the model's resolution.
    pub picture: Picture,
    /// Where it comes from.
    pub frame: Frame,
}

/// A probability as a byte.
pub(super) fn byte(probability: f32) -> u8 {
    (probability * 255.0).round() as u8
}

impl Loaded {
    pub(super) async fn frames(&self, tokens: &[u32]) -> Result<MaskFrames, Error> {
        let side = self.settings.architecture.mask.size;
        let mut pixels = Vec::with_capacity(side * side * (tokens.len() + 1));
        let append = |soft: GrayImage| pixels.extend(soft.pixels.into_iter().map(byte));
        self.each_beginning(tokens, append).await?;
        Ok(MaskFrames {
            side,
            count: tokens.len() + 1,
            pixels,
        })
    }

    pub(super) async fn dice_curve(
        &self,
        frame: &Frame,
        tokens: &[u32],
        truth: &Mask,
    ) -> Result<Vec<f32>, Error> {
        let truth = frame.truth(truth, self.settings.architecture.mask.size)?;
        let mut curve = Vec::with_capacity(tokens.len() + 1);
        let append = |soft: GrayImage| {
            let drawn: Vec<u8> = (soft.pixels.iter()).map(|&p| u8::from(p > 0.5)).collect();
            // Two empty masks agree.
            let dice = Overlap::of(&drawn, &truth.pixels).dice().unwrap_or(1.0);
            curve.push(dice as f32);
        };
        self.each_beginning(tokens, append).await?;
        Ok(curve)
    }

    /// Soft masks of the first 0, 1, … tokens, in this order.
    async fn each_beginning(
        &self,
        tokens: &[u32],
        mut take: impl FnMut(GrayImage),
    ) -> Result<(), Error> {
        /// Bounds the memory that the mask decoder takes.
        const MASKS_AT_ONCE: usize = 32;
        self.check_tokens(tokens)?;
        let beginnings: Vec<&[u32]> = (0..=tokens.len()).map(|count| &tokens[..count]).collect();
        for some in beginnings.chunks(MASKS_AT_ONCE) {
            (self.soft_masks(some).await?)
                .into_iter()
                .for_each(&mut take);
        }
        Ok(())
    }

    pub(super) async fn codebook(&self) -> Result<Codebook, Error> {
        let patches = self.vision.code_patches().ok_or(InputError::NoCodebook)?;
        let patches = patches.patches.into_data_async().await?;
        Ok(Codebook {
            codes: self.layout().codes,
            patch: self.settings.architecture.mask.patch,
            pixels: patches.iter::<f32>().map(byte).collect(),
        })
    }

    pub(super) fn see(&self, picture: &Picture) -> SeenPicture {
        let size = self.settings.architecture.picture_size();
        let frame = self.frame(picture, false);
        let picture = match &frame.preparation {
            Some(preparation) => preparation.picture(picture).resized(size, size),
            None => picture.resized(size, size),
        };
        SeenPicture { picture, frame }
    }
}
