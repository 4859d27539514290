use super::*;
use crate::testing::{compare, compare_precisions, random, training_devices};
use burn::tensor::Int;

/// Cosines and sines of some angles: `[1, total, 1, head_dim / 2]` each.
fn rotations(total: usize, head_dim: usize, device: &Device) -> (Tensor<4>, Tensor<4>) {
    let angles = Tensor::<1, Int>::arange(0..(total * head_dim / 2) as i64, device)
        .float()
        .mul_scalar(0.37)
        .reshape([1, total, 1, head_dim / 2])
        .detach();
    (angles.clone().cos(), angles.sin())
}

#[test]
fn attention_with_factors_of_16_bits_is_that_of_32_but_for_rounding() {
    for device in training_devices() {
        // More scores than a buffer holds: several groups of cases.
        for (batch, prefix, mask, heads, head_dim) in [(2, 7, 4, 1, 4), (3, 60, 30, 2, 12)] {
            let total = prefix + mask;
            let (cos, sin) = rotations(total, head_dim, &device);
            let qkv = random([batch, total, 3 * heads, head_dim], &device);
            compare_precisions(&qkv, || {
                prefix_attention(qkv.clone(), cos.clone(), sin.clone(), prefix)
            });
        }
    }
}

#[test]
fn attention_and_its_gradient_are_those_of_the_reference() {
    for device in training_devices() {
        for (batch, prefix, mask, heads, head_dim) in [
            (1, 7, 4, 1, 4),
            (2, 96, 64, 3, 32),
            (3, 174, 169, 2, 12),
            // A prefix without a mask.
            (2, 37, 0, 3, 32),
        ] {
            let total = prefix + mask;
            let (cos, sin) = rotations(total, head_dim, &device);
            // Not contiguous, as a view of a larger tensor.
            let wide = random([batch, total, 3 * heads, head_dim + 4], &device);
            let qkv = || wide.clone().slice_dim(3, 0..head_dim);
            compare(
                &wide,
                prefix_attention(qkv(), cos.clone(), sin.clone(), prefix),
                reference(qkv(), &cos, &sin, prefix),
            );
        }
    }
}
