//! Pre-norm transformer block: RMSNorm, attention, RMSNorm, SwiGLU (Shazeer 2020).

use crate::layers::{linear, rms_norm};
use burn::module::Module;
use burn::nn::{Linear, LinearConfig, RmsNorm, RmsNormConfig};
use burn::tensor::{Device, Tensor};
use mriseg_ops::decode_pass::BlockWeights;
use mriseg_ops::swiglu::swiglu;

/// Sizes of a [`TransformerBlock`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct TransformerBlockConfig {
    /// Width of the residual stream.
    pub(crate) d_model: usize,
    /// Attention heads.
    pub(crate) heads: usize,
    /// Hidden width of the feed-forward.
    pub(crate) d_hidden: usize,
}

/// One layer of the decoder.
#[derive(Module, Debug)]
pub(crate) struct TransformerBlock {
    attention_norm: RmsNorm,
    attention: Attention,
    feed_forward_norm: RmsNorm,
    gate_up: Linear,
    down: Linear,
}

/// Projections of multi-head self-attention.
#[derive(Module, Debug)]
struct Attention {
    qkv: Linear,
    out: Linear,
    #[module(skip)]
    heads: usize,
}

impl TransformerBlockConfig {
    /// A block with random weights.
    pub(crate) fn init(&self, device: &Device) -> TransformerBlock {
        let norm = || RmsNormConfig::new(self.d_model).init(device);
        let linear = |d_in, d_out| LinearConfig::new(d_in, d_out).with_bias(false).init(device);
        TransformerBlock {
            attention_norm: norm(),
            attention: Attention {
                qkv: linear(self.d_model, 3 * self.d_model),
                out: linear(self.d_model, self.d_model),
                heads: self.heads,
            },
            feed_forward_norm: norm(),
            gate_up: linear(self.d_model, 2 * self.d_hidden),
            down: linear(self.d_hidden, self.d_model),
        }
    }
}

impl TransformerBlock {
    /// The block over some tokens. `attend` is what differs between training, where tokens attend to each other, and
    /// decoding, where they also attend to a cache: queries, keys and values `[batch, tokens, 3 * heads, head_dim]` to
    /// what the heads read, `[batch, tokens, d_model]`.
    ///
    /// # Shapes
    /// - x, output: `[batch, tokens, d_model]`
    pub(crate) fn forward(
        &self,
        x: Tensor<3>,
        attend: impl FnOnce(Tensor<4>) -> Tensor<3>,
    ) -> Tensor<3> {
        let normed = rms_norm(&self.attention_norm, x.clone());
        let x = x + self.attention.forward(normed, attend);
        let normed = rms_norm(&self.feed_forward_norm, x.clone());
        x + linear(&self.down, swiglu(linear(&self.gate_up, normed)))
    }

    /// The weights as they are now.
    pub(crate) fn weights(&self) -> BlockWeights {
        BlockWeights {
            attention_norm: self.attention_norm.gamma.val(),
            qkv: self.attention.qkv.weight.val(),
            out: self.attention.out.weight.val(),
            feed_forward_norm: self.feed_forward_norm.gamma.val(),
            gate_up: self.gate_up.weight.val(),
            down: self.down.weight.val(),
        }
    }
}

impl Attention {
    fn forward(&self, x: Tensor<3>, attend: impl FnOnce(Tensor<4>) -> Tensor<3>) -> Tensor<3> {
        let [batch, tokens, d_model] = x.dims();
        let qkv = linear(&self.qkv, x);
        let qkv = qkv.reshape([batch, tokens, 3 * self.heads, d_model / self.heads]);
        linear(&self.out, attend(qkv))
    }
}
