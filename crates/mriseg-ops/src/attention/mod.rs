//! Multi-head attention (Vaswani et al. 2017, arXiv 1706.03762) over `[prefix | mask]` with rotary positions (Su et al.
//! 2021, arXiv 2104.09864): `softmax(Q Kᵀ / sqrt(head_dim) + bias) V`, where tokens of the prefix see the prefix, and those
//! of the mask see the prefix and the mask up to themselves.

#[cfg(all(feature = "cpu", feature = "gradients"))]
mod cpu;
#[cfg(all(feature = "gpu", feature = "gradients"))]
mod gpu;
#[cfg(feature = "gradients")]
mod gradient;
#[cfg(all(test, feature = "gradients"))]
mod tests;

use crate::capability::trains;
use crate::precision::{self, Precision};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::tensor::module::attention;
use burn::tensor::ops::AttentionModuleOptions;
use burn::tensor::{Device, Tensor, TensorData};
use std::ops::Range;

/// [`prefix_attention`] of a backend.
#[backend_extension(
    Cube: cfg(all(feature = "gpu", feature = "gradients")),
    Flex: cfg(all(feature = "cpu", feature = "gradients")),
    Autodiff: cfg(feature = "gradients")
)]
pub trait AttentionOp: Backend {
    /// # Shapes
    /// - qkv: `[batch, total, 3 * heads, head_dim]`
    /// - cos, sin: `[1, total, 1, head_dim / 2]`
    /// - output: `[batch, total, heads * head_dim]`
    fn prefix_attention(
        qkv: FloatTensor<Self>,
        cos: FloatTensor<Self>,
        sin: FloatTensor<Self>,
        prefix: usize,
        precision: Precision,
    ) -> FloatTensor<Self>;
}

/// Attention of a whole sequence to itself.
///
/// # Shapes
/// - qkv: `[batch, total, 3 * heads, head_dim]`, queries, then keys, then values
/// - cos, sin: `[1, total, 1, head_dim / 2]`, of the angle by which each pair of channels is rotated
/// - output: `[batch, total, heads * head_dim]`
pub fn prefix_attention(
    qkv: Tensor<4>,
    cos: Tensor<4>,
    sin: Tensor<4>,
    prefix: usize,
) -> Tensor<3> {
    if !trains(&qkv) {
        return reference(qkv, &cos, &sin, prefix);
    }
    let (cos, sin) = (cos.into_dispatch(), sin.into_dispatch());
    let qkv = qkv.into_dispatch();
    let precision = precision::current();
    Tensor::from_dispatch(Dispatch::prefix_attention(qkv, cos, sin, prefix, precision))
}

fn reference(qkv: Tensor<4>, cos: &Tensor<4>, sin: &Tensor<4>, prefix: usize) -> Tensor<3> {
    let [_, total, _, _] = qkv.dims();
    let [q, k, v] = rotated_heads(qkv, cos, sin);
    let tokens = |t: &Tensor<4>, range: Range<usize>| t.clone().slice_dim(1, range);
    let [q_prefix, k_prefix, v_prefix] = [&q, &k, &v].map(|t| tokens(t, 0..prefix));
    let of_prefix = attend(q_prefix, k_prefix, v_prefix, None);
    if prefix == total {
        return of_prefix;
    }
    let bias = causal_bias(prefix, total - prefix, &q.device());
    let of_mask = attend(tokens(&q, prefix..total), k, v, Some(bias));
    Tensor::cat(vec![of_prefix, of_mask], 1)
}

/// Queries and keys with their rotary positions, and values.
///
/// # Shapes
/// - qkv: `[batch, tokens, 3 * heads, head_dim]`
/// - cos, sin: `[1, tokens, 1, head_dim / 2]`
/// - output: `[batch, tokens, heads, head_dim]` each
pub fn rotated_heads(qkv: Tensor<4>, cos: &Tensor<4>, sin: &Tensor<4>) -> [Tensor<4>; 3] {
    let heads = qkv.dims()[2] / 3;
    let part = |part: usize| qkv.clone().slice_dim(2, part * heads..(part + 1) * heads);
    [
        rotate(part(0), cos, sin),
        rotate(part(1), cos, sin),
        part(2),
    ]
}

/// `(a cos − b sin, a sin + b cos)` for the halves `a` and `b` of every head.
///
/// # Shapes
/// - x, output: `[batch, tokens, heads, head_dim]`
/// - cos, sin: `[1, tokens, 1, head_dim / 2]`
pub fn rotate(x: Tensor<4>, cos: &Tensor<4>, sin: &Tensor<4>) -> Tensor<4> {
    let half = x.dims()[3] / 2;
    let a = x.clone().slice_dim(3, 0..half);
    let b = x.slice_dim(3, half..2 * half);
    let first = a.clone() * cos.clone() - b.clone() * sin.clone();
    let second = a * sin.clone() + b * cos.clone();
    Tensor::cat(vec![first, second], 3)
}

/// `softmax(Q Kᵀ / sqrt(head_dim) + bias) V`.
///
/// # Shapes
/// - q: `[batch, queries, heads, head_dim]`
/// - k, v: `[batch, keys, heads, head_dim]`
/// - bias: `[1, 1, queries, keys]`
/// - output: `[batch, queries, heads * head_dim]`
pub fn attend(q: Tensor<4>, k: Tensor<4>, v: Tensor<4>, bias: Option<Tensor<4>>) -> Tensor<3> {
    let [batch, queries, heads, head_dim] = q.dims();
    let [q, k, v] = [q, k, v].map(|t| t.swap_dims(1, 2));
    attention(q, k, v, None, bias, AttentionModuleOptions::default())
        .swap_dims(1, 2)
        .reshape([batch, queries, heads * head_dim])
}

/// Additive bias of `new` tokens after `before` others, `[1, 1, new, before + new]`: 0 up to themselves, a very large
/// negative number ahead of them.
pub fn causal_bias(before: usize, new: usize, device: &Device) -> Tensor<4> {
    const NEVER: f32 = -1e9;
    let total = before + new;
    let values: Vec<f32> = (0..new)
        .flat_map(|row| {
            (0..total).map(move |column| if column <= before + row { 0.0 } else { NEVER })
        })
        .collect();
    Tensor::from_data(TensorData::new(values, [1, 1, new, total]), device)
}
