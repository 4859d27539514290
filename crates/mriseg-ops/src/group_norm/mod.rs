//! Group norm (Wu and He 2018, arXiv 1803.08494): over the channels of a group and all pixels, `x̂ = (x − mean) r` with
//! `r = 1 / sqrt(variance + ε)`; then `y = γ x̂ + β` by channel.

#[cfg(all(feature = "cpu", feature = "gradients"))]
mod cpu;
#[cfg(all(feature = "gpu", feature = "gradients"))]
mod gpu;
#[cfg(feature = "gradients")]
mod gradient;
#[cfg(all(test, feature = "gradients"))]
mod tests;

use crate::capability::trains;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::nn::GroupNorm;
use burn::tensor::Tensor;

/// [`group_norm`] of a backend.
#[backend_extension(
    Cube: cfg(all(feature = "gpu", feature = "gradients")),
    Flex: cfg(all(feature = "cpu", feature = "gradients")),
    Autodiff: cfg(feature = "gradients")
)]
pub trait GroupNormOp: Backend {
    /// # Shapes
    /// - x, output: `[batch, channels, height, width]`
    /// - gamma, beta: `[channels]`
    fn group_norm(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        groups: usize,
        epsilon: f32,
    ) -> FloatTensor<Self>;
}

/// `norm` of `x`. What is not differentiated is left to burn, so that the trainer sees pictures to the bit as a build
/// without the feature `gradients` does.
///
/// # Shapes
/// - x, output: `[batch, channels, height, width]`
pub fn group_norm(norm: &GroupNorm, x: Tensor<4>) -> Tensor<4> {
    let differentiated = x.device().is_autodiff() && trains(&x);
    let (true, Some(gamma), Some(beta)) = (differentiated, &norm.gamma, &norm.beta) else {
        return norm.forward(x);
    };
    Tensor::from_dispatch(Dispatch::group_norm(
        x.into_dispatch(),
        gamma.val().into_dispatch(),
        beta.val().into_dispatch(),
        norm.num_groups,
        norm.epsilon as f32,
    ))
}
