//! A block in five kernels: normalise, project and rotate into the cache; attend; project and add; normalise, project and
//! gate; project and add.

mod attend;
mod attend_many;
mod inputs;
mod kernels;
mod normalize;
mod ops;
mod project;

use super::{
    BlockWeights, CodeDistribution, DecodePass, DecodeSession, Picked, Predicted,
    TransformerWeights, half_of_columns,
};
use crate::gpu::stores;
use crate::layout::transposed_copy;
use burn::backend::Dispatch;
use burn::tensor::{DType, FloatDType, Int, Tensor};
use burn_cubecl::CubeDevice;
use ops::DecodeOps;
use std::sync::Arc;

/// The transformer.
#[derive(Debug)]
pub(crate) struct GpuPass {
    blocks: Vec<Block>,
    /// `γ` of the last norm.
    norm: Tensor<1>,
    /// `[d_model, codes]`
    unembedding: Tensor<2>,
    /// Of all look-ahead heads: `[d_model, look_aheads * d_model]`; `None` where there are none.
    look_ahead: Option<Tensor<2>>,
    /// Cosines and sines of the rotary positions of queries, keys and values: `[2, total, 3 * heads, head_dim / 2]`.
    rotary: Tensor<4>,
    epsilon: f32,
    heads: usize,
    head_dim: usize,
    total: usize,
    /// Tokens that a cache has room for.
    room: usize,
}

/// The weights of a block. Matrices are stored in 16 bits where that loses nothing and the device can.
#[derive(Debug)]
struct Block {
    attention_norm: Tensor<1>,
    qkv: Tensor<2>,
    out: Tensor<2>,
    feed_forward_norm: Tensor<1>,
    gate: Tensor<2>,
    up: Tensor<2>,
    down: Tensor<2>,
}

impl Block {
    fn new(weights: &BlockWeights, stored: FloatDType) -> Self {
        Self {
            attention_norm: weights.attention_norm.clone(),
            qkv: weights.qkv.clone().cast(stored),
            out: weights.out.clone().cast(stored),
            feed_forward_norm: weights.feed_forward_norm.clone(),
            gate: half_of_columns(&weights.gate_up, 0).cast(stored),
            up: half_of_columns(&weights.gate_up, 1).cast(stored),
            down: weights.down.clone().cast(stored),
        }
    }
}

impl GpuPass {
    /// Takes the weights as they are now; `None` where a workgroup of the device has no room for them.
    pub(crate) fn new(weights: &TransformerWeights, device: &CubeDevice) -> Option<Self> {
        let room = weights.total.next_multiple_of(ROOM);
        kernels::fit(device, weights, room).then(|| {
            let stored = match weights.halves && stores(device, DType::F16) {
                true => FloatDType::F16,
                false => FloatDType::F32,
            };
            let (blocks, look_ahead) = (&weights.blocks, &weights.look_ahead);
            let look_ahead = (!look_ahead.is_empty()).then(|| Tensor::cat(look_ahead.clone(), 1));
            Self {
                blocks: (blocks.iter().map(|block| Block::new(block, stored))).collect(),
                norm: weights.norm.clone(),
                unembedding: transposed_copy(weights.unembedding.clone()).cast(stored),
                look_ahead: look_ahead.map(|weight| weight.cast(stored)),
                rotary: rotary_of_qkv(weights),
                epsilon: weights.epsilon as f32,
                heads: weights.heads,
                head_dim: weights.head_dim(),
                total: weights.total,
                room,
            }
        })
    }

    fn logits(&self, hidden: Tensor<2>) -> Tensor<2> {
        let unembedding = self.unembedding.clone();
        let (hidden, unembedding) = (hidden.into_dispatch(), unembedding.into_dispatch());
        Tensor::from_dispatch(Dispatch::project(hidden, unembedding))
    }
}

/// Cosines and sines for queries, keys and values: queries are also scaled by `head_dim^-1/2`, values stay as they are.
fn rotary_of_qkv(weights: &TransformerWeights) -> Tensor<4> {
    let (heads, scale) = (weights.heads, (weights.head_dim() as f32).powf(-0.5));
    let table = |of_keys: &Tensor<4>, of_values: f32| {
        let keys = of_keys.clone().repeat_dim(2, heads);
        let queries = keys.clone().mul_scalar(scale);
        let values = keys.full_like(of_values);
        Tensor::cat(vec![queries, keys, values], 2)
    };
    Tensor::cat(vec![table(&weights.cos, 1.0), table(&weights.sin, 0.0)], 0)
}

