use super::GroupNormOp;
use crate::gradients::{Differentiable, Saved, differentiate};
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend};

/// Gradients of [`GroupNormOp`].
pub trait GroupNormGradient: Backend {
    /// Gradients of `x`, `γ` and `β`: with `h = γ grad`, `r (h − mean(h) − x̂ mean(h x̂))`; by channel, the sums of
    /// `grad x̂` and of `grad`.
    fn group_norm_backward(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        groups: usize,
        epsilon: f32,
        grad: FloatTensor<Self>,
    ) -> [FloatTensor<Self>; 3];
}

#[derive(Debug, Clone)]
struct GroupNorm {
    groups: usize,
    epsilon: f32,
}

impl<B: GroupNormOp + GroupNormGradient> Differentiable<B, 3> for GroupNorm {
    fn forward(&self, [x, gamma, beta]: [FloatTensor<B>; 3]) -> FloatTensor<B> {
        B::group_norm(x, gamma, beta, self.groups, self.epsilon)
    }

    fn backward(&self, saved: Saved<B, 3>, grad: FloatTensor<B>) -> [Option<FloatTensor<B>>; 3] {
        let [x, gamma, _] = saved.inputs;
        B::group_norm_backward(x, gamma, self.groups, self.epsilon, grad).map(Some)
    }
}

impl<B: GroupNormOp + GroupNormGradient, C: CheckpointStrategy> GroupNormOp for Autodiff<B, C> {
    fn group_norm(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        groups: usize,
        epsilon: f32,
    ) -> FloatTensor<Self> {
        differentiate::<B, C, _, 3>(GroupNorm { groups, epsilon }, [x, gamma, beta])
    }
}
