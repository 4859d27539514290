//! Transformer blocks as decoding runs them in tensor operations, or in kernels that stand for several of them.
//!
//! A pass reads one token or a few, so what it costs is the number of operations more than their size. What
//! does not depend on the input is therefore computed once: gains of the norms go into the weights after
//! them, the scale of the scores into the rotary table.

use super::{CachedTransformer, Predicted, TransformerParts};
use crate::nn::attention::causal_bias;
use crate::nn::block::TransformerBlock;
use crate::nn::kernels::Kernels;
use crate::nn::look_ahead::LookAheads;
use crate::nn::rotary::RotaryTable;
use crate::nn::{DecodeShape, laid_out_transposed};
use burn::nn::{Linear, RmsNorm};
use burn::tensor::activation::{silu, softmax};
use burn::tensor::module::attention;
use burn::tensor::ops::AttentionModuleOptions;
use burn::tensor::{Device, Tensor};
use std::ops::Range;

/// One after the other, in tensor operations or kernels.
#[derive(Debug, Clone)]
pub(super) struct Blocks {
    blocks: Vec<CachedBlock>,
    head: CachedHead,
    rotary: RotaryTable,
    /// `None` where kernels keep tokens from looking ahead.
    ahead_bias: Option<AheadBias>,
    kernels: Option<Kernels>,
}

impl Blocks {
    /// Takes the weights as they are now.
    pub(super) fn new(
        parts: &TransformerParts<'_>,
        shape: DecodeShape,
        kernels: Option<Kernels>,
    ) -> Self {
        let device = parts.unembedding.device();
        let most = CachedTransformer::MOST_AT_ONCE;
        let blocks = parts.blocks.iter();
        Self {
            blocks: blocks
                .map(|block| CachedBlock::new(block, kernels))
                .collect(),
            head: CachedHead::new(parts.norm, parts.unembedding.clone(), kernels),
            rotary: parts.rotary.of_queries_keys_values(shape.heads()),
            ahead_bias: (kernels.is_none()).then(|| AheadBias::new(shape.total, most, &device)),
            kernels,
        }
    }

    pub(super) fn prefill(
        &self,
        mut x: Tensor<2>,
        batch: usize,
        shape: DecodeShape,
    ) -> Vec<LayerCache> {
        let device = x.device();
        let rotary = self.rotary.at(0..x.dims()[0] / batch);
        let mut layers = Vec::with_capacity(self.blocks.len());
        for (i, block) in self.blocks.iter().enumerate() {
            let mut cache = LayerCache::new(batch, shape, &device);
            if i + 1 == self.blocks.len() {
                block.fill(x.clone(), &mut cache, &rotary);
            } else {
                x = block.prefill(x, &mut cache, &rotary);
            }
            layers.push(cache);
        }
        layers
    }

    pub(super) fn step(&self, mut x: Tensor<2>, layers: &mut [LayerCache]) -> Predicted {
        let before = layers[0].filled();
        let new = x.dims()[0] / layers[0].batch();
        let rotary = self.rotary.at(before..before + new);
        let bias = (self.ahead_bias.as_ref().filter(|_| new > 1)).map(|bias| bias.of(before, new));
        for (block, cache) in self.blocks.iter().zip(layers) {
            x = block.step(x, cache, &rotary, bias.as_ref());
        }
        let hidden = self.head.normalize(x);
        Predicted {
            logits: self.head.logits(hidden.clone()),
            hidden,
        }
    }

    pub(super) fn draft_logits(
        &self,
        heads: Option<&LookAheads>,
        hidden: Tensor<2>,
        ahead: Tensor<3>,
    ) -> Tensor<2> {
        let heads = heads.expect("the model looks ahead");
        self.head.logits(heads.forward(hidden, ahead, self.kernels))
    }
}

/// Keeps several new tokens from looking ahead of themselves.
#[derive(Debug, Clone)]
struct AheadBias {
    /// `[1, 1, most, total + most]`, of which row `i` is zero up to column `total + i`.
    table: Tensor<4>,
    total: usize,
}

