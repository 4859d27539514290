//! What a pass reads: codes that were picked before, here or elsewhere.

use super::attend::UNITS;
use crate::gpu::grid::unit_of_grid;
use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;

/// `out = table[ids] + places`, a unit for a few entries of a row.
#[cube(launch)]
pub(super) fn embed<V: Size>(
    table: &[Vector<f32, V>],
    ids: &[i32],
    places: &[Vector<f32, V>],
    out: &mut [Vector<f32, V>],
    rows: usize,
    new: usize,
    mask: usize,
    at: usize,
    width: usize,
) {
    let place = unit_of_grid();
    if place < rows * width {
        let row = place / width;
        let entry = place % width;
        let of_places = (row / new * mask + at + row % new) * width + entry;
        out[place] = table[ids[row] as usize * width + entry] + places[of_places];
    }
}

/// One cube picks the most probable of `codes`; of equal ones, the first.
#[cube(launch)]
pub(super) fn pick(
    logits: &[f32],
    others: &[f32],
    id: &mut [i32],
    pairs: &mut [f32],
    codes: usize,
    kept: f32,
    cell: usize,
    row: usize,
    #[comptime] mixes: bool,
) {
    let unit = UNIT_POS as usize;
    let mut partial = Shared::<[f32]>::new_slice(UNITS);
    let mut found = Shared::<[u32]>::new_slice(UNITS);

    let mut most = f32::new(-1e30);
    let mut code = unit;
    while code < codes {
        most = most.max(logits[code]);
        code += UNITS;
    }
    partial[unit] = most;
    sync_cube();
    for other in 0..UNITS {
        most = most.max(partial[other]);
    }
    sync_cube();

    let mut mass = f32::new(0.0);
    let mut code = unit;
    while code < codes {
        mass += (logits[code] - most).exp();
        code += UNITS;
    }
    partial[unit] = mass;
    sync_cube();
    let mut mass = f32::new(0.0);
    for other in 0..UNITS {
        mass += partial[other];
    }
    sync_cube();

    let mut best = f32::new(-1e30);
    let mut best_code = 0u32;
    let mut code = unit;
    while code < codes {
        let mut value = logits[code];
        if comptime![mixes] {
            value = (value - most).exp() / mass * kept + others[cell * codes + code];
        }
        if value > best {
            best = value;
            best_code = code as u32;
        }
        code += UNITS;
    }
    partial[unit] = best;
    found[unit] = best_code;
    sync_cube();
    if unit == 0 {
        for other in 1..UNITS {
            let value = partial[other];
            let code = found[other];
            if value > best || (value == best && code < best_code) {
                best = value;
                best_code = code;
            }
        }
        if comptime![!mixes] {
            best = 1.0 / mass;
        }
        id[0] = best_code as i32;
        pairs[2 * row] = best_code as f32;
        pairs[2 * row + 1] = best;
    }
}
