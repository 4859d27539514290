//! Losses of the two tokenizers.

use burn::tensor::activation::{log_sigmoid, sigmoid};
use burn::tensor::{Tensor, assert_shape};

/// Binary cross-entropy plus soft Dice loss of a decoded mask: `[1]`.
///
/// Dice is taken per mask with one pixel of smoothing, so an empty mask that is decoded empty costs
/// nothing.
///
/// # Shapes
/// - logits: `[batch, 1, height, width]`
/// - mask: the same, values 0 or 1
pub fn mask_reconstruction_loss(logits: Tensor<4>, mask: Tensor<4>) -> Tensor<1> {
    let [batch, _, height, width] = logits.dims();
    assert_shape!(mask, [batch, 1, height, width]);
    let cross_entropy =
        (logits.clone() * (mask.clone().neg() + 1.0) - log_sigmoid(logits.clone())).mean();
    let probability = sigmoid(logits).reshape([batch, height * width]);
    let mask = mask.reshape([batch, height * width]);
    let overlap = (probability.clone() * mask.clone()).sum_dim(1);
    let areas = probability.sum_dim(1) + mask.sum_dim(1);
    let dice = (overlap.mul_scalar(2.0) + 1.0) / (areas + 1.0);
    cross_entropy + (dice.mean().neg() + 1.0)
}

/// Mean squared error of a painted picture: `[1]`.
///
/// # Shapes
/// - painted, picture: `[batch, 1, height, width]`
pub fn picture_reconstruction_loss(painted: Tensor<4>, picture: Tensor<4>) -> Tensor<1> {
    (painted - picture).square().mean()
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    fn loss(logits: [[[[f32; 2]; 1]; 1]; 1], mask: [[[[f32; 2]; 1]; 1]; 1]) -> f32 {
        let device = Device::flex();
        mask_reconstruction_loss(
            Tensor::from_floats(logits, &device),
            Tensor::from_floats(mask, &device),
        )
        .into_scalar()
    }

    #[test]
    fn a_hand_worked_mask() {
        let found = loss([[[[0.0, 0.0]]]], [[[[1.0, 0.0]]]]);
        let expected = 2f32.ln() + 1.0 - (2.0 * 0.5 + 1.0) / (1.0 + 1.0 + 1.0);
        assert!((found - expected).abs() < 1e-6, "{found} {expected}");
    }

    #[test]
    fn an_empty_mask_decoded_empty_costs_nothing() {
        assert!(loss([[[[-30.0, -30.0]]]], [[[[0.0, 0.0]]]]) < 1e-6);
    }
}
