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
use crate::layout::transposed_copy;
use burn::backend::Dispatch;
use burn::tensor::{Int, Tensor};
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
    /// Rotary positions of queries, keys and values: `[1, total, 3 * heads, head_dim / 2]`.
    cos: Tensor<4>,
    sin: Tensor<4>,
    epsilon: f32,
    heads: usize,
    head_dim: usize,
    total: usize,
    /// Tokens that a cache has room for.
    room: usize,
}

/// The weights of a block, with the `γ` of the norm before them.
#[derive(Debug)]
struct Block {
    qkv: Tensor<2>,
    out: Tensor<2>,
    gate: Tensor<2>,
    up: Tensor<2>,
    down: Tensor<2>,
}

impl Block {
    fn new(weights: &BlockWeights) -> Self {
        let gate_up = after_norm(&weights.feed_forward_norm, &weights.gate_up);
        Self {
            qkv: after_norm(&weights.attention_norm, &weights.qkv),
            out: weights.out.clone(),
            gate: half_of_columns(&gate_up, 0),
            up: half_of_columns(&gate_up, 1),
            down: weights.down.clone(),
        }
    }
}

impl GpuPass {
    /// Takes the weights as they are now; `None` where a workgroup of the device has no room for them.
    pub(crate) fn new(weights: &TransformerWeights, device: &CubeDevice) -> Option<Self> {
        let room = weights.total.next_multiple_of(ROOM);
        kernels::fit(device, weights, room).then(|| {
            let (cos, sin) = rotary_of_qkv(weights);
            let look_ahead = &weights.look_ahead;
            Self {
                blocks: weights.blocks.iter().map(Block::new).collect(),
                norm: weights.norm.clone(),
                unembedding: transposed_copy(weights.unembedding.clone()),
                look_ahead: (!look_ahead.is_empty()).then(|| Tensor::cat(look_ahead.clone(), 1)),
                cos,
                sin,
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

/// Cosines and sines for queries, keys and values in one tensor: queries are also scaled by `head_dim^-1/2`, values stay
/// as they are.
fn rotary_of_qkv(weights: &TransformerWeights) -> (Tensor<4>, Tensor<4>) {
    let (heads, scale) = (weights.heads, (weights.head_dim() as f32).powf(-0.5));
    let table = |of_keys: &Tensor<4>, of_values: f32| {
        let keys = of_keys.clone().repeat_dim(2, heads);
        let queries = keys.clone().mul_scalar(scale);
        let values = keys.full_like(of_values);
        Tensor::cat(vec![queries, keys, values], 2)
    };
    (table(&weights.cos, 1.0), table(&weights.sin, 0.0))
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
        let weight = self.pass.blocks[layer].qkv.clone();
        let (cos, sin) = (self.pass.cos.clone(), self.pass.sin.clone());
        let (filled, epsilon) = (self.filled, self.pass.epsilon);
        let mut queries = None;
        // The kernel writes in place where nobody else holds the cache.
        self.caches[layer].inplace(|cache| {
            let (q, cache) = Dispatch::project_into_cache(
                x.into_dispatch(),
                weight.into_dispatch(),
                cos.into_dispatch(),
                sin.into_dispatch(),
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
        let (gate, up) = (block.gate.clone(), block.up.clone());
        let hidden = Dispatch::project_swiglu(
            x.clone(),
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

/// The weights of a linear layer with the `γ` of the norm before it: `[d_in, d_out]`.
fn after_norm(gamma: &Tensor<1>, weight: &Tensor<2>) -> Tensor<2> {
    weight.clone() * gamma.clone().unsqueeze_dim(1)
}
