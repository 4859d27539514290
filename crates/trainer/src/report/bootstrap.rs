//! How sure is a mean: percentile bootstrap.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const RESAMPLES: usize = 2000;

/// The 2.5 % and 97.5 % percentiles of the mean over resamples of `values`; `None` without values.
///
/// The same seed gives the same interval.
pub(super) fn ci95_of_mean(values: &[f64], seed: u64) -> Option<[f64; 2]> {
    if values.is_empty() {
        return None;
    }
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut means: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            let sum: f64 = (0..values.len())
                .map(|_| values[rng.random_range(0..values.len())])
                .sum();
            sum / values.len() as f64
        })
        .collect();
    means.sort_by(f64::total_cmp);
    let at = |share: f64| means[((RESAMPLES - 1) as f64 * share).round() as usize];
    Some([at(0.025), at(0.975)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_as_wide_as_the_normal_approximation_says() {
        let values: Vec<f64> = (0..400).map(|i| f64::from(i % 2)).collect();
        let [low, high] = ci95_of_mean(&values, 1).unwrap();
        // A fair coin, 400 throws: 0.5 +- 1.96 * 0.5 / 20.
        assert!((low - 0.451).abs() < 0.006, "{low}");
        assert!((high - 0.549).abs() < 0.006, "{high}");
    }

    #[test]
    fn the_same_seed_gives_the_same_interval_and_another_one_does_not() {
        let values: Vec<f64> = (0..50).map(|i| f64::from(i * i % 17)).collect();
        assert_eq!(ci95_of_mean(&values, 3), ci95_of_mean(&values, 3));
        assert_ne!(ci95_of_mean(&values, 3), ci95_of_mean(&values, 4));
    }

    #[test]
    fn equal_values_leave_no_doubt_and_no_values_no_interval() {
        assert_eq!(ci95_of_mean(&[0.25; 9], 0), Some([0.25, 0.25]));
        assert_eq!(ci95_of_mean(&[], 0), None);
    }
}
