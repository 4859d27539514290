//! What is done row by row, a cube for each, or number by number.

use crate::nn::kernels::cube::grid::{cube_of_grid, unit_of_grid};
use crate::nn::kernels::cube::reduce::{UNITS, reduce};
use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;

#[cube]
fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

#[cube]
fn inverse_rms(
    x: &[f32],
    first: usize,
    width: usize,
    epsilon: f32,
    partial: &mut Shared<[f32]>,
) -> f32 {
    let mut squares = f32::new(0.0);
    let mut entry = UNIT_POS as usize;
    while entry < width {
        let value = x[first + entry];
        squares += value * value;
        entry += UNITS;
    }
    let squares = reduce(partial, squares, false);
    1.0 / (squares / width as f32 + epsilon).sqrt()
}

#[cube(launch)]
pub(super) fn rms_norm(
    x: &[f32],
    gain: &[f32],
    out: &mut [f32],
    rows: usize,
    width: usize,
    epsilon: f32,
) {
    let row = cube_of_grid();
    if row < rows {
        let mut partial = Shared::<[f32]>::new_slice(UNITS);
        let first = row * width;
        let scale = inverse_rms(x, first, width, epsilon, &mut partial);
        let mut entry = UNIT_POS as usize;
        while entry < width {
            out[first + entry] = x[first + entry] * scale * gain[entry];
            entry += UNITS;
        }
    }
}

/// With `y = x * s`, `s` the inverse RMS: the gradient of `x` is `s * (g - y * mean(g * y))`, where `g` is that of the
/// output times the gain; what a row adds to the gradient of the gain is that of the output times `y`.
#[cube(launch)]
pub(super) fn rms_norm_backward(
    x: &[f32],
    gain: &[f32],
    grad: &[f32],
    of_x: &mut [f32],
    of_gain: &mut [f32],
    rows: usize,
    width: usize,
    epsilon: f32,
) {
    let row = cube_of_grid();
    if row < rows {
        let mut partial = Shared::<[f32]>::new_slice(UNITS);
        let first = row * width;
        let scale = inverse_rms(x, first, width, epsilon, &mut partial);
        let mut along = f32::new(0.0);
        let mut entry = UNIT_POS as usize;
        while entry < width {
            let place = first + entry;
            along += grad[place] * gain[entry] * x[place] * scale;
            entry += UNITS;
        }
        let along = reduce(&mut partial, along, false) / width as f32;
        let mut entry = UNIT_POS as usize;
        while entry < width {
            let place = first + entry;
            let normal = x[place] * scale;
            of_x[place] = scale * (grad[place] * gain[entry] - normal * along);
            of_gain[place] = grad[place] * normal;
            entry += UNITS;
        }
    }
}

#[cube(launch)]
pub(super) fn swiglu(gate_up: &[f32], out: &mut [f32], count: usize, d_hidden: usize) {
    let place = unit_of_grid();
    if place < count {
        let at = place / d_hidden * d_hidden + place;
        let gate = gate_up[at];
        out[place] = gate * sigmoid(gate) * gate_up[at + d_hidden];
    }
}

#[cube(launch)]
pub(super) fn swiglu_backward(
    gate_up: &[f32],
    grad: &[f32],
    out: &mut [f32],
    count: usize,
    d_hidden: usize,
) {
    let place = unit_of_grid();
    if place < count {
        let at = place / d_hidden * d_hidden + place;
        let gate = gate_up[at];
        let up = gate_up[at + d_hidden];
        let open = sigmoid(gate);
        out[at] = grad[place] * up * open * (1.0 + gate * (1.0 - open));
        out[at + d_hidden] = grad[place] * gate * open;
    }
}

/// The largest of a row and the sum of the exponentials of what each is below it.
#[cube]
fn exponentials(
    x: &[f32],
    first: usize,
    width: usize,
    most: f32,
    partial: &mut Shared<[f32]>,
) -> f32 {
    let mut mass = f32::new(0.0);
    let mut entry = UNIT_POS as usize;
    while entry < width {
        mass += (x[first + entry] - most).exp();
        entry += UNITS;
    }
    reduce(partial, mass, false)
}

