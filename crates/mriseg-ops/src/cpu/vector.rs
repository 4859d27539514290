//! Vectors of eight numbers.

use half::f16;
use half::slice::HalfFloatSliceExt;
use wide::f32x8;

/// Floats of a vector; in the browser, where vectors have four, it is two of them.
pub(crate) const LANES: usize = 8;

/// What is read as a number of 32 bits.
pub(crate) trait Element: Copy + Default {
    fn vector(elements: &[Self; LANES]) -> f32x8;
}

impl Element for f32 {
    #[inline(always)]
    fn vector(elements: &[Self; LANES]) -> f32x8 {
        f32x8::new(*elements)
    }
}

/// A number of 16 bits (IEEE 754 binary16).
impl Element for f16 {
    #[inline(always)]
    fn vector(elements: &[Self; LANES]) -> f32x8 {
        let mut floats = [0.0; LANES];
        elements.convert_to_f32_slice(&mut floats);
        f32x8::new(floats)
    }
}

/// The numbers in 16 bits, if each fits into these and the processor reads them as fast as others.
pub(crate) fn in_half_the_bits(floats: &[f32]) -> Option<Vec<f16>> {
    let exact = |&float: &f32| {
        let half = f16::from_f32(float);
        (half.to_f32().to_bits() == float.to_bits()).then_some(half)
    };
    if cfg!(target_feature = "f16c") {
        floats.iter().map(exact).collect()
    } else {
        None
    }
}

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
