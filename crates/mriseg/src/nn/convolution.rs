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

#[cfg(all(test, feature = "cpu-kernels"))]
mod tests {
    use super::*;
    use burn::nn::conv::Conv2dConfig;
    use burn::tensor::{Device, Distribution, Tolerance};

    #[test]
    fn the_kernel_computes_what_burn_does() {
        let device = Device::flex();
        device.seed(5);
        for (d_in, d_out, kernel, stride, height, width) in [
            (1, 24, 4, 2, 18, 14),
            (24, 24, 3, 1, 9, 13),
            (3, 70, 3, 1, 7, 6),
            (40, 33, 1, 1, 5, 1),
            (5, 1, 3, 1, 4, 8),
            (96, 96, 3, 1, 14, 14),
        ] {
            let padding = (kernel - 1) / 2;
            let conv = Conv2dConfig::new([d_in, d_out], [kernel, kernel])
                .with_stride([stride, stride])
                .with_padding(PaddingConfig2d::Explicit(
                    padding, padding, padding, padding,
                ))
                .init(&device);
            let shape = [2, d_in, width, height];
            let x = Tensor::random(shape, Distribution::Normal(0.0, 1.0), &device);
            // Not contiguous, as convolutions between permutations get it.
            let x = x.swap_dims(2, 3);
            convolve(&conv, x.clone())
                .into_data()
                .assert_approx_eq::<f32>(
                    &conv.forward(x).into_data(),
                    Tolerance::rel_abs(1e-4, 1e-4),
                );
        }
    }

    #[test]
    fn gradients_are_those_of_burn() {
        let device = Device::flex().autodiff();
        let conv = Conv2dConfig::new([2, 3], [3, 3])
            .with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1))
            .init(&device);
        let x = Tensor::<4>::random([1, 2, 5, 5], Distribution::Default, &device).require_grad();
        let gradients = convolve(&conv, x.clone()).sum().backward();
        assert!(x.grad(&gradients).is_some());
        assert!(conv.weight.val().grad(&gradients).is_some());
    }
}
