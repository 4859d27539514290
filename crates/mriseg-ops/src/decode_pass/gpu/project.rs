//! Products of a few rows with a matrix, and what comes before and after them in a block.
//!
//! A cube computes [`COLUMNS`] columns of `N` rows. It holds the rows in shared memory, as vectors of their
//! entries side by side, and splits the sum over `d_in` among [`SLICES`] units per column, so that even one row
//! keeps many units busy. The RMS norm costs nothing more: it is one factor per row, found by the same loop.

use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;

pub(super) const COLUMNS: usize = 32;
pub(super) const SLICES: usize = 2;
/// Units of a cube.
pub(super) const UNITS: usize = COLUMNS * SLICES;

/// Rows `first..first + N` of `x`, entry by entry. Rows past the last repeat it.
#[cube]
fn load_rows<N: Size>(
    x: &[f32],
    first: usize,
    rows: usize,
    #[comptime] width: usize,
) -> Shared<[Vector<f32, N>]> {
    let mut tile = Shared::<[Vector<f32, N>]>::new_slice(width);
    let mut entry = UNIT_POS as usize;
    while entry < width {
        let mut vector = Vector::<f32, N>::empty();
        #[unroll]
        for row in 0..N::value() {
            let row_of_x = (first + row).min(rows - 1);
            vector.insert(row, x[row_of_x * width + entry]);
        }
        tile[entry] = vector;
        entry += UNITS;
    }
    sync_cube();
    tile
}

/// Sums over the slices of one column.
#[cube]
fn sum_of_slices<N: Size>(partial: &Shared<[Vector<f32, N>]>, column: usize) -> Vector<f32, N> {
    let mut sum = partial[column];
    #[unroll]
    for slice in 1..SLICES {
        sum += partial[slice * COLUMNS + column];
    }
    sum
}

/// `1 / rms` of every row, of the sums of squares that the slices found.
#[cube]
fn norm_factor<N: Size>(
    squares: &Shared<[Vector<f32, N>]>,
    epsilon: f32,
    #[comptime] width: usize,
) -> Vector<f32, N> {
    let mut sum = squares[0];
    #[unroll]
    for slice in 1..SLICES {
        sum += squares[slice];
    }
    let mean = sum / Vector::new(width as f32);
    Vector::new(1.0) / (mean + Vector::new(epsilon)).sqrt()
}

/// `out = x * weight`, or `out += x * weight`.
#[cube(launch)]
pub(super) fn project<W: Float, N: Size>(
    x: &[f32],
    weight: &[W],
    out: &mut [f32],
    rows: usize,
    d_out: usize,
    #[comptime] d_in: usize,
    #[comptime] add: bool,
    #[define(W)] _dtype: ElemType,
) {
    let first = CUBE_POS_Y as usize * N::value();
    let tile = load_rows::<N>(x, first, rows, d_in);
    let mut partial = Shared::<[Vector<f32, N>]>::new_slice(UNITS);
    let local = UNIT_POS as usize % COLUMNS;
    let slice = UNIT_POS as usize / COLUMNS;
    let column = CUBE_POS_X as usize * COLUMNS + local;
    let mut sum = Vector::<f32, N>::new(0.0);
    if column < d_out {
        let mut entry = slice;
        while entry < d_in {
            sum += tile[entry] * Vector::new(f32::cast_from(weight[entry * d_out + column]));
            entry += SLICES;
        }
    }
    partial[UNIT_POS as usize] = sum;
    sync_cube();
    if slice == 0 && column < d_out {
        let value = sum_of_slices::<N>(&partial, local);
        #[unroll]
        for row in 0..N::value() {
            if first + row < rows {
                let place = (first + row) * d_out + column;
                if comptime![add] {
                    out[place] += value.extract(row);
                } else {
                    out[place] = value.extract(row);
                }
            }
        }
    }
}

/// `out = x + silu(x * weight + ahead)` of one row `x`, for every head.
#[cube(launch)]
pub(super) fn look_ahead<W: Float>(
    x: &[f32],
    weight: &[W],
    ahead: &[f32],
    out: &mut [f32],
    heads: usize,
    #[comptime] d_model: usize,
    #[define(W)] _dtype: ElemType,
) {
    let d_out = heads * d_model;
    let mut partial = Shared::<[f32]>::new_slice(UNITS);
    let local = UNIT_POS as usize % COLUMNS;
    let slice = UNIT_POS as usize / COLUMNS;
    let column = CUBE_POS_X as usize * COLUMNS + local;
    let mut sum = f32::new(0.0);
    if column < d_out {
        let mut entry = slice;
        while entry < d_model {
            sum += x[entry] * f32::cast_from(weight[entry * d_out + column]);
            entry += SLICES;
        }
    }
    partial[UNIT_POS as usize] = sum;
    sync_cube();
    if slice == 0 && column < d_out {
        let mut mixed = ahead[column];
        #[unroll]
        for slice in 0..SLICES {
            mixed += partial[slice * COLUMNS + local];
        }
        out[column] = x[column % d_model] + silu(mixed);
    }
}

#[cube]
fn silu(x: f32) -> f32 {
    x / (1.0 + (-x).exp())
}

