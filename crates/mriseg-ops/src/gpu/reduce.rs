//! What the units of a cube agree on.

use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;

/// Units of a cube.
pub(crate) const UNITS: usize = 64;

/// The largest of one value of every unit, or their sum.
#[cube]
pub(crate) fn reduce(partial: &mut Shared<[f32]>, value: f32, #[comptime] largest: bool) -> f32 {
    let unit = UNIT_POS as usize;
    partial[unit] = value;
    sync_cube();
    let mut half = comptime![UNITS / 2].runtime();
    while half > 0 {
        if unit < half {
            let other = partial[unit + half];
            if comptime![largest] {
                partial[unit] = partial[unit].max(other);
            } else {
                partial[unit] += other;
            }
        }
        half /= 2;
        sync_cube();
    }
    let reduced = partial[0];
    sync_cube();
    reduced
}

/// `1 / sqrt(mean(x²) + epsilon)` of `width` entries from `first` on.
#[cube]
pub(crate) fn inverse_rms(
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
