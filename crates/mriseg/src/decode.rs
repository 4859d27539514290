//! Decoding of mask tokens, with everything a page wants to show about each: greedy, of many masks at once
//! ([`Greedy`]) or of one mask token by token or several in a pass ([`Decoder`]), and by chance ([`sample`]).
//!
//! A cell takes either its most probable code or the code of least expected pixel error. The two differ
//! where the model is unsure: "empty" is one code, "inside" and "border" are many, so that the most
//! probable single code is "empty" long before an empty cell is the most probable.
//!
//! Only mask codes can be decoded: the unembedding has no other rows.

mod greedy;
mod sampled;
mod speculative;

pub use greedy::Greedy;
pub use sampled::{Agreement, sample};
pub use speculative::{Decode, Decoder};

use crate::nn::laid_out_transposed;
use crate::sequence::Cell;
use crate::vq::MaskTokenizer;
use burn::tensor::{Device, Int, Tensor, TensorData};
use serde::{Deserialize, Serialize};

/// A mask token at the moment of its decoding.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TokenEvent {
    /// Position in the mask, from 0.
    pub index: usize,
    /// The cell that the token describes.
    pub cell: Cell,
    /// Code of the mask tokenizer.
    pub token: u32,
    /// The model's probability of this code.
    pub probability: f32,
}

/// Which code a cell takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Pick {
    /// The most probable code.
    #[default]
    MostProbable,
    /// The code whose patch has the fewest wrong pixels to expect under the predicted distribution
    /// over codes (minimum Bayes risk, one cell at a time); among equals the more probable one.
    LeastError,
}

/// A [`Pick`] with what it needs on the device.
#[derive(Debug, Clone)]
pub struct Picker {
    patches: Option<Patches>,
}

/// What every code draws.
#[derive(Debug, Clone)]
struct Patches {
    /// Foreground, 0 or 1: `[codes, pixels]`.
    pixels: Tensor<2>,
    /// The same, `[pixels, codes]`.
    pixels_of: Tensor<2>,
    /// Foreground pixels: `[1, codes]`.
    areas: Tensor<2>,
}

impl Picker {
    /// Prepares `pick` for the codes of a mask tokenizer.
    pub fn new(pick: Pick, tokenizer: &MaskTokenizer) -> Self {
        Self {
            patches: match pick {
                Pick::MostProbable => None,
                Pick::LeastError => Some(Patches::new(tokenizer.patches())),
            },
        }
    }

    /// The most probable code of every cell: what [`Self::pick`] gives where [`Self::is_settled`].
    ///
    /// # Shapes
    /// - probabilities: `[batch, codes]`
    fn most_probable(probabilities: Tensor<2>) -> Decoded {
        let ids = probabilities.clone().argmax(1);
        Decoded {
            probabilities: probabilities.gather(1, ids.clone()),
            ids,
        }
    }

    /// Whether a cell whose most probable code has this probability takes that code, whatever the rest of the
    /// distribution. For the least error too: of a code that draws `d` pixels differently, the expected error
    /// is larger by `(2 p - 1) d` at least (triangle inequality).
    fn is_settled(&self, probability: f32) -> bool {
        /// One half, and some room for rounding.
        const MORE_THAN_HALF: f32 = 0.51;
        self.patches.is_none() || probability > MORE_THAN_HALF
    }

    /// The code of every cell.
    ///
    /// # Shapes
    /// - probabilities: `[batch, codes]`
    pub fn pick(&self, probabilities: Tensor<2>) -> Decoded {
        let Some(patches) = &self.patches else {
            return Self::most_probable(probabilities);
        };
        let ids = patches.least_error(probabilities.clone());
        Decoded {
            probabilities: probabilities.gather(1, ids.clone()),
            ids,
        }
    }
}

impl Patches {
    /// Certainty of a code weighs as much as this many pixels: enough to decide between codes that
    /// draw the same, of which "empty" has many.
    const TIE_PIXELS: f32 = 1.0;

