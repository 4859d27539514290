//! Attention with factors of 16 bits, each product of all heads at once: nothing is left out for being ahead of its query.

use super::{Heads, Tensor};
use crate::gpu::mixed::{factor, product};
use burn::backend::ops::FloatTensorOps;
use burn::tensor::{Shape, Slice};
use burn_cubecl::CubeBackend;
use burn_cubecl::kernel::into_contiguous;

/// Queries, keys and values of some cases: `[cases, heads, total, head_dim]` each.
pub(super) struct Factors {
    pub(super) queries: Tensor,
    pub(super) keys: Tensor,
    pub(super) values: Tensor,
}

impl Heads {
    /// The factors of `cases` cases from `first` on.
    pub(super) fn factors(&self, first: usize, cases: usize) -> Factors {
        let part = |x: &Tensor, part: usize| {
            let heads = part * self.heads..(part + 1) * self.heads;
            let slices = [
                Slice::from(first..first + cases),
                Slice::full(),
                heads.into(),
            ];
            let x = CubeBackend::float_slice(x.clone(), &slices);
            factor(into_contiguous(swapped(x)), self.precision)
        };
        Factors {
            queries: part(&self.rotated, 0),
            keys: part(&self.rotated, 1),
            values: part(&self.qkv, 2),
        }
    }

    /// `[batch, total, heads * head_dim]`
    pub(super) fn attend_mixed(&self) -> Tensor {
        let read = self.groups().map(|(first, cases)| {
            let of = self.factors(first, cases);
            let weights = factor(self.weights_mixed(&of), self.precision);
            swapped(product(weights, of.values))
        });
        let read = joined(read.collect(), 0);
        let shape = [self.batch, self.total, self.heads * self.head_dim];
        CubeBackend::float_reshape(read, Shape::from(shape))
    }

    /// Gradient of queries, keys, both rotated, and values, side by side as in `qkv`.
    pub(super) fn gradient_mixed(&self, grad: Tensor) -> Tensor {
        let shape = [self.batch, self.total, self.heads, self.head_dim];
        let grad = CubeBackend::float_reshape(grad, Shape::from(shape));
        let of_groups = self.groups().map(|(first, cases)| {
            let of = self.factors(first, cases);
            let grad = CubeBackend::float_slice(grad.clone(), &[Slice::from(first..first + cases)]);
            let grad = factor(into_contiguous(swapped(grad)), self.precision);
            let weights = self.weights_mixed(&of);
            let scores = into_contiguous(product(grad.clone(), transposed(of.values)));
            self.softmax_backward(weights.clone(), &scores, cases);
            let [weights, scores] = [weights, scores].map(|x| factor(x, self.precision));
            let grads = [
                product(scores.clone(), of.keys),
                product(transposed(scores), of.queries),
                product(transposed(weights), grad),
            ];
            joined(grads.map(swapped).into(), 2)
        });
        into_contiguous(joined(of_groups.collect(), 0))
    }

    /// Softmax of the scores: `[cases, heads, total, total]`.
    fn weights_mixed(&self, of: &Factors) -> Tensor {
        let scores = product(of.queries.clone(), transposed(of.keys.clone()));
        let scores = into_contiguous(scores);
        self.softmax(&scores);
        scores
    }
}

/// `[_, a, b, _]` as `[_, b, a, _]`.
fn swapped(x: Tensor) -> Tensor {
    CubeBackend::float_swap_dims(x, 1, 2)
}

/// The transposes of all matrices.
fn transposed(x: Tensor) -> Tensor {
    CubeBackend::float_swap_dims(x, 2, 3)
}

fn joined(mut parts: Vec<Tensor>, dim: usize) -> Tensor {
    match parts.len() {
        1 => parts.swap_remove(0),
        _ => CubeBackend::float_cat(parts, dim),
    }
}
