//! Several decodes by chance: where they differ the model is unsure, also about what follows from an early
//! token, which the probability of a single token does not tell.

use crate::mask_lm::CachedLm;
use burn::tensor::{Int, Tensor, TensorData};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Decodes `count` masks of one sentence and picture, each token drawn from the predicted distribution at
/// `temperature` (above 0; 1 is the model's own). The masks lie on the device: `[count, mask]`.
///
/// Tokens are drawn by the Gumbel-max trick: the largest of `logit / temperature + noise`.
///
/// # Shapes
/// - text: `[1, text]`
/// - image: `[1, image, token_dim]`
pub fn sample(
    lm: &CachedLm,
    text: Tensor<2, Int>,
    image: Tensor<3>,
    count: usize,
    temperature: f32,
    rng: &mut ChaCha8Rng,
) -> Tensor<2, Int> {
    let layout = lm.layout();
    let device = image.device();
    let mut state = lm.prefill(text.repeat_dim(0, count), image.repeat_dim(0, count));
    let begin = vec![layout.begin_of_mask() as i32; count];
    let mut input = Tensor::from_data(TensorData::new(begin, [count, 1]), &device);
    let mut columns = Vec::with_capacity(layout.mask());
    for _ in 0..layout.mask() {
        let hidden = lm.step(input, &mut state);
        let logits = lm.logits(hidden);
        let noise: Vec<f32> = (0..count * layout.codes)
            .map(|_| gumbel(rng.random::<f32>()))
            .collect();
        let noise = Tensor::from_data(TensorData::new(noise, [count, layout.codes]), &device);
        input = (logits.div_scalar(temperature) + noise).argmax(1);
        columns.push(input.clone());
    }
    Tensor::cat(columns, 1)
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
    /// averaged over its pixels: from one half (the masks are split) to 1 (all say the same).
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ModelConfig;
    use burn::tensor::{Device, Distribution};
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
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let masks = sample(&lm, text.clone(), image.clone(), 2, temperature, &mut rng);
            let ids: Vec<u32> = masks.into_data().iter::<u32>().collect();
            ids
        };
        let picker = super::super::Picker::of_most_probable();
        let mut greedy = super::super::Greedy::start(&lm, picker, text.clone(), image.clone());
        let mut expected = Vec::new();
        while let Some(decoded) = greedy.advance(&lm) {
            expected.extend(decoded.ids.into_data().iter::<u32>());
        }
        let cold = draw(1e-5, 1);
        assert_eq!(cold[..64], expected);
        assert_eq!(cold[64..], expected);
        assert_eq!(draw(1.0, 1), draw(1.0, 1));
        assert_ne!(draw(1.0, 1), draw(1.0, 2));
    }
}
