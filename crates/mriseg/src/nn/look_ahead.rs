//! A head that predicts further ahead than the next token (paper: next-k token prediction). Its form is
//! ours (METHOD §5): the paper's is not known.

use burn::module::Module;
use burn::nn::{Initializer, Linear, LinearConfig};
use burn::tensor::activation::silu;
use burn::tensor::{Device, Tensor};

/// `h + SiLU(W [h ; a])`, where `h` is the hidden state at a position and `a` the anchor of the cell to be
/// predicted. It starts as the identity: the next token is the best first guess of the one after it.
#[derive(Module, Debug)]
pub struct LookAhead {
    mix: Linear,
}

impl LookAhead {
    pub(crate) fn new(d_model: usize, device: &Device) -> Self {
        Self {
            mix: LinearConfig::new(2 * d_model, d_model)
                .with_bias(false)
                .with_initializer(Initializer::Zeros)
                .init(device),
        }
    }

    /// # Shapes
    /// - hidden, anchors, output: `[batch, positions, d_model]`
    pub(crate) fn forward(&self, hidden: Tensor<3>, anchors: Tensor<3>) -> Tensor<3> {
        let both = Tensor::cat(vec![hidden.clone(), anchors], 2);
        hidden + silu(self.mix.forward(both))
    }
}
