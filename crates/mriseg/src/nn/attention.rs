//! Attention over `[prefix | mask]`: bidirectional inside the prefix, causal inside the mask.
//!
//! This is the form of training, the whole sequence at once; [`super::cached`] is that of decoding.

use super::fused::{affine, prefix_attention};
use super::rotary::RotaryTable;
use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor, TensorData};

/// Multi-head self-attention with rotary positions.
#[derive(Module, Debug)]
pub struct PrefixAttention {
    pub(super) qkv: Linear,
    pub(super) out: Linear,
    #[module(skip)]
    pub(super) heads: usize,
}

impl PrefixAttention {
    pub(super) fn new(d_model: usize, heads: usize, device: &Device) -> Self {
        let linear = |d_out| {
            LinearConfig::new(d_model, d_out)
                .with_bias(false)
                .init(device)
        };
        Self {
            qkv: linear(3 * d_model),
            out: linear(d_model),
            heads,
        }
    }

    /// The whole sequence at once, for training.
    ///
    /// # Shapes
    /// - x, output: `[batch, total, d_model]`, the first `prefix` tokens bidirectional
    /// - causal: [`causal_bias`]
    pub fn forward(
        &self,
        x: Tensor<3>,
        prefix: usize,
        causal: Tensor<4>,
        rotary: &RotaryTable,
    ) -> Tensor<3> {
        let [batch, total, d_model] = x.dims();
        let qkv = affine(&self.qkv, x);
        let qkv = qkv.reshape([batch, total, 3 * self.heads, d_model / self.heads]);
        let read = prefix_attention(qkv, rotary, causal, prefix);
        affine(&self.out, read)
    }
}

/// Additive bias of the mask rows, `[1, 1, mask, prefix + mask]`: 0 where they may look, a very
/// large negative number ahead of them.
pub fn causal_bias(prefix: usize, mask: usize, device: &Device) -> Tensor<4> {
    const NEVER: f32 = -1e9;
    let total = prefix + mask;
    let values: Vec<f32> = (0..mask)
        .flat_map(|row| {
            (0..total).map(move |column| if column <= prefix + row { 0.0 } else { NEVER })
        })
        .collect();
    Tensor::from_data(TensorData::new(values, [1, 1, mask, total]), device)
}
