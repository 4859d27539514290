//! Products of matrices with many rows, of 32-bit floats: what burn's own do without tensor cores and without
//! autotuning, several times faster (LOG.md).

mod kernel;

pub(crate) use kernel::CausalOperand;

use super::shapes::reshaped;
use super::sums::sum_rows;
use super::{dims, like};
use burn::tensor::Shape;
use burn_cubecl::CubeDevice;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;
use kernel::{BLOCK, DEPTH, MatricesLaunch, ROW_BLOCKS, SHARED, UNITS, UNITS_OF_CUBE, product};

/// Whether the device has room for a tile.
pub(crate) fn has_tiles(device: &CubeDevice) -> bool {
    let client = device.client();
    let hardware = &client.properties().hardware;
    SHARED <= hardware.max_shared_memory_size
        && UNITS_OF_CUBE <= hardware.max_units_per_cube as usize
}

/// Strides, in elements, of a batch of matrices with two batch dimensions (case, head).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Strides {
    pub(crate) first: usize,
    pub(crate) outer: usize,
    pub(crate) inner: usize,
    pub(crate) row: usize,
    pub(crate) column: usize,
}

impl Strides {
    /// One matrix with contiguous rows.
    pub(crate) fn rows(columns: usize) -> Self {
        Self {
            first: 0,
            outer: 0,
            inner: 0,
            row: columns,
            column: 1,
        }
    }

    /// Matrices one behind the other.
    pub(crate) fn matrices(rows: usize, columns: usize) -> Self {
        Self {
            outer: rows * columns,
            ..Self::rows(columns)
        }
    }

    pub(crate) fn transposed(self) -> Self {
        Self {
            row: self.column,
            column: self.row,
            ..self
        }
    }

    /// Whether four neighbours along a dimension of this `length` can be read or written at once, given the stride in it
    /// and in the other one.
    fn in_fours(self, along: usize, across: usize, length: usize) -> bool {
        along == 1
            && [self.first, self.outer, self.inner, across, length]
                .iter()
                .all(|distance| distance.is_multiple_of(BLOCK))
    }
}

/// Sizes of one product; there are `outer * inner` of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    pub(crate) outer: usize,
    pub(crate) inner: usize,
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) entries: usize,
    pub(crate) causal: CausalOperand,
    pub(crate) prefix: usize,
}

impl Sizes {
    /// `outer` products, computed whole.
    pub(crate) fn new(outer: usize, rows: usize, columns: usize, entries: usize) -> Self {
        Self {
            outer,
            inner: 1,
            rows,
            columns,
            entries,
            causal: CausalOperand::None,
            prefix: 0,
        }
    }
}

/// A tensor and where in it the matrices of a product lie.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StridedMatrix<'a> {
    pub(crate) tensor: &'a CubeTensor,
    pub(crate) strides: Strides,
}

impl<'a> StridedMatrix<'a> {
    pub(crate) fn new(tensor: &'a CubeTensor, strides: Strides) -> Self {
        Self { tensor, strides }
    }

    pub(crate) fn transposed(self) -> Self {
        Self {
            strides: self.strides.transposed(),
            ..self
        }
    }
}

/// `out = a * b`, for many matrices.
pub(crate) fn multiply(sizes: Sizes, a: StridedMatrix, b: StridedMatrix, out: StridedMatrix) {
    let high = BLOCK * UNITS[1] * ROW_BLOCKS;
    if sizes.causal == CausalOperand::None && sizes.rows < high && sizes.rows < sizes.columns {
        // Tiles are higher than wide: the transpose leaves less of them empty.
        let sizes = Sizes {
            rows: sizes.columns,
            columns: sizes.rows,
            ..sizes
        };
        return launch(sizes, b.transposed(), a.transposed(), out.transposed());
    }
    launch(sizes, a, b, out);
}

