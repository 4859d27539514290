//! Whether there is anything to draw, asked before the first token. Not the paper's; the no-target classifier of GRES
//! (Liu et al. 2023, arXiv 2306.00968).

use super::binary_cross_entropy;
use burn::tensor::{Tensor, assert_shape};

/// Binary cross-entropy of there being something to draw: `[1]`.
///
/// # Shapes
/// - logits: `[batch, 1]`
/// - present: the same, 1 where the true mask has foreground, else 0
pub fn presence_loss(logits: Tensor<2>, present: Tensor<2>) -> Tensor<1> {
    let [batch, _] = logits.dims();
    assert_shape!(present, [batch, 1]);
    binary_cross_entropy(logits, present).mean()
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn being_sure_and_right_costs_nothing_and_being_sure_and_wrong_the_logit() {
        let device = Device::flex();
        let column = |values: [f32; 2]| Tensor::from_data(values.map(|x| [x]), &device);
        let loss = |logits| presence_loss(column(logits), column([1.0, 0.0])).into_scalar::<f32>();
        assert!(loss([12.0, -12.0]) < 1e-4);
        assert!((loss([-12.0, -12.0]) - 6.0).abs() < 1e-4);
        assert!((loss([0.0, 0.0]) - std::f32::consts::LN_2).abs() < 1e-6);
    }
}
