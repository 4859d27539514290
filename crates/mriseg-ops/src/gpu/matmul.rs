//! Products of matrices with many rows, of 32-bit floats: what burn's own do without tensor cores and without
//! autotuning, several times faster (LOG.md).
//!
//! A cube computes a tile of the output, every unit of it 4 x 4 blocks in registers. Slices of both factors, `DEPTH`
//! entries of the sum, lie in shared memory; while the units add up one slice, they load the next.

use super::shapes::reshaped;
use super::sums::sum_rows;
use super::{dims, like};
use burn::tensor::Shape;
use burn_cubecl::CubeDevice;
use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;

/// Side of the blocks.
const BLOCK: usize = 4;
/// Entries of the sum that lie in shared memory at once.
const DEPTH: usize = 16;
/// Units along columns and along rows of a tile.
const UNITS: [usize; 2] = [8, 16];
/// Blocks of a unit along rows.
const ROW_BLOCKS: usize = 2;
/// Shared memory that a tile takes at most, bytes.
const SHARED: usize = 2 * DEPTH * BLOCK * (UNITS[0] * 2 + UNITS[1] * ROW_BLOCKS) * size_of::<f32>();
/// Units of a cube.
const UNITS_OF_CUBE: usize = UNITS[0] * UNITS[1];

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

/// Which matrix of a product is a causal one, queries by keys: a query sees the first `prefix` keys and those up to its
/// own; the other entries are zero and are not computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum CausalOperand {
    /// None.
    None,
    /// The output.
    Output,
    /// The first factor.
    First,
    /// The first factor, transposed.
    FirstTransposed,
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

/// [`Strides`] in a kernel. `along`: stride in the summed dimension; `across`: stride in the other.
#[derive(CubeType, CubeLaunch, Clone, Copy)]
struct Matrices {
    first: usize,
    outer: usize,
    inner: usize,
    across: usize,
    along: usize,
}

#[cube]
impl Matrices {
    fn offset(&self, index: usize, inner: usize) -> usize {
        self.first + index / inner * self.outer + index % inner * self.inner
    }
}

/// Four neighbours off the sum's dimension, at one entry of the sum. What lies outside of the matrix repeats its
/// last row, or is zero where it would add to a sum.
#[cube]
fn four<N: Size, W: Size>(
    x: &[Vector<f32, W>],
    base: usize,
    lies: &Matrices,
    neighbour: usize,
    neighbours: usize,
    entry: usize,
    entries: usize,
    #[comptime] whole: bool,
) -> Vector<f32, N> {
    let mut values = Vector::<f32, N>::empty();
    let within = entry.min(entries - 1);
    let at_once = W::value().comptime();
    if comptime![at_once == BLOCK] {
        let neighbour = neighbour.min(neighbours - BLOCK);
        let four = x[(base + within * lies.along + neighbour) / BLOCK];
        #[unroll]
        for i in 0..BLOCK {
            values.insert(i, four.extract(i));
        }
    } else {
        #[unroll]
        for i in 0..BLOCK {
            let neighbour = (neighbour + i).min(neighbours - 1);
            let one = x[base + within * lies.along + neighbour * lies.across];
            values.insert(i, one.extract(0usize));
        }
    }
    if comptime![!whole] {
        values = select(entry < entries, values, Vector::new(0.0));
    }
    values
}

/// Which four of a slice a unit loads: those of units side by side lie side by side in memory.
#[cube]
fn entry_of(load: usize, #[comptime] width: usize, #[comptime] along: bool) -> usize {
    let place = UNIT_POS as usize + load * UNITS_OF_CUBE;
    if comptime![along] {
        place % DEPTH
    } else {
        place / width
    }
}

/// As [`entry_of`], off the sum's dimension.
#[cube]
fn four_of(load: usize, #[comptime] width: usize, #[comptime] along: bool) -> usize {
    let place = UNIT_POS as usize + load * UNITS_OF_CUBE;
    if comptime![along] {
        place / DEPTH
    } else {
        place % width
    }
}

