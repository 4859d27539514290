//! A workgroup computes a tile of the output, every invocation of it 4 x 4 blocks in registers. Slices of both factors,
//! `DEPTH` entries of the sum, lie in shared memory; while the invocations add up one slice, they load the next.

use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;

/// Side of the blocks.
pub(super) const BLOCK: usize = 4;
/// Entries of the sum that lie in shared memory at once.
pub(super) const DEPTH: usize = 16;
/// Units along columns and along rows of a tile.
pub(super) const UNITS: [usize; 2] = [8, 16];
/// Blocks of a unit along rows.
pub(super) const ROW_BLOCKS: usize = 2;
/// Shared memory that a tile takes at most, bytes.
pub(super) const SHARED: usize =
    2 * DEPTH * BLOCK * (UNITS[0] * 2 + UNITS[1] * ROW_BLOCKS) * size_of::<f32>();
/// Units of a cube.
pub(super) const UNITS_OF_CUBE: usize = UNITS[0] * UNITS[1];

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

/// [`Strides`](super::Strides) in a kernel. `along`: stride in the summed dimension; `across`: stride in the other.
#[derive(CubeType, CubeLaunch, Clone, Copy)]
pub(super) struct Matrices {
    pub(super) first: usize,
    pub(super) outer: usize,
    pub(super) inner: usize,
    pub(super) across: usize,
    pub(super) along: usize,
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
pub(super) fn product<N: Size, WidthA: Size, WidthB: Size, WidthOut: Size>(
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
