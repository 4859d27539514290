#[cfg(feature = "cpu")]
mod cpu;
#[cfg(feature = "gpu")]
mod gpu;

use super::SeparableOp;
use crate::gradients::{Differentiable, Saved, differentiate};
use crate::precision::Precision;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend};

/// Gradients of [`SeparableOp`], given an output, which tells where ReLU6 let its input through, and its gradient.
pub trait SeparableGradient: Backend {
    /// Gradients of `x`, `weight` and `bias`.
    fn depthwise_backward(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        stride: usize,
        output: FloatTensor<Self>,
        grad: FloatTensor<Self>,
    ) -> [FloatTensor<Self>; 3];

    /// Gradients of `x`, `weight` and `bias`.
    fn pointwise_backward(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        output: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        precision: Precision,
    ) -> [FloatTensor<Self>; 3];
}

#[derive(Debug, Clone)]
struct Depthwise {
    stride: usize,
}

impl<B: SeparableOp + SeparableGradient> Differentiable<B, 3> for Depthwise {
    const KEEPS_OUTPUT: bool = true;

    fn forward(&self, [x, weight, bias]: [FloatTensor<B>; 3]) -> FloatTensor<B> {
        B::depthwise(x, weight, bias, self.stride)
    }

    fn backward(&self, saved: Saved<B, 3>, grad: FloatTensor<B>) -> [Option<FloatTensor<B>>; 3] {
        let output = saved.output.expect("the output is kept");
        let [x, weight, _] = saved.inputs;
        B::depthwise_backward(x, weight, self.stride, output, grad).map(Some)
    }
}

#[derive(Debug, Clone)]
struct Pointwise(Precision);

impl<B: SeparableOp + SeparableGradient> Differentiable<B, 3> for Pointwise {
    const KEEPS_OUTPUT: bool = true;

    fn forward(&self, [x, weight, bias]: [FloatTensor<B>; 3]) -> FloatTensor<B> {
        B::pointwise(x, weight, bias, self.0)
    }

    fn backward(&self, saved: Saved<B, 3>, grad: FloatTensor<B>) -> [Option<FloatTensor<B>>; 3] {
        let output = saved.output.expect("the output is kept");
        let [x, weight, _] = saved.inputs;
        let backward = |grad| B::pointwise_backward(x, weight, output, grad, self.0);
        self.0.scaled::<B, 3>(grad, backward).map(Some)
    }
}

impl<B: SeparableOp + SeparableGradient, C: CheckpointStrategy> SeparableOp for Autodiff<B, C> {
    fn depthwise(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        stride: usize,
    ) -> FloatTensor<Self> {
        differentiate::<B, C, _, 3>(Depthwise { stride }, [x, weight, bias])
    }

    fn pointwise(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        precision: Precision,
    ) -> FloatTensor<Self> {
        differentiate::<B, C, _, 3>(Pointwise(precision), [x, weight, bias])
    }
}
