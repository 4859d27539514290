//! Scores of some cases at a time, as many as a buffer holds; then their softmax, then `P V`.

mod kernels;
mod mixed;

use super::AttentionOp;
use super::gradient::AttentionGradient;
use crate::gpu::grid::{cubes, cubes_of_units, units};
use crate::gpu::matmul::{CausalOperand, Sizes, StridedMatrix, Strides, multiply};
use crate::gpu::mixed::{factor, in_halves};
use crate::gpu::reduce::UNITS;
use crate::gpu::shapes::largest_buffer;
use crate::gpu::{dims, like};
use crate::precision::Precision;
use burn_cubecl::CubeBackend;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;

type Tensor = CubeTensor;

impl AttentionOp for CubeBackend {
    fn prefix_attention(
        qkv: Tensor,
        cos: Tensor,
        sin: Tensor,
        prefix: usize,
        precision: Precision,
    ) -> Tensor {
        Heads::new(qkv, cos, sin, prefix, precision).attend()
    }
}

impl AttentionGradient for CubeBackend {
    fn prefix_attention_backward(
        qkv: Tensor,
        cos: Tensor,
        sin: Tensor,
        prefix: usize,
        grad: Tensor,
        precision: Precision,
    ) -> Tensor {
        Heads::new(qkv, cos, sin, prefix, precision).gradient(into_contiguous(grad))
    }
}

/// Queries, keys and values of all heads.
struct Heads {
    /// `[batch, total, 3 * heads, head_dim]`
    qkv: Tensor,
    /// Queries and keys, rotated: `[batch, total, 2 * heads, head_dim]`
    rotated: Tensor,
    cos: Tensor,
    sin: Tensor,
    prefix: usize,
    precision: Precision,
    batch: usize,
    total: usize,
    heads: usize,
    head_dim: usize,
}

impl Heads {
    fn new(qkv: Tensor, cos: Tensor, sin: Tensor, prefix: usize, precision: Precision) -> Self {
        let qkv = into_contiguous(qkv);
        let (cos, sin) = (into_contiguous(cos), into_contiguous(sin));
        let [batch, total, thrice, head_dim] = dims(&qkv);
        let heads = thrice / 3;
        let rotated = like(&qkv, [batch, total, 2 * heads, head_dim]);
        let pairs = batch * total * heads * head_dim;
        kernels::rotate::launch(
            &qkv.client,
            cubes_of_units(pairs),
            units(),
            qkv.clone().into_buffer_arg(),
            cos.clone().into_buffer_arg(),
            sin.clone().into_buffer_arg(),
            rotated.clone().into_buffer_arg(),
            pairs,
            total,
            heads,
            head_dim / 2,
            scale(head_dim),
        );
        let factors = |x: Tensor| match in_halves(&x.device, precision) {
            // What is multiplied is cut out first.
            true => x,
            false => factor(x, precision),
        };
        Self {
            qkv: factors(qkv),
            rotated: factors(rotated),
            cos,
            sin,
            prefix,
            precision,
            batch,
            total,
            heads,
            head_dim,
        }
    }

    /// `[batch, total, heads * head_dim]`
    fn attend(&self) -> Tensor {
        if in_halves(&self.qkv.device, self.precision) {
            return self.attend_mixed();
        }
        let shape = [self.batch, self.total, self.heads * self.head_dim];
        let out = like(&self.qkv, shape);
        let out_width = self.width(1);
        for (first, cases) in self.groups() {
            let weights = factor(self.weights(first, cases), self.precision);
            multiply(
                self.sizes(cases, CausalOperand::First),
                self.scores_of(&weights),
                self.values(first),
                StridedMatrix::new(&out, out_width.strides(first, 0)),
            );
        }
        out
    }

    /// Gradient of `qkv`, given that of the output.
    fn gradient(&self, grad: Tensor) -> Tensor {
        let out = if in_halves(&self.qkv.device, self.precision) {
            self.gradient_mixed(grad)
        } else {
            self.gradient_in_tiles(factor(grad, self.precision))
        };
        let pairs = self.batch * self.total * self.heads * self.head_dim;
        kernels::rotate_backward::launch(
            &out.client,
            cubes_of_units(pairs),
            units(),
            out.clone().into_buffer_arg(),
            self.cos.clone().into_buffer_arg(),
            self.sin.clone().into_buffer_arg(),
            pairs,
            self.total,
            self.heads,
            self.head_dim / 2,
            scale(self.head_dim),
        );
        out
    }