impl AheadBias {
    /// For at most `most` new tokens after at most `total`.
    fn new(total: usize, most: usize, device: &Device) -> Self {
        Self {
            table: causal_bias(total, most, device),
            total,
        }
    }

    /// `[1, 1, new, before + new]`
    fn of(&self, before: usize, new: usize) -> Tensor<4> {
        let columns = self.total - before..self.total + new;
        self.table.clone().slice([0..1, 0..1, 0..new, columns])
    }
}

/// A [`TransformerBlock`] made ready to decode.
#[derive(Debug, Clone)]
struct CachedBlock {
    qkv: Tensor<2>,
    out: Tensor<2>,
    gate: Tensor<2>,
    up: Tensor<2>,
    down: Tensor<2>,
    epsilon: f64,
    kernels: Option<Kernels>,
}

/// Keys and values of one layer: `[batch, 2 * heads, head_dim, total]`, the keys of all heads before their
/// values, the first `filled` tokens valid, `total` a multiple of [`ROOM`]. They lie transposed because the products with a few queries then
/// read a growing part of the cache several times faster (LOG.md).
#[derive(Debug, Clone)]
pub(in crate::nn) struct LayerCache {
    kv: Tensor<4>,
    filled: usize,
}

/// Kernels may read up to the next multiple of this.
const ROOM: usize = 32;

impl LayerCache {
    /// Room for `total` tokens, or some more.
    pub(super) fn new(batch: usize, shape: DecodeShape, device: &Device) -> Self {
        let total = shape.total.next_multiple_of(ROOM);
        Self {
            kv: Tensor::zeros([batch, 2 * shape.heads(), shape.head_dim, total], device),
            filled: 0,
        }
    }

    /// Sequences.
    pub(super) fn batch(&self) -> usize {
        self.kv.dims()[0]
    }

    /// Tokens held.
    pub(in crate::nn) fn filled(&self) -> usize {
        self.filled
    }

    /// Forgets all but the first `filled` tokens.
    pub(super) fn rewind(&mut self, filled: usize) {
        assert!(filled <= self.filled, "{filled} tokens are not held");
        self.filled = filled;
    }

    fn heads(&self) -> usize {
        self.kv.dims()[1] / 2
    }

    /// The whole cache, room included.
    pub(in crate::nn) fn tensor(&self) -> Tensor<4> {
        self.kv.clone()
    }

    /// Lets `write` put `new` more tokens into the cache, which it gets alone, after those that are held.
    pub(in crate::nn) fn extend_with<T>(
        &mut self,
        new: usize,
        write: impl FnOnce(Tensor<4>, usize) -> (T, Tensor<4>),
    ) -> T {
        let (filled, to) = (self.filled, self.room_for(new));
        let mut given = None;
        self.kv.inplace(|cache| {
            let (value, cache) = write(cache, filled);
            given = Some(value);
            cache
        });
        self.filled = to;
        given.expect("the cache was written to")
    }

    /// Where `new` more tokens end.
    fn room_for(&self, new: usize) -> usize {
        let (to, total) = (self.filled + new, self.kv.dims()[3]);
        assert!(to <= total, "cache holds {total} tokens, {to} asked for");
        to
    }

    /// # Shapes
    /// - kv: `[batch, new, 2 * heads, head_dim]`
    fn extend(&mut self, kv: Tensor<4>) {
        let [batch, rows, head_dim, _] = self.kv.dims();
        let (from, to) = (self.filled, self.room_for(kv.dims()[1]));
        let place = [0..batch, 0..rows, 0..head_dim, from..to];
        self.kv
            .inplace(|cache| cache.slice_assign(place, kv.permute([0, 2, 3, 1])));
        self.filled = to;
    }

