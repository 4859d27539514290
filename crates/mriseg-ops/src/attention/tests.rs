use super::*;
use crate::testing::{compare, random, training_devices};

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
            let angles =
                Tensor::<1, burn::tensor::Int>::arange(0..(total * head_dim / 2) as i64, &device)
                    .float()
                    .mul_scalar(0.37)
                    .reshape([1, total, 1, head_dim / 2])
                    .detach();
            let (cos, sin) = (angles.clone().cos(), angles.sin());
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
