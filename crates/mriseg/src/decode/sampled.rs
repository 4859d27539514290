//! Several sampled masks: where they differ the model is unsure, also about what follows from an early
//! token, which the probability of a single token does not tell.

use super::Picker;
use crate::mask_lm::{CachedLm, DecodeState};
use burn::tensor::activation::softmax;
use burn::tensor::{Device, ExecutionError, Int, Tensor, TensorData, Transaction};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Several masks of one sentence and picture, each token drawn from the predicted distribution. Stopping is not
/// calling [`MaskSampler::advance`] again.
#[derive(Debug, Clone)]
pub struct MaskSampler {
    state: DecodeState,
    picker: Picker,
    /// Masks in which nothing is drawn; known after the first pass.
    absent: Vec<bool>,
    /// See [`Picker::marginals`]; those of one mask are those of all.
    marginals: Option<Tensor<3>>,
    temperature: f32,
    rng: ChaCha8Rng,
    device: Device,
    /// The last token of every mask.
    last: Vec<i32>,
    /// See [`MaskSampler::expected`]; `None` where nobody asks.
    expected: Option<Vec<f32>>,
    /// Decoded tokens, position after position: those of all masks at the first, then at the second, …
    tokens: Vec<u32>,
}

impl MaskSampler {
    /// Reads sentence and picture for `count` masks. `temperature` is above 0; 1 is the model's own distribution, in which
    /// the picker's rule may mix marginals.
    ///
    /// # Shapes
    /// - text: `[1, text]`
    /// - image: `[1, image, token_dim]`
    pub fn start(
        lm: &CachedLm,
        picker: Picker,
        text: Tensor<2, Int>,
        image: Tensor<3>,
        count: usize,
        temperature: f32,
        rng: ChaCha8Rng,
    ) -> Self {
        let device = image.device();
        let alone = (picker.mixes()).then(|| lm.prefill(text.clone(), image.clone()));
        Self {
            device,
            marginals: alone.and_then(|state| picker.marginals(lm, &state)),
            state: lm.prefill(text.repeat_dim(0, count), image.repeat_dim(0, count)),
            picker,
            absent: vec![false; count],
            temperature,
            rng,
            last: vec![lm.layout().begin_of_mask() as i32; count],
            expected: None,
            tokens: Vec::with_capacity(count * lm.layout().mask()),
        }
    }

    /// The same, which also keeps [`Self::expected`].
    #[must_use]
    pub fn expecting(self) -> Self {
        Self {
            expected: Some(Vec::new()),
            ..self
        }
    }

    /// Draws the next token of every mask, by the Gumbel-max trick: the largest of `logit / temperature + noise`.
    /// False when all are drawn.
    ///
    /// # Errors
    /// The device fails.
    pub async fn advance(&mut self, lm: &CachedLm) -> Result<bool, ExecutionError> {
        let layout = lm.layout();
        if self.sampled() == layout.mask() {
            return Ok(false);
        }
        let count = self.last.len();
        let input = TensorData::new(self.last.clone(), [count, 1]);
        let predicted = lm.step(Tensor::from_data(input, &self.device), &mut self.state);
        let noise: Vec<f32> = (0..count * layout.codes)
            .map(|_| gumbel(self.rng.random::<f32>()))
            .collect();
        let noise = Tensor::from_data(TensorData::new(noise, [count, layout.codes]), &self.device);
        let position = self.sampled();
        let mut probabilities = softmax(predicted.logits, 1);
        if let Some(marginals) = &self.marginals {
            let of_cell = marginals.clone().slice_dim(1, position..position + 1);
            probabilities = self.picker.mixed(probabilities, of_cell.squeeze_dim(1));
        }
        let logits = probabilities.clone().clamp_min(f32::MIN_POSITIVE).log();
        let drawn = (logits.div_scalar(self.temperature) + noise).argmax(1);
        let mut reading = Transaction::default().register(drawn);
        let foreground =
            (self.expected.as_ref()).and_then(|_| self.picker.foreground(probabilities));
        if let Some(foreground) = foreground {
            reading = reading.register(foreground);
        }
        let mut read = reading.execute_async().await?.into_iter();
        let drawn = read
            .next()
            .expect("a transaction returns what was registered");
        let mut drawn: Vec<u32> = drawn.iter().collect();
        if let Some(empty) = self.picker.empty() {
            let first = position == 0;
            let presence = if first {
                lm.presence(predicted.hidden)
            } else {
                None
            };
            if let Some(presence) = presence {
                let logits = presence.into_data_async().await?;
                for (absent, logit) in self.absent.iter_mut().zip(logits.iter::<f32>()) {
                    *absent = self.rng.random::<f32>() >= empty.chance(logit);
                }
            }
            for (token, _) in drawn
                .iter_mut()
                .zip(&self.absent)
                .filter(|(_, absent)| **absent)
            {
                *token = empty.codes()[position];
            }
        }
        if let (Some(expected), Some(foreground)) = (&mut self.expected, read.next()) {
            let foreground: Vec<f32> = foreground.iter().collect();
            let pixels = foreground.len() / count;
            let mut mean = vec![0.0; pixels];
            let rows = foreground.chunks_exact(pixels).zip(&self.absent);
            for (row, _) in rows.filter(|(_, absent)| !**absent) {
                for (mean, value) in mean.iter_mut().zip(row) {
                    *mean += value / count as f32;
                }
            }
            expected.extend(mean);
        }
        self.last = drawn.iter().map(|&token| token as i32).collect();
        self.tokens.extend(drawn);
        Ok(true)
    }

