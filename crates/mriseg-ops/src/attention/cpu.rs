//! Head by head and a block of queries at a time, so that scores stay in the processor's cache and are never kept (Dao et
//! al. 2022, arXiv 2205.14135, for GPUs): the backward pass recomputes them.

use super::AttentionOp;
use super::gradient::AttentionGradient;
use crate::cpu::shapes::{like, rounded};
use crate::cpu::{Tensor, dims, floats, tensor};
use crate::precision::Precision;
use crate::rows::{dot, softmax};
use burn::backend::Flex;
use burn::backend::flex::Layout;
use burn::backend::ops::FloatTensorOps;
use rayon::prelude::*;
use std::ops::Range;

impl AttentionOp for Flex {
    fn prefix_attention(
        qkv: Tensor,
        cos: Tensor,
        sin: Tensor,
        prefix: usize,
        precision: Precision,
    ) -> Tensor {
        Heads::new(&qkv, &cos, &sin, prefix, precision).attend()
    }
}

impl AttentionGradient for Flex {
    fn prefix_attention_backward(
        qkv: Tensor,
        cos: Tensor,
        sin: Tensor,
        prefix: usize,
        grad: Tensor,
        precision: Precision,
    ) -> Tensor {
        let grad = rounded(grad, precision).to_contiguous();
        Heads::new(&qkv, &cos, &sin, prefix, precision).gradient(&grad)
    }
}

/// Queries of a block.
const BLOCK: usize = 64;

/// Queries, keys and values with their rotary positions, queries times `head_dim^-1/2`.
struct Heads {
    /// `[batch, total, 3 * heads, head_dim]`
    qkv: Tensor,
    angles: Angles,
    batch: usize,
    total: usize,
    heads: usize,
    head_dim: usize,
    prefix: usize,
    precision: Precision,
}

/// `[total, head_dim / 2]` each.
struct Angles {
    cos: Tensor,
    sin: Tensor,
}

/// Queries at `rows` see the first `visible` tokens; if `causal`, none after themselves.
struct Block {
    rows: Range<usize>,
    visible: usize,
    causal: bool,
}

/// What the heads of a sequence are made of.
#[derive(Clone, Copy)]
enum Part {
    Queries,
    Keys,
    Values,
}

impl Heads {
    fn new(qkv: &Tensor, cos: &Tensor, sin: &Tensor, prefix: usize, precision: Precision) -> Self {
        let [batch, total, thrice, head_dim] = dims(qkv);
        let qkv = qkv.to_contiguous();
        let angles = Angles {
            cos: cos.to_contiguous(),
            sin: sin.to_contiguous(),
        };
        let mut rotated = floats(&qkv).to_vec();
        angles.rotate(&mut rotated, thrice / 3, head_dim, 1.0);
        Self {
            qkv: rounded(like(&qkv, rotated), precision),
            angles,
            batch,
            total,
            heads: thrice / 3,
            head_dim,
            prefix,
            precision,
        }
    }

    /// What the queries read: `[batch, total, heads * head_dim]`.
    fn attend(&self) -> Tensor {
        let width = self.heads * self.head_dim;
        let read = self.each_head(|sequence, head| {
            let mut read = Vec::with_capacity(self.total * self.head_dim);
            for block in self.blocks() {
                let weights = rounded(self.weights(sequence, head, &block), self.precision);
                let values = self.tokens(Part::Values, sequence, head, 0..block.visible);
                read.extend_from_slice(floats(&Flex::float_matmul(weights, values)));
            }
            read
        });
        let mut out = vec![0.0; self.batch * self.total * width];
        for (i, read) in read.iter().enumerate() {
            self.put(&mut out, i, width, i % self.heads, read);
        }
        tensor(out, [self.batch, self.total, width])
    }

    /// Gradient of what [`Self::new`] was given, from that of what was read.
    fn gradient(&self, grad: &Tensor) -> Tensor {
        let gradients = self.each_head(|sequence, head| self.head_gradient(sequence, head, grad));
        let width = 3 * self.heads * self.head_dim;
        let mut out = vec![0.0; self.batch * self.total * width];
        for (i, parts) in gradients.iter().enumerate() {
            for (part, values) in parts.iter().enumerate() {
                let head = part * self.heads + i % self.heads;
                self.put(&mut out, i, width, head, values);
            }
        }
        self.angles
            .rotate(&mut out, self.heads, self.head_dim, -1.0);
        like(&self.qkv, out)
    }

