use super::SwigluOp;
use crate::gradients::{Differentiable, Saved, differentiate};
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend};

/// Gradient of [`SwigluOp`].
pub trait SwigluGradient: Backend {
    /// With `s = sigmoid(gate)`: `grad up s (1 + gate (1 − s))` of a gate and `grad gate s` of what it multiplies.
    fn swiglu_backward(gate_up: FloatTensor<Self>, grad: FloatTensor<Self>) -> FloatTensor<Self>;
}

#[derive(Debug, Clone)]
struct Swiglu;

impl<B: SwigluOp + SwigluGradient> Differentiable<B, 1> for Swiglu {
    fn forward(&self, [gate_up]: [FloatTensor<B>; 1]) -> FloatTensor<B> {
        B::swiglu(gate_up)
    }

    fn backward(&self, saved: Saved<B, 1>, grad: FloatTensor<B>) -> [Option<FloatTensor<B>>; 1] {
        let [gate_up] = saved.inputs;
        [Some(B::swiglu_backward(gate_up, grad))]
    }
}

impl<B: SwigluOp + SwigluGradient, C: CheckpointStrategy> SwigluOp for Autodiff<B, C> {
    fn swiglu(gate_up: FloatTensor<Self>) -> FloatTensor<Self> {
        differentiate::<B, C, _, 1>(Swiglu, [gate_up])
    }
}
