//! Embedding: rows of a table, `y_i = T[index_i]`.

#[cfg(all(feature = "cpu", feature = "gradients"))]
mod cpu;
#[cfg(all(feature = "gpu", feature = "gradients"))]
mod gpu;
#[cfg(feature = "gradients")]
mod gradient;
#[cfg(all(test, feature = "gradients"))]
mod tests;

use crate::capability::trains;
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::tensor::{Int, Tensor};

/// [`embed`] of a backend.
#[backend_extension(
    Cube: cfg(all(feature = "gpu", feature = "gradients")),
    Flex: cfg(all(feature = "cpu", feature = "gradients")),
    Autodiff: cfg(feature = "gradients")
)]
pub trait EmbeddingOp: Backend {
    /// # Shapes
    /// - table: `[rows, width]`
    /// - indices: `[count]`
    /// - output: `[count, width]`
    fn embed(table: FloatTensor<Self>, indices: IntTensor<Self>) -> FloatTensor<Self>;
}

/// Rows of a table.
///
/// # Shapes
/// - table: `[rows, width]`
/// - indices: `[batch, tokens]`
/// - output: `[batch, tokens, width]`
pub fn embed(table: Tensor<2>, indices: Tensor<2, Int>) -> Tensor<3> {
    let [batch, tokens] = indices.dims();
    let [_, width] = table.dims();
    let indices = indices.reshape([batch * tokens]);
    let rows: Tensor<2> = if trains(&table) {
        let (table, indices) = (table.into_dispatch(), indices.into_dispatch());
        Tensor::from_dispatch(Dispatch::embed(table, indices))
    } else {
        table.select(0, indices)
    };
    rows.reshape([batch, tokens, width])
}
