//! Attention over `[prefix | mask]`: bidirectional inside the prefix, causal inside the mask.
//!
//! This is the form of training, the whole sequence at once; [`super::cached`] is that of decoding.

use super::rotary::RotaryTable;
use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::module::attention;
use burn::tensor::ops::AttentionModuleOptions;
use burn::tensor::{Device, Tensor, TensorData, assert_shape};

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
        let (q, k, v) = self.project(x, rotary);
        let head = |t: &Tensor<4>, range: std::ops::Range<usize>| t.clone().slice_dim(2, range);
        let read = attention(
            head(&q, 0..prefix),
            head(&k, 0..prefix),
            head(&v, 0..prefix),
            None,
            None,
            AttentionModuleOptions::default(),
        );
        let written = attention(
            head(&q, prefix..total),
            k,
            v,
            None,
            Some(causal),
            AttentionModuleOptions::default(),
        );
        let merged = Tensor::cat(vec![read, written], 2)
            .swap_dims(1, 2)
            .reshape([batch, total, d_model]);
        self.out.forward(merged)
    }

    /// Queries, keys and values, each `[batch, heads, seq, head_dim]`.
    fn project(&self, x: Tensor<3>, rotary: &RotaryTable) -> (Tensor<4>, Tensor<4>, Tensor<4>) {
        let [batch, seq, d_model] = x.dims();
        let head_dim = d_model / self.heads;
        let qkv = self
            .qkv
            .forward(x)
            .reshape([batch, seq, 3 * self.heads, head_dim]);
        assert_shape!(qkv, [batch, seq, 3 * self.heads, head_dim]);
        let turned = rotary.rotate(qkv.clone().slice_dim(2, 0..2 * self.heads));
        let q = turned.clone().slice_dim(2, 0..self.heads);
        let k = turned.slice_dim(2, self.heads..2 * self.heads);
        let v = qkv.slice_dim(2, 2 * self.heads..3 * self.heads);
        (q.swap_dims(1, 2), k.swap_dims(1, 2), v.swap_dims(1, 2))
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
