//! SwiGLU (Shazeer 2020, arXiv 2002.05202): `silu(gate) * up` with `silu(x) = x / (1 + e⁻ˣ)`.

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
use burn::tensor::activation::silu;

/// [`swiglu`] of a backend.
#[backend_extension(
    Cube: cfg(all(feature = "gpu", feature = "gradients")),
    Flex: cfg(all(feature = "cpu", feature = "gradients")),
    Autodiff: cfg(feature = "gradients")
)]
pub trait SwigluOp: Backend {
    /// # Shapes
    /// - gate_up: `[.., 2 * d_hidden]`, gates first
    /// - output: `[.., d_hidden]`
    fn swiglu(gate_up: FloatTensor<Self>) -> FloatTensor<Self>;
}

/// `silu(gate) * up`.
///
/// # Shapes
/// - gate_up: `[batch, tokens, 2 * d_hidden]`, gates first
/// - output: `[batch, tokens, d_hidden]`
pub fn swiglu(gate_up: Tensor<3>) -> Tensor<3> {
    if !trains(&gate_up) {
        return reference(gate_up);
    }
    Tensor::from_dispatch(Dispatch::swiglu(gate_up.into_dispatch()))
}

fn reference(gate_up: Tensor<3>) -> Tensor<3> {
    let d_hidden = gate_up.dims()[2] / 2;
    let gate = gate_up.clone().slice_dim(2, 0..d_hidden);
    silu(gate) * gate_up.slice_dim(2, d_hidden..2 * d_hidden)
}
