//! Products with a norm before them: of every row, the norm is one factor, found by the loop that adds up the products,
//! and its `γ` belongs to what is multiplied, as weights may have 16 bits only.

use crate::gpu::rows::{add_products, entries, place, zeros};
use burn_cubecl::cubecl;
use burn_cubecl::cubecl::ir::ElemType;
use burn_cubecl::cubecl::prelude::*;

/// Adds the squares of entries, and multiplies these with their `γ`.
#[cube]
fn add_squares<A: Size>(
    squares: &mut Array<Vector<f32, A>>,
    values: &mut Array<Vector<f32, A>>,
    gamma: &[Vector<f32, A>],
    entry: usize,
    #[comptime] of_unit: usize,
) {
    #[unroll]
    for row in 0..of_unit {
        squares[row] = fma(values[row], values[row], squares[row]);
        values[row] *= gamma[entry];
    }
}

/// `1 / rms` of a row of width `d_in`, of the sums of its squares.
#[cube]
fn norm_factor<A: Size>(squares: Vector<f32, A>, d_in: usize, epsilon: f32) -> f32 {
    let mut sum = f32::new(0.0);
    #[unroll]
    for entry in 0..A::value() {
        sum += squares.extract(entry);
    }
    1.0 / (sum / d_in as f32 + epsilon).sqrt()
}

#[cube]
fn silu<V: Size>(x: Vector<f32, V>) -> Vector<f32, V> {
    x / (Vector::new(1.0) + (Vector::new(0.0) - x).exp())
}

/// `out = x + silu(x * weight + ahead)` of one row `x`, for every head.
#[cube(launch)]
pub(super) fn look_ahead<W: Float, V: Size>(
    x: &[Vector<f32, V>],
    weight: &[Vector<W, V>],
    ahead: &[Vector<f32, V>],
    out: &mut [Vector<f32, V>],
    d_model: usize,
    across: usize,
    #[define(W)] _element: ElemType,
) {
    let at = place(across, 1usize);
    if at.row < 1 {
        let mut sums = zeros::<V>(1usize);
        for entry in 0..d_model / V::value() {
            let values = entries::<V>(x, 0usize, 1usize, d_model, entry, 1usize);
            let of_entry = entry * V::value() * across + at.column;
            add_products::<W, V, V>(&mut sums, &values, weight, of_entry, across, 1usize);
        }
        let of_model = at.column % (d_model / V::value());
        out[at.column] = x[of_model] + silu::<V>(sums[0] + ahead[at.column]);
    }
}

/// `out = silu(normalized(x) * gate) * (normalized(x) * up)`.
#[cube(launch)]
pub(super) fn project_swiglu<W: Float, A: Size, V: Size>(
    x: &[Vector<f32, A>],
    gamma: &[Vector<f32, A>],
    gate: &[Vector<W, V>],
    up: &[Vector<W, V>],
    out: &mut [Vector<f32, V>],
    rows: usize,
    d_in: usize,
    across: usize,
    epsilon: f32,
    #[comptime] of_unit: usize,
    #[define(W)] _element: ElemType,
) {
    let at = place(across, of_unit);
    if at.row < rows {
        let mut gates = zeros::<V>(of_unit);
        let mut ups = zeros::<V>(of_unit);
        let mut squares = zeros::<A>(of_unit);
        for entry in 0..d_in / A::value() {
            let mut values = entries::<A>(x, at.row, rows, d_in, entry, of_unit);
            add_squares::<A>(&mut squares, &mut values, gamma, entry, of_unit);
            let of_entry = entry * A::value() * across + at.column;
            add_products::<W, A, V>(&mut gates, &values, gate, of_entry, across, of_unit);
            add_products::<W, A, V>(&mut ups, &values, up, of_entry, across, of_unit);
        }
        #[unroll]
        for row in 0..of_unit {
            if at.row + row < rows {
                let factor = Vector::new(norm_factor::<A>(squares[row], d_in, epsilon));
                let value = silu::<V>(gates[row] * factor) * (ups[row] * factor);
                out[(at.row + row) * across + at.column] = value;
            }
        }
    }
}

/// Writes numbers `step` apart.
#[cube]
fn put<V: Size>(cache: &mut [f32], begin: usize, step: usize, values: Vector<f32, V>) {
    #[unroll]
    for i in 0..V::value() {
        cache[begin + i * step] = values.extract(i);
    }
}

/// Normalises and projects rows to queries, keys and values, rotates them, and puts keys and values into the cache after
/// the `filled` tokens that it holds: keys as `[head_dim, room]`, values as `[room, head_dim]`. A unit has columns of the
/// first half of a head and those of the second that are rotated with them.
#[cube(launch)]
pub(super) fn project_into_cache<W: Float, A: Size, V: Size>(
    x: &[Vector<f32, A>],
    gamma: &[Vector<f32, A>],
    weight: &[Vector<W, V>],
    rotary: &[Vector<f32, V>],
    q: &mut [Vector<f32, V>],
    cache: &mut [f32],
    rows: usize,
    new: usize,
    total: usize,
    filled: usize,
    room: usize,
    epsilon: f32,
    #[comptime] d_in: usize,
    #[comptime] head_dim: usize,
    #[comptime] of_unit: usize,
    #[define(W)] _element: ElemType,
) {
    let heads = comptime![d_in / head_dim];
    let at_once = V::value().comptime();
    let half = comptime![head_dim / 2 / at_once];
    let across = comptime![3 * d_in / at_once];
    let at = place(comptime![across / 2].runtime(), of_unit);
    if at.row < rows {
        let head = at.column / half;
        let channel = at.column % half;
        let column = 2 * half * head + channel;
        let mut firsts = zeros::<V>(of_unit);
        let mut seconds = zeros::<V>(of_unit);
        let mut squares = zeros::<A>(of_unit);
        for entry in 0..d_in / A::value() {
            let mut values = entries::<A>(x, at.row, rows, d_in.runtime(), entry, of_unit);
            add_squares::<A>(&mut squares, &mut values, gamma, entry, of_unit);
            let of_entry = entry * A::value() * across + column;
            let across = across.runtime();
            add_products::<W, A, V>(&mut firsts, &values, weight, of_entry, across, of_unit);
            add_products::<W, A, V>(
                &mut seconds,
                &values,
                weight,
                of_entry + half,
                across,
                of_unit,
            );
        }
        #[unroll]
        for row_of_unit in 0..of_unit {
            let row = at.row + row_of_unit;
            if row < rows {
                let factor = Vector::new(norm_factor::<A>(
                    squares[row_of_unit],
                    d_in.runtime(),
                    epsilon,
                ));
                let a = firsts[row_of_unit] * factor;
                let b = seconds[row_of_unit] * factor;
                let batch = row / new;
                let token = filled + row % new;
                let turn = (token * 3 * heads + head) * half + channel;
                let cos = rotary[turn];
                let sin = rotary[turn + total * 3 * heads * half];
                let first = a * cos - b * sin;
                let second = a * sin + b * cos;
                if head < heads {
                    let place = row * comptime![d_in / at_once] + column;
                    q[place] = first;
                    q[place + half] = second;
                } else {
                    let of_batch = (batch * 2 * heads + head - heads) * head_dim * room;
                    let is_key = head < 2 * heads;
                    let step = select(is_key, room, 1usize);
                    let begin = of_batch + select(is_key, token, token * head_dim);
                    let begin = begin + channel * at_once * step;
                    put::<V>(cache, begin, step, first);
                    put::<V>(cache, begin + head_dim / 2 * step, step, second);
                }
            }
        }
    }
}