impl DecodePass for GpuPass {
    fn prefill(self: Arc<Self>, mut x: Tensor<2>, batch: usize) -> Box<dyn DecodeSession> {
        let prefix = x.dims()[0] / batch;
        let shape = [batch, 2 * self.heads, self.head_dim, self.room];
        let empty = || Tensor::zeros(shape, &x.device());
        let mut session = GpuSession {
            caches: self.blocks.iter().map(|_| empty()).collect(),
            pass: self,
            batch,
            filled: 0,
        };
        let pass = session.pass.clone();
        for (number, block) in pass.blocks.iter().enumerate() {
            let q = session.project_into_cache(number, x.clone());
            if number + 1 < pass.blocks.len() {
                x = session.rest_of_block(number, block, x, q, prefix, false);
            }
        }
        session.filled = prefix;
        Box::new(session)
    }

    fn embed(
        &self,
        table: &Tensor<2>,
        ids: Tensor<2, Int>,
        places: &Tensor<3>,
        at: usize,
    ) -> Tensor<2> {
        let (table, places) = (table.clone(), places.clone());
        Tensor::from_dispatch(Dispatch::embed(
            table.into_dispatch(),
            ids.into_dispatch(),
            places.into_dispatch(),
            at,
        ))
    }

    fn picks(&self) -> bool {
        true
    }

    fn pick(&self, distribution: CodeDistribution<'_>, picked: &mut Picked) -> Tensor<2, Int> {
        let CodeDistribution { logits, mixture } = distribution;
        let (others, kept, cell) = match mixture {
            Some(mixture) => (
                mixture.others.clone().into_dispatch(),
                mixture.kept,
                mixture.cell,
            ),
            None => (logits.clone().into_dispatch(), 1.0, 0),
        };
        let (logits, row) = (logits.into_dispatch(), picked.count);
        let mut id = None;
        // The kernel writes in place where nobody else holds the pairs.
        picked.pairs.inplace(|pairs| {
            let (code, pairs) =
                Dispatch::pick(logits, others, pairs.into_dispatch(), kept, cell, row);
            id = Some(Tensor::from_dispatch(code));
            Tensor::from_dispatch(pairs)
        });
        picked.count += 1;
        id.expect("a code was picked")
    }

    fn draft_logits(&self, hidden: Tensor<2>, ahead: Tensor<3>) -> Tensor<2> {
        let [_, heads, d_model] = ahead.dims();
        let weight = self.look_ahead.clone().expect("the model looks ahead");
        let states = Dispatch::look_ahead(
            hidden.into_dispatch(),
            weight.into_dispatch(),
            ahead.reshape([heads, d_model]).into_dispatch(),
        );
        self.logits(Tensor::from_dispatch(states))
    }
}

/// Sequences being decoded.
#[derive(Debug, Clone)]
struct GpuSession {
    pass: Arc<GpuPass>,
    /// Keys and values by layer: `[batch, 2 * heads, head_dim, room]`, the keys of all heads before their values. Keys lie as
    /// said, values as `[room, head_dim]`, so that neighbours are read together in both.
    caches: Vec<Tensor<4>>,
    batch: usize,
    filled: usize,
}

/// A cache has room for a multiple of this many tokens.
const ROOM: usize = 32;

impl GpuSession {
    /// Puts keys and values of new tokens into the cache of a layer. Gives their queries.
    fn project_into_cache(&mut self, layer: usize, x: Tensor<2>) -> Tensor<2> {
        let block = &self.pass.blocks[layer];
        let (gamma, weight) = (block.attention_norm.clone(), block.qkv.clone());
        let rotary = self.pass.rotary.clone();
        let (filled, epsilon) = (self.filled, self.pass.epsilon);
        let mut queries = None;
        // The kernel writes in place where nobody else holds the cache.
        self.caches[layer].inplace(|cache| {
            let (q, cache) = Dispatch::project_into_cache(
                x.into_dispatch(),
                gamma.into_dispatch(),
                weight.into_dispatch(),
                rotary.into_dispatch(),
                cache.into_dispatch(),
                filled,
                epsilon,
            );
            queries = Some(Tensor::from_dispatch(q));
            Tensor::from_dispatch(cache)
        });
        queries.expect("the cache was written to")
    }

