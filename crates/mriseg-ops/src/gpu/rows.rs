//! Products of rows with a matrix, without shared memory and barriers: a unit adds up a few columns that lie side by
//! side, of a few rows. A simulated GPU pays for every unit that waits at a barrier; a real one reads what neighbours
//! share from its cache. Weights may have 16 bits; what they are multiplied with and all sums have 32.

use super::grid::{cube_of_grid, cubes};
use super::{dims, like};
use crate::separable::formula::CEILING;
use burn::backend::cubecl::dtype_to_storage_type;
use burn_cubecl::cubecl;
use burn_cubecl::cubecl::ir::ElemType;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;

/// Units of a cube: of few rows half as many, which spread over more of the device.
const UNITS: [usize; 2] = [16, 32];
/// Most rows of a unit.
const MOST_ROWS: usize = 8;

/// Neighbours that are read at once in rows of this `width`.
pub(crate) fn at_once(width: usize) -> usize {
    match width % 4 {
        0 => 4,
        2 => 2,
        _ => 1,
    }
}

/// Rows of a unit, a power of two.
pub(crate) fn rows_of_unit(rows: usize) -> usize {
    rows.next_power_of_two().min(MOST_ROWS)
}

/// Cubes and their units for `rows` in groups of `of_unit`, with so many units side by side.
pub(crate) fn grid_of_rows(rows: usize, of_unit: usize, across: usize) -> (CubeCount, CubeDim) {
    let of_cube = UNITS[usize::from(rows > MOST_ROWS)];
    let units = rows.div_ceil(of_unit) * across;
    let dim = CubeDim::new_1d(of_cube as u32);
    (cubes(units.div_ceil(of_cube)), dim)
}

/// What is done with a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Ending {
    /// It is the output.
    None,
    /// It is added to the output.
    Add,
    /// A bias is added, and ReLU6 follows.
    Relu6,
}

/// `x * weight`.
///
/// # Shapes
/// - x: `[rows, d_in]`
/// - weight: `[d_in, d_out]`
/// - output: `[rows, d_out]`
pub(crate) fn product(x: CubeTensor, weight: CubeTensor) -> CubeTensor {
    let ([rows, _], [_, d_out]) = (dims(&x), dims(&weight));
    let out = like(&x, [rows, d_out]);
    launch(x, weight, None, out.clone(), Ending::None);
    out
}

/// `relu6(x * weight + bias)`.
///
/// # Shapes
/// - x: `[rows, d_in]`
/// - weight: `[d_in, d_out]`
/// - bias: `[d_out]`
/// - output: `[rows, d_out]`
pub(crate) fn product_relu6(x: CubeTensor, weight: CubeTensor, bias: CubeTensor) -> CubeTensor {
    let ([rows, _], [_, d_out]) = (dims(&x), dims(&weight));
    let out = like(&x, [rows, d_out]);
    launch(x, weight, Some(bias), out.clone(), Ending::Relu6);
    out
}

/// `out += x * weight`; nothing else may hold `out`.
///
/// # Shapes
/// - x: `[rows, d_in]`
/// - weight: `[d_in, d_out]`
/// - out: `[rows, d_out]`
pub(crate) fn add_product(x: CubeTensor, weight: CubeTensor, out: CubeTensor) {
    launch(x, weight, None, out, Ending::Add);
}

fn launch(
    x: CubeTensor,
    weight: CubeTensor,
    bias: Option<CubeTensor>,
    out: CubeTensor,
    ending: Ending,
) {
    let (x, weight) = (into_contiguous(x), into_contiguous(weight));
    // Something must be bound where a bias would be.
    let bias = bias.map_or_else(|| x.clone(), into_contiguous);
    let ([rows, d_in], [_, d_out]) = (dims(&x), dims(&weight));
    let (of_unit, columns) = (rows_of_unit(rows), at_once(d_out));
    let (count, dim) = grid_of_rows(rows, of_unit, d_out / columns);
    let element = dtype_to_storage_type(weight.dtype);
    product_of_rows::launch(
        &out.client.clone(),
        count,
        dim,
        at_once(d_in),
        columns,
        x.into_buffer_arg(),
        weight.into_buffer_arg(),
        bias.into_buffer_arg(),
        out.into_buffer_arg(),
        rows,
        d_in,
        d_out / columns,
        of_unit,
        ending,
        element,
    );
}

