#[cfg(feature = "cpu")]
mod cpu;

use super::{ConvolutionOp, ConvolutionOptions};
use crate::gradients::{Differentiable, Saved, differentiate};
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend};

/// Gradients of [`ConvolutionOp`], given that of the output.
pub trait ConvolutionGradient: Backend {
    /// Gradient of `x`.
    fn convolve_x_backward(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        options: ConvolutionOptions,
        grad: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    /// Gradient of `weight`.
    fn convolve_weight_backward(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        options: ConvolutionOptions,
        grad: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    /// Gradient of `bias`: the sum over pictures and pixels.
    fn convolve_bias_backward(grad: FloatTensor<Self>) -> FloatTensor<Self>;
}

#[derive(Debug, Clone)]
struct Convolution {
    options: ConvolutionOptions,
}

impl<B: ConvolutionOp + ConvolutionGradient> Differentiable<B, 3> for Convolution {
    fn forward(&self, [x, weight, bias]: [FloatTensor<B>; 3]) -> FloatTensor<B> {
        B::convolve(x, weight, bias, self.options)
    }

    fn backward(&self, saved: Saved<B, 3>, grad: FloatTensor<B>) -> [Option<FloatTensor<B>>; 3] {
        let [x, weight, _] = saved.inputs;
        let [for_x, for_weight, for_bias] = saved.needed;
        let (of_x, of_weight) = ((x.clone(), weight.clone()), (x, weight));
        [
            for_x.then(|| B::convolve_x_backward(of_x.0, of_x.1, self.options, grad.clone())),
            for_weight.then(|| {
                B::convolve_weight_backward(of_weight.0, of_weight.1, self.options, grad.clone())
            }),
            for_bias.then(|| B::convolve_bias_backward(grad.clone())),
        ]
    }
}

impl<B, C> ConvolutionOp for Autodiff<B, C>
where
    B: ConvolutionOp + ConvolutionGradient,
    C: CheckpointStrategy,
{
    fn convolve(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        options: ConvolutionOptions,
    ) -> FloatTensor<Self> {
        differentiate::<B, C, _, 3>(Convolution { options }, [x, weight, bias])
    }
}
