//! Products of matrices: in rows or, where training has many, in tiles.

use super::rows;
#[cfg(feature = "gradients")]
use super::{dims, matmul};
use burn_cubecl::tensor::CubeTensor;

/// Whether [`super::rows`] computes a product of so many rows: more are computed in tiles, which training's builds have.
pub(crate) fn few(rows: usize) -> bool {
    const MOST: usize = 512;
    rows <= MOST || cfg!(not(feature = "gradients"))
}

/// `x * weight`.
///
/// # Shapes
/// - x: `[rows, d_in]`
/// - weight: `[d_in, d_out]`
/// - output: `[rows, d_out]`
pub(crate) fn product(x: CubeTensor, weight: CubeTensor) -> CubeTensor {
    #[cfg(feature = "gradients")]
    if !few(dims::<2>(&x)[0]) {
        return matmul::matmul(x, weight);
    }
    rows::product(x, weight)
}