fn launch(sizes: Sizes, a: StridedMatrix, b: StridedMatrix, out: StridedMatrix) {
    let Sizes {
        outer,
        inner,
        rows,
        columns,
        entries,
        causal,
        prefix,
    } = sizes;
    let column_blocks = if columns > UNITS[0] * BLOCK { 2 } else { 1 };
    let tile = [
        BLOCK * UNITS[0] * column_blocks,
        BLOCK * UNITS[1] * ROW_BLOCKS,
    ];
    let count = CubeCount::Static(
        columns.div_ceil(tile[0]) as u32,
        rows.div_ceil(tile[1]) as u32,
        (outer * inner) as u32,
    );
    let width = |fours: bool| if fours { BLOCK } else { 1 };
    let (of_a, of_b, of_out) = (a.strides, b.strides, out.strides);
    product::launch(
        &a.tensor.client,
        count,
        CubeDim::new_1d(UNITS_OF_CUBE as u32),
        BLOCK,
        width(of_a.in_fours(of_a.row, of_a.column, rows)),
        width(of_b.in_fours(of_b.column, of_b.row, columns)),
        width(of_out.in_fours(of_out.column, of_out.row, columns)),
        a.tensor.clone().into_buffer_arg(),
        b.tensor.clone().into_buffer_arg(),
        out.tensor.clone().into_buffer_arg(),
        MatricesLaunch::new(of_a.first, of_a.outer, of_a.inner, of_a.row, of_a.column),
        MatricesLaunch::new(of_b.first, of_b.outer, of_b.inner, of_b.column, of_b.row),
        MatricesLaunch::new(
            of_out.first,
            of_out.outer,
            of_out.inner,
            of_out.row,
            of_out.column,
        ),
        rows,
        columns,
        entries,
        inner,
        prefix,
        column_blocks,
        of_a.column == 1,
        of_b.row == 1,
        entries.is_multiple_of(DEPTH),
        causal,
    );
}

/// `x * weight`.
///
/// # Shapes
/// - x: `[rows, d_in]`
/// - weight: `[d_in, d_out]`
/// - output: `[rows, d_out]`
pub(crate) fn matmul(x: CubeTensor, weight: CubeTensor) -> CubeTensor {
    let (x, weight) = (matrix(x), matrix(weight));
    let [rows, entries] = dims(&x.0);
    let [_, columns] = dims(&weight.0);
    let out = like(&x.0, [rows, columns]);
    let sizes = Sizes::new(1, rows, columns, entries);
    multiply(
        sizes,
        StridedMatrix::new(&x.0, x.1),
        StridedMatrix::new(&weight.0, weight.1),
        StridedMatrix::new(&out, Strides::rows(columns)),
    );
    out
}

/// `x^T * grad`, the gradient of a weight: a sum over so many rows is split, so that there are tiles enough.
///
/// # Shapes
/// - x: `[rows, d_in]`
/// - grad: `[rows, d_out]`
/// - output: `[d_in, d_out]`
pub(crate) fn matmul_transposed(x: CubeTensor, grad: CubeTensor) -> CubeTensor {
    const SPLIT: usize = 512;
    let (x, grad) = (into_contiguous(x), into_contiguous(grad));
    let [rows, d_in] = dims(&x);
    let [_, d_out] = dims(&grad);
    let whole = rows / SPLIT * SPLIT;
    let parts = rows.div_ceil(SPLIT);
    let partial = like(&x, [parts * d_in, d_out]);
    let product = |first: usize, count: usize, entries: usize| {
        let sizes = Sizes::new(count, d_in, d_out, entries);
        let of = |columns: usize| Strides {
            first: first * columns,
            ..Strides::matrices(SPLIT, columns)
        };
        let of_out = Strides {
            first: first / SPLIT * d_in * d_out,
            ..Strides::matrices(d_in, d_out)
        };
        multiply(
            sizes,
            StridedMatrix::new(&x, of(d_in).transposed()),
            StridedMatrix::new(&grad, of(d_out)),
            StridedMatrix::new(&partial, of_out),
        );
    };
    if whole > 0 {
        product(0, whole / SPLIT, SPLIT);
    }
    if whole < rows {
        product(whole, 1, rows - whole);
    }
    let sum = sum_rows(&partial, parts, d_in * d_out);
    reshaped(sum, Shape::from([d_in, d_out]))
}

/// A matrix as it lies if its rows or its columns follow each other, a copy otherwise.
fn matrix(x: CubeTensor) -> (CubeTensor, Strides) {
    let [rows, columns] = dims(&x);
    if x.meta.strides()[..] == [1, rows] {
        return (x, Strides::rows(rows).transposed());
    }
    (into_contiguous(x), Strides::rows(columns))
}
