//! Smooth random values over the plane.

use super::anatomy::smoothstep;

/// Smooth noise from 0 to 1 with one random value per unit square.
pub(super) fn value_noise(x: f32, y: f32, seed: u32) -> f32 {
    let (left, top) = (x.floor(), y.floor());
    let (tx, ty) = (
        smoothstep(0.0, 1.0, x - left),
        smoothstep(0.0, 1.0, y - top),
    );
    let (i, j) = (left as i32, top as i32);
    let row = |j: i32| {
        let (a, b) = (hashed(i, j, seed), hashed(i + 1, j, seed));
        a + (b - a) * tx
    };
    let (above, below) = (row(j), row(j + 1));
    above + (below - above) * ty
}

fn hashed(i: i32, j: i32, seed: u32) -> f32 {
    let mut bits =
        seed ^ (i as u32).wrapping_mul(0x9E37_79B1) ^ (j as u32).wrapping_mul(0x85EB_CA77);
    bits = (bits ^ (bits >> 16)).wrapping_mul(0x7FEB_352D);
    bits = (bits ^ (bits >> 15)).wrapping_mul(0x846C_A68B);
    bits ^= bits >> 16;
    (bits >> 8) as f32 / (1 << 24) as f32
}
