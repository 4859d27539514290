//! Arithmetic on rows of numbers, in loops that become vector instructions, natively and in the browser.

/// Numbers of a vector.
const LANES: usize = 8;
/// Sums that run side by side: so many vectors that one need not wait for the one before.
const MANY: usize = 4 * LANES;

/// `e^x` within two units in the last place; 0 where that is below the smallest normal number, `e^88` above 88.
/// Cephes' polynomial: unlike the standard library's function it is computed for several numbers at once.
#[inline(always)]
fn exp(x: f32) -> f32 {
    const LOWEST: f32 = -87.336_54;
    const HIGHEST: f32 = 88.0;
    /// ln 2 in two parts, of which a product of the first with a small integer is exact.
    const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
    /// Has the exponent of a number in its lowest bits: adding it rounds to an integer.
    const BIAS: f32 = 12_582_912.0 + 127.0;
    const COEFFICIENTS: [f32; 5] = [
        1.398_199_9e-3,
        8.333_452e-3,
        4.166_579_6e-2,
        1.666_666_5e-1,
        0.5,
    ];
    let bounded = if x > HIGHEST { HIGHEST } else { x };
    let biased = mul_add(bounded, std::f32::consts::LOG2_E, BIAS);
    let power = biased - BIAS;
    let rest = mul_add(power, -LN_2[1], mul_add(power, -LN_2[0], bounded));
    let mut sum = 1.987_569_1e-4;
    for coefficient in COEFFICIENTS {
        sum = mul_add(sum, rest, coefficient);
    }
    let sum = mul_add(sum * rest, rest, rest) + 1.0;
    let value = sum * f32::from_bits(biased.to_bits() << 23);
    if x < LOWEST { 0.0 } else { value }
}

/// `a * b + c`, as one instruction where there is one; elsewhere that of the standard library is a slow function.
#[inline(always)]
pub fn mul_add(a: f32, b: f32, c: f32) -> f32 {
    if cfg!(target_feature = "fma") {
        a.mul_add(b, c)
    } else {
        a * b + c
    }
}

/// `1 / (1 + e^-x)`
#[inline(always)]
pub fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// Largest number; negative infinity of none.
pub fn largest(row: &[f32]) -> f32 {
    let (chunks, rest) = row.as_chunks::<MANY>();
    let larger = |a: f32, b: f32| if b > a { b } else { a };
    let mut largest = [f32::NEG_INFINITY; MANY];
    for chunk in chunks {
        for i in 0..MANY {
            largest[i] = larger(largest[i], chunk[i]);
        }
    }
    let all = largest.iter().chain(rest).copied();
    all.fold(f32::NEG_INFINITY, larger)
}

/// Where the first of the largest numbers is; 0 where none is a number.
pub fn largest_at(row: &[f32]) -> usize {
    let largest = largest(row);
    let at = row.iter().position(|&x| x == largest);
    at.unwrap_or_default()
}

/// `Σ x`
pub fn sum(row: &[f32]) -> f32 {
    let (chunks, rest) = row.as_chunks::<MANY>();
    let mut many = [0.0; MANY];
    for chunk in chunks {
        for i in 0..MANY {
            many[i] += chunk[i];
        }
    }
    let mut sums = folded(&many);
    let (chunks, rest) = rest.as_chunks::<LANES>();
    for chunk in chunks {
        for i in 0..LANES {
            sums[i] += chunk[i];
        }
    }
    total(sums) + rest.iter().sum::<f32>()
}

/// `Σ a b`
///
/// # Panics
/// The rows differ in length.
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    let (chunks, rest) = a.as_chunks::<MANY>();
    let (others, other_rest) = b.as_chunks::<MANY>();
    let mut many = [0.0; MANY];
    for (a, b) in chunks.iter().zip(others) {
        for i in 0..MANY {
            many[i] = mul_add(a[i], b[i], many[i]);
        }
    }
    let mut sums = folded(&many);
    let (chunks, rest) = rest.as_chunks::<LANES>();
    let (others, other_rest) = other_rest.as_chunks::<LANES>();
    for (a, b) in chunks.iter().zip(others) {
        for i in 0..LANES {
            sums[i] = mul_add(a[i], b[i], sums[i]);
        }
    }
    let rest: f32 = rest.iter().zip(other_rest).map(|(a, b)| a * b).sum();
    total(sums) + rest
}

/// As vector instructions add up their lanes.
fn total(lanes: [f32; LANES]) -> f32 {
    let [a, b, c, d, e, f, g, h] = lanes;
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}

/// Sums of those that lie [`LANES`] apart.
fn folded(many: &[f32; MANY]) -> [f32; LANES] {
    let mut sums = [0.0; LANES];
    for lanes in many.as_chunks::<LANES>().0 {
        for i in 0..LANES {
            sums[i] += lanes[i];
        }
    }
    sums
}

/// Replaces every `x` by `e^(x - largest)` and gives their sum.
pub fn exponentials(row: &mut [f32]) -> f32 {
    let largest = largest(row);
    for x in row.iter_mut() {
        *x = exp(*x - largest);
    }
    sum(row)
}

/// `softmax(row)`
pub fn softmax(row: &mut [f32]) {
    let scale = exponentials(row).recip();
    for x in row {
        *x *= scale;
    }
}

/// `1 / sqrt(mean(x²) + epsilon)`
pub fn inverse_rms(row: &[f32], epsilon: f32) -> f32 {
    (dot(row, row) / row.len() as f32 + epsilon).sqrt().recip()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_are_those_of_the_standard_library() {
        for i in -872_000..880_000 {
            let x = i as f32 * 1e-4;
            let expected = f64::from(x).exp();
            let error = (f64::from(exp(x)) - expected).abs() / expected;
            assert!(error < 2.4e-7, "exp({x}) is {}, not {expected}", exp(x));
        }
        assert_eq!(exp(0.0), 1.0);
        assert_eq!(exp(-88.0), 0.0);
        assert_eq!(exp(f32::NEG_INFINITY), 0.0);
        assert!(exp(f32::NAN).is_nan());
        assert!(exp(f32::INFINITY) > 1e38);
    }

    #[test]
    fn a_row_may_have_any_length() {
        for length in [1, 7, 8, 9, 31, 32, 45, 107] {
            let row: Vec<f32> = (0..length).map(|i| ((i * 5) % 11) as f32 - 4.0).collect();
            let highest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            assert_eq!(largest(&row), highest);
            let first = row.iter().position(|&x| x == highest);
            assert_eq!(Some(largest_at(&row)), first);
            assert_eq!(sum(&row), row.iter().sum::<f32>());
            let square = |x: &f32| x * x;
            assert_eq!(dot(&row, &row), row.iter().map(square).sum::<f32>());
            let powers: Vec<f32> = row.iter().map(|x| (x - highest).exp()).collect();
            let total: f32 = powers.iter().sum();
            let mut found = row;
            softmax(&mut found);
            for (found, power) in found.iter().zip(powers) {
                assert!((found - power / total).abs() < 1e-6);
            }
        }
        assert_eq!(largest(&[]), f32::NEG_INFINITY);
        assert_eq!(largest_at(&[f32::NAN, f32::NAN]), 0);
    }
}
