//! RMS norm: a cube for every row.

use super::reduce::{UNITS, reduce};
use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;

/// `out = x / rms(x) * gain`.
#[cube(launch)]
pub(super) fn normalize(
    x: &[f32],
    gain: &[f32],
    out: &mut [f32],
    epsilon: f32,
    #[comptime] width: usize,
) {
    let of_row = CUBE_POS_X as usize * width;
    let mut partial = Shared::<[f32]>::new_slice(UNITS);
    let mut square = f32::new(0.0);
    let mut entry = UNIT_POS as usize;
    while entry < width {
        let value = x[of_row + entry];
        square += value * value;
        entry += UNITS;
    }
    let mean = reduce(&mut partial, square, false) / (width as f32);
    let factor = 1.0 / (mean + epsilon).sqrt();
    let mut entry = UNIT_POS as usize;
    while entry < width {
        out[of_row + entry] = x[of_row + entry] * factor * gain[entry];
        entry += UNITS;
    }
}
