//! Sums over the rows and over the columns of a matrix.

use super::grid::{cube_of_grid, cubes, units};
use super::like;
use super::reduce::{UNITS, reduce};
use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::tensor::CubeTensor;

/// Columns of a cube.
const COLUMNS: usize = 32;
/// Units that share the sum of a column.
const SLICES: usize = 4;
/// Rows that one cube adds up.
const ROWS: usize = 256;

/// Sums of the columns of a contiguous matrix, `[1, columns]`.
pub(crate) fn sum_rows(x: &CubeTensor, rows: usize, columns: usize) -> CubeTensor {
    let parts = rows.div_ceil(ROWS);
    let out = like(x, [parts, columns]);
    let cubes = columns.div_ceil(COLUMNS);
    let wide = cubes.min(1 << 15);
    sum::launch(
        &x.client,
        CubeCount::Static(wide as u32, cubes.div_ceil(wide) as u32, parts as u32),
        CubeDim::new_1d((COLUMNS * SLICES) as u32),
        x.clone().into_buffer_arg(),
        out.clone().into_buffer_arg(),
        rows,
        columns,
    );
    if parts > 1 {
        sum_rows(&out, parts, columns)
    } else {
        out
    }
}

/// Sums of the rows of a contiguous matrix, `[1, rows]`.
pub(crate) fn sum_columns(x: &CubeTensor, rows: usize, columns: usize) -> CubeTensor {
    let out = like(x, [1, rows]);
    sum_of_row::launch(
        &x.client,
        cubes(rows),
        units(),
        x.clone().into_buffer_arg(),
        out.clone().into_buffer_arg(),
        rows,
        columns,
    );
    out
}

#[cube(launch)]
fn sum_of_row(x: &[f32], out: &mut [f32], rows: usize, columns: usize) {
    let row = cube_of_grid();
    if row < rows {
        let mut partial = Shared::<[f32]>::new_slice(UNITS);
        let mut sum = f32::new(0.0);
        let mut column = UNIT_POS as usize;
        while column < columns {
            sum += x[row * columns + column];
            column += UNITS;
        }
        let sum = reduce(&mut partial, sum, false);
        if UNIT_POS == 0 {
            out[row] = sum;
        }
    }
}

#[cube(launch)]
fn sum(x: &[f32], out: &mut [f32], rows: usize, columns: usize) {
    let local = UNIT_POS as usize % COLUMNS;
    let slice = UNIT_POS as usize / COLUMNS;
    let cube = cube_of_grid();
    let column = cube * COLUMNS + local;
    let part = CUBE_POS_Z as usize;
    let end = rows.min((part + 1) * ROWS);
    let mut partial = Shared::<[f32]>::new_slice(comptime![COLUMNS * SLICES]);
    let mut sum = f32::new(0.0);
    if column < columns {
        let mut row = part * ROWS + slice;
        while row < end {
            sum += x[row * columns + column];
            row += SLICES;
        }
    }
    partial[UNIT_POS as usize] = sum;
    sync_cube();
    if slice == 0 && column < columns {
        #[unroll]
        for other in 1..SLICES {
            sum += partial[local + other * COLUMNS];
        }
        out[part * columns + column] = sum;
    }
}
