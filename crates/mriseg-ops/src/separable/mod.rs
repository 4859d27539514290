//! Depthwise separable convolution with ReLU6, channels last (Howard et al. 2017, "MobileNets", arXiv 1704.04861): a
//! convolution of every channel by itself, then a matrix for every pixel. Batch norm is folded into both.

#[cfg(feature = "cpu")]
mod cpu;
pub(crate) mod formula;
#[cfg(feature = "gpu")]
mod gpu;
#[cfg(feature = "gradients")]
mod gradient;
#[cfg(all(test, feature = "gradients"))]
mod tests;

use crate::capability::separates;
use crate::precision::{self, Precision};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::tensor::Tensor;
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use formula::{CEILING, padding};

/// [`depthwise`] and [`pointwise`] of a backend.
#[backend_extension(
    Cube: cfg(feature = "gpu"),
    Flex: cfg(feature = "cpu"),
    Autodiff: cfg(feature = "gradients")
)]
pub trait SeparableOp: Backend {
    /// # Shapes
    /// - x: `[batch, height, width, channels]`
    /// - weight: `[kernel, kernel, channels]`
    /// - bias: `[channels]`
    /// - output: `[batch, height / stride, width / stride, channels]`
    fn depthwise(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        stride: usize,
    ) -> FloatTensor<Self>;

    /// # Shapes
    /// - x: `[pixels, d_in]`
    /// - weight: `[d_in, d_out]`
    /// - bias: `[d_out]`
    /// - output: `[pixels, d_out]`
    fn pointwise(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        precision: Precision,
    ) -> FloatTensor<Self>;
}

/// `relu6(x * weight + bias)`, every channel by itself.
///
/// # Shapes
/// - x: `[batch, height, width, channels]`, of even sides with stride 2
/// - weight: `[kernel, kernel, channels]`
/// - bias: `[channels]`
/// - output: `[batch, height / stride, width / stride, channels]`
pub fn depthwise(x: Tensor<4>, weight: Tensor<3>, bias: Tensor<1>, stride: usize) -> Tensor<4> {
    if !separates(&x) {
        return depthwise_reference(x, weight, bias, stride);
    }
    let (weight, bias) = (weight.into_dispatch(), bias.into_dispatch());
    Tensor::from_dispatch(Dispatch::depthwise(x.into_dispatch(), weight, bias, stride))
}

/// `relu6(x W + bias)`, every pixel by itself.
///
/// # Shapes
/// - x: `[batch, height, width, d_in]`
/// - weight: `[d_in, d_out]`
/// - bias: `[d_out]`
/// - output: `[batch, height, width, d_out]`
pub fn pointwise(x: Tensor<4>, weight: Tensor<2>, bias: Tensor<1>) -> Tensor<4> {
    let [batch, height, width, d_in] = x.dims();
    let [_, d_out] = weight.dims();
    let pixels: Tensor<2> = x.reshape([batch * height * width, d_in]);
    let out: Tensor<2> = if separates(&pixels) {
        let (weight, bias) = (weight.into_dispatch(), bias.into_dispatch());
        let pixels = pixels.into_dispatch();
        Tensor::from_dispatch(Dispatch::pointwise(
            pixels,
            weight,
            bias,
            precision::current(),
        ))
    } else {
        relu6(pixels.matmul(weight) + bias.unsqueeze())
    };
    out.reshape([batch, height, width, d_out])
}

/// `min(max(x, 0), 6)`
pub fn relu6<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    x.clamp(0.0, CEILING)
}

fn depthwise_reference(
    x: Tensor<4>,
    weight: Tensor<3>,
    bias: Tensor<1>,
    stride: usize,
) -> Tensor<4> {
    let [kernel, _, channels] = weight.dims();
    let before = padding(kernel, stride);
    let after = kernel - stride - before;
    let x = x
        .permute([0, 3, 1, 2])
        .pad((before, after, before, after), 0.0);
    let weight = weight.permute([2, 0, 1]).unsqueeze_dim(1);
    let options = ConvOptions::new([stride; 2], [0; 2], [1; 2], channels);
    let out = conv2d(x, weight, Some(bias), options);
    relu6(out.permute([0, 2, 3, 1]))
}
