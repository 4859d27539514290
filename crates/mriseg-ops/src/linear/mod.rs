//! Linear layers: `y = x W + b`.

#[cfg(all(feature = "cpu", feature = "gradients"))]
mod cpu;
#[cfg(feature = "gpu")]
mod gpu;
#[cfg(feature = "gradients")]
pub(crate) mod gradient;
#[cfg(all(test, feature = "gradients"))]
mod tests;

use crate::capability::multiplies;
use crate::precision::{self, Precision};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::tensor::Tensor;

/// [`matmul`] of a backend.
#[backend_extension(
    Cube: cfg(feature = "gpu"),
    Flex: cfg(all(feature = "cpu", feature = "gradients")),
    Autodiff: cfg(feature = "gradients")
)]
pub trait LinearOp: Backend {
    /// # Shapes
    /// - a: `[rows, depth]`
    /// - b: `[depth, columns]`
    /// - output: `[rows, columns]`
    fn product(
        a: FloatTensor<Self>,
        b: FloatTensor<Self>,
        precision: Precision,
    ) -> FloatTensor<Self>;
}

/// `a b`, the product of two matrices.
///
/// # Shapes
/// - a: `[rows, depth]`
/// - b: `[depth, columns]`
/// - output: `[rows, columns]`
pub fn matmul(a: Tensor<2>, b: Tensor<2>) -> Tensor<2> {
    if !multiplies(&a) {
        return a.matmul(b);
    }
    let (a, b) = (a.into_dispatch(), b.into_dispatch());
    Tensor::from_dispatch(Dispatch::product(a, b, precision::current()))
}

/// `x W + b`, or `x W` without a bias.
///
/// # Shapes
/// - x: `[batch, tokens, d_in]`
/// - weight: `[d_in, d_out]`
/// - bias: `[d_out]`
/// - output: `[batch, tokens, d_out]`
pub fn linear(x: Tensor<3>, weight: Tensor<2>, bias: Option<Tensor<1>>) -> Tensor<3> {
    let [batch, tokens, d_in] = x.dims();
    let [_, d_out] = weight.dims();
    let out = matmul(x.reshape([batch * tokens, d_in]), weight).reshape([batch, tokens, d_out]);
    match bias {
        Some(bias) => out + bias.unsqueeze(),
        None => out,
    }
}
