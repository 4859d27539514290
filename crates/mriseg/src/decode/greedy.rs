//! Greedy decoding of a batch, a token of every mask per pass.

use super::presence::Absent;
use super::{Picked, Picker};
use crate::mask_lm::{CachedLm, DecodeState};
use burn::tensor::activation::softmax;
use burn::tensor::{Int, Tensor, TensorData};

/// A batch of masks being decoded greedily.
#[derive(Debug, Clone)]
pub struct Greedy {
    state: DecodeState,
    picker: Picker,
    input: Tensor<2, Int>,
    /// Known after the first pass.
    absent: Option<Absent>,
    /// See [`Picker::marginals`].
    marginals: Option<Tensor<3>>,
    index: usize,
}

impl Greedy {
    /// Reads sentences and pictures.
    ///
    /// # Shapes
    /// - text: `[batch, text]`
    /// - image: `[batch, image, token_dim]`
    pub fn start(lm: &CachedLm, picker: Picker, text: Tensor<2, Int>, image: Tensor<3>) -> Self {
        let [batch, _] = text.dims();
        let device = image.device();
        let begin = vec![lm.layout().begin_of_mask() as i32; batch];
        let state = lm.prefill(text, image);
        Self {
            marginals: picker.marginals(lm, &state),
            state,
            picker,
            input: Tensor::from_data(TensorData::new(begin, [batch, 1]), &device),
            absent: None,
            index: 0,
        }
    }

    /// Probability that each mask has something to draw, `[batch, 1]`, known after the first pass; `None` where the model
    /// does not tell.
    pub fn presence(&self) -> Option<Tensor<2>> {
        self.absent.as_ref().map(Absent::presence)
    }

    /// Decodes the next token of every mask on the device; `None` after the last. Nothing is read
    /// back.
    pub fn advance(&mut self, lm: &CachedLm) -> Option<Picked> {
        if self.index == lm.layout().mask() {
            return None;
        }
        let predicted = lm.step(self.input.clone(), &mut self.state);
        let mut probabilities = softmax(predicted.logits, 1);
        if let Some(marginals) = &self.marginals {
            let of_cell = marginals.clone().slice_dim(1, self.index..self.index + 1);
            probabilities = self.picker.mixed(probabilities, of_cell.squeeze_dim(1));
        }
        let mut decoded = self.picker.pick(probabilities);
        if let Some(empty) = self.picker.empty() {
            if self.index == 0 {
                let presence = lm.presence(predicted.hidden);
                self.absent = presence.map(|logits| empty.of_batch(logits));
            }
            if let Some(absent) = &self.absent {
                decoded = empty.instead_of(decoded, self.index, absent);
            }
        }
        self.input = decoded.ids.clone();
        self.index += 1;
        Some(decoded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ModelConfig;
    use burn::tensor::{Device, Distribution};

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
        let picker = Picker::most_probable_code();
        let cached = CachedLm::new(&lm);
        let mut greedy = Greedy::start(&cached, picker, text.clone(), image.clone());
        let (mut tokens, mut probabilities) = (Vec::new(), Vec::new());
        while let Some(decoded) = greedy.advance(&cached) {
            tokens.extend(decoded.ids.into_data().iter::<i32>());
            probabilities.extend(decoded.probabilities.into_data().iter::<f32>());
        }
        assert_eq!(tokens.len(), 64);

        let inputs = TensorData::new(layout.teacher_forcing(&tokens), [1, 64]);
        let inputs = Tensor::from_data(inputs, &device);
        let hidden = lm.forward(text, image, inputs, &lm.tables(&device));
        let (best, ids) = softmax(lm.logits(hidden.states), 2).max_dim_with_indices(2);
        let ids: Vec<i32> = ids.into_data().iter::<i32>().collect();
        assert_eq!(ids, tokens);
        let best: Vec<f32> = best.into_data().try_to_vec().unwrap();
        for (probability, expected) in probabilities.iter().zip(best) {
            assert!((probability - expected).abs() < 1e-4);
        }
    }
}
