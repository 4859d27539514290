//! Attention of a whole sequence: scores of some cases at a time, softmax, what they read.

use super::Tensor;
use super::rows;
use crate::nn::kernels::cube::grid::{cubes, cubes_of_units, units};
use crate::nn::kernels::cube::product::{Factor, Hidden, Place, Sizes, multiply};
use crate::nn::kernels::cube::reduce::UNITS;
use crate::nn::kernels::cube::{dims, like, most_numbers};
use burn::tensor::Shape;
use burn_cubecl::kernel::into_contiguous;

/// Queries, keys and values of all heads.
pub(super) struct Heads {
    /// `[batch, total, 3 * heads, head_dim]`
    qkv: Tensor,
    /// Queries and keys, rotated: `[batch, total, 2 * heads, head_dim]`
    turned: Tensor,
    cos: Tensor,
    sin: Tensor,
    prefix: usize,
    batch: usize,
    total: usize,
    heads: usize,
    head_dim: usize,
}

impl Heads {
    pub(super) fn new(qkv: Tensor, cos: Tensor, sin: Tensor, prefix: usize) -> Self {
        let qkv = into_contiguous(qkv);
        let (cos, sin) = (into_contiguous(cos), into_contiguous(sin));
        let [batch, total, thrice, head_dim] = dims(&qkv);
        let heads = thrice / 3;
        let turned = like(&qkv, Shape::from([batch, total, 2 * heads, head_dim]));
        let pairs = batch * total * heads * head_dim;
        rows::rotate::launch(
            &qkv.client,
            cubes_of_units(pairs),
            units(),
            qkv.clone().into_buffer_arg(),
            cos.clone().into_buffer_arg(),
            sin.clone().into_buffer_arg(),
            turned.clone().into_buffer_arg(),
            pairs,
            total,
            heads,
            head_dim / 2,
            scale(head_dim),
        );
        Self {
            qkv,
            turned,
            cos,
            sin,
            prefix,
            batch,
            total,
            heads,
            head_dim,
        }
    }

    /// `[batch, total, heads * head_dim]`
    pub(super) fn attend(&self) -> Tensor {
        let shape = [self.batch, self.total, self.heads * self.head_dim];
        let out = like(&self.qkv, Shape::from(shape));
        let read = self.width(1);
        for (first, cases) in self.groups() {
            let weights = self.weights(first, cases);
            multiply(
                self.sizes(cases, Hidden::Keys),
                self.of_scores(&weights),
                self.values(first),
                Factor::of(&out, read.from(first, 0)),
            );
        }
        out
    }

    /// Gradient of `qkv`, given that of what [`Self::attend`] gives.
    pub(super) fn gradient(&self, grad: Tensor) -> Tensor {
        let out = like(&self.qkv, self.qkv.meta.shape().clone());
        let (read, whole) = (self.width(1), self.width(3));
        for (first, cases) in self.groups() {
            let weights = self.weights(first, cases);
            let grad = Factor::of(&grad, read.from(first, 0));
            multiply(
                self.sizes(cases, Hidden::Queries),
                self.of_scores(&weights).transposed(),
                grad,
                Factor::of(&out, whole.from(first, 2)),
            );
            let scores = like(&weights, weights.meta.shape().clone());
            multiply(
                self.sizes(cases, Hidden::Output),
                grad,
                self.values(first).transposed(),
                self.of_scores(&scores),
            );
            let rows = cases * self.heads * self.total;
            rows::softmax_backward::launch(
                &scores.client,
                cubes(rows),
                units(),
                weights.into_buffer_arg(),
                scores.clone().into_buffer_arg(),
                rows,
                self.total,
                self.total.div_ceil(UNITS),
            );
            multiply(
                self.sizes(cases, Hidden::Keys),
                self.of_scores(&scores),
                self.turned(first, 1),
                Factor::of(&out, whole.from(first, 0)),
            );
            multiply(
                self.sizes(cases, Hidden::Queries),
                self.of_scores(&scores).transposed(),
                self.turned(first, 0),
                Factor::of(&out, whole.from(first, 1)),
            );
        }
        let pairs = self.batch * self.total * self.heads * self.head_dim;
        rows::rotate_backward::launch(
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

    /// First case and number of cases of groups whose scores fit.
    fn groups(&self) -> impl Iterator<Item = (usize, usize)> {
        let of_case = self.heads * self.total * self.total;
        let most = (most_numbers(&self.qkv) / of_case).max(1);
        (0..self.batch)
            .step_by(most)
            .map(move |first| (first, most.min(self.batch - first)))
    }

    /// How much every token looks at every other one, `[cases * heads, total, total]`.
    fn weights(&self, first: usize, cases: usize) -> Tensor {
        let matrices = cases * self.heads;
        let scores = like(&self.qkv, Shape::from([matrices, self.total, self.total]));
        multiply(
            self.sizes(cases, Hidden::Output),
            self.turned(first, 0),
            self.turned(first, 1).transposed(),
            self.of_scores(&scores),
        );
        let rows = matrices * self.total;
        rows::softmax::launch(
            &scores.client,
            cubes(rows),
            units(),
            scores.clone().into_buffer_arg(),
            rows,
            self.total,
            self.prefix,
            self.total.div_ceil(UNITS),
        );
        scores
    }

    /// What every token reads of the others, or the others of it.
    fn sizes(&self, cases: usize, hidden: Hidden) -> Sizes {
        let (columns, entries) = match hidden {
            Hidden::Output => (self.total, self.head_dim),
            _ => (self.head_dim, self.total),
        };
        Sizes {
            inner: self.heads,
            hidden,
            prefix: self.prefix,
            ..Sizes::of(cases, self.total, columns, entries)
        }
    }

    fn of_scores<'a>(&self, scores: &'a Tensor) -> Factor<'a> {
        let matrix = self.total * self.total;
        Factor::of(
            scores,
            Place {
                outer: self.heads * matrix,
                inner: matrix,
                ..Place::rows(self.total)
            },
        )
    }

    fn values(&self, first: usize) -> Factor<'_> {
        Factor::of(&self.qkv, self.width(3).from(first, 2))
    }

    /// Queries (part 0) or keys (part 1).
    fn turned(&self, first: usize, part: usize) -> Factor<'_> {
        Factor::of(&self.turned, self.width(2).from(first, part))
    }

    /// Tensors in which so many parts of all heads stand side by side.
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
    fn from(self, case: usize, part: usize) -> Place {
        let row = self.parts * self.heads * self.head_dim;
        Place {
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
