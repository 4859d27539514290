use super::RmsNormOp;
use crate::gradients::{Differentiable, Saved, differentiate};
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend};

/// Gradients of [`RmsNormOp`].
pub trait RmsNormGradient: Backend {
    /// Gradients of `x` and `γ`: with `h = γ grad`, `r h - x r³ mean(h x)`, and the sum over rows of `r x grad`.
    fn rms_norm_backward(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        epsilon: f32,
        grad: FloatTensor<Self>,
    ) -> [FloatTensor<Self>; 2];
}

#[derive(Debug, Clone)]
struct RmsNorm {
    epsilon: f32,
}

impl<B: RmsNormOp + RmsNormGradient> Differentiable<B, 2> for RmsNorm {
    fn forward(&self, [x, gamma]: [FloatTensor<B>; 2]) -> FloatTensor<B> {
        B::rms_norm(x, gamma, self.epsilon)
    }

    fn backward(&self, saved: Saved<B, 2>, grad: FloatTensor<B>) -> [Option<FloatTensor<B>>; 2] {
        let [x, gamma] = saved.inputs;
        B::rms_norm_backward(x, gamma, self.epsilon, grad).map(Some)
    }
}

impl<B: RmsNormOp + RmsNormGradient, C: CheckpointStrategy> RmsNormOp for Autodiff<B, C> {
    fn rms_norm(x: FloatTensor<Self>, gamma: FloatTensor<Self>, epsilon: f32) -> FloatTensor<Self> {
        differentiate::<B, C, _, 2>(RmsNorm { epsilon }, [x, gamma])
    }
}
