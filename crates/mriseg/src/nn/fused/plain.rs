//! The operations as burn composes them.

use crate::nn::RotaryTable;
use burn::tensor::activation::{log_softmax, silu};
use burn::tensor::module::attention;
use burn::tensor::ops::AttentionModuleOptions;
use burn::tensor::{Int, Tensor};
use std::ops::Range;

/// See [`super::prefix_attention`].
pub(super) fn prefix_attention(
    qkv: Tensor<4>,
    rotary: &RotaryTable,
    causal: Tensor<4>,
    prefix: usize,
) -> Tensor<3> {
    let [batch, total, thrice, head_dim] = qkv.dims();
    let heads = thrice / 3;
    let turned = rotary.rotate(qkv.clone().slice_dim(2, 0..2 * heads));
    let q = turned.clone().slice_dim(2, 0..heads).swap_dims(1, 2);
    let k = turned.slice_dim(2, heads..2 * heads).swap_dims(1, 2);
    let v = qkv.slice_dim(2, 2 * heads..thrice).swap_dims(1, 2);
    let tokens = |t: &Tensor<4>, range: Range<usize>| t.clone().slice_dim(2, range);
    let read = attention(
        tokens(&q, 0..prefix),
        tokens(&k, 0..prefix),
        tokens(&v, 0..prefix),
        None,
        None,
        AttentionModuleOptions::default(),
    );
    if prefix == total {
        return read
            .swap_dims(1, 2)
            .reshape([batch, total, heads * head_dim]);
    }
    let written = attention(
        tokens(&q, prefix..total),
        k,
        v,
        None,
        Some(causal),
        AttentionModuleOptions::default(),
    );
    Tensor::cat(vec![read, written], 2)
        .swap_dims(1, 2)
        .reshape([batch, total, heads * head_dim])
}

/// See [`super::swiglu`].
pub(super) fn swiglu(gate_up: Tensor<3>) -> Tensor<3> {
    let d_hidden = gate_up.dims()[2] / 2;
    let gate = gate_up.clone().slice_dim(2, 0..d_hidden);
    silu(gate) * gate_up.slice_dim(2, d_hidden..2 * d_hidden)
}

/// See [`super::cross_entropy`].
pub(super) fn cross_entropy(logits: Tensor<3>, targets: Tensor<2, Int>) -> Tensor<2> {
    let [batch, positions, _] = logits.dims();
    log_softmax(logits, 2)
        .gather(2, targets.unsqueeze_dim(2))
        .neg()
        .reshape([batch, positions])
}
