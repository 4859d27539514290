//! Softmax with the causal mask, and rotary positions.

use crate::gpu::grid::{cube_of_grid, unit_of_grid};
use crate::gpu::reduce::{UNITS, reduce};
use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;

/// Softmax of every row of `[matrices, total, total]` in place, over what its token may see: tokens of the prefix the
/// prefix, others all up to themselves. A unit keeps its numbers, `per_unit` of them, in registers.
#[cube(launch)]
pub(super) fn softmax(
    scores: &mut [f32],
    rows: usize,
    total: usize,
    prefix: usize,
    #[comptime] per_unit: usize,
) {
    let row = cube_of_grid();
    if row < rows {
        let mut partial = Shared::<[f32]>::new_slice(UNITS);
        let mut values = Array::<f32>::new(per_unit);
        let first = row * total;
        let visible = prefix.max(row % total + 1);
        let mut most = f32::new(-1e30);
        #[unroll]
        for i in 0..per_unit {
            let entry = UNIT_POS as usize + i * UNITS;
            let mut value = f32::new(-1e30);
            if entry < visible {
                value = scores[first + entry];
            }
            values[i] = value;
            most = most.max(value);
        }
        let most = reduce(&mut partial, most, true);
        let mut mass = f32::new(0.0);
        #[unroll]
        for i in 0..per_unit {
            let value = (values[i] - most).exp();
            values[i] = value;
            mass += value;
        }
        let mass = reduce(&mut partial, mass, false);
        #[unroll]
        for i in 0..per_unit {
            let entry = UNIT_POS as usize + i * UNITS;
            if entry < total {
                scores[first + entry] = values[i] / mass;
            }
        }
    }
}

/// The gradient of scores, in place of that of the `weights` that softmax made of them.
#[cube(launch)]
pub(super) fn softmax_backward(
    weights: &[f32],
    grad: &mut [f32],
    rows: usize,
    total: usize,
    #[comptime] per_unit: usize,
) {
    let row = cube_of_grid();
    if row < rows {
        let mut partial = Shared::<[f32]>::new_slice(UNITS);
        let mut of_weights = Array::<f32>::new(per_unit);
        let mut of_scores = Array::<f32>::new(per_unit);
        let first = row * total;
        let mut mean = f32::new(0.0);
        #[unroll]
        for i in 0..per_unit {
            let place = first + (UNIT_POS as usize + i * UNITS).min(total - 1);
            of_weights[i] = weights[place];
            of_scores[i] = grad[place];
            if UNIT_POS as usize + i * UNITS < total {
                mean += of_weights[i] * of_scores[i];
            }
        }
        let mean = reduce(&mut partial, mean, false);
        #[unroll]
        for i in 0..per_unit {
            let entry = UNIT_POS as usize + i * UNITS;
            if entry < total {
                grad[first + entry] = of_weights[i] * (of_scores[i] - mean);
            }
        }
    }
}

/// Queries, scaled by `head_dim^-1/2`, and keys of `[tokens, 3 * heads, head_dim]`, rotated, as
/// `[tokens, 2 * heads, head_dim]`.
#[cube(launch)]
pub(super) fn rotate(
    qkv: &[f32],
    cos: &[f32],
    sin: &[f32],
    out: &mut [f32],
    count: usize,
    total: usize,
    heads: usize,
    half: usize,
    scale: f32,
) {
    let pair = unit_of_grid();
    if pair < count {
        let channel = pair % half;
        let head = pair / half % (2 * heads);
        let token = pair / half / (2 * heads);
        let turn = token % total * half + channel;
        let from = (token * 3 * heads + head) * 2 * half + channel;
        let to = (token * 2 * heads + head) * 2 * half + channel;
        let mut factor = f32::new(1.0);
        if head < heads {
            factor = scale;
        }
        let a = qkv[from] * factor;
        let b = qkv[from + half] * factor;
        out[to] = a * cos[turn] - b * sin[turn];
        out[to + half] = a * sin[turn] + b * cos[turn];
    }
}

/// The gradient of what [`rotate`] read, in place of that of what it wrote, in `[tokens, 3 * heads, head_dim]`.
#[cube(launch)]
pub(super) fn rotate_backward(
    grad: &mut [f32],
    cos: &[f32],
    sin: &[f32],
    count: usize,
    total: usize,
    heads: usize,
    half: usize,
    scale: f32,
) {
    let pair = unit_of_grid();
    if pair < count {
        let channel = pair % half;
        let head = pair / half % (2 * heads);
        let token = pair / half / (2 * heads);
        let turn = token % total * half + channel;
        let at = (token * 3 * heads + head) * 2 * half + channel;
        let mut factor = f32::new(1.0);
        if head < heads {
            factor = scale;
        }
        let a = grad[at] * factor;
        let b = grad[at + half] * factor;
        grad[at] = a * cos[turn] + b * sin[turn];
        grad[at + half] = b * cos[turn] - a * sin[turn];
    }
}
