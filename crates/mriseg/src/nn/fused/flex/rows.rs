//! Rows of numbers, some lanes at a time.

use wide::f32x8;

/// Floats of a vector.
pub(super) const LANES: usize = 8;

/// `row[i] = compute(row[i], other[i])`
#[inline(always)]
pub(super) fn vectors(row: &mut [f32], other: &[f32], compute: impl Fn(f32x8, f32x8) -> f32x8) {
    assert_eq!(row.len(), other.len());
    let (vectors, rest) = row.as_chunks_mut::<LANES>();
    let (others, other_rest) = other.as_chunks::<LANES>();
    for i in 0..vectors.len() {
        vectors[i] = compute(f32x8::new(vectors[i]), f32x8::new(others[i])).to_array();
    }
    for i in 0..rest.len() {
        let (value, other) = (f32x8::splat(rest[i]), f32x8::splat(other_rest[i]));
        rest[i] = compute(value, other).to_array()[0];
    }
}

pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    let (vectors, rest) = a.as_chunks::<LANES>();
    let (others, other_rest) = b.as_chunks::<LANES>();
    let mut sum = f32x8::ZERO;
    for i in 0..vectors.len() {
        sum = f32x8::new(vectors[i]).mul_add(f32x8::new(others[i]), sum);
    }
    let rest: f32 = rest.iter().zip(other_rest).map(|(a, b)| a * b).sum();
    sum.reduce_add() + rest
}

pub(super) fn largest(row: &[f32]) -> f32 {
    let (vectors, rest) = row.as_chunks::<LANES>();
    let mut largest = f32x8::splat(f32::NEG_INFINITY);
    for vector in vectors {
        largest = largest.fast_max(f32x8::new(*vector));
    }
    let of_vectors = largest.to_array().into_iter();
    of_vectors
        .chain(rest.iter().copied())
        .fold(f32::NEG_INFINITY, f32::max)
}

/// Replaces every `x` by `e^(x - highest)` and gives their sum.
pub(super) fn exponentials(row: &mut [f32], highest: f32) -> f32 {
    let highest = f32x8::splat(highest);
    let (vectors, rest) = row.as_chunks_mut::<LANES>();
    let mut sum = f32x8::ZERO;
    for vector in vectors {
        let value = (f32x8::new(*vector) - highest).exp();
        sum += value;
        *vector = value.to_array();
    }
    let mut last = [f32::NEG_INFINITY; LANES];
    last[..rest.len()].copy_from_slice(rest);
    let last = (f32x8::new(last) - highest).exp();
    rest.copy_from_slice(&last.to_array()[..rest.len()]);
    (sum + last).reduce_add()
}
