//! Attention over `[prefix | mask]`: bidirectional inside the prefix, causal inside the mask.
//!
//! The prefix never sees the mask, so its keys and values can be computed once (prefill) and kept.

use super::rotary::RotaryTable;
use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::activation::softmax;
use burn::tensor::module::attention;
use burn::tensor::ops::AttentionModuleOptions;
use burn::tensor::{Device, Tensor, TensorData, assert_shape};

/// Multi-head self-attention with rotary positions.
#[derive(Module, Debug)]
pub struct PrefixAttention {
    qkv: Linear,
    out: Linear,
    #[module(skip)]
    heads: usize,
}

/// Keys and values of one layer: `[batch, heads, total, head_dim]` each, the first `filled` valid.
#[derive(Debug, Clone)]
pub struct KvCache {
    keys: Tensor<4>,
    values: Tensor<4>,
    filled: usize,
}

impl KvCache {
    /// Room for `total` tokens.
    pub fn new(batch: usize, heads: usize, total: usize, head_dim: usize, device: &Device) -> Self {
        let shape = [batch, heads, total, head_dim];
        Self {
            keys: Tensor::zeros(shape, device),
            values: Tensor::zeros(shape, device),
            filled: 0,
        }
    }

    /// Tokens held.
    pub fn filled(&self) -> usize {
        self.filled
    }

    fn extend(&mut self, keys: Tensor<4>, values: Tensor<4>) -> (Tensor<4>, Tensor<4>) {
        let [batch, heads, total, head_dim] = self.keys.dims();
        let from = self.filled;
        let to = from + keys.dims()[2];
        assert!(to <= total, "cache holds {total} tokens, {to} asked for");
        let place = [0..batch, 0..heads, from..to, 0..head_dim];
        self.keys
            .inplace(|cache| cache.slice_assign(place.clone(), keys));
        self.values
            .inplace(|cache| cache.slice_assign(place, values));
        self.filled = to;
        (
            self.keys.clone().slice_dim(2, 0..to),
            self.values.clone().slice_dim(2, 0..to),
        )
    }
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
        let (q, k, v) = self.project(x, rotary, 0);
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

    /// Appends tokens to the cache and lets them attend to everything in it. `causal` is false for
    /// the prefix, which must come first and whole.
    ///
    /// # Shapes
    /// - x, output: `[batch, new, d_model]`
    pub fn forward_cached(
        &self,
        x: Tensor<3>,
        cache: &mut KvCache,
        rotary: &RotaryTable,
        causal: bool,
    ) -> Tensor<3> {
        let [batch, new, d_model] = x.dims();
        let (q, k, v) = self.project(x, rotary, cache.filled());
        let (k, v) = cache.extend(k, v);
        let attended = if new == 1 {
            attend_one(q, k, v)
        } else {
            let options = AttentionModuleOptions {
                is_causal: causal,
                ..Default::default()
            };
            attention(q, k, v, None, None, options)
        };
        self.out
            .forward(attended.swap_dims(1, 2).reshape([batch, new, d_model]))
    }

    /// Queries, keys and values, each `[batch, heads, seq, head_dim]`; `at` is the first position.
    fn project(
        &self,
        x: Tensor<3>,
        rotary: &RotaryTable,
        at: usize,
    ) -> (Tensor<4>, Tensor<4>, Tensor<4>) {
        let [batch, seq, d_model] = x.dims();
        let head_dim = d_model / self.heads;
        let qkv = self
            .qkv
            .forward(x)
            .reshape([batch, seq, 3 * self.heads, head_dim]);
        assert_shape!(qkv, [batch, seq, 3 * self.heads, head_dim]);
        let turned = rotary.rotate(qkv.clone().slice_dim(2, 0..2 * self.heads), at..at + seq);
        let q = turned.clone().slice_dim(2, 0..self.heads);
        let k = turned.slice_dim(2, self.heads..2 * self.heads);
        let v = qkv.slice_dim(2, 2 * self.heads..3 * self.heads);
        (q.swap_dims(1, 2), k.swap_dims(1, 2), v.swap_dims(1, 2))
    }
}

/// Attention of a single query. Matrix products read a part of the cache where it lies; the fused
/// [`attention`] of burn-flex would copy it first, at every token.
///
/// # Shapes
/// - q, output: `[batch, heads, 1, head_dim]`
/// - k, v: `[batch, heads, filled, head_dim]`
fn attend_one(q: Tensor<4>, k: Tensor<4>, v: Tensor<4>) -> Tensor<4> {
    let scale = (q.dims()[3] as f32).powf(-0.5);
    let scores = q.mul_scalar(scale).matmul(k.swap_dims(2, 3));
    softmax(scores, 3).matmul(v)
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