    /// What some scaled queries, of the last tokens of the cache, read in it.
    ///
    /// # Shapes
    /// - q, output: `[batch, new, heads, head_dim]`
    /// - bias: `[1, 1, new, filled]`
    fn read(&self, q: Tensor<4>, bias: Option<&Tensor<4>>) -> Tensor<4> {
        let heads = self.heads();
        let held = self.kv.clone().slice_dim(3, 0..self.filled);
        let keys = held.clone().slice_dim(1, 0..heads);
        let values = held.slice_dim(1, heads..2 * heads);
        let mut scores = q.swap_dims(1, 2).matmul(keys);
        if let Some(bias) = bias {
            scores = scores + bias.clone();
        }
        let read = values.matmul(softmax(scores, 3).swap_dims(2, 3));
        read.permute([0, 3, 1, 2])
    }
}

impl CachedBlock {
    /// Takes the weights of a block as they are now.
    pub(super) fn new(block: &TransformerBlock, kernels: Option<Kernels>) -> Self {
        let gate_up = after_norm(&block.feed_forward_norm, &block.gate_up);
        let [_, both] = gate_up.dims();
        Self {
            qkv: after_norm(&block.attention_norm, &block.attention.qkv),
            out: block.attention.out.weight.val(),
            gate: columns(&gate_up, 0..both / 2),
            up: columns(&gate_up, both / 2..both),
            down: block.down.weight.val(),
            epsilon: block.attention_norm.epsilon,
            kernels,
        }
    }

    /// The prefix, which must come first and whole: it fills the cache and attends to itself.
    ///
    /// # Shapes
    /// - x, output: `[batch * prefix, d_model]`
    /// - rotary: [`RotaryTable::of_queries_keys_values`] of the prefix
    pub(super) fn prefill(
        &self,
        x: Tensor<2>,
        cache: &mut LayerCache,
        rotary: &RotaryTable,
    ) -> Tensor<2> {
        if let Some(kernels) = self.kernels {
            return self.by_kernels(kernels, x, cache, rotary, false);
        }
        let heads = cache.heads();
        let (q, kv) = self.project(&x, cache, rotary);
        cache.extend(kv.clone());
        let head = |t: Tensor<4>| t.swap_dims(1, 2);
        let options = AttentionModuleOptions {
            scale: Some(1.0),
            ..AttentionModuleOptions::default()
        };
        let keys = kv.clone().slice_dim(2, 0..heads);
        let values = kv.slice_dim(2, heads..2 * heads);
        let read = attention(head(q), head(keys), head(values), None, None, options);
        self.feed_forward(self.merge(x, read.swap_dims(1, 2)))
    }

    /// Fills the cache with the prefix as [`Self::prefill`] does; what it gives is needed by nothing after the last block.
    pub(super) fn fill(&self, x: Tensor<2>, cache: &mut LayerCache, rotary: &RotaryTable) {
        match self.kernels {
            Some(kernels) => {
                kernels.project_into_cache(x, self.qkv.clone(), rotary, cache, self.epsilon);
            }
            None => {
                let (_, kv) = self.project(&x, cache, rotary);
                cache.extend(kv);
            }
        }
    }

    /// Appends tokens to the cache and lets them attend to everything in it; `bias` keeps them from looking
    /// ahead where there are several; kernels do so without it.
    ///
    /// # Shapes
    /// - x, output: `[batch * new, d_model]`
    /// - rotary: [`RotaryTable::of_queries_keys_values`] of the new tokens
    /// - bias: `[1, 1, new, filled + new]`
    pub(super) fn step(
        &self,
        x: Tensor<2>,
        cache: &mut LayerCache,
        rotary: &RotaryTable,
        bias: Option<&Tensor<4>>,
    ) -> Tensor<2> {
        if let Some(kernels) = self.kernels {
            return self.by_kernels(kernels, x, cache, rotary, true);
        }
        let (q, kv) = self.project(&x, cache, rotary);
        cache.extend(kv);
        let read = cache.read(q, bias);
        self.feed_forward(self.merge(x, read))
    }