/// The rows and columns of a unit.
#[derive(CubeType, Clone, Copy)]
pub(crate) struct Place {
    /// First row.
    pub(crate) row: usize,
    /// Columns, counted in vectors.
    pub(crate) column: usize,
}

/// Index of a unit.
#[cube]
pub(crate) fn unit() -> usize {
    cube_of_grid() * CUBE_DIM_X as usize + UNIT_POS as usize
}

/// Where this unit is among units `across` side by side.
#[cube]
pub(crate) fn place(across: usize, #[comptime] of_unit: usize) -> Place {
    Place {
        row: unit() / across * of_unit,
        column: unit() % across,
    }
}

/// Entries of rows `first..first + of_unit`, `A` at once from vector `entry` on. Rows past the last repeat it.
#[cube]
pub(crate) fn entries<A: Size>(
    x: &[Vector<f32, A>],
    first: usize,
    rows: usize,
    d_in: usize,
    entry: usize,
    #[comptime] of_unit: usize,
) -> Array<Vector<f32, A>> {
    let mut values = Array::<Vector<f32, A>>::new(of_unit);
    #[unroll]
    for row in 0..of_unit {
        let row_of_x = (first + row).min(rows - 1);
        values[row] = x[(row_of_x * d_in) / A::value() + entry];
    }
    values
}

/// As many sums as a unit has rows.
#[cube]
pub(crate) fn zeros<V: Size>(#[comptime] of_unit: usize) -> Array<Vector<f32, V>> {
    let mut sums = Array::<Vector<f32, V>>::new(of_unit);
    #[unroll]
    for row in 0..of_unit {
        sums[row] = Vector::new(0.0);
    }
    sums
}

/// Adds products of [`entries`] with what a column of the matrix has there, from vector `at` on, `across` of which are a
/// row of it.
#[cube]
pub(crate) fn add_products<W: Float, A: Size, V: Size>(
    sums: &mut Array<Vector<f32, V>>,
    values: &Array<Vector<f32, A>>,
    weight: &[Vector<W, V>],
    at: usize,
    across: usize,
    #[comptime] of_unit: usize,
) {
    #[unroll]
    for entry in 0..A::value() {
        let columns = Vector::<f32, V>::cast_from(weight[at + entry * across]);
        #[unroll]
        for row in 0..of_unit {
            sums[row] = fma(Vector::new(values[row].extract(entry)), columns, sums[row]);
        }
    }
}

/// `min(max(x, 0), 6)`
#[cube]
pub(crate) fn relu6<V: Size>(x: Vector<f32, V>) -> Vector<f32, V> {
    x.max(Vector::new(0.0)).min(Vector::new(CEILING))
}

#[cube(launch)]
fn product_of_rows<W: Float, A: Size, V: Size>(
    x: &[Vector<f32, A>],
    weight: &[Vector<W, V>],
    bias: &[Vector<f32, V>],
    out: &mut [Vector<f32, V>],
    rows: usize,
    d_in: usize,
    across: usize,
    #[comptime] of_unit: usize,
    #[comptime] ending: Ending,
    #[define(W)] _element: ElemType,
) {
    let at = place(across, of_unit);
    if at.row < rows {
        let mut sums = zeros::<V>(of_unit);
        for entry in 0..d_in / A::value() {
            let values = entries::<A>(x, at.row, rows, d_in, entry, of_unit);
            let of_entry = entry * A::value() * across + at.column;
            add_products::<W, A, V>(&mut sums, &values, weight, of_entry, across, of_unit);
        }
        #[unroll]
        for row in 0..of_unit {
            if at.row + row < rows {
                let place = (at.row + row) * across + at.column;
                let mut value = sums[row];
                if comptime![ending == Ending::Add] {
                    value += out[place];
                }
                if comptime![ending == Ending::Relu6] {
                    value = relu6::<V>(value + bias[at.column]);
                }
                out[place] = value;
            }
        }
    }
}
