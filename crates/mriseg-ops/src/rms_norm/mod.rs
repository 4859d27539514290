//! RMS norm (Zhang and Sennrich 2019, arXiv 1910.07467): `y = x r γ` with `r = 1 / sqrt(mean(x²) + ε)` over the last
//! dimension.

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
use burn::tensor::Tensor;

/// [`rms_norm`] of a backend.
#[backend_extension(
    Cube: cfg(all(feature = "gpu", feature = "gradients")),
    Flex: cfg(all(feature = "cpu", feature = "gradients")),
    Autodiff: cfg(feature = "gradients")
)]
pub trait RmsNormOp: Backend {
    /// # Shapes
    /// - x, output: `[.., width]`
    /// - gamma: `[width]`
    fn rms_norm(x: FloatTensor<Self>, gamma: FloatTensor<Self>, epsilon: f32) -> FloatTensor<Self>;
}

/// `x / sqrt(mean(x²) + epsilon) * gamma` over the last dimension.
///
/// # Shapes
/// - x, output: `[batch, tokens, width]`
/// - gamma: `[width]`
pub fn rms_norm(x: Tensor<3>, gamma: Tensor<1>, epsilon: f64) -> Tensor<3> {
    if !trains(&x) {
        return reference(x, gamma, epsilon);
    }
    let (x, gamma) = (x.into_dispatch(), gamma.into_dispatch());
    Tensor::from_dispatch(Dispatch::rms_norm(x, gamma, epsilon as f32))
}

fn reference(x: Tensor<3>, gamma: Tensor<1>, epsilon: f64) -> Tensor<3> {
    let rms = (x.clone().square().mean_dim(2) + epsilon).sqrt();
    x / rms * gamma.unsqueeze()
}