/// `out = silu(normalized(x) * gate) * (normalized(x) * up)`.
#[cube(launch)]
pub(super) fn project_swiglu<W: Float, N: Size>(
    x: &[f32],
    gate: &[W],
    up: &[W],
    out: &mut [f32],
    rows: usize,
    d_out: usize,
    epsilon: f32,
    #[comptime] d_in: usize,
    #[define(W)] _dtype: ElemType,
) {
    let first = CUBE_POS_Y as usize * N::value();
    let tile = load_rows::<N>(x, first, rows, d_in);
    let mut gates = Shared::<[Vector<f32, N>]>::new_slice(UNITS);
    let mut ups = Shared::<[Vector<f32, N>]>::new_slice(UNITS);
    let mut squares = Shared::<[Vector<f32, N>]>::new_slice(SLICES);
    let local = UNIT_POS as usize % COLUMNS;
    let slice = UNIT_POS as usize / COLUMNS;
    let column = CUBE_POS_X as usize * COLUMNS + local;
    let mut gated = Vector::<f32, N>::new(0.0);
    let mut raised = Vector::<f32, N>::new(0.0);
    let mut square = Vector::<f32, N>::new(0.0);
    let within = column.min(d_out - 1);
    let mut entry = slice;
    while entry < d_in {
        let values = tile[entry];
        let place = entry * d_out + within;
        gated += values * Vector::new(f32::cast_from(gate[place]));
        raised += values * Vector::new(f32::cast_from(up[place]));
        square += values * values;
        entry += SLICES;
    }
    gates[UNIT_POS as usize] = gated;
    ups[UNIT_POS as usize] = raised;
    if local == 0 {
        squares[slice] = square;
    }
    sync_cube();
    if slice == 0 && column < d_out {
        let factor = norm_factor::<N>(&squares, epsilon, d_in);
        let gate = sum_of_slices::<N>(&gates, local) * factor;
        let up = sum_of_slices::<N>(&ups, local) * factor;
        #[unroll]
        for row in 0..N::value() {
            if first + row < rows {
                let value = silu(gate.extract(row)) * up.extract(row);
                out[(first + row) * d_out + column] = value;
            }
        }
    }
}

/// Normalises and projects rows to queries, keys and values, rotates them, and puts keys and values into the
/// cache `[batch, 2 * heads, head_dim, total]` after the `filled` tokens that it holds. A column here is a pair
/// of columns of the weight that are rotated together.
#[cube(launch)]
pub(super) fn project_into_cache<W: Float, N: Size>(
    x: &[f32],
    weight: &[W],
    cos: &[f32],
    sin: &[f32],
    q: &mut [f32],
    cache: &mut [f32],
    rows: usize,
    new: usize,
    filled: usize,
    total: usize,
    epsilon: f32,
    #[comptime] d_in: usize,
    #[comptime] head_dim: usize,
    #[define(W)] _dtype: ElemType,
) {
    let half = comptime![head_dim / 2];
    let heads = comptime![d_in / head_dim];
    let pairs = comptime![3 * d_in / 2];
    let d_out = comptime![3 * d_in];
    let row_of_cube = CUBE_POS_Y as usize * N::value();
    let tile = load_rows::<N>(x, row_of_cube, rows, d_in);
    let mut firsts = Shared::<[Vector<f32, N>]>::new_slice(UNITS);
    let mut seconds = Shared::<[Vector<f32, N>]>::new_slice(UNITS);
    let mut squares = Shared::<[Vector<f32, N>]>::new_slice(SLICES);
    let local = UNIT_POS as usize % COLUMNS;
    let slice = UNIT_POS as usize / COLUMNS;
    let pair = CUBE_POS_X as usize * COLUMNS + local;
    let within = pair.min(pairs - 1);
    let head = within / half;
    let channel = within % half;
    let column = head * head_dim + channel;
    let mut first = Vector::<f32, N>::new(0.0);
    let mut second = Vector::<f32, N>::new(0.0);
    let mut square = Vector::<f32, N>::new(0.0);
    let mut entry = slice;
    while entry < d_in {
        let values = tile[entry];
        let place = entry * d_out + column;
        first += values * Vector::new(f32::cast_from(weight[place]));
        second += values * Vector::new(f32::cast_from(weight[place + half]));
        square += values * values;
        entry += SLICES;
    }
    firsts[UNIT_POS as usize] = first;
    seconds[UNIT_POS as usize] = second;
    if local == 0 {
        squares[slice] = square;
    }
    sync_cube();
    if slice == 0 && pair < pairs {
        let factor = norm_factor::<N>(&squares, epsilon, d_in);
        let first = sum_of_slices::<N>(&firsts, local) * factor;
        let second = sum_of_slices::<N>(&seconds, local) * factor;
        #[unroll]
        for row_of_tile in 0..N::value() {
            let row = row_of_cube + row_of_tile;
            if row < rows {
                let batch = row / new;
                let token = row % new;
                let turn = (token * 3 * heads + head) * half + channel;
                let a = first.extract(row_of_tile);
                let b = second.extract(row_of_tile);
                let rotated = a * cos[turn] - b * sin[turn];
                let rotated_second = a * sin[turn] + b * cos[turn];
                if head < heads {
                    let place = row * d_in + column;
                    q[place] = rotated;
                    q[place + half] = rotated_second;
                } else {
                    let of_head = (batch * 2 * heads + head - heads) * head_dim + channel;
                    cache[of_head * total + filled + token] = rotated;
                    cache[(of_head + half) * total + filled + token] = rotated_second;
                }
            }
        }
    }
}
