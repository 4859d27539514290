//! Pre-norm transformer block: RMSNorm, attention, RMSNorm, SwiGLU (Shazeer 2020).

use super::attention::PrefixAttention;
use super::fused::{affine, rms_norm, swiglu};
use super::rotary::RotaryTable;
use burn::module::Module;
use burn::nn::{Linear, LinearConfig, RmsNorm, RmsNormConfig};
use burn::tensor::{Device, Tensor};

/// Sizes of a [`TransformerBlock`].
#[derive(Debug, Clone, Copy)]
pub struct TransformerBlockConfig {
    /// Width of the residual stream.
    pub d_model: usize,
    /// Attention heads.
    pub heads: usize,
    /// Hidden width of the feed-forward.
    pub d_hidden: usize,
}

/// One layer of the decoder.
#[derive(Module, Debug)]
pub struct TransformerBlock {
    pub(super) attention_norm: RmsNorm,
    pub(super) attention: PrefixAttention,
    pub(super) feed_forward_norm: RmsNorm,
    pub(super) gate_up: Linear,
    pub(super) down: Linear,
}

impl TransformerBlockConfig {
    /// A block with random weights.
    pub fn init(&self, device: &Device) -> TransformerBlock {
        let norm = || RmsNormConfig::new(self.d_model).init(device);
        let linear = |d_in, d_out| LinearConfig::new(d_in, d_out).with_bias(false).init(device);
        TransformerBlock {
            attention_norm: norm(),
            attention: PrefixAttention::new(self.d_model, self.heads, device),
            feed_forward_norm: norm(),
            gate_up: linear(self.d_model, 2 * self.d_hidden),
            down: linear(self.d_hidden, self.d_model),
        }
    }
}

impl TransformerBlock {
    /// The whole sequence at once; see [`PrefixAttention::forward`].
    ///
    /// # Shapes
    /// - x, output: `[batch, total, d_model]`
    pub fn forward(
        &self,
        x: Tensor<3>,
        prefix: usize,
        causal: Tensor<4>,
        rotary: &RotaryTable,
    ) -> Tensor<3> {
        let normed = rms_norm(&self.attention_norm, x.clone());
        let x = x + self.attention.forward(normed, prefix, causal, rotary);
        self.feed_forward(x)
    }

    fn feed_forward(&self, x: Tensor<3>) -> Tensor<3> {
        let normed = rms_norm(&self.feed_forward_norm, x.clone());
        let gate_up = affine(&self.gate_up, normed);
        x + affine(&self.down, swiglu(gate_up))
    }
}