#[cube]
fn largest(x: &[f32], first: usize, width: usize, partial: &mut Shared<[f32]>) -> f32 {
    let mut most = f32::new(-1e30);
    let mut entry = UNIT_POS as usize;
    while entry < width {
        most = most.max(x[first + entry]);
        entry += UNITS;
    }
    reduce(partial, most, true)
}

#[cube(launch)]
pub(super) fn cross_entropy(
    logits: &[f32],
    targets: &[i32],
    out: &mut [f32],
    rows: usize,
    codes: usize,
) {
    let row = cube_of_grid();
    if row < rows {
        let mut partial = Shared::<[f32]>::new_slice(UNITS);
        let first = row * codes;
        let most = largest(logits, first, codes, &mut partial);
        let mass = exponentials(logits, first, codes, most, &mut partial);
        if UNIT_POS == 0 {
            out[row] = mass.ln() + most - logits[first + targets[row] as usize];
        }
    }
}

#[cube(launch)]
pub(super) fn cross_entropy_backward(
    logits: &[f32],
    targets: &[i32],
    grad: &[f32],
    out: &mut [f32],
    rows: usize,
    codes: usize,
) {
    let row = cube_of_grid();
    if row < rows {
        let mut partial = Shared::<[f32]>::new_slice(UNITS);
        let first = row * codes;
        let most = largest(logits, first, codes, &mut partial);
        let mass = exponentials(logits, first, codes, most, &mut partial);
        let grad = grad[row];
        let target = targets[row] as usize;
        let mut code = UNIT_POS as usize;
        while code < codes {
            let mut value = (logits[first + code] - most).exp() / mass;
            if code == target {
                value -= 1.0;
            }
            out[first + code] = grad * value;
            code += UNITS;
        }
    }
}

/// Softmax of every row of `[matrices, total, total]` in place, over what its token may see: tokens of the prefix the
/// prefix, others all up to themselves. A unit keeps its numbers, `of_unit` of them, in registers.
#[cube(launch)]
pub(super) fn softmax(
    scores: &mut [f32],
    rows: usize,
    total: usize,
    prefix: usize,
    #[comptime] of_unit: usize,
) {
    let row = cube_of_grid();
    if row < rows {
        let mut partial = Shared::<[f32]>::new_slice(UNITS);
        let mut values = Array::<f32>::new(of_unit);
        let first = row * total;
        let visible = prefix.max(row % total + 1);
        let mut most = f32::new(-1e30);
        #[unroll]
        for i in 0..of_unit {
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
        for i in 0..of_unit {
            let value = (values[i] - most).exp();
            values[i] = value;
            mass += value;
        }
        let mass = reduce(&mut partial, mass, false);
        #[unroll]
        for i in 0..of_unit {
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
    #[comptime] of_unit: usize,
) {
    let row = cube_of_grid();
    if row < rows {
        let mut partial = Shared::<[f32]>::new_slice(UNITS);
        let mut of_weights = Array::<f32>::new(of_unit);
        let mut of_scores = Array::<f32>::new(of_unit);
        let first = row * total;
        let mut mean = f32::new(0.0);
        #[unroll]
        for i in 0..of_unit {
            let place = first + (UNIT_POS as usize + i * UNITS).min(total - 1);
            of_weights[i] = weights[place];
            of_scores[i] = grad[place];
            if UNIT_POS as usize + i * UNITS < total {
                mean += of_weights[i] * of_scores[i];
            }
        }
        let mean = reduce(&mut partial, mean, false);
        #[unroll]
        for i in 0..of_unit {
            let entry = UNIT_POS as usize + i * UNITS;
            if entry < total {
                grad[first + entry] = of_weights[i] * (of_scores[i] - mean);
            }
        }
    }
}

/// 1 where a column is the one that its row names, else 0.
#[cube(launch)]
pub(super) fn one_hot(indices: &[i32], out: &mut [f32], count: usize, columns: usize) {
    let place = unit_of_grid();
    if place < count {
        let named = indices[place / columns] as usize == place % columns;
        out[place] = select(named, 1.0, 0.0);
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
