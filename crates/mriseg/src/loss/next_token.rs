//! Next-token prediction: cross-entropy of every mask position (paper: the base objective).

use burn::tensor::activation::log_softmax;
use burn::tensor::{Int, Tensor, assert_shape};

/// Mean over positions of `-log p(target)`, in nats: `[1]`.
///
/// # Shapes
/// - logits: `[batch, positions, codes]`
/// - targets: `[batch, positions]`
pub fn next_token_loss(logits: Tensor<3>, targets: Tensor<2, Int>) -> Tensor<1> {
    let [batch, positions, _] = logits.dims();
    assert_shape!(targets, [batch, positions]);
    log_softmax(logits, 2)
        .gather(2, targets.unsqueeze_dim(2))
        .mean()
        .neg()
}

#[cfg(test)]
mod tests {
    use super::*;
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
}
