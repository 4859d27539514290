//! Which code a cell takes: its most probable one, or the one of least expected pixel error. The two differ
//! where the model is unsure: "empty" is one code, "inside" and "border" are many, so that the most
//! probable single code is "empty" long before an empty cell is the most probable.
//!
//! With a cost of `2 t` for a pixel drawn in vain and of `2 (1 - t)` for a missed one, a pixel is worth drawing from a
//! probability of `t` on. One half counts wrong pixels; the mask of highest expected Dice draws sooner, from half that
//! Dice on (Lipton, Elkan and Narayanaswamy 2014, "Optimal thresholding of classifiers to maximize F1 measure").

use super::presence::EmptyMask;
use super::{DeviceError, Picked};
use crate::config::ConfigError;
use crate::mask_lm::{CachedLm, DecodeState};
use crate::vision::{CodePatches, VisionTokenizer};
use burn::tensor::{ExecutionError, Int, Tensor};
use mriseg_ops::linear::transposed_copy;
use mriseg_ops::rows::{exponentials, largest_at, sum};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Which code a cell takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Pick {
    /// The most probable code.
    #[default]
    MostProbable,
    /// The code whose patch has the fewest wrong pixels to expect under the predicted distribution
    /// over codes (minimum Bayes risk, one cell at a time); among equals the more probable one. Codes of a
    /// probability below [`Picker::NEGLIGIBLE`] are not reckoned with.
    LeastError,
    /// The same with pixels worth drawing from [`DecisionRule::dice_threshold`] on: for a good Dice where the model is unsure.
    BestDice,
}

/// What is drawn, given what the model predicts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct DecisionRule {
    /// Which code a cell takes.
    #[serde(default)]
    pub pick: Pick,
    /// Probability of there being something to draw from which on cells are looked at; below it, the mask is empty.
    /// Without effect on models that have no presence head.
    #[serde(default = "DecisionRule::one_half")]
    pub presence_threshold: f32,
    /// Probability from which on a pixel is worth drawing, with [`Pick::BestDice`].
    #[serde(default = "DecisionRule::dice_threshold")]
    pub dice_threshold: f32,
    /// Share of a cell's marginal probabilities, those given sentence and picture alone, in the mixture that its code is
    /// picked by; the rest are those given the tokens before it. It keeps a wrong token from misleading all that follow.
    /// For models that were trained to predict marginals.
    #[serde(default)]
    pub marginal_share: f32,
}

impl DecisionRule {
    fn one_half() -> f32 {
        0.5
    }

    /// Half of a Dice of .7: see [`Pick::BestDice`].
    fn dice_threshold() -> f32 {
        0.35
    }

    /// The probability from which on a pixel is worth drawing; `None` where codes are not compared by what they draw.
    fn threshold(self) -> Option<f32> {
        match self.pick {
            Pick::MostProbable => None,
            Pick::LeastError => Some(0.5),
            Pick::BestDice => Some(self.dice_threshold),
        }
    }
}

impl Default for DecisionRule {
    fn default() -> Self {
        Pick::default().into()
    }
}

impl From<Pick> for DecisionRule {
    /// Something is drawn where that is more probable than not.
    fn from(pick: Pick) -> Self {
        Self {
            pick,
            presence_threshold: Self::one_half(),
            dice_threshold: Self::dice_threshold(),
            marginal_share: 0.0,
        }
    }
}

/// A [`DecisionRule`] with what it needs: on the device for many cells, off it for single ones.
#[derive(Debug, Clone)]
pub struct Picker {
    /// See [`DecisionRule::marginal_share`].
    marginal_share: f32,
    patches: Option<Patches>,
    empty: Option<EmptyMask>,
}

/// What every code draws, each pixel foreground (1) or not (0).
#[derive(Debug, Clone)]
struct Patches {
    /// `[codes, pixels]`
    pixels: Tensor<2>,
    /// The same, `[pixels, codes]`.
    pixels_of: Tensor<2>,
    /// Foreground pixels: `[1, codes]`.
    areas: Tensor<2>,
    threshold: f32,
    host: Arc<HostPatches>,
}

/// The same off the device.
#[derive(Debug)]
struct HostPatches {
    /// By code, a bit a pixel; the last word of a patch may have some to spare.
    bits: Vec<Word>,
    /// Words of a patch.
    words: usize,
    areas: Vec<f32>,
    threshold: f32,
    /// Codes by the area of their patches.
    by_area: Vec<usize>,
}

