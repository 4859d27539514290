//! Greedy decoding of mask tokens, one at a time, with everything a page wants to show about each.
//!
//! A cell takes either its most probable code or the code of least expected pixel error. The two differ
//! where the model is unsure: "empty" is one code, "inside" and "border" are many, so that the most
//! probable single code is "empty" long before an empty cell is the most probable.
//!
//! Only mask codes can be decoded: the unembedding has no other rows. Stopping is not calling
//! [`Greedy::next`] again.

use crate::mask_lm::{DecodeState, MaskLm};
use crate::sequence::Cell;
use crate::vq::MaskTokenizer;
use burn::tensor::activation::softmax;
use burn::tensor::{Device, ExecutionError, Int, Tensor, TensorData, Transaction};
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

    /// # Shapes
    /// - probabilities: `[batch, codes]`
    fn pick(&self, probabilities: Tensor<2>) -> Decoded {
        let ids = match &self.patches {
            None => probabilities.clone().argmax(1),
            Some(patches) => patches.least_error(probabilities.clone()),
        };
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
            pixels,
        }
    }

    /// Wrong pixels to expect are `|p| - 2 p E[x]` and what is the same for every code.
    fn least_error(&self, probabilities: Tensor<2>) -> Tensor<2, Int> {
        let expected = probabilities.clone().matmul(self.pixels.clone());
        let products = expected.matmul(self.pixels.clone().transpose());
        let wrong = self.areas.clone() - products.mul_scalar(2.0);
        (wrong - probabilities.mul_scalar(Self::TIE_PIXELS)).argmin(1)
    }
}

/// A batch of masks being decoded greedily.
#[derive(Debug, Clone)]
pub struct Greedy {
    state: DecodeState,
    picker: Picker,
    input: Tensor<2, Int>,
    index: usize,
}

/// What one step decoded.
#[derive(Debug, Clone)]
pub struct Decoded {
    /// Picked codes: `[batch, 1]`.
    pub ids: Tensor<2, Int>,
    /// Their probabilities: `[batch, 1]`.
    pub probabilities: Tensor<2>,
}

impl Greedy {
    /// Reads sentence and picture.
    ///
    /// # Shapes
    /// - text: `[batch, text]`
    /// - image: `[batch, image, token_dim]`
    pub fn start(lm: &MaskLm, picker: Picker, text: Tensor<2, Int>, image: Tensor<3>) -> Self {
        let [batch, _] = text.dims();
        let device = image.device();
        let begin = vec![lm.layout().begin_of_mask() as i32; batch];
        Self {
            state: lm.prefill(text, image),
            picker,
            input: Tensor::from_data(TensorData::new(begin, [batch, 1]), &device),
            index: 0,
        }
    }

    /// Decodes the next token of every mask on the device; `None` after the last. Nothing is read
    /// back.
    pub fn advance(&mut self, lm: &MaskLm) -> Option<Decoded> {
        if self.index == lm.layout().mask() {
            return None;
        }
        let logits = lm.step(self.input.clone(), &mut self.state);
        let [batch, _, codes] = logits.dims();
        let decoded = self.picker.pick(softmax(logits.reshape([batch, codes]), 1));
        self.input = decoded.ids.clone();
        self.index += 1;
        Some(decoded)
    }

    /// Decodes the next token of the first mask of the batch and reads it back.
    pub async fn next(&mut self, lm: &MaskLm) -> Result<Option<TokenEvent>, ExecutionError> {
        let index = self.index;
        let Some(decoded) = self.advance(lm) else {
            return Ok(None);
        };
        let read = Transaction::default()
            .register(decoded.ids)
            .register(decoded.probabilities)
            .execute_async()
            .await?;
        let [ids, probabilities] =
            <[TensorData; 2]>::try_from(read).expect("a transaction returns what was registered");
        let token = ids.iter::<u32>().next().expect("one id per mask");
        let probability = probabilities.iter::<f32>().next().expect("one per mask");
        Ok(Some(TokenEvent {
            index,
            cell: lm.layout().cell(index),
            token,
            probability,
        }))
    }
}

/// Codes as a tensor `[masks, mask]`; `codes` holds whole masks one after the other.
pub fn code_tensor(codes: &[u32], mask: usize, device: &Device) -> Tensor<2, Int> {
    let ids: Vec<i32> = codes.iter().map(|&code| code as i32).collect();
    Tensor::from_data(TensorData::new(ids, [codes.len() / mask, mask]), device)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ModelConfig;
    use burn::tensor::Distribution;

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
    fn greedy_decoding_takes_the_argmax_of_the_full_pass() {
        let device = Device::flex();
        let config = ModelConfig::tiny();
        let lm = config.init_mask_lm(&device);
        let layout = lm.layout();
        let text = Tensor::zeros([1, layout.text], &device);
        let image = Tensor::random(
            [1, layout.image(), config.image_token_dim()],
            Distribution::Default,
            &device,
        );
        let mut greedy = Greedy::start(&lm, Picker { patches: None }, text.clone(), image.clone());
        let mut events = Vec::new();
        while let Some(event) = futures_lite::future::block_on(greedy.next(&lm)).unwrap() {
            events.push(event);
        }
        assert_eq!(events.len(), 64);
        assert_eq!(events[9].cell, Cell { row: 1, column: 1 });

        let tokens: Vec<i32> = events.iter().map(|event| event.token as i32).collect();
        let inputs = TensorData::new(layout.teacher_forcing(&tokens), [1, 64]);
        let inputs = Tensor::from_data(inputs, &device);
        let hidden = lm.forward(text, image, inputs, &lm.tables(&device));
        let (best, ids) = softmax(lm.logits(hidden), 2).max_dim_with_indices(2);
        let ids: Vec<i32> = ids.into_data().convert::<i32>().try_to_vec().unwrap();
        assert_eq!(ids, tokens);
        let best: Vec<f32> = best.into_data().try_to_vec().unwrap();
        for (event, expected) in events.iter().zip(best) {
            assert!((event.probability - expected).abs() < 1e-4);
        }
    }
}
