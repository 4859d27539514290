use super::*;
use crate::capability::encode_pass;
use crate::separable::{depthwise, pointwise, relu6};
use crate::testing::assert_within;
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Distribution};

/// Kernel, stride, expansion and channels of the output of blocks.
const BLOCKS: [[usize; 4]; 7] = [
    [3, 1, 1, 16],
    [3, 2, 6, 24],
    [3, 1, 6, 24],
    [5, 2, 4, 40],
    [5, 1, 2, 40],
    [3, 2, 2, 17],
    [5, 1, 16, 17],
];

fn random<const D: usize>(shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::random(shape, Distribution::Normal(0.0, 0.5), device)
}

fn affine(d_in: usize, d_out: usize, device: &Device) -> AffineWeights {
    AffineWeights {
        weight: random([d_in, d_out], device),
        bias: random([d_out], device),
    }
}

fn weights(channels: usize, device: &Device) -> EncoderWeights {
    let mut d_in = 32;
    let block = |[kernel, stride, expansion, d_out]: [usize; 4]| {
        let hidden = d_in * expansion;
        let block = ResidualWeights {
            expand: (expansion != 1).then(|| affine(d_in, hidden, device)),
            depthwise: random([kernel, kernel, hidden], device),
            depthwise_bias: random([hidden], device),
            stride,
            project: affine(hidden, d_out, device),
        };
        d_in = d_out;
        block
    };
    EncoderWeights {
        stem: random([32, channels, 3, 3], device),
        stem_bias: random([32], device),
        blocks: BLOCKS.into_iter().map(block).collect(),
    }
}

/// The formula of a block.
fn forward(block: &ResidualWeights, x: Tensor<4>) -> Tensor<4> {
    let hidden = match &block.expand {
        Some(AffineWeights { weight, bias }) => pointwise(x.clone(), weight.clone(), bias.clone()),
        None => x.clone(),
    };
    let (weight, bias) = (block.depthwise.clone(), block.depthwise_bias.clone());
    let hidden = depthwise(hidden, weight, bias, block.stride);
    let AffineWeights { weight, bias } = &block.project;
    let out = hidden.matmul(weight.clone().unsqueeze()) + bias.clone().unsqueeze();
    if out.dims() == x.dims() { x + out } else { out }
}

fn levels(weights: &EncoderWeights, pictures: Tensor<4>) -> Vec<Tensor<4>> {
    let options = ConvOptions::new([2; 2], [0; 2], [1; 2], 1);
    let pictures = pictures.pad((0, 1, 0, 1), 0.0);
    let (stem, bias) = (weights.stem.clone(), weights.stem_bias.clone());
    let mut x = relu6(conv2d(pictures, stem, Some(bias), options)).permute([0, 2, 3, 1]);
    let mut levels = Vec::new();
    for block in &weights.blocks {
        if block.stride == 2 {
            levels.push(x.clone());
        }
        x = forward(block, x);
    }
    levels.push(x);
    levels
}

#[test]
fn the_pass_computes_the_formula() {
    let device = Device::flex();
    device.seed(9);
    // Whole strips and parts of them, tiles and parts of them.
    for [batch, channels, height, width] in [[1, 1, 16, 16], [2, 3, 48, 32], [1, 1, 176, 400]] {
        let weights = weights(channels, &device);
        let pictures = random([batch, channels, height, width], &device);
        let found = encode_pass(&weights).unwrap().levels(pictures.clone());
        let expected = levels(&weights, pictures);
        assert_eq!(found.len(), expected.len());
        for (i, (found, expected)) in found.into_iter().zip(expected).enumerate() {
            let side = 2 << i;
            let [_, rows, columns, _] = found.dims();
            assert_eq!([rows, columns], [height / side, width / side]);
            let deviation = expected.clone().square().mean().sqrt().into_scalar::<f32>();
            let scale = deviation.recip();
            assert_within(1e-4, found * scale, expected * scale);
        }
    }
}

#[test]
fn sizes_without_kernels_have_no_pass() {
    let device = Device::flex();
    let fits = weights(1, &device);
    let mut odd = fits.clone();
    odd.blocks[0].depthwise = random([3, 3, 33], &device);
    odd.blocks[0].depthwise_bias = random([33], &device);
    let mut large = fits;
    large.blocks[0].depthwise = random([7, 7, 32], &device);
    for weights in [odd, large] {
        assert!(encode_pass(&weights).is_none());
    }
}