    fn new(probabilities: Tensor<2>) -> Self {
        let pixels = probabilities.greater_elem(0.5).float();
        Self {
            areas: pixels.clone().sum_dim(1).swap_dims(0, 1),
            pixels_of: laid_out_transposed(pixels.clone()),
            pixels,
        }
    }

    /// Wrong pixels to expect are `|p| - 2 p E[x]` and what is the same for every code.
    fn least_error(&self, probabilities: Tensor<2>) -> Tensor<2, Int> {
        let expected = probabilities.clone().matmul(self.pixels.clone());
        let products = expected.matmul(self.pixels_of.clone());
        let wrong = self.areas.clone() - products.mul_scalar(2.0);
        (wrong - probabilities.mul_scalar(Self::TIE_PIXELS)).argmin(1)
    }
}

/// What one step decoded.
#[derive(Debug, Clone)]
pub struct Decoded {
    /// Picked codes: `[batch, 1]`.
    pub ids: Tensor<2, Int>,
    /// Their probabilities: `[batch, 1]`.
    pub probabilities: Tensor<2>,
}

/// Codes as a tensor `[masks, mask]`; `codes` holds whole masks one after the other.
pub fn code_tensor(codes: &[u32], mask: usize, device: &Device) -> Tensor<2, Int> {
    let ids: Vec<i32> = codes.iter().map(|&code| code as i32).collect();
    Tensor::from_data(TensorData::new(ids, [codes.len() / mask, mask]), device)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Distribution;
    use burn::tensor::activation::softmax;

    #[test]
    fn the_code_of_least_error_lies_in_the_middle_of_what_is_likely() {
        let device = Device::flex();
        let pixels =
            Tensor::<2>::from_floats([[0.0, 0.0], [1.0, 0.2], [0.9, 1.0], [0.1, 0.0]], &device);
        let most_probable = Picker { patches: None };
        let least_error = Picker {
            patches: Some(Patches::new(pixels)),
        };
        let probabilities = Tensor::<2>::from_floats([[0.4, 0.3, 0.3, 0.0]], &device);
        let nearly_empty = Tensor::<2>::from_floats([[0.6, 0.1, 0.1, 0.2]], &device);
        let id = |picker: &Picker| {
            let picked = picker.pick(probabilities.clone());
            let probability: f32 = picked.probabilities.into_scalar();
            (picked.ids.into_scalar::<i64>(), probability)
        };
        assert_eq!(id(&most_probable), (0, 0.4));
        // The first pixel is foreground with .6, the second with .3.
        assert_eq!(id(&least_error), (1, 0.3));
        // Codes 0 and 3 both draw nothing: the more probable one is taken.
        let picked = least_error.pick(nearly_empty).ids.into_scalar::<i64>();
        assert_eq!(picked, 0);
    }

    #[test]
    fn a_settled_cell_takes_its_most_probable_code() {
        let device = Device::flex();
        device.seed(3);
        let pixels = Tensor::random([12, 9], Distribution::Bernoulli(0.5), &device);
        let picker = Picker {
            patches: Some(Patches::new(pixels)),
        };
        let noise = Tensor::<2>::random([400, 12], Distribution::Normal(0.0, 3.0), &device);
        let probabilities = softmax(noise, 1);
        let ids = |decoded: Decoded| -> Vec<u32> { decoded.ids.into_data().iter().collect() };
        let likely = Picker::most_probable(probabilities.clone());
        let highest: Vec<f32> = likely.probabilities.clone().into_data().iter().collect();
        let (likely, picked) = (ids(likely), ids(picker.pick(probabilities)));
        let settled = (0..400).filter(|&i| picker.is_settled(highest[i]));
        assert!(settled.clone().count() > 100);
        assert!(settled.clone().all(|i| likely[i] == picked[i]));
        assert!((0..400).any(|i| likely[i] != picked[i]));
    }
}
