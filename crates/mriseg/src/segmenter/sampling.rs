//! Several masks of one query, sampled.

use super::input::InputError;
use super::loaded::{Frame, Input, Loaded};
use crate::decode::{Agreement, MaskSampler};
use crate::error::Error;
use crate::image::GrayImage;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;

/// Several masks on their way, sampled from the predicted distribution. To stop, do not call [`Self::next`] again.
#[derive(Debug)]
pub struct SamplingStream {
    loaded: Arc<Loaded>,
    sampler: MaskSampler,
    frame: Frame,
}

/// How masks are sampled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SamplingOptions {
    /// How many masks.
    pub samples: usize,
    /// Above 0; 1 is the model's own distribution.
    pub temperature: f32,
    /// Of the random numbers.
    pub seed: u64,
}

impl SamplingOptions {
    /// Most masks that are sampled together: each has a cache of its own.
    pub const MOST_SAMPLES: usize = 64;

    /// Refuses what cannot be sampled.
    ///
    /// # Errors
    /// No mask or too many, or a temperature that is not above 0.
    pub fn check(&self) -> Result<(), InputError> {
        let (samples, most) = (self.samples, Self::MOST_SAMPLES);
        if !(1..=most).contains(&samples) {
            return Err(InputError::Samples { samples, most });
        }
        match self.temperature {
            above if above > 0.0 && above.is_finite() => Ok(()),
            other => Err(InputError::Temperature(other)),
        }
    }
}

impl SamplingStream {
    /// Reads the only query of `input`.
    pub(super) fn start(loaded: Arc<Loaded>, input: Input, options: SamplingOptions) -> Self {
        let Input {
            text,
            image,
            mut frames,
        } = input;
        Self {
            sampler: MaskSampler::start(
                &loaded.lm,
                loaded.picker.clone(),
                text,
                image,
                options.samples,
                options.temperature,
                ChaCha8Rng::seed_from_u64(options.seed),
            ),
            frame: frames.pop().expect("one query"),
            loaded,
        }
    }

    /// The same, which also keeps what [`Self::expected_mask`] needs.
    #[must_use]
    pub fn expecting(self) -> Self {
        Self {
            sampler: self.sampler.expecting(),
            ..self
        }
    }

    /// How the masks lie in the picture.
    pub fn frame(&self) -> &Frame {
        &self.frame
    }

    /// Samples the next token of every mask; false when all are sampled.
    ///
    /// # Errors
    /// The device fails.
    pub async fn next(&mut self) -> Result<bool, Error> {
        let lm = &self.loaded.lm;
        Ok(self.sampler.advance(lm).await?)
    }

    /// Tokens of each mask so far.
    pub fn sampled(&self) -> usize {
        self.sampler.sampled()
    }

    /// Tokens of a whole mask.
    pub fn total(&self) -> usize {
        self.loaded.layout().mask()
    }

    /// Side of the square grid of cells.
    pub fn grid(&self) -> usize {
        self.loaded.layout().grid
    }

    /// The tokens of each mask so far.
    pub fn masks(&self) -> Vec<Vec<u32>> {
        self.sampler.masks()
    }

    /// What the masks have in common so far; 0 in cells that are not sampled yet.
    ///
    /// # Errors
    /// The device fails.
    pub async fn agreement(&self) -> Result<Agreement, Error> {
        let size = &self.loaded.settings.architecture.mask;
        let masks = self.sampler.masks();
        let masks: Vec<&[u32]> = masks.iter().map(Vec::as_slice).collect();
        let soft = self.loaded.soft_masks(&masks).await?;
        let soft: Vec<Vec<f32>> = soft.into_iter().map(|soft| soft.pixels).collect();
        let agreement = Agreement::of(&soft, size.size, size.patch);
        Ok(agreement.of_first(self.sampled()))
    }

    /// How probable every pixel is foreground, the mean over all masks that could have been sampled; see
    /// [`MaskSampler::expected`]. Call it when all are sampled.
    pub fn expected_mask(&self) -> GrayImage {
        let mask = &self.loaded.settings.architecture.mask;
        let (size, patch) = (mask.size, mask.patch);
        let expected = self.sampler.expected();
        let pixels = (0..size * size).map(|pixel| {
            let (row, column) = (pixel / size, pixel % size);
            let cell = row / patch * (size / patch) + column / patch;
            expected[cell * patch * patch + row % patch * patch + column % patch]
        });
        GrayImage::new(size, size, pixels.collect())
    }
}