    /// Gradients of queries, keys and values of a head, `[total, head_dim]` each.
    fn head_gradient(&self, sequence: usize, head: usize, grad: &Tensor) -> [Vec<f32>; 3] {
        let head_dim = self.head_dim;
        let mut grad_queries = Vec::with_capacity(self.total * head_dim);
        let mut grad_keys = vec![0.0; self.total * head_dim];
        let mut grad_values = vec![0.0; self.total * head_dim];
        let add = |sum: &mut [f32], more: &Tensor| {
            for (sum, more) in sum.iter_mut().zip(floats(more)) {
                *sum += more;
            }
        };
        let width = self.heads * head_dim;
        for block in self.blocks() {
            let tokens = |part| self.tokens(part, sequence, head, 0..block.visible);
            let queries = self.tokens(Part::Queries, sequence, head, block.rows.clone());
            let grad = {
                let first = (sequence * self.total + block.rows.start) * width + head * head_dim;
                view(grad, first, [block.rows.len(), head_dim], width)
            };
            let weights = self.weights(sequence, head, &block);
            add(
                &mut grad_values,
                &Flex::float_matmul(
                    rounded(weights.clone(), self.precision).transpose(0, 1),
                    grad.clone(),
                ),
            );
            // Of the weights; then, in place, of the scores.
            let mut grad_scores = Flex::float_matmul(grad, tokens(Part::Values).transpose(0, 1));
            let rows = grad_scores
                .storage_mut::<f32>()
                .chunks_exact_mut(block.visible);
            for (row, weights) in rows.zip(floats(&weights).chunks_exact(block.visible)) {
                let mean = dot(row, weights);
                for (grad, weight) in row.iter_mut().zip(weights) {
                    *grad = weight * (*grad - mean);
                }
            }
            let grad_scores = rounded(grad_scores, self.precision);
            add(
                &mut grad_keys,
                &Flex::float_matmul(grad_scores.transpose(0, 1), queries),
            );
            let queries = Flex::float_matmul(grad_scores, tokens(Part::Keys));
            grad_queries.extend_from_slice(floats(&queries));
        }
        [grad_queries, grad_keys, grad_values]
    }

    /// Softmax of the scores of a block: `[rows, visible]`.
    fn weights(&self, sequence: usize, head: usize, block: &Block) -> Tensor {
        let queries = self.tokens(Part::Queries, sequence, head, block.rows.clone());
        let keys = self.tokens(Part::Keys, sequence, head, 0..block.visible);
        let mut scores = Flex::float_matmul(queries, keys.transpose(0, 1));
        let rows = scores.storage_mut::<f32>().chunks_exact_mut(block.visible);
        for (token, row) in block.rows.clone().zip(rows) {
            if block.causal {
                row[token + 1..].fill(f32::NEG_INFINITY);
            }
            softmax(row);
        }
        scores
    }

    fn blocks(&self) -> impl Iterator<Item = Block> {
        let (prefix, total) = (self.prefix, self.total);
        let of = move |range: Range<usize>, causal| {
            range.clone().step_by(BLOCK).map(move |first| {
                let end = range.end.min(first + BLOCK);
                Block {
                    rows: first..end,
                    visible: if causal { end } else { range.end },
                    causal,
                }
            })
        };
        of(0..prefix, false).chain(of(prefix..total, true))
    }

    /// `[range.len(), head_dim]`
    fn tokens(&self, part: Part, sequence: usize, head: usize, range: Range<usize>) -> Tensor {
        let width = 3 * self.heads * self.head_dim;
        let head = part as usize * self.heads + head;
        let first = (sequence * self.total + range.start) * width + head * self.head_dim;
        view(&self.qkv, first, [range.len(), self.head_dim], width)
    }

    /// `compute` of every sequence and head, sequence by sequence.
    fn each_head<R: Send>(&self, compute: impl Fn(usize, usize) -> R + Sync) -> Vec<R> {
        (0..self.batch * self.heads)
            .into_par_iter()
            .map(|i| compute(i / self.heads, i % self.heads))
            .collect()
    }

    /// Puts `values`, `[total, head_dim]`, of the `i`th head of all to the place of head `head` of a token's `width`.
    fn put(&self, out: &mut [f32], i: usize, width: usize, head: usize, values: &[f32]) {
        let tokens = out
            .chunks_exact_mut(width)
            .skip(i / self.heads * self.total);
        for (token, values) in tokens.zip(values.chunks_exact(self.head_dim)) {
            token[head * self.head_dim..][..self.head_dim].copy_from_slice(values);
        }
    }
}

impl Angles {
    /// Rotates queries and keys by these angles, or with `sign` -1 back, and scales queries.
    fn rotate(&self, qkv: &mut [f32], heads: usize, head_dim: usize, sign: f32) {
        let half = head_dim / 2;
        let scale = (head_dim as f32).sqrt().recip();
        let (cos, sin) = (floats(&self.cos), floats(&self.sin));
        let positions = cos.chunks_exact(half).zip(sin.chunks_exact(half)).cycle();
        for (token, (cos, sin)) in qkv.chunks_exact_mut(3 * heads * head_dim).zip(positions) {
            let queries_and_keys = token[..2 * heads * head_dim].chunks_exact_mut(head_dim);
            for (head, channels) in queries_and_keys.enumerate() {
                let scale = if head < heads { scale } else { 1.0 };
                let (first, second) = channels.split_at_mut(half);
                for i in 0..half {
                    let (cos, sin) = (scale * cos[i], scale * sign * sin[i]);
                    let (a, b) = (first[i], second[i]);
                    (first[i], second[i]) = (a * cos - b * sin, a * sin + b * cos);
                }
            }
        }
    }
}

/// Rows that begin `step` floats after each other.
fn view(tensor: &Tensor, first: usize, shape: [usize; 2], step: usize) -> Tensor {
    let layout = Layout::new(shape.into(), vec![step as isize, 1], first);
    tensor.clone().with_layout(layout)
}
