//! Whether there is anything to draw, asked before the first token. Not the paper's; the no-target classifier of GRES
//! (Liu et al. 2023, arXiv 2306.00968).

use super::binary_cross_entropy;
use burn::tensor::{Tensor, assert_shape};

/// Binary cross-entropy of there being something to draw, the mean over cases of each times its weight: `[1]`.
///
/// # Shapes
/// - logits: `[batch, 1]`
/// - present: the same, 1 where the true mask has foreground, else 0
/// - weights: the same
pub fn presence_loss(logits: Tensor<2>, present: Tensor<2>, weights: Tensor<2>) -> Tensor<1> {
    let [batch, _] = logits.dims();
    assert_shape!(present, [batch, 1]);
    assert_shape!(weights, [batch, 1]);
    (binary_cross_entropy(logits, present) * weights).mean()
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn being_sure_and_right_costs_nothing_and_being_sure_and_wrong_the_logit() {
        let device = Device::flex();
        let column = |values: [f32; 2]| Tensor::from_data(values.map(|x| [x]), &device);
        let loss = |logits, weights| {
            let loss = presence_loss(column(logits), column([1.0, 0.0]), column(weights));
            loss.into_scalar::<f32>()
        };
        let equal = [1.0, 1.0];
        assert!(loss([12.0, -12.0], equal) < 1e-4);
        assert!((loss([-12.0, -12.0], equal) - 6.0).abs() < 1e-4);
        assert!((loss([0.0, 0.0], equal) - std::f32::consts::LN_2).abs() < 1e-6);
        assert!((loss([12.0, 12.0], [1.0, 3.0]) - 18.0).abs() < 1e-4);
    }
}
