use super::*;
use crate::testing::{assert_within, devices};
use burn::nn::conv::Conv2dConfig;
use burn::tensor::{Device, Distribution};

fn convolution(channels: [usize; 2], kernel: usize, stride: usize, device: &Device) -> Conv2d {
    let padding = (kernel - 1) / 2;
    Conv2dConfig::new(channels, [kernel; 2])
        .with_stride([stride; 2])
        .with_padding(PaddingConfig2d::Explicit(
            padding, padding, padding, padding,
        ))
        .init(device)
}

#[test]
fn kernels_compute_what_burn_does() {
    for device in devices() {
        device.seed(5);
        for (d_in, d_out, kernel, stride, height, width) in [
            (1, 24, 4, 2, 18, 14),
            (24, 24, 3, 1, 9, 13),
            (3, 70, 3, 1, 7, 6),
            (40, 33, 1, 1, 5, 1),
            (5, 1, 3, 1, 4, 8),
            (96, 96, 3, 1, 14, 14),
        ] {
            let conv = convolution([d_in, d_out], kernel, stride, &device);
            let shape = [2, d_in, width, height];
            let x = Tensor::<4>::random(shape, Distribution::Normal(0.0, 1.0), &device);
            assert!(convolves(&x), "burn would be compared with itself");
            // Not contiguous, as convolutions between permutations get it.
            let x = x.swap_dims(2, 3);
            assert_within(1e-4, convolve(&conv, x.clone()), conv.forward(x));
        }
    }
}

#[test]
fn gradients_are_those_of_burn() {
    for device in devices() {
        device.seed(7);
        let device = device.autodiff();
        for (d_in, d_out, kernel, stride, height, width) in [
            (1, 16, 4, 2, 8, 12),
            (5, 7, 3, 1, 5, 6),
            (16, 40, 4, 2, 14, 10),
            (33, 34, 3, 1, 9, 4),
            (6, 9, 1, 1, 3, 5),
        ] {
            let conv = convolution([d_in, d_out], kernel, stride, &device);
            let random =
                |shape| Tensor::<4>::random(shape, Distribution::Normal(0.0, 1.0), &device);
            let x = random([3, d_in, width, height]).require_grad();
            assert!(convolves(&x), "burn would be compared with itself");
            let seen = || x.clone().swap_dims(2, 3);
            let output = conv.forward(seen());
            let weights = random(output.dims());
            let gradients = |output: Tensor<4>| (output * weights.clone()).sum().backward();
            let both = [gradients(convolve(&conv, seen())), gradients(output)];
            let [found, expected] = both.each_ref().map(|all| x.grad(all).unwrap());
            assert_within(1e-3, found, expected);
            let weight = conv.weight.val();
            let [found, expected] = both.each_ref().map(|all| weight.grad(all).unwrap());
            assert_within(1e-3, found, expected);
            let bias = conv.bias.as_ref().unwrap().val();
            let [found, expected] = both.each_ref().map(|all| bias.grad(all).unwrap());
            assert_within(1e-3, found, expected);
        }
    }
}