/// Pixels of a byte.
const BYTE: usize = u8::BITS as usize;
/// Bytes of pixels that are looked at together.
const BYTES: usize = 4;
/// Pixels of those.
const PIXELS: usize = BYTES * BYTE;

type Word = [u8; BYTES];

/// Why a rule cannot be prepared.
#[derive(Debug, thiserror::Error)]
pub enum PickError {
    /// The rule compares what codes draw, and that depends on their neighbours (Emu3).
    #[error(transparent)]
    Rule(#[from] ConfigError),
    /// The device failed.
    #[error(transparent)]
    Device(#[from] DeviceError),
}

impl Picker {
    /// Codes less probable than this do not count for the expected error of a cell.
    pub const NEGLIGIBLE: f32 = 1e-4;

    /// Prepares `rule` for the codes of masks.
    ///
    /// # Errors
    /// The device fails, or `rule.pick` compares what codes draw and that depends on their neighbours.
    pub async fn new(rule: DecisionRule, vision: &dyn VisionTokenizer) -> Result<Self, PickError> {
        let Some(CodePatches { patches, empty }) = vision.code_patches() else {
            return match rule.pick {
                Pick::MostProbable => Ok(Self::most_probable_code()),
                Pick::LeastError | Pick::BestDice => Err(PickError::Rule(ConfigError(
                    "pick = least_error or best_dice compares what single codes draw, and what a code of this tokenizer draws depends on those around it: take most_probable".to_owned(),
                ))),
            };
        };
        let empty = EmptyMask::new(empty, rule.presence_threshold);
        Ok(Self {
            marginal_share: rule.marginal_share,
            patches: match rule.threshold() {
                Some(threshold) => {
                    let patches = Patches::new(patches, threshold);
                    Some(patches.await.map_err(DeviceError::from)?)
                }
                None => None,
            },
            empty: Some(empty.await.map_err(DeviceError::from)?),
        })
    }

    /// [`Pick::MostProbable`] whatever the presence, which needs nothing.
    pub fn most_probable_code() -> Self {
        Self {
            marginal_share: 0.0,
            patches: None,
            empty: None,
        }
    }

    /// Whether the rule mixes marginal probabilities in.
    pub(super) fn mixes(&self) -> bool {
        self.marginal_share > 0.0
    }

    /// The marginal probabilities of all cells, where the rule mixes them in.
    ///
    /// # Shapes
    /// - state: after the prefill
    /// - output: `[batch, mask, codes]`
    pub(super) fn marginals(&self, lm: &CachedLm, state: &DecodeState) -> Option<Tensor<3>> {
        self.mixes()
            .then(|| lm.marginals(state).mul_scalar(self.marginal_share))
    }

    /// Probabilities mixed with marginal ones, which have been multiplied with their share.
    pub(super) fn mixed(&self, probabilities: Tensor<2>, marginals: Tensor<2>) -> Tensor<2> {
        probabilities.mul_scalar(1.0 - self.marginal_share) + marginals
    }

    /// The code that marginal probabilities, multiplied with their share, pick alone.
    pub(super) fn pick_marginal(&self, marginals: &[f32]) -> usize {
        let logits = marginals.iter().map(|p| p.max(f32::MIN_POSITIVE).ln());
        self.pick_one(&mut logits.collect::<Vec<_>>()).0
    }

    /// Logits of the mixture of the same for one cell off the device.
    pub(super) fn mix_one(&self, logits: &mut [f32], marginals: &[f32]) {
        let scale = (1.0 - self.marginal_share) / exponentials(logits);
        for (logit, marginal) in logits.iter_mut().zip(marginals) {
            *logit = (*logit * scale + marginal).max(f32::MIN_POSITIVE).ln();
        }
    }

    /// How probable every pixel of a cell is foreground; `None` where codes are not compared by what they draw.
    ///
    /// # Shapes
    /// - probabilities: `[batch, codes]`
    /// - output: `[batch, pixels]`, row by row
    pub(super) fn foreground(&self, probabilities: Tensor<2>) -> Option<Tensor<2>> {
        let patches = self.patches.as_ref()?;
        Some(probabilities.matmul(patches.pixels.clone()))
    }

    /// What is drawn where there is nothing to draw.
    pub(crate) fn empty(&self) -> Option<&EmptyMask> {
        self.empty.as_ref()
    }

    /// The code of every cell.
    ///
    /// # Shapes
    /// - probabilities: `[batch, codes]`
    pub fn pick(&self, probabilities: Tensor<2>) -> Picked {
        let Some(patches) = &self.patches else {
            return Self::most_probable(probabilities);
        };
        let ids = patches.least_error(probabilities.clone());
        Picked {
            probabilities: probabilities.gather(1, ids.clone()),
            ids,
        }
    }

    /// The same for one cell off the device, with work for the codes that count only: the code and its probability.
    /// Of `logits` nothing is left.
    pub(super) fn pick_one(&self, logits: &mut [f32]) -> (usize, f32) {
        let likely = largest_at(logits);
        let scale = exponentials(logits).recip();
        let probability = logits[likely] * scale;
        match &self.patches {
            Some(patches) if !is_settled(probability, patches.threshold) => {
                for x in logits.iter_mut() {
                    *x *= scale;
                }
                let code = patches.host.least_error(logits, likely);
                (code, logits[code])
            }
            _ => (likely, probability),
        }
    }

    fn most_probable(probabilities: Tensor<2>) -> Picked {
        let ids = probabilities.clone().argmax(1);
        Picked {
            probabilities: probabilities.gather(1, ids.clone()),
            ids,
        }
    }
}

/// Whether a cell whose most probable code has this probability takes that code, whatever the rest of the
/// distribution. Of another code, the expected error is larger by `p d(other, it) - (1 - p) d(it, other)` at least
/// (triangle inequality), where `d` costs `2 t` a pixel in vain and `2 (1 - t)` a missed one.
fn is_settled(probability: f32, threshold: f32) -> bool {
    const ROUNDING: f32 = 0.01;
    probability > threshold.max(1.0 - threshold) + ROUNDING
}

/// Certainty of a code weighs as much as this many pixels: enough to decide between codes that draw the same,
/// of which "empty" has many.
const TIE_PIXELS: f32 = 1.0;

impl Patches {
    async fn new(probabilities: Tensor<2>, threshold: f32) -> Result<Self, ExecutionError> {
        let pixels = probabilities.greater_elem(0.5).float();
        let pixels_of = transposed_copy(pixels.clone());
        let areas = pixels.clone().sum_dim(1).swap_dims(0, 1);
        let [codes, _] = pixels.dims();
        let read = pixels.clone().into_data_async().await?;
        Ok(Self {
            host: Arc::new(HostPatches::new(
                &read.iter().collect::<Vec<f32>>(),
                codes,
                threshold,
            )),
            pixels,
            pixels_of,
            areas,
            threshold,
        })
    }

    /// The error to expect is `2 t |p| - 2 p E[x]` and what is the same for every code.
    fn least_error(&self, probabilities: Tensor<2>) -> Tensor<2, Int> {
        let negligible = probabilities.clone().lower_elem(Picker::NEGLIGIBLE);
        let counting = probabilities.mask_fill(negligible, 0.0);
        let mass = counting.clone().sum_dim(1);
        let expected = counting.clone().matmul(self.pixels.clone());
        let products = expected.matmul(self.pixels_of.clone());
        let areas = self.areas.clone().mul_scalar(2.0 * self.threshold);
        let wrong = mass * areas - products.mul_scalar(2.0);
        (wrong - counting.mul_scalar(TIE_PIXELS)).argmin(1)
    }
}

impl HostPatches {
    fn new(pixels: &[f32], codes: usize, threshold: f32) -> Self {
        let of_patch = pixels.len() / codes;
        let patches = pixels.chunks_exact(of_patch);
        let areas: Vec<f32> = patches.clone().map(sum).collect();
        let mut by_area: Vec<usize> = (0..codes).collect();
        by_area.sort_by(|&a, &b| areas[a].total_cmp(&areas[b]));
        Self {
            bits: (patches.flat_map(|patch| patch.chunks(PIXELS)))
                .map(|pixels| packed(pixels.iter().map(|&pixel| pixel > 0.0)))
                .collect(),
            words: of_patch.div_ceil(PIXELS),
            areas,
            threshold,
            by_area,
        }
    }

    /// `likely` is the most probable code.
    fn least_error(&self, probabilities: &[f32], likely: usize) -> usize {
        /// Room for rounding, in pixels.
        const ROUNDING: f32 = 0.01;
        let counting: Vec<(usize, f32)> = (probabilities.iter().copied().enumerate())
            .filter(|&(_, p)| p >= Picker::NEGLIGIBLE)
            .collect();
        let mass: f32 = counting.iter().map(|(_, p)| p).sum();
        let errors = Errors::new(&self.expected(&counting), mass, self.threshold);
        let certainty = |code: usize| {
            let p = probabilities[code];
            if p < Picker::NEGLIGIBLE {
                0.0
            } else {
                p * TIE_PIXELS
            }
        };
        let of_likely = errors.beyond_least(self.patch(likely), f32::INFINITY);
        let (mut best, mut least) = (likely, of_likely - certainty(likely));
        // Of two codes one is wrong in every pixel in which they differ, at the lower cost at least.
        let cost = 2.0 * self.threshold.min(1.0 - self.threshold) * mass;
        let reach = (2.0 * (errors.least + of_likely) + ROUNDING) / cost;
        for code in self.of_like_area(self.areas[likely], reach) {
            let certainty = certainty(code);
            let error = errors.beyond_least(self.patch(code), least + certainty) - certainty;
            if error < least || (error == least && code < best) {
                (best, least) = (code, error);
            }
        }
        best
    }

    /// Sums of patches, each times the probability of its code.
    fn expected(&self, probabilities: &[(usize, f32)]) -> Vec<[f32; PIXELS]> {
        let sums = (0..self.words).map(|word| {
            let mut sums = [0.0; PIXELS];
            for &(code, p) in probabilities {
                let bits = u32::from_le_bytes(self.patch(code)[word]);
                for (i, sum) in sums.iter_mut().enumerate() {
                    *sum += if bits & 1 << i != 0 { p } else { 0.0 };
                }
            }
            sums
        });
        sums.collect()
    }

    fn patch(&self, code: usize) -> &[Word] {
        &self.bits[code * self.words..][..self.words]
    }

    /// Codes whose area differs by at most `reach`: those of others draw more pixels than that differently.
    fn of_like_area(&self, area: f32, reach: f32) -> impl Iterator<Item = usize> {
        let first = (self.by_area).partition_point(|&code| self.areas[code] < area - reach);
        let from = self.by_area[first..].iter().copied();
        from.take_while(move |&code| self.areas[code] <= area + reach)
    }
}

/// Bits as they lie in a [`Word`].
fn packed(bits: impl Iterator<Item = bool>) -> Word {
    let word: u32 = bits.enumerate().map(|(i, bit)| u32::from(bit) << i).sum();
    word.to_le_bytes()
}

/// Error to expect of a patch: that of the best that could be drawn, and of every pixel drawn otherwise some more.
struct Errors {
    /// Of the best patch, whether a code draws it or not.
    least: f32,
    /// What is drawn there.
    best: Vec<Word>,
    /// What pixels drawn otherwise add, by the byte that they are in.
    beyond: Vec<[[f32; 1 << BYTE]; BYTES]>,
}

impl Errors {
    /// Of pixels that are foreground with a probability of `expected / mass`.
    fn new(expected: &[[f32; PIXELS]], mass: f32, threshold: f32) -> Self {
        let cut = threshold * mass;
        let least = (expected.as_flattened().iter())
            .map(|x| 2.0 * (threshold * (mass - x)).min((1.0 - threshold) * x));
        let beyond = |word: &[f32; PIXELS]| {
            let mut sums = [[0.0; 1 << BYTE]; BYTES];
            for (pixels, sums) in word.chunks_exact(BYTE).zip(&mut sums) {
                for (i, expected) in pixels.iter().enumerate() {
                    let (without, with) = sums.split_at_mut(1 << i);
                    let more = 2.0 * (cut - expected).abs();
                    for (with, without) in with.iter_mut().zip(without) {
                        *with = *without + more;
                    }
                }
            }
            sums
        };
        Self {
            least: least.sum(),
            best: (expected.iter())
                .map(|word| packed(word.iter().map(|&x| x > cut)))
                .collect(),
            beyond: expected.iter().map(beyond).collect(),
        }
    }

    /// What a patch adds to the least error; something above `limit` when it is more than that.
    fn beyond_least(&self, patch: &[Word], limit: f32) -> f32 {
        let mut error = 0.0;
        for ((patch, best), beyond) in patch.iter().zip(&self.best).zip(&self.beyond) {
            let of = |i: usize| beyond[i][usize::from(patch[i] ^ best[i])];
            error += (of(0) + of(1)) + (of(2) + of(3));
            if error > limit {
                break;
            }
        }
        error
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::activation::softmax;
    use burn::tensor::{Device, Distribution};
    use futures_lite::future::block_on;

    fn least_error(patches: Tensor<2>, threshold: f32) -> Picker {
        Picker {
            marginal_share: 0.0,
            patches: Some(block_on(Patches::new(patches, threshold)).unwrap()),
            empty: None,
        }
    }

    fn ids(decoded: Picked) -> Vec<u32> {
        decoded.ids.into_data().iter().collect()
    }

    #[test]
    fn the_code_of_least_error_lies_in_the_middle_of_what_is_likely() {
        let device = Device::flex();
        let pixels =
            Tensor::<2>::from_floats([[0.0, 0.0], [1.0, 0.2], [0.9, 1.0], [0.1, 0.0]], &device);
        let (most_probable, least_error) = (Picker::most_probable_code(), least_error(pixels, 0.5));
        let picked = |picker: &Picker, probabilities: [f32; 4]| {
            let picked = picker.pick(Tensor::from_floats([probabilities], &device));
            let probability: f32 = picked.probabilities.into_scalar();
            let id: i64 = picked.ids.into_scalar();
            let (code, of_code) = picker.pick_one(&mut probabilities.map(f32::ln));
            assert_eq!(id, code as i64);
            assert!((probability - of_code).abs() < 1e-6);
            (id, probability)
        };
        assert_eq!(picked(&most_probable, [0.4, 0.3, 0.3, 0.0]), (0, 0.4));
        // The first pixel is foreground with .6, the second with .3.
        assert_eq!(picked(&least_error, [0.4, 0.3, 0.3, 0.0]), (1, 0.3));
        // Codes 0 and 3 both draw nothing: the more probable one is taken.
        assert_eq!(picked(&least_error, [0.6, 0.1, 0.1, 0.2]), (0, 0.6));
        assert_eq!(picked(&least_error, [0.2, 0.1, 0.1, 0.6]), (3, 0.6));
    }

    #[test]
    fn pixels_are_drawn_from_the_threshold_on() {
        let device = Device::flex();
        let halves = [[0.0; 2], [1.0, 0.0], [1.0; 2]].map(|[first, second]| {
            let mut patch = [first; 16];
            patch[8..].fill(second);
            patch
        });
        let pixels = || Tensor::<2>::from_floats(halves, &device);
        // The first half is foreground with .4, the second with .2.
        let unsure = [0.6f32, 0.2, 0.2];
        for (threshold, code) in [(0.5, 0), (0.35, 1), (0.15, 2)] {
            let picker = least_error(pixels(), threshold);
            let many = picker.pick(Tensor::from_floats([unsure], &device));
            assert_eq!(ids(many), [code]);
            let (one, _) = picker.pick_one(&mut unsure.map(f32::ln));
            assert_eq!(one as u32, code);
        }
    }

    #[test]
    fn a_settled_cell_takes_its_most_probable_code_and_one_cell_what_many_take() {
        for threshold in [0.5, 0.35] {
            settled_and_other_cells(threshold);
        }
    }

    fn settled_and_other_cells(threshold: f32) {
        let device = Device::flex();
        device.seed(3);
        let picker = least_error(
            Tensor::random([12, 9], Distribution::Bernoulli(0.5), &device),
            threshold,
        );
        let noise = Tensor::<2>::random([400, 12], Distribution::Normal(0.0, 3.0), &device);
        let probabilities = softmax(noise, 1);
        let likely = Picker::most_probable_code().pick(probabilities.clone());
        let highest: Vec<f32> = likely.probabilities.clone().into_data().iter().collect();
        let rows: Vec<f32> = probabilities.clone().into_data().iter().collect();
        let (likely, picked) = (ids(likely), ids(picker.pick(probabilities)));
        for (row, &id) in rows.chunks_exact(12).zip(&picked) {
            let mut logits: Vec<f32> = row.iter().map(|p| p.ln() + 3.0).collect();
            assert_eq!(picker.pick_one(&mut logits).0, id as usize);
        }
        let settled = (0..400).filter(|&i| is_settled(highest[i], threshold));
        assert!(settled.clone().count() > 100);
        assert!(settled.clone().all(|i| likely[i] == picked[i]));
        assert!((0..400).any(|i| likely[i] != picked[i]));
    }
}