    /// Gradient of queries, keys, both rotated, and values, side by side as in `qkv`.
    fn gradient_in_tiles(&self, grad: Tensor) -> Tensor {
        let out = like(&self.qkv, self.qkv.meta.shape().clone());
        let (out_width, qkv_width) = (self.width(1), self.width(3));
        for (first, cases) in self.groups() {
            let weights = self.weights(first, cases);
            let rounded = factor(weights.clone(), self.precision);
            let grad = StridedMatrix::new(&grad, out_width.strides(first, 0));
            multiply(
                self.sizes(cases, CausalOperand::FirstTransposed),
                self.scores_of(&rounded).transposed(),
                grad,
                StridedMatrix::new(&out, qkv_width.strides(first, 2)),
            );
            let scores = like(&weights, weights.meta.shape().clone());
            multiply(
                self.sizes(cases, CausalOperand::Output),
                grad,
                self.values(first).transposed(),
                self.scores_of(&scores),
            );
            self.softmax_backward(weights, &scores, cases);
            let scores = factor(scores, self.precision);
            multiply(
                self.sizes(cases, CausalOperand::First),
                self.scores_of(&scores),
                self.rotated(first, 1),
                StridedMatrix::new(&out, qkv_width.strides(first, 0)),
            );
            multiply(
                self.sizes(cases, CausalOperand::FirstTransposed),
                self.scores_of(&scores).transposed(),
                self.rotated(first, 0),
                StridedMatrix::new(&out, qkv_width.strides(first, 1)),
            );
        }
        out
    }

    /// First case and number of cases of groups whose scores fit.
    fn groups(&self) -> impl Iterator<Item = (usize, usize)> {
        let of_case = self.heads * self.total * self.total;
        let most = (largest_buffer(&self.qkv) / of_case).max(1);
        (0..self.batch)
            .step_by(most)
            .map(move |first| (first, most.min(self.batch - first)))
    }

    /// Attention weights: softmax of the scores, `[cases * heads, total, total]`.
    fn weights(&self, first: usize, cases: usize) -> Tensor {
        let matrices = cases * self.heads;
        let scores = like(&self.qkv, [matrices, self.total, self.total]);
        multiply(
            self.sizes(cases, CausalOperand::Output),
            self.rotated(first, 0),
            self.rotated(first, 1).transposed(),
            self.scores_of(&scores),
        );
        self.softmax(&scores);
        scores
    }

    /// Softmax of every row, in place, over what its token may see.
    fn softmax(&self, scores: &Tensor) {
        let rows = scores.meta.shape().num_elements() / self.total;
        kernels::softmax::launch(
            &scores.client,
            cubes(rows),
            units(),
            scores.clone().into_buffer_arg(),
            rows,
            self.total,
            self.prefix,
            self.total.div_ceil(UNITS),
        );
    }

    /// Of the gradient of attention weights that of the scores, in place.
    fn softmax_backward(&self, weights: Tensor, scores: &Tensor, cases: usize) {
        let rows = cases * self.heads * self.total;
        kernels::softmax_backward::launch(
            &scores.client,
            cubes(rows),
            units(),
            weights.into_buffer_arg(),
            scores.clone().into_buffer_arg(),
            rows,
            self.total,
            self.total.div_ceil(UNITS),
        );
    }

    /// Sizes of `Q Kᵀ` where the output is causal, else of `P V` and `Pᵀ grad`.
    fn sizes(&self, cases: usize, causal: CausalOperand) -> Sizes {
        let (columns, entries) = match causal {
            CausalOperand::Output => (self.total, self.head_dim),
            _ => (self.head_dim, self.total),
        };
        Sizes {
            inner: self.heads,
            causal,
            prefix: self.prefix,
            ..Sizes::new(cases, self.total, columns, entries)
        }
    }

    fn scores_of<'a>(&self, scores: &'a Tensor) -> StridedMatrix<'a> {
        let matrix = self.total * self.total;
        StridedMatrix::new(
            scores,
            Strides {
                outer: self.heads * matrix,
                inner: matrix,
                ..Strides::rows(self.total)
            },
        )
    }

    fn values(&self, first: usize) -> StridedMatrix<'_> {
        StridedMatrix::new(&self.qkv, self.width(3).strides(first, 2))
    }

    /// Queries (part 0) or keys (part 1).
    fn rotated(&self, first: usize, part: usize) -> StridedMatrix<'_> {
        StridedMatrix::new(&self.rotated, self.width(2).strides(first, part))
    }

    /// Layout of tensors in which `parts` (of queries, keys, values) of all heads stand side by side.
    fn width(&self, parts: usize) -> Width {
        Width {
            parts,
            total: self.total,
            heads: self.heads,
            head_dim: self.head_dim,
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Width {
    parts: usize,
    total: usize,
    heads: usize,
    head_dim: usize,
}

impl Width {
    /// The matrices `[total, head_dim]` of one part, from a case on.
    fn strides(self, case: usize, part: usize) -> Strides {
        let row = self.parts * self.heads * self.head_dim;
        Strides {
            first: case * self.total * row + part * self.heads * self.head_dim,
            outer: self.total * row,
            inner: self.head_dim,
            row,
            column: 1,
        }
    }
}

fn scale(head_dim: usize) -> f32 {
    (head_dim as f32).powf(-0.5)
}
