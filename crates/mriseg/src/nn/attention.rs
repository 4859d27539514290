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

/// Keys and values of one layer: `[batch, heads, head_dim, total]` each, the first `filled` valid. They lie
/// transposed because the products with a few queries then read a growing part of the cache several times
/// faster (LOG.md).
#[derive(Debug, Clone)]
pub struct KvCache {
    keys: Tensor<4>,
    values: Tensor<4>,
    filled: usize,
}

impl KvCache {
    /// Room for `total` tokens.
    pub fn new(batch: usize, heads: usize, total: usize, head_dim: usize, device: &Device) -> Self {
        let shape = [batch, heads, head_dim, total];
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

    /// Forgets all but the first `filled` tokens.
    pub fn rewind(&mut self, filled: usize) {
        assert!(filled <= self.filled, "{filled} tokens are not held");
        self.filled = filled;
    }

    /// # Shapes
    /// - keys, values: `[batch, heads, new, head_dim]`
    fn extend(&mut self, keys: Tensor<4>, values: Tensor<4>) {
        let [batch, heads, head_dim, total] = self.keys.dims();
        let from = self.filled;
        let to = from + keys.dims()[2];
        assert!(to <= total, "cache holds {total} tokens, {to} asked for");
        let place = [0..batch, 0..heads, 0..head_dim, from..to];
        self.keys
            .inplace(|cache| cache.slice_assign(place.clone(), keys.swap_dims(2, 3)));
        self.values
            .inplace(|cache| cache.slice_assign(place, values.swap_dims(2, 3)));
        self.filled = to;
    }

    /// What some queries, the last tokens of the cache, read in it.
    ///
    /// # Shapes
    /// - q: `[batch, heads, new, head_dim]`
    /// - bias: `[1, 1, new, filled]`
    /// - output: `[batch, new, heads, head_dim]`
    fn read(&self, q: Tensor<4>, bias: Option<&Tensor<4>>) -> Tensor<4> {
        let keys = self.keys.clone().slice_dim(3, 0..self.filled);
        let values = self.values.clone().slice_dim(3, 0..self.filled);
        let scale = (q.dims()[3] as f32).powf(-0.5);
        let mut scores = q.mul_scalar(scale).matmul(keys);
        if let Some(bias) = bias {
            scores = scores + bias.clone();
        }
        let read = values.matmul(softmax(scores, 3).swap_dims(2, 3));
        read.permute([0, 3, 1, 2])
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

    /// The prefix, which must come first and whole: it fills the cache and attends to itself.
    ///
    /// # Shapes
    /// - x, output: `[batch, prefix, d_model]`
    pub fn prefill(&self, x: Tensor<3>, cache: &mut KvCache, rotary: &RotaryTable) -> Tensor<3> {
        let [batch, new, d_model] = x.dims();
        let (q, k, v) = self.project(x, rotary, cache.filled());
        cache.extend(k.clone(), v.clone());
        let read = attention(q, k, v, None, None, AttentionModuleOptions::default());
        self.out
            .forward(read.swap_dims(1, 2).reshape([batch, new, d_model]))
    }

    /// Appends tokens to the cache and lets them attend to everything in it; `bias` keeps them from looking
    /// ahead ([`causal_bias`]) where there are several.
    ///
    /// # Shapes
    /// - x, output: `[batch, new, d_model]`
    /// - bias: `[1, 1, new, filled + new]`
    pub fn step(
        &self,
        x: Tensor<3>,
        cache: &mut KvCache,
        rotary: &RotaryTable,
        bias: Option<&Tensor<4>>,
    ) -> Tensor<3> {
        let [batch, new, d_model] = x.dims();
        let (q, k, v) = self.project(x, rotary, cache.filled());
        cache.extend(k, v);
        let read = cache.read(q, bias);
        self.out.forward(read.reshape([batch, new, d_model]))
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
