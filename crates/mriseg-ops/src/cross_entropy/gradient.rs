use super::CrossEntropyOp;
use crate::gradients::{Differentiable, Saved, differentiate};
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Autodiff, Backend};

/// Gradient of [`CrossEntropyOp`].
pub trait CrossEntropyGradient: Backend {
    /// `(softmax(logits) − one_hot(target)) grad`
    fn cross_entropy_backward(
        logits: FloatTensor<Self>,
        targets: IntTensor<Self>,
        grad: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
}

#[derive(Debug, Clone)]
struct CrossEntropy<B: Backend> {
    targets: IntTensor<B>,
}

impl<B: CrossEntropyOp + CrossEntropyGradient> Differentiable<B, 1> for CrossEntropy<B> {
    fn forward(&self, [logits]: [FloatTensor<B>; 1]) -> FloatTensor<B> {
        B::cross_entropy(logits, self.targets.clone())
    }

    fn backward(&self, saved: Saved<B, 1>, grad: FloatTensor<B>) -> [Option<FloatTensor<B>>; 1] {
        let [logits] = saved.inputs;
        [Some(B::cross_entropy_backward(
            logits,
            self.targets.clone(),
            grad,
        ))]
    }
}

impl<B, C> CrossEntropyOp for Autodiff<B, C>
where
    B: CrossEntropyOp + CrossEntropyGradient,
    C: CheckpointStrategy,
{
    fn cross_entropy(logits: FloatTensor<Self>, targets: IntTensor<Self>) -> FloatTensor<Self> {
        differentiate::<B, C, _, 1>(CrossEntropy { targets }, [logits])
    }
}