    /// What follows the projection: attention to the `seen` tokens in the cache, and the feed-forward part.
    fn rest_of_block(
        &self,
        layer: usize,
        block: &Block,
        x: Tensor<2>,
        q: Tensor<2>,
        seen: usize,
        causal: bool,
    ) -> Tensor<2> {
        let cache = self.caches[layer].clone();
        let read = Dispatch::attend(q.into_dispatch(), cache.into_dispatch(), seen, causal);
        let out = block.out.clone().into_dispatch();
        let x = Dispatch::project_add(x.into_dispatch(), read, out);
        let gamma = block.feed_forward_norm.clone();
        let (gate, up) = (block.gate.clone(), block.up.clone());
        let hidden = Dispatch::project_swiglu(
            x.clone(),
            gamma.into_dispatch(),
            gate.into_dispatch(),
            up.into_dispatch(),
            self.pass.epsilon,
        );
        let down = block.down.clone().into_dispatch();
        Tensor::from_dispatch(Dispatch::project_add(x, hidden, down))
    }
}

impl DecodeSession for GpuSession {
    fn filled(&self) -> usize {
        self.filled
    }

    fn rewind(&mut self, filled: usize) {
        assert!(filled <= self.filled, "{filled} tokens are not held");
        self.filled = filled;
    }

    fn step(&mut self, mut x: Tensor<2>) -> Predicted {
        let pass = self.pass.clone();
        let after = self.filled + x.dims()[0] / self.batch;
        assert!(after <= pass.total, "the cache is full");
        for (number, block) in pass.blocks.iter().enumerate() {
            let q = self.project_into_cache(number, x.clone());
            x = self.rest_of_block(number, block, x, q, after, true);
        }
        self.filled = after;
        let norm = pass.norm.clone().into_dispatch();
        let hidden = Dispatch::normalize(x.into_dispatch(), norm, pass.epsilon);
        let hidden: Tensor<2> = Tensor::from_dispatch(hidden);
        Predicted {
            logits: pass.logits(hidden.clone()),
            hidden,
        }
    }

    fn branch(&self) -> Box<dyn DecodeSession> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::devices;
    use burn::backend::DispatchDevice;
    use burn::tensor::Device;

    fn weights(halves: bool, device: &Device) -> TransformerWeights {
        let matrix = |rows, columns| Tensor::<2>::ones([rows, columns], device);
        TransformerWeights {
            heads: 2,
            total: 5,
            epsilon: 1e-5,
            halves,
            blocks: vec![BlockWeights {
                attention_norm: Tensor::ones([8], device),
                qkv: matrix(8, 24),
                out: matrix(8, 8),
                feed_forward_norm: Tensor::ones([8], device),
                gate_up: matrix(8, 32),
                down: matrix(16, 8),
            }],
            norm: Tensor::ones([8], device),
            unembedding: matrix(9, 8),
            look_ahead: vec![matrix(8, 8)],
            cos: Tensor::ones([1, 5, 1, 2], device),
            sin: Tensor::zeros([1, 5, 1, 2], device),
        }
    }

    #[test]
    fn matrices_have_16_bits_where_that_loses_nothing_and_the_device_can() {
        for device in devices() {
            let DispatchDevice::Cube(on) = device.as_dispatch() else {
                continue;
            };
            for halves in [false, true] {
                let pass = GpuPass::new(&weights(halves, &device), on).unwrap();
                let stored = match halves && device.supports_dtype(DType::F16) {
                    true => DType::F16,
                    false => DType::F32,
                };
                let Block {
                    attention_norm,
                    qkv,
                    out,
                    feed_forward_norm,
                    gate,
                    up,
                    down,
                } = &pass.blocks[0];
                let look_ahead = pass.look_ahead.as_ref().unwrap();
                for matrix in [qkv, out, gate, up, down, &pass.unembedding, look_ahead] {
                    assert_eq!(matrix.dtype(), stored);
                }
                for gamma in [attention_norm, feed_forward_norm, &pass.norm] {
                    assert_eq!(gamma.dtype(), DType::F32);
                }
            }
        }
    }
}
