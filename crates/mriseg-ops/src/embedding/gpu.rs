use super::EmbeddingOp;
use super::gradient::EmbeddingGradient;
use crate::gpu::grid::{cubes_of_units, unit_of_grid, units};
use crate::gpu::matmul::matmul_transposed;
use crate::gpu::shapes::indices;
use crate::gpu::{dims, like};
use burn::backend::ops::FloatTensorOps;
use burn::backend::tensor::IntTensor;
use burn_cubecl::CubeBackend;
use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::tensor::CubeTensor;

impl EmbeddingOp for CubeBackend {
    fn embed(table: CubeTensor, indices: IntTensor<Self>) -> CubeTensor {
        Self::float_select(table, 0, indices)
    }
}

impl EmbeddingGradient for CubeBackend {
    /// As a product with one-hot rows: most rows of the table are never read, some thousands of times.
    fn embed_backward(table: CubeTensor, indices: IntTensor<Self>, grad: CubeTensor) -> CubeTensor {
        let indices = self::indices(indices);
        let [rows, _] = dims(&table);
        let count = indices.meta.shape().num_elements();
        let one_hot = like(&grad, [count, rows]);
        one_hot_rows::launch(
            &grad.client,
            cubes_of_units(count * rows),
            units(),
            indices.into_buffer_arg(),
            one_hot.clone().into_buffer_arg(),
            count * rows,
            rows,
        );
        matmul_transposed(one_hot, grad)
    }
}

/// 1 in the column that a row's index names, else 0.
#[cube(launch)]
fn one_hot_rows(indices: &[i32], out: &mut [f32], count: usize, columns: usize) {
    let place = unit_of_grid();
    if place < count {
        let named = indices[place / columns] as usize == place % columns;
        out[place] = select(named, 1.0, 0.0);
    }
}
