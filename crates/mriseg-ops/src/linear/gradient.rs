use super::LinearOp;
use crate::gradients::{Differentiable, Saved, differentiate};
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend};

/// Gradients of [`LinearOp`].
pub trait LinearGradient: Backend {
    /// `grad Bᵀ` and `Aᵀ grad`.
    fn product_backward(
        a: FloatTensor<Self>,
        b: FloatTensor<Self>,
        grad: FloatTensor<Self>,
    ) -> [FloatTensor<Self>; 2];
}

#[derive(Debug, Clone)]
struct Product;

impl<B: LinearOp + LinearGradient> Differentiable<B, 2> for Product {
    fn forward(&self, [a, b]: [FloatTensor<B>; 2]) -> FloatTensor<B> {
        B::product(a, b)
    }

    fn backward(&self, saved: Saved<B, 2>, grad: FloatTensor<B>) -> [Option<FloatTensor<B>>; 2] {
        let [a, b] = saved.inputs;
        B::product_backward(a, b, grad).map(Some)
    }
}

impl<B: LinearOp + LinearGradient, C: CheckpointStrategy> LinearOp for Autodiff<B, C> {
    fn product(a: FloatTensor<Self>, b: FloatTensor<Self>) -> FloatTensor<Self> {
        differentiate::<B, C, _, 2>(Product, [a, b])
    }
}
