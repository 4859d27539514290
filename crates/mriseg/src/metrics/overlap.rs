//! Dice and IoU of two masks, or of many together.

use serde::{Deserialize, Serialize};
use std::ops::AddAssign;

/// Pixel counts behind Dice and IoU. Adding overlaps pools them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Overlap {
    /// Pixels in both masks.
    pub intersection: u64,
    /// Pixels of the predicted mask.
    pub predicted: u64,
    /// Pixels of the true mask.
    pub truth: u64,
}

impl Overlap {
    /// Counts the pixels of two masks; every non-zero pixel is foreground.
    ///
    /// # Panics
    /// When the masks differ in size.
    pub fn of(predicted: &[u8], truth: &[u8]) -> Self {
        assert_eq!(predicted.len(), truth.len(), "masks of different sizes");
        let mut overlap = Self::default();
        for (&p, &t) in predicted.iter().zip(truth) {
            let (p, t) = (u64::from(p != 0), u64::from(t != 0));
            overlap.predicted += p;
            overlap.truth += t;
            overlap.intersection += p & t;
        }
        overlap
    }

    /// `2 |A and B| / (|A| + |B|)`; `None` when both masks are empty.
    pub fn dice(&self) -> Option<f64> {
        ratio(2 * self.intersection, self.predicted + self.truth)
    }

    /// `|A and B| / |A or B|`; `None` when both masks are empty.
    pub fn iou(&self) -> Option<f64> {
        ratio(
            self.intersection,
            self.predicted + self.truth - self.intersection,
        )
    }
}

impl AddAssign for Overlap {
    fn add_assign(&mut self, other: Self) {
        self.intersection += other.intersection;
        self.predicted += other.predicted;
        self.truth += other.truth;
    }
}

fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hand_worked_pair() {
        let overlap = Overlap::of(&[1, 1, 0, 0], &[1, 0, 1, 1]);
        assert_eq!(overlap.dice(), Some(0.4));
        assert_eq!(overlap.iou(), Some(0.25));
    }

    #[test]
    fn two_empty_masks_have_no_dice() {
        let overlap = Overlap::of(&[0; 4], &[0; 4]);
        assert_eq!(overlap.dice(), None);
        assert_eq!(overlap.iou(), None);
    }

    #[test]
    fn pooled_metrics_satisfy_the_identity_and_differ_from_the_mean() {
        let small = Overlap::of(&[1, 0, 0, 0], &[0, 1, 0, 0]);
        let large = Overlap::of(&[1, 1, 1, 1], &[1, 1, 1, 1]);
        let mut pooled = small;
        pooled += large;
        let (dice, iou) = (pooled.dice().unwrap(), pooled.iou().unwrap());
        assert!((iou - dice / (2.0 - dice)).abs() < 1e-12);
        assert_eq!(dice, 0.8);
        assert_eq!((small.dice().unwrap() + large.dice().unwrap()) / 2.0, 0.5);
    }
}
