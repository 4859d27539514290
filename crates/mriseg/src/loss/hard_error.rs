//! Hard error tokens (paper: HET): a memory of how wrong the model has been about every token of every
//! case, and a loss over the tokens that it keeps getting wrong. The memory's form is ours (docs/METHOD.md, section 7).

use burn::tensor::{Tensor, assert_shape};

/// Averaged error `1 - p(target)` of every cell of every case, one byte each: `positions` bytes a case. Byte 0
/// means never seen; an error that was seen is 1/255 at least.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HardErrorMemory {
    positions: usize,
    errors: Vec<u8>,
}

impl HardErrorMemory {
    /// A memory without any error.
    pub fn new(cases: usize, positions: usize) -> Self {
        Self {
            positions,
            errors: vec![0; cases * positions],
        }
    }

    /// What [`Self::as_bytes`] gave; `None` when the length is another.
    pub fn from_bytes(cases: usize, positions: usize, errors: Vec<u8>) -> Option<Self> {
        (errors.len() == cases * positions).then_some(Self { positions, errors })
    }

    /// The whole memory, case after case.
    pub fn as_bytes(&self) -> &[u8] {
        &self.errors
    }

    /// Averaged error of a cell, 0 to 1; 0 if it was never seen.
    pub fn error(&self, case: usize, position: usize) -> f32 {
        f32::from(self.errors[case * self.positions + position]) / 255.0
    }

    /// The first error of a cell is kept as it is; each later one moves the average to `decay * old +
    /// (1 - decay) * error`. It moves by one step of 1/255 at least when the two differ by as much, so that
    /// rounding does not hold it back.
    pub fn update(&mut self, case: usize, position: usize, error: f32, decay: f32) {
        let byte = &mut self.errors[case * self.positions + position];
        let new = error.clamp(0.0, 1.0) * 255.0;
        let old = match *byte {
            0 => new,
            seen => f32::from(seen),
        };
        let step = (1.0 - decay) * (new - old);
        let step = if (new - old).abs() >= 1.0 {
            step.abs().max(1.0).copysign(step)
        } else {
            step
        };
        *byte = (old + step).round().max(1.0) as u8;
    }
}

/// Weights of tokens for [`hard_token_loss`]. Of the tokens that are remembered (an error above 0), the `share`
/// with the largest averaged errors weigh `min(1 + m / mean(m), cap)`, all others 0; scaled so that the mean
/// over all tokens is 1. All zero when nothing is remembered.
pub fn hard_token_weights(errors: &[f32], share: f64, cap: f32) -> Vec<f32> {
    let mut weights = vec![0.0; errors.len()];
    let mut order: Vec<usize> = (0..errors.len()).filter(|&i| errors[i] > 0.0).collect();
    if order.is_empty() {
        return weights;
    }
    let mean = order.iter().map(|&i| errors[i]).sum::<f32>() / order.len() as f32;
    order.sort_by(|&a, &b| errors[b].total_cmp(&errors[a]));
    let hardest = ((order.len() as f64 * share).round() as usize).clamp(1, order.len());
    let mut sum = 0.0;
    for &token in &order[..hardest] {
        weights[token] = (1.0 + errors[token] / mean).min(cap);
        sum += weights[token];
    }
    let scale = errors.len() as f32 / sum;
    for weight in &mut weights {
        *weight *= scale;
    }
    weights
}

/// Weighted mean of token losses: `[1]`.
///
/// # Shapes
/// - losses: `[batch, positions]`, see [`token_losses`](super::token_losses)
/// - weights: `[batch, positions]`, see [`hard_token_weights`]
pub fn hard_token_loss(losses: Tensor<2>, weights: Tensor<2>) -> Tensor<1> {
    let [batch, positions] = losses.dims();
    assert_shape!(weights, [batch, positions]);
    (losses * weights).mean()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::{check_gradient, token_losses};
    use burn::tensor::Device;

    #[test]
    fn the_memory_averages_and_is_not_held_back_by_rounding() {
        let mut memory = HardErrorMemory::new(2, 3);
        memory.update(1, 2, 1.0, 0.9);
        memory.update(0, 0, 0.0, 0.9);
        assert_eq!(memory.as_bytes(), [1, 0, 0, 0, 0, 255]);
        memory.update(1, 2, 0.0, 0.9);
        // Nine tenths of 255 are 229.5.
        assert_eq!(memory.as_bytes(), [1, 0, 0, 0, 0, 230]);
        for _ in 0..100 {
            memory.update(1, 2, 0.5, 0.9);
        }
        assert!((memory.error(1, 2) - 0.5).abs() < 1.0 / 255.0);
        for _ in 0..200 {
            memory.update(1, 2, 0.0, 0.9);
        }
        assert_eq!(memory.error(1, 2), 1.0 / 255.0);
        assert_eq!(memory.error(0, 2), 0.0);
    }

    #[test]
    fn a_memory_survives_its_bytes_and_another_length_is_refused() {
        let mut memory = HardErrorMemory::new(2, 3);
        memory.update(0, 1, 0.7, 0.5);
        let bytes = memory.as_bytes().to_vec();
        assert_eq!(
            HardErrorMemory::from_bytes(2, 3, bytes.clone()),
            Some(memory)
        );
        assert_eq!(HardErrorMemory::from_bytes(3, 3, bytes), None);
    }

    #[test]
    fn a_hand_worked_case() {
        // Mean error of the four that are remembered .5; the two hardest count, with 1 + 1/.5 = 3 and
        // 1 + .5/.5 = 2.
        let errors = [0.0, 1.0, 0.0, 0.5, 0.25, 0.25, 0.0, 0.0];
        let weights = hard_token_weights(&errors, 0.5, 2.0);
        assert_eq!(weights, [0.0, 4.0, 0.0, 4.0, 0.0, 0.0, 0.0, 0.0]);
        let device = Device::flex();
        let losses = Tensor::from_floats([[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]], &device);
        let weights = Tensor::<1>::from_floats(weights.as_slice(), &device).unsqueeze();
        let loss: f32 = hard_token_loss(losses, weights).into_scalar();
        assert_eq!(loss, 3.0);
        let uncapped = hard_token_weights(&errors, 0.5, 9.0);
        assert_eq!(uncapped, [0.0, 4.8, 0.0, 3.2, 0.0, 0.0, 0.0, 0.0]);
        // One token is remembered: no other is taken for want of a second.
        let one = hard_token_weights(&[0.0, 0.0, 0.0, 0.5], 0.5, 3.0);
        assert_eq!(one, [0.0, 0.0, 0.0, 4.0]);
    }

    #[test]
    fn nothing_remembered_nothing_weighed() {
        assert_eq!(hard_token_weights(&[0.0; 4], 0.25, 3.0), [0.0; 4]);
        assert!(hard_token_weights(&[], 0.25, 3.0).is_empty());
    }

    #[test]
    fn the_gradient_is_that_of_finite_differences() {
        check_gradient([1, 3, 4], |logits| {
            let device = logits.device();
            let targets = Tensor::from_ints([[3, 0, 1]], &device);
            let weights = Tensor::from_floats([[0.0, 1.0, 2.0]], &device);
            hard_token_loss(token_losses(logits, targets), weights)
        });
    }
}
