//! Two-dimensional convolution with a square kernel, one stride and one padding for both directions, and a bias.

#[cfg(feature = "cpu")]
mod cpu;
#[cfg(all(feature = "gpu", feature = "gradients"))]
mod gpu;
#[cfg(feature = "gradients")]
mod gradient;
#[cfg(all(test, feature = "gradients"))]
mod tests;

use crate::capability::convolves;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::nn::PaddingConfig2d;
use burn::nn::conv::Conv2d;
use burn::tensor::Tensor;

/// [`convolve`] of a backend.
#[backend_extension(
    Cube: cfg(all(feature = "gpu", feature = "gradients")),
    Flex: cfg(feature = "cpu"),
    Autodiff: cfg(feature = "gradients")
)]
pub trait ConvolutionOp: Backend {
    /// # Shapes
    /// - x: `[batch, d_in, height, width]`
    /// - weight: `[d_out, d_in, kernel, kernel]`
    /// - bias: `[d_out]`
    /// - output: `[batch, d_out, rows, columns]`
    fn convolve(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        options: ConvolutionOptions,
    ) -> FloatTensor<Self>;
}

/// Stride and padding of a square convolution, in pixels.
#[derive(Debug, Clone, Copy)]
pub struct ConvolutionOptions {
    /// Between neighbouring outputs.
    pub stride: usize,
    /// Zeros on every side.
    pub padding: usize,
}

/// `conv` of `x`, which has no groups.
///
/// # Shapes
/// - x: `[batch, d_in, height, width]`
/// - output: `[batch, d_out, rows, columns]`
pub fn convolve(conv: &Conv2d, x: Tensor<4>) -> Tensor<4> {
    let (true, Some(bias)) = (convolves(&x), &conv.bias) else {
        return conv.forward(x);
    };
    let [stride, _] = conv.stride;
    let padding = match conv.padding {
        PaddingConfig2d::Explicit(top, ..) => top,
        _ => 0,
    };
    Tensor::from_dispatch(Dispatch::convolve(
        x.into_dispatch(),
        conv.weight.val().into_dispatch(),
        bias.val().into_dispatch(),
        ConvolutionOptions { stride, padding },
    ))
}
