use super::GroupNormOp;
use super::gradient::GroupNormGradient;
use crate::cpu::shapes::like;
use crate::cpu::{Tensor, dims, floats, tensor};
use crate::rows::{dot, sum};
use burn::backend::Flex;

impl GroupNormOp for Flex {
    fn group_norm(x: Tensor, gamma: Tensor, beta: Tensor, groups: usize, epsilon: f32) -> Tensor {
        let (x, gamma, beta) = (
            x.to_contiguous(),
            gamma.to_contiguous(),
            beta.to_contiguous(),
        );
        let [_, channels, height, width] = dims(&x);
        let pixels = height * width;
        let (gamma, beta) = (floats(&gamma), floats(&beta));
        let mut out = floats(&x).to_vec();
        for (i, group) in out.chunks_exact_mut(channels / groups * pixels).enumerate() {
            let scale = center(group, epsilon);
            let first = i % groups * channels / groups;
            for (channel, values) in (first..).zip(group.chunks_exact_mut(pixels)) {
                for value in values {
                    *value = *value * scale * gamma[channel] + beta[channel];
                }
            }
        }
        like(&x, out)
    }
}

impl GroupNormGradient for Flex {
    fn group_norm_backward(
        x: Tensor,
        gamma: Tensor,
        groups: usize,
        epsilon: f32,
        grad: Tensor,
    ) -> [Tensor; 3] {
        let (x, gamma, grad) = (
            x.to_contiguous(),
            gamma.to_contiguous(),
            grad.to_contiguous(),
        );
        let [_, channels, height, width] = dims(&x);
        let pixels = height * width;
        let (mut grad_gamma, mut grad_beta) = (vec![0.0; channels], vec![0.0; channels]);
        let gamma = floats(&gamma);
        let count = channels / groups * pixels;
        let mut out = floats(&grad).to_vec();
        let mut centered = floats(&x).to_vec();
        let pairs = (centered.chunks_exact_mut(count)).zip(out.chunks_exact_mut(count));
        for (i, (group, grad)) in pairs.enumerate() {
            let scale = center(group, epsilon);
            let first = i % groups * channels / groups;
            // Means of h and of h x̂.
            let (mut mean, mut mean_normal) = (0.0, 0.0);
            let values = group.chunks_exact(pixels);
            for (channel, (values, grad)) in (first..).zip(values.zip(grad.chunks_exact(pixels))) {
                let (total, normal) = (sum(grad), dot(values, grad) * scale);
                grad_beta[channel] += total;
                grad_gamma[channel] += normal;
                mean += gamma[channel] * total;
                mean_normal += gamma[channel] * normal;
            }
            let (mean, mean_normal) = (mean / count as f32, mean_normal / count as f32);
            let values = group.chunks_exact(pixels);
            for (channel, (values, grad)) in
                (first..).zip(values.zip(grad.chunks_exact_mut(pixels)))
            {
                for (value, grad) in values.iter().zip(grad) {
                    *grad = scale * (*grad * gamma[channel] - mean - value * scale * mean_normal);
                }
            }
        }
        [
            like(&x, out),
            tensor(grad_gamma, [channels]),
            tensor(grad_beta, [channels]),
        ]
    }
}

/// Moves the mean to zero. Gives the inverse of the deviation.
fn center(values: &mut [f32], epsilon: f32) -> f32 {
    let count = values.len() as f32;
    let mean = sum(values) / count;
    for value in values.iter_mut() {
        *value -= mean;
    }
    (dot(values, values) / count + epsilon).sqrt().recip()
}