#[cube(launch)]
fn product<N: Size, WidthA: Size, WidthB: Size, WidthOut: Size>(
    a: &[Vector<f32, WidthA>],
    b: &[Vector<f32, WidthB>],
    out: &mut [Vector<f32, WidthOut>],
    a_lies: &Matrices,
    b_lies: &Matrices,
    out_lies: &Matrices,
    rows: usize,
    columns: usize,
    entries: usize,
    inner: usize,
    prefix: usize,
    #[comptime] column_blocks: usize,
    #[comptime] a_along: bool,
    #[comptime] b_along: bool,
    #[comptime] whole: bool,
    #[comptime] causal: CausalOperand,
) {
    let a_width = comptime![UNITS[1] * ROW_BLOCKS];
    let b_width = comptime![UNITS[0] * column_blocks];
    let a_loads = comptime![a_width * DEPTH / UNITS_OF_CUBE];
    let b_loads = comptime![b_width * DEPTH / UNITS_OF_CUBE];
    let x = UNIT_POS as usize % comptime![UNITS[0]];
    let y = UNIT_POS as usize / comptime![UNITS[0]];
    let a_base = a_lies.offset(CUBE_POS_Z as usize, inner);
    let b_base = b_lies.offset(CUBE_POS_Z as usize, inner);
    let out_base = out_lies.offset(CUBE_POS_Z as usize, inner);
    let row = CUBE_POS_Y as usize * comptime![BLOCK * a_width];
    let column = CUBE_POS_X as usize * comptime![BLOCK * b_width];

    let mut a_slices = Shared::<[Vector<f32, N>]>::new_slice(comptime![2 * a_width * DEPTH]);
    let mut b_slices = Shared::<[Vector<f32, N>]>::new_slice(comptime![2 * b_width * DEPTH]);
    let mut a_next = Array::<Vector<f32, N>>::new(a_loads);
    let mut b_next = Array::<Vector<f32, N>>::new(b_loads);
    let mut sums = Array::<Vector<f32, N>>::new(comptime![BLOCK * ROW_BLOCKS * column_blocks]);
    #[unroll]
    for i in 0..comptime![BLOCK * ROW_BLOCKS * column_blocks] {
        sums[i] = Vector::new(0.0);
    }

    // One turn more than there are slices: a turn loads a slice and adds up the one before.
    let seen = prefix.max(row + comptime![BLOCK * a_width]);
    let mut begin = 0usize;
    let mut end = entries;
    if comptime![causal == CausalOperand::Output] {
        end = select(column < seen, entries, 0usize);
    }
    if comptime![causal == CausalOperand::First] {
        end = end.min(seen);
    }
    if comptime![causal == CausalOperand::FirstTransposed] {
        begin = select(row < prefix, 0usize, row / DEPTH);
    }
    let slices = end.div_ceil(DEPTH);
    for slice in begin..slices + 1 {
        if slice < slices {
            #[unroll]
            for i in 0..a_loads {
                let entry = slice * DEPTH + entry_of(i, a_width, a_along);
                let at = row + BLOCK * four_of(i, a_width, a_along);
                a_next[i] = four::<N, WidthA>(a, a_base, a_lies, at, rows, entry, entries, whole);
            }
            #[unroll]
            for i in 0..b_loads {
                let entry = slice * DEPTH + entry_of(i, b_width, b_along);
                let at = column + BLOCK * four_of(i, b_width, b_along);
                b_next[i] =
                    four::<N, WidthB>(b, b_base, b_lies, at, columns, entry, entries, whole);
            }
        }
        if slice > begin {
            let half = (slice + 1) % 2;
            let a_half = half * comptime![a_width * DEPTH];
            let b_half = half * comptime![b_width * DEPTH];
            #[unroll]
            for entry in 0..DEPTH {
                let mut b_fours = Array::<Vector<f32, N>>::new(column_blocks);
                #[unroll]
                for j in 0..column_blocks {
                    b_fours[j] = b_slices[b_half + entry * b_width + x + j * comptime![UNITS[0]]];
                }
                #[unroll]
                for i in 0..ROW_BLOCKS {
                    let a_four = a_slices[a_half + entry * a_width + y + i * comptime![UNITS[1]]];
                    #[unroll]
                    for r in 0..BLOCK {
                        let factor = Vector::<f32, N>::new(a_four.extract(r));
                        #[unroll]
                        for j in 0..column_blocks {
                            let at = comptime![(BLOCK * i + r) * column_blocks + j];
                            sums[at] = fma(factor, b_fours[j], sums[at]);
                        }
                    }
                }
            }
        }
        if slice < slices {
            let half = slice % 2;
            let a_half = half * comptime![a_width * DEPTH];
            let b_half = half * comptime![b_width * DEPTH];
            #[unroll]
            for i in 0..a_loads {
                let entry = entry_of(i, a_width, a_along);
                a_slices[a_half + entry * a_width + four_of(i, a_width, a_along)] = a_next[i];
            }
            #[unroll]
            for i in 0..b_loads {
                let entry = entry_of(i, b_width, b_along);
                b_slices[b_half + entry * b_width + four_of(i, b_width, b_along)] = b_next[i];
            }
        }
        sync_cube();
    }

    let at_once = WidthOut::value().comptime();
    #[unroll]
    for i in 0..ROW_BLOCKS {
        #[unroll]
        for r in 0..BLOCK {
            let row = row + BLOCK * (y + i * comptime![UNITS[1]]) + r;
            if row < rows {
                #[unroll]
                for j in 0..column_blocks {
                    let column = column + BLOCK * (x + j * comptime![UNITS[0]]);
                    let place = out_base + row * out_lies.across + column * out_lies.along;
                    let four = sums[comptime![(BLOCK * i + r) * column_blocks + j]];
                    if comptime![at_once == BLOCK] {
                        if column < columns {
                            let mut values = Vector::<f32, WidthOut>::empty();
                            #[unroll]
                            for c in 0..BLOCK {
                                values.insert(c, four.extract(c));
                            }
                            out[place / BLOCK] = values;
                        }
                    } else {
                        #[unroll]
                        for c in 0..BLOCK {
                            if column + c < columns {
                                out[place + c * out_lies.along] = Vector::new(four.extract(c));
                            }
                        }
                    }
                }
            }
        }
    }
}
