//! Cross-entropy of mask tokens: of the next one (the base objective) and of those after it (paper: next-k
//! token prediction, NkTP).

use burn::tensor::{Int, Tensor};
use mriseg_ops::cross_entropy::cross_entropy;

/// `-log p(target)` of every position, in nats: `[batch, positions]`.
///
/// # Shapes
/// - logits: `[batch, positions, codes]`
/// - targets: `[batch, positions]`
pub fn token_losses(logits: Tensor<3>, targets: Tensor<2, Int>) -> Tensor<2> {
    cross_entropy(logits, targets)
}

/// Mean of [`token_losses`]: `[1]`.
pub fn next_token_loss(logits: Tensor<3>, targets: Tensor<2, Int>) -> Tensor<1> {
    token_losses(logits, targets).mean()
}

/// The tokens after the next one: `sum_j decay^j CE_j / sum_j decay^j`, where `CE_j` is the mean
/// cross-entropy of the token `j` places after the next, `j = 1, 2, …`: `[1]`. Zero when there is none.
///
/// # Shapes
/// - logits_ahead: entry `j - 1` is `[batch, positions - j, codes]`, see
///   [`MaskLm::logits_ahead`](crate::mask_lm::MaskLm::logits_ahead)
/// - targets: `[batch, positions]`
pub fn next_k_token_loss(
    logits_ahead: Vec<Tensor<3>>,
    targets: Tensor<2, Int>,
    decay: f64,
) -> Tensor<1> {
    let [_, positions] = targets.dims();
    let mut sum = Tensor::zeros([1], &targets.device());
    let mut weights = 0.0;
    for (logits, ahead) in logits_ahead.into_iter().zip(1..) {
        let weight = decay.powi(ahead as i32);
        let targets = targets.clone().slice_dim(1, ahead..positions);
        sum = sum + next_token_loss(logits, targets).mul_scalar(weight);
        weights += weight;
    }
    if weights > 0.0 {
        sum.div_scalar(weights)
    } else {
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::check_gradient;
    use burn::tensor::Device;

    #[test]
    fn a_hand_worked_case() {
        let device = Device::flex();
        let logits = Tensor::from_floats([[[0.0, 0.0], [1.0, 3.0]]], &device);
        let targets = Tensor::from_ints([[0, 1]], &device);
        let loss: f32 = next_token_loss(logits, targets).into_scalar();
        let expected = (2f32.ln() + (1.0 + (-2f32).exp()).ln()) / 2.0;
        assert!((loss - expected).abs() < 1e-6, "{loss} {expected}");
    }

    #[test]
    fn the_gradient_is_softmax_minus_one_hot() {
        let device = Device::flex().autodiff();
        let logits = Tensor::<3>::from_floats([[[0.0, 0.0], [1.0, 3.0]]], &device).require_grad();
        let targets = Tensor::from_ints([[0, 1]], &device);
        let gradients = next_token_loss(logits.clone(), targets).backward();
        let gradient: Vec<f32> = logits
            .grad(&gradients)
            .unwrap()
            .into_data()
            .try_to_vec()
            .unwrap();
        let p = 1.0 / (1.0 + 2f32.exp());
        for (found, expected) in gradient.iter().zip([-0.25, 0.25, p / 2.0, -p / 2.0]) {
            assert!((found - expected).abs() < 1e-6, "{gradient:?}");
        }
    }

    #[test]
    fn tokens_further_ahead_weigh_less_and_none_lies_past_the_end() {
        let device = Device::flex();
        let targets = Tensor::from_ints([[0, 1, 0]], &device);
        // One place ahead: positions 0 and 1 predict tokens 1 and 2; two places ahead: only position 0.
        let one = Tensor::from_floats([[[0.0, 2.0], [0.0, 0.0]]], &device);
        let two = Tensor::from_floats([[[1.0, 0.0]]], &device);
        let loss: f32 = next_k_token_loss(vec![one, two], targets, 0.5).into_scalar();
        let cost = |margin: f32| (1.0 + (-margin).exp()).ln();
        let expected = (0.5 * (cost(2.0) + cost(0.0)) / 2.0 + 0.25 * cost(1.0)) / 0.75;
        assert!((loss - expected).abs() < 1e-6, "{loss} {expected}");
    }

    #[test]
    fn without_heads_there_is_nothing_to_lose() {
        let targets = Tensor::from_ints([[0, 1, 0]], &Device::flex());
        let loss: f32 = next_k_token_loss(Vec::new(), targets, 0.5).into_scalar();
        assert_eq!(loss, 0.0);
    }

    #[test]
    fn the_gradient_of_the_tokens_ahead_is_that_of_finite_differences() {
        check_gradient([1, 6, 3], |logits| {
            let targets = Tensor::from_ints([[0, 1, 2, 0]], &logits.device());
            let one = logits.clone().slice_dim(1, 0..3);
            let two = logits.slice_dim(1, 3..5);
            next_k_token_loss(vec![one, two], targets, 0.5)
        });
    }
}
