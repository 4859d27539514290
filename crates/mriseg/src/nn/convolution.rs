//! Convolutions where nothing is learned: on the CPU with a kernel of our own, elsewhere as burn has them.

#[cfg(feature = "cpu-kernels")]
use burn::backend::DispatchDevice;
#[cfg(feature = "cpu-kernels")]
use burn::backend::tensor::FloatTensor;
#[cfg(feature = "cpu-kernels")]
use burn::backend::{Backend, Dispatch, backend_extension};
#[cfg(feature = "cpu-kernels")]
use burn::nn::PaddingConfig2d;
use burn::nn::conv::Conv2d;
use burn::tensor::Tensor;

/// Convolution as a tensor operation.
#[cfg(feature = "cpu-kernels")]
#[backend_extension(Flex)]
pub(super) trait ConvolutionKernels: Backend {
    /// # Shapes
    /// - x: `[batch, d_in, height, width]`
    /// - weight: `[d_out, d_in, kernel, kernel]`
    /// - bias: `[d_out]`
    /// - output: `[batch, d_out, rows, columns]`
    fn convolve(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        stride: usize,
        padding: usize,
    ) -> FloatTensor<Self>;
}

/// `conv` of `x`; with a square kernel, one stride and one padding for both directions, a bias and no groups.
pub(crate) fn convolve(conv: &Conv2d, x: Tensor<4>) -> Tensor<4> {
    #[cfg(feature = "cpu-kernels")]
    if let (DispatchDevice::Flex(_), Some(bias)) = (x.device().as_dispatch(), &conv.bias) {
        let [stride, _] = conv.stride;
        let padding = match conv.padding {
            PaddingConfig2d::Explicit(top, ..) => top,
            _ => 0,
        };
        return Tensor::from_dispatch(Dispatch::convolve(
            x.into_dispatch(),
            conv.weight.val().into_dispatch(),
            bias.val().into_dispatch(),
            stride,
            padding,
        ));
    }
    conv.forward(x)
}
