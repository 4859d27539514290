//! Vectors of eight numbers.

use wide::f32x8;

/// `a * b + c`, rounded once where the target has such an instruction.
#[inline(always)]
#[cfg(not(target_feature = "relaxed-simd"))]
pub(crate) fn mul_add(a: f32x8, b: f32x8, c: f32x8) -> f32x8 {
    a.mul_add(b, c)
}

/// `a * b + c`, rounded once or twice, as the browser's processor is faster.
#[inline(always)]
#[cfg(target_feature = "relaxed-simd")]
pub(crate) fn mul_add(a: f32x8, b: f32x8, c: f32x8) -> f32x8 {
    use core::arch::wasm32::{f32x4_relaxed_madd, v128};
    use wide::{bytemuck::cast, f32x4};
    let halves = |x: f32x8| cast::<f32x8, [f32x4; 2]>(x).map(v128::from);
    let (a, b, c) = (halves(a), halves(b), halves(c));
    cast([0, 1].map(|i| f32x4::from(f32x4_relaxed_madd(a[i], b[i], c[i]))))
}
