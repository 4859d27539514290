//! The last RMS norm: a workgroup for every row.

use crate::gpu::reduce::{UNITS, inverse_rms};
use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;

/// `out = x / rms(x) * gamma`
#[cube(launch)]
pub(super) fn normalize(x: &[f32], gamma: &[f32], out: &mut [f32], width: usize, epsilon: f32) {
    let first = CUBE_POS_X as usize * width;
    let mut partial = Shared::<[f32]>::new_slice(UNITS);
    let scale = inverse_rms(x, first, width, epsilon, &mut partial);
    let mut entry = UNIT_POS as usize;
    while entry < width {
        out[first + entry] = x[first + entry] * scale * gamma[entry];
        entry += UNITS;
    }
}
