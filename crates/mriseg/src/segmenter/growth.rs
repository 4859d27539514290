//! A mask as it grows, token by token, and what single codes draw.

use super::input::InputError;
use super::loaded::{Frame, Loaded};
use crate::decode::code_tensor;
use crate::error::Error;
use crate::image::{Mask, Picture};
use crate::metrics::Overlap;
use std::ops::Range;

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
        let (grid, patch) = (self.layout().grid, self.settings.architecture.mask.patch);
        let mut pixels = vec![0; side * side * (tokens.len() + 1)];
        let mut frames = pixels.chunks_exact_mut(side * side);
        let draw = |counts: Range<usize>, drawn: &[f32]| {
            let drawn: Vec<u8> = drawn.iter().map(|&p| byte(p)).collect();
            for (count, frame) in counts.zip(&mut frames) {
                let (rows, columns) = (count / grid, count % grid);
                let whole = rows * patch * side;
                frame[..whole].copy_from_slice(&drawn[..whole]);
                let lines = frame[whole..].chunks_exact_mut(side).take(patch);
                for (line, drawn) in lines.zip(drawn[whole..].chunks_exact(side)) {
                    line[..columns * patch].copy_from_slice(&drawn[..columns * patch]);
                }
            }
        };
        self.each_beginning(tokens, draw).await?;
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
        let (side, patch) = {
            let mask = &self.settings.architecture.mask;
            (mask.size, mask.patch)
        };
        let truth = frame.truth(truth, side)?;
        let in_truth = truth.area() as u64;
        let mut curve = Vec::with_capacity(tokens.len() + 1);
        let measure = |counts: Range<usize>, drawn: &[f32]| {
            let mut cells = vec![Overlap::default(); self.layout().mask()];
            for (pixel, (&p, &truth)) in drawn.iter().zip(&truth.pixels).enumerate() {
                if p > 0.5 {
                    let cell = pixel / side / patch * self.layout().grid + pixel % side / patch;
                    cells[cell].predicted += 1;
                    cells[cell].intersection += u64::from(truth);
                }
            }
            for count in counts {
                let mut overlap = Overlap::default();
                for cell in &cells[..count] {
                    overlap += *cell;
                }
                overlap.truth = in_truth;
                // Two empty masks agree.
                curve.push(overlap.dice().unwrap_or(1.0) as f32);
            }
        };
        self.each_beginning(tokens, measure).await?;
        Ok(curve)
    }

    /// What the first 0, 1, … tokens draw among empty cells, in the rows of cells that they reach: foreground probabilities,
    /// row by row. A token that an empty mask has there too draws nothing new, so a drawing is of several numbers of tokens.
    async fn each_beginning(
        &self,
        tokens: &[u32],
        mut take: impl FnMut(Range<usize>, &[f32]),
    ) -> Result<(), Error> {
        /// More together take longer: what the mask decoder reads and writes leaves the cache.
        const MASKS_AT_ONCE: usize = 4;
        self.check_tokens(tokens)?;
        let layout = self.layout();
        let new = (tokens.iter().zip(&self.empty)).map(|(token, empty)| token != empty);
        let mut counts: Vec<usize> = std::iter::once(0)
            .chain(
                (1..)
                    .zip(new)
                    .filter_map(|(count, new)| new.then_some(count)),
            )
            .collect();
        counts.push(tokens.len() + 1);
        let drawings: Vec<Range<usize>> = counts.windows(2).map(|two| two[0]..two[1]).collect();
        for some in drawings.chunks(MASKS_AT_ONCE) {
            let codes: Vec<u32> = (some.iter())
                .flat_map(|counts| [&tokens[..counts.start], &self.empty[counts.start..]].concat())
                .collect();
            let reached = some.last().map_or(0, |counts| counts.end - 1);
            let rows = reached.div_ceil(layout.grid).max(1);
            let codes = code_tensor(&codes, layout.mask(), &self.device);
            let drawn = self.vision.foreground_of_rows(codes, rows);
            let drawn: Vec<f32> = drawn.into_data_async().await?.iter().collect();
            let each = drawn.chunks_exact(drawn.len() / some.len());
            for (counts, drawn) in some.iter().zip(each) {
                take(counts.clone(), drawn);
            }
        }
        Ok(())
    }

    pub(super) async fn codebook(&self) -> Result<Codebook, Error> {
        let patches = self.picker.drawn().ok_or(InputError::NoCodebook)?;
        let patches = patches.into_data_async().await?;
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
