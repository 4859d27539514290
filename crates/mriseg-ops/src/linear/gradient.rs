use super::LinearOp;
#[cfg(feature = "gpu")]
use crate::gpu::{
    matmul::{matmul, matmul_transposed},
    mixed,
};
use crate::gradients::{Differentiable, Saved, differentiate};
use crate::precision::Precision;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
#[cfg(feature = "gpu")]
use burn::backend::ops::FloatTensorOps;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend};
#[cfg(feature = "gpu")]
use burn_cubecl::{CubeBackend, tensor::CubeTensor};

/// Gradients of [`LinearOp`].
pub trait LinearGradient: Backend {
    /// `grad Bᵀ` and `Aᵀ grad`.
    fn product_backward(
        a: FloatTensor<Self>,
        b: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        precision: Precision,
    ) -> [FloatTensor<Self>; 2];
}

#[derive(Debug, Clone)]
struct Product(Precision);

impl<B: LinearOp + LinearGradient> Differentiable<B, 2> for Product {
    fn forward(&self, [a, b]: [FloatTensor<B>; 2]) -> FloatTensor<B> {
        B::product(a, b, self.0)
    }

    fn backward(&self, saved: Saved<B, 2>, grad: FloatTensor<B>) -> [Option<FloatTensor<B>>; 2] {
        let [a, b] = saved.inputs;
        let backward = |grad| B::product_backward(a, b, grad, self.0);
        self.0.scaled::<B, 2>(grad, backward).map(Some)
    }
}

impl<B: LinearOp + LinearGradient, C: CheckpointStrategy> LinearOp for Autodiff<B, C> {
    fn product(
        a: FloatTensor<Self>,
        b: FloatTensor<Self>,
        precision: Precision,
    ) -> FloatTensor<Self> {
        differentiate::<B, C, _, 2>(Product(precision), [a, b])
    }
}

#[cfg(feature = "gpu")]
impl LinearGradient for CubeBackend {
    fn product_backward(
        a: CubeTensor,
        b: CubeTensor,
        grad: CubeTensor,
        precision: Precision,
    ) -> [CubeTensor; 2] {
        if precision != Precision::F32 {
            return mixed::matmul_backward(a, b, grad, precision);
        }
        let grad_a = matmul(grad.clone(), Self::float_swap_dims(b, 0, 1));
        [grad_a, matmul_transposed(a, grad)]
    }
}
