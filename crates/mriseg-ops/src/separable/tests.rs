use super::*;
use crate::testing::{
    assert_within, compare_precisions, compare_within, devices, random, training_devices,
};
use burn::tensor::Distribution;

/// Kernel, stride, channels, height and width.
const SHAPES: [[usize; 5]; 7] = [
    [3, 1, 32, 6, 4],
    [3, 2, 24, 8, 6],
    [5, 1, 61, 5, 7],
    [5, 2, 48, 8, 10],
    [3, 2, 7, 2, 2],
    [5, 1, 16, 1, 2],
    [3, 1, 4, 18, 16],
];

fn pointwise_reference(x: Tensor<4>, weight: &Tensor<2>, bias: &Tensor<1>) -> Tensor<4> {
    let out = x.matmul(weight.clone().unsqueeze()) + bias.clone().unsqueeze();
    relu6(out)
}

#[test]
fn kernels_and_their_gradients_are_those_of_the_reference() {
    for device in devices() {
        device.seed(7);
        let device = device.autodiff();
        for [kernel, stride, channels, height, width] in SHAPES {
            // Not contiguous.
            let x = random([2, channels, height, width], &device);
            let seen = || x.clone().permute([0, 2, 3, 1]);
            let weight = random([kernel, kernel, channels], &device);
            let bias = random([channels], &device);
            let found = || depthwise(seen(), weight.clone(), bias.clone(), stride);
            let expected = || depthwise_reference(seen(), weight.clone(), bias.clone(), stride);
            let shape = [2, height / stride, width / stride, channels];
            assert_eq!(found().dims(), shape);
            compare_within(5e-4, &x, found(), expected());
            compare_within(5e-4, &weight, found(), expected());
            compare_within(5e-4, &bias, found(), expected());

            let weight = random([channels, 2 * channels + 3], &device);
            let bias = random([2 * channels + 3], &device);
            let found = || pointwise(seen(), weight.clone(), bias.clone());
            let expected = || pointwise_reference(seen(), &weight, &bias);
            compare_within(5e-4, &x, found(), expected());
            compare_within(5e-4, &weight, found(), expected());
            compare_within(5e-4, &bias, found(), expected());
        }
    }
}

#[test]
fn pixels_times_factors_of_16_bits_are_those_of_32_but_for_rounding() {
    for device in training_devices() {
        let x = random([2, 6, 5, 12], &device);
        let weight = random([12, 20], &device);
        // Far from where ReLU6 bends, as rounding there would let gradients through or not.
        let bias = Tensor::full([20], 3.0, &device);
        let found = || pointwise(x.clone(), weight.clone() * 0.05, bias.clone());
        compare_precisions(&x, found);
        compare_precisions(&weight, found);
    }
}

#[test]
fn constants_are_computed_all_the_same() {
    for device in devices() {
        for [kernel, stride, channels, height, width] in SHAPES {
            let normal = Distribution::Normal(0.0, 1.5);
            let x = Tensor::random([2, height, width, channels], normal, &device);
            let weight = Tensor::random([kernel, kernel, channels], normal, &device);
            let bias = Tensor::random([channels], normal, &device);
            let found = depthwise(x.clone(), weight.clone(), bias.clone(), stride);
            assert_within(5e-4, found, depthwise_reference(x, weight, bias, stride));
        }
    }
}
