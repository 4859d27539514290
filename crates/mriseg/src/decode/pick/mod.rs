//! Which code a cell takes: its most probable one, or the one of least expected pixel error. The two differ
//! where the model is unsure: "empty" is one code, "inside" and "border" are many, so that the most
//! probable single code is "empty" long before an empty cell is the most probable.
//!
//! With a cost of `2 t` for a pixel drawn in vain and of `2 (1 - t)` for a missed one, a pixel is worth drawing from a
//! probability of `t` on. One half counts wrong pixels; the mask of highest expected Dice draws sooner, from half that
//! Dice on (Lipton, Elkan and Narayanaswamy 2014, "Optimal thresholding of classifiers to maximize F1 measure").

mod host;
mod patches;

use super::presence::EmptyMask;
use super::{DeviceError, Picked};
use crate::config::ConfigError;
use crate::mask_lm::{CachedLm, DecodeState};
use crate::vision::{CodePatches, VisionTokenizer};
use burn::tensor::Tensor;
use mriseg_ops::rows::{exponentials, largest_at};
use patches::Patches;
use serde::{Deserialize, Serialize};

/// Which code a cell takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Pick {
    /// The most probable code.
    #[default]
    MostProbable,
    /// The code whose patch has the fewest wrong pixels to expect under the predicted distribution
    /// over codes (minimum Bayes risk, one cell at a time); among equals the more probable one. Codes of a
    /// probability below 1e-4 are not reckoned with.
    LeastError,
    /// The same with pixels worth drawing from [`dice_threshold`](field@DecisionRule::dice_threshold) on: for a good Dice where the model is unsure.
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
    /// See [`Self::drawn`].
    drawn: Option<Tensor<2>>,
    empty: Option<EmptyMask>,
}

/// Why a rule cannot be prepared.
#[derive(Debug, thiserror::Error)]
pub enum PickError {
    /// The rule compares what codes draw, and that depends on their neighbours.
    #[error(transparent)]
    Rule(#[from] ConfigError),
    /// The device failed.
    #[error(transparent)]
    Device(#[from] DeviceError),
}

impl Picker {
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
            drawn: Some(patches.clone()),
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
            drawn: None,
            empty: None,
        }
    }

    /// Whether a cell whose most probable code has this probability takes that code, whatever the rest of the distribution.
    pub(super) fn settles(&self, probability: f32) -> bool {
        (self.patches.as_ref()).is_none_or(|patches| patches.settles(probability))
    }

    /// Share that the probabilities given the tokens before it have in what a cell's code is picked by.
    pub(super) fn kept(&self) -> f32 {
        1.0 - self.marginal_share
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

    /// The code that probabilities, or multiples of them, pick for one cell. Nothing is mixed in.
    pub(crate) fn pick_of(&self, probabilities: &[f32]) -> usize {
        let logits = probabilities.iter().map(|p| p.max(f32::MIN_POSITIVE).ln());
        self.pick_one(&mut logits.collect::<Vec<_>>()).0
    }

    /// Logits of the mixture of the same for one cell off the device.
    pub(super) fn mix_one(&self, logits: &mut [f32], marginals: &[f32]) {
        let scale = (1.0 - self.marginal_share) / exponentials(logits);
        for (logit, marginal) in logits.iter_mut().zip(marginals) {
            *logit = (*logit * scale + marginal).max(f32::MIN_POSITIVE).ln();
        }
    }

    /// Logits of one cell to the probabilities that its code is picked by; `marginals`, multiplied with their share, where
    /// the rule mixes them in.
    pub(crate) fn probabilities(&self, logits: &mut [f32], marginals: Option<&[f32]>) {
        if let Some(marginals) = marginals {
            self.mix_one(logits, marginals);
        }
        let scale = exponentials(logits).recip();
        for x in logits {
            *x *= scale;
        }
    }

    /// How probable every pixel of a cell is foreground; `None` where codes are not compared by what they draw.
    ///
    /// # Shapes
    /// - probabilities: `[batch, codes]`
    /// - output: `[batch, pixels]`, row by row
    pub(super) fn foreground(&self, probabilities: Tensor<2>) -> Option<Tensor<2>> {
        let patches = self.patches.as_ref()?;
        Some(probabilities.matmul(patches.pixels()))
    }

    /// Foreground probability of every pixel that each code draws among its like, `[codes, pixels]`; `None` where that
    /// depends on the codes around it.
    pub(crate) fn drawn(&self) -> Option<Tensor<2>> {
        self.drawn.clone()
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
            Some(patches) if !patches.settles(probability) => {
                for x in logits.iter_mut() {
                    *x *= scale;
                }
                let code = patches.host().least_error(logits, likely);
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
            drawn: None,
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
        let patches = picker.patches.as_ref().unwrap();
        let settled = (0..400).filter(|&i| patches.settles(highest[i]));
        assert!(settled.clone().count() > 100);
        assert!(settled.clone().all(|i| likely[i] == picked[i]));
        assert!((0..400).any(|i| likely[i] != picked[i]));
    }
}