    /// How probable every pixel is foreground given the tokens before its cell, the mean over the masks: that of all masks
    /// that could have been drawn, of which fewer are needed than of their own mean (Rao-Blackwell). Cell after cell, the
    /// pixels of each row by row; empty without [`Self::expecting`], and where the picker does not compare what codes draw.
    pub fn expected(&self) -> &[f32] {
        self.expected.as_deref().unwrap_or_default()
    }

    /// Tokens of each mask so far.
    pub fn sampled(&self) -> usize {
        self.tokens.len() / self.last.len()
    }

    /// The tokens of each mask so far.
    pub fn masks(&self) -> Vec<Vec<u32>> {
        let count = self.last.len();
        let mask = |i| self.tokens.iter().skip(i).step_by(count).copied().collect();
        (0..count).map(mask).collect()
    }
}

/// Standard Gumbel variable from a uniform one.
fn gumbel(uniform: f32) -> f32 {
    const SMALLEST: f32 = 1e-20;
    -(-uniform.max(SMALLEST).ln()).max(SMALLEST).ln()
}

/// What several masks have in common.
#[derive(Debug, Clone, PartialEq)]
pub struct Agreement {
    /// Mean foreground probability per pixel, row by row, 0 to 1.
    pub mean: Vec<f32>,
    /// Per cell, row by row, the share of the masks that agree with the majority about the cell's pixels,
    /// averaged over its pixels: from one half (the masks are split) to 1 (all say the same); 0 where nothing is sampled.
    pub cells: Vec<f32>,
}

impl Agreement {
    /// Of masks given by their foreground probabilities, each `size` pixels square, with cells of `patch`
    /// pixels a side.
    pub fn of(masks: &[Vec<f32>], size: usize, patch: usize) -> Self {
        let count = masks.len().max(1) as f32;
        let grid = size / patch;
        let mut mean = vec![0.0; size * size];
        let mut cells = vec![0.0; grid * grid];
        for (pixel, mean) in mean.iter_mut().enumerate() {
            *mean = masks.iter().map(|mask| mask[pixel]).sum::<f32>() / count;
            let inside = masks.iter().filter(|mask| mask[pixel] > 0.5).count() as f32 / count;
            let (row, column) = (pixel / size / patch, pixel % size / patch);
            cells[row * grid + column] += inside.max(1.0 - inside) / (patch * patch) as f32;
        }
        Self { mean, cells }
    }