    fn by_kernels(
        &self,
        kernels: Kernels,
        x: Tensor<2>,
        cache: &mut LayerCache,
        rotary: &RotaryTable,
        causal: bool,
    ) -> Tensor<2> {
        let q =
            kernels.project_into_cache(x.clone(), self.qkv.clone(), rotary, cache, self.epsilon);
        let read = kernels.attend(q, cache, causal);
        let x = kernels.project_add(x, read, self.out.clone());
        let hidden =
            kernels.project_swiglu(x.clone(), self.gate.clone(), self.up.clone(), self.epsilon);
        kernels.project_add(x, hidden, self.down.clone())
    }

    /// Scaled queries `[batch, new, heads, head_dim]`; keys and values `[batch, new, 2 * heads, head_dim]`.
    fn project(
        &self,
        x: &Tensor<2>,
        cache: &LayerCache,
        rotary: &RotaryTable,
    ) -> (Tensor<4>, Tensor<4>) {
        let [rows, _] = x.dims();
        let [batch, _, head_dim, _] = cache.kv.dims();
        let heads = cache.heads();
        let qkv = normalized(x.clone(), self.epsilon).matmul(self.qkv.clone());
        let turned = rotary.rotate(qkv.reshape([batch, rows / batch, 3 * heads, head_dim]));
        let q = turned.clone().slice_dim(2, 0..heads);
        (q, turned.slice_dim(2, heads..3 * heads))
    }

    /// # Shapes
    /// - read: `[batch, new, heads, head_dim]`
    fn merge(&self, x: Tensor<2>, read: Tensor<4>) -> Tensor<2> {
        let read = read.reshape(x.dims());
        x + read.matmul(self.out.clone())
    }

    fn feed_forward(&self, x: Tensor<2>) -> Tensor<2> {
        let normed = normalized(x.clone(), self.epsilon);
        let gate = silu(normed.clone().matmul(self.gate.clone()));
        x + (gate * normed.matmul(self.up.clone())).matmul(self.down.clone())
    }
}

/// The end of the model made ready to decode: the last norm and the unembedding.
#[derive(Debug, Clone)]
struct CachedHead {
    norm: RmsNorm,
    /// `[d_model, codes]`
    unembedding: Tensor<2>,
    kernels: Option<Kernels>,
}

impl CachedHead {
    /// Takes the weights as they are now.
    ///
    /// # Shapes
    /// - unembedding: `[codes, d_model]`
    pub(super) fn new(norm: &RmsNorm, unembedding: Tensor<2>, kernels: Option<Kernels>) -> Self {
        Self {
            norm: norm.clone(),
            unembedding: laid_out_transposed(unembedding),
            kernels,
        }
    }

    /// Hidden states from what the last block gives.
    ///
    /// # Shapes
    /// - x, output: `[rows, d_model]`
    pub(super) fn normalize(&self, x: Tensor<2>) -> Tensor<2> {
        match self.kernels {
            Some(kernels) => kernels.normalize(x, &self.norm),
            None => self.norm.forward(x),
        }
    }

    /// # Shapes
    /// - hidden: `[rows, d_model]`
    /// - output: `[rows, codes]`
    pub(super) fn logits(&self, hidden: Tensor<2>) -> Tensor<2> {
        match self.kernels {
            Some(kernels) => kernels.project(hidden, self.unembedding.clone()),
            None => hidden.matmul(self.unembedding.clone()),
        }
    }
}

/// [`RmsNorm`] without its gain: `[rows, width]`.
fn normalized(x: Tensor<2>, epsilon: f64) -> Tensor<2> {
    let rms = (x.clone().square().mean_dim(1) + epsilon).sqrt();
    x / rms
}

/// The weights of `linear` with the gain of the norm before it: `[d_in, d_out]`.
pub(super) fn after_norm(norm: &RmsNorm, linear: &Linear) -> Tensor<2> {
    linear.weight.val() * norm.gamma.val().unsqueeze_dim(1)
}

/// Some columns, as a tensor of their own.
pub(super) fn columns(matrix: &Tensor<2>, range: Range<usize>) -> Tensor<2> {
    let columns = matrix.clone().slice_dim(1, range);
    Tensor::zeros(columns.dims(), &columns.device()) + columns
}
