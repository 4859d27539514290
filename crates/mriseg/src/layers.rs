//! burn's modules, computed by the operations of `mriseg-ops`.

use burn::module::{Module, Param};
use burn::nn::{Embedding, Linear, RmsNorm};
use burn::tensor::{Device, Distribution, Int, Tensor};
use mriseg_ops::{embedding, linear, rms_norm, separable};

/// `x W + b`, without `b` where the layer has none.
///
/// # Shapes
/// - x: `[batch, tokens, d_in]`
/// - output: `[batch, tokens, d_out]`
pub(crate) fn linear(layer: &Linear, x: Tensor<3>) -> Tensor<3> {
    let bias = layer.bias.as_ref().map(Param::val);
    linear::linear(x, layer.weight.val(), bias)
}

/// # Shapes
/// - indices: `[batch, tokens]`
/// - output: `[batch, tokens, width]`
pub(crate) fn embed(table: &Embedding, indices: Tensor<2, Int>) -> Tensor<3> {
    embedding::embed(table.weight.val(), indices)
}

/// # Shapes
/// - x, output: `[batch, tokens, width]`
pub(crate) fn rms_norm(norm: &RmsNorm, x: Tensor<3>) -> Tensor<3> {
    rms_norm::rms_norm(x, norm.gamma.val(), norm.epsilon)
}

/// `relu6(x W + b)` of every pixel, channels last.
///
/// # Shapes
/// - x: `[batch, height, width, d_in]`
/// - output: `[batch, height, width, d_out]`
///
/// # Panics
/// The layer has no bias.
pub(crate) fn pointwise(layer: &Linear, x: Tensor<4>) -> Tensor<4> {
    let bias = layer.bias.as_ref().expect("folded batch norm is a bias");
    separable::pointwise(x, layer.weight.val(), bias.val())
}

/// A convolution of every channel by itself, and ReLU6, channels last.
#[derive(Module, Debug)]
pub(crate) struct Depthwise {
    /// `[kernel, kernel, channels]`
    pub(crate) weight: Param<Tensor<3>>,
    /// `[channels]`
    pub(crate) bias: Param<Tensor<1>>,
    #[module(skip)]
    stride: usize,
}

impl Depthwise {
    /// With random weights.
    pub(crate) fn new(channels: usize, kernel: usize, stride: usize, device: &Device) -> Self {
        let deviation = (2.0 / (kernel * kernel) as f64).sqrt();
        let weight = Tensor::random(
            [kernel, kernel, channels],
            Distribution::Normal(0.0, deviation),
            device,
        );
        Self {
            weight: Param::from_tensor(weight),
            bias: Param::from_tensor(Tensor::zeros([channels], device)),
            stride,
        }
    }

    /// # Shapes
    /// - x: `[batch, height, width, channels]`, of even sides with stride 2
    /// - output: `[batch, height / stride, width / stride, channels]`
    pub(crate) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        separable::depthwise(x, self.weight.val(), self.bias.val(), self.stride)
    }
}