    /// The same where only the first `cells` cells are sampled: of the others nothing is known, neither agreement nor
    /// disagreement, and they are 0.
    #[must_use]
    pub fn of_first(mut self, cells: usize) -> Self {
        self.cells
            .iter_mut()
            .skip(cells)
            .for_each(|cell| *cell = 0.0);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ModelConfig;
    use crate::decode::{DecisionRule, Pick};
    use burn::tensor::{Device, Distribution};
    use futures_lite::future::block_on;
    use rand::SeedableRng;

    #[test]
    fn agreement_of_hand_worked_masks() {
        let all = vec![1.0; 4];
        let left = vec![1.0, 0.0, 1.0, 0.2];
        let one_cell = Agreement::of(&[all.clone(), left.clone()], 2, 2);
        assert_eq!(one_cell.mean, [1.0, 0.5, 1.0, 0.6]);
        assert_eq!(one_cell.cells, [0.75]);
        let four_cells = Agreement::of(&[all, left.clone(), left.clone(), left], 2, 1);
        assert_eq!(four_cells.cells, [1.0, 0.75, 1.0, 0.75]);
    }

    #[test]
    fn pixels_are_expected_from_what_codes_draw_and_how_probable_they_are() {
        let device = Device::flex();
        let mut config = ModelConfig::tiny();
        config.lm.text_vocab = 20;
        let vision = config.init(&device).vision().unwrap();
        let lm = CachedLm::new(&config.init_mask_lm(&device));
        let layout = lm.layout();
        let text = Tensor::zeros([1, layout.text], &device);
        let image = [1, layout.image(), config.image_token_dim()];
        let image = Tensor::random(image, Distribution::Default, &device);
        let expected = |marginal_share: f32, masks: usize| {
            let rule = DecisionRule {
                marginal_share,
                ..Pick::BestDice.into()
            };
            let picker = block_on(Picker::new(rule, vision.as_ref())).unwrap();
            let rng = ChaCha8Rng::seed_from_u64(1);
            let (text, image) = (text.clone(), image.clone());
            let mut sampler =
                MaskSampler::start(&lm, picker, text, image, masks, 1.0, rng).expecting();
            assert!(block_on(sampler.advance(&lm)).unwrap());
            let of_first = sampler.expected().to_vec();
            while block_on(sampler.advance(&lm)).unwrap() {}
            assert_eq!(
                sampler.expected().len(),
                config.mask.size * config.mask.size
            );
            assert!((sampler.expected().iter()).all(|p| (-1e-3..=1.001).contains(p)));
            of_first
        };
        let begin = Tensor::from_ints([[layout.begin_of_mask() as i32]], &device);
        let mut state = lm.prefill(text.clone(), image.clone());
        let drawn = vision.code_patches().unwrap();
        let draws = drawn.patches.greater_elem(0.5).float();
        let by_hand = softmax(lm.step(begin, &mut state).logits, 1).matmul(draws);
        let by_hand: Vec<f32> = by_hand.into_data().iter().collect();
        // The first cell sees no token: its marginals are its probabilities.
        for found in [expected(0.0, 1), expected(0.5, 3)] {
            assert_eq!(found.len(), by_hand.len());
            assert!(
                found
                    .iter()
                    .zip(&by_hand)
                    .all(|(a, b)| (a - b).abs() < 1e-3)
            );
        }
    }

    #[test]
    fn a_cold_sample_is_the_greedy_decode_and_a_warm_one_follows_the_seed() {
        let device = Device::flex();
        let mut config = ModelConfig::tiny();
        config.lm.text_vocab = 20;
        let lm = CachedLm::new(&config.init_mask_lm(&device));
        let layout = lm.layout();
        let text = Tensor::zeros([1, layout.text], &device);
        let image = [1, layout.image(), config.image_token_dim()];
        let image = Tensor::random(image, Distribution::Default, &device);
        let draw = |temperature, seed| {
            let rng = ChaCha8Rng::seed_from_u64(seed);
            let mut sampler = MaskSampler::start(
                &lm,
                Picker::most_probable_code(),
                text.clone(),
                image.clone(),
                2,
                temperature,
                rng,
            );
            while block_on(sampler.advance(&lm)).unwrap() {}
            assert_eq!(sampler.sampled(), 64);
            sampler.masks()
        };
        let picker = super::super::Picker::most_probable_code();
        let mut greedy = super::super::Greedy::start(&lm, picker, text.clone(), image.clone());
        let mut expected = Vec::new();
        while let Some(decoded) = greedy.advance(&lm) {
            expected.extend(decoded.ids.into_data().iter::<u32>());
        }
        let cold = draw(1e-5, 1);
        assert_eq!(cold, [expected.clone(), expected]);
        assert_eq!(draw(1.0, 1), draw(1.0, 1));
        assert_ne!(draw(1.0, 1), draw(1.0, 2));
    }
}
