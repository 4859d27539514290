//! The two halves of a mask.

use crate::image::Mask;
use crate::reading::Side;

/// The column between the lungs, in pixels from the left: near the middle of the picture, the one that cuts the fewest
/// marked pixels, and among these the most central.
pub fn separating_column(mask: &Mask) -> usize {
    let centre = mask.width / 2;
    let reach = mask.width / 8;
    let cut = |x: usize| {
        mask.pixels[x..]
            .iter()
            .step_by(mask.width)
            .filter(|&&pixel| pixel != 0)
            .count()
    };
    (centre - reach..=centre + reach)
        .filter(|&x| x < mask.width)
        .min_by_key(|&x| (cut(x), x.abs_diff(centre)))
        .unwrap_or(centre)
}

/// The part of a mask on one side of the picture, left or right of column `middle`.
pub fn half(mask: &Mask, middle: usize, side: Side) -> Mask {
    let mut part = mask.clone();
    for row in part.pixels.chunks_exact_mut(mask.width) {
        match side {
            Side::Left => row[middle..].fill(0),
            Side::Right => row[..middle].fill(0),
        }
    }
    part
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lungs_are_parted_where_no_lesion_is_cut() {
        let mut mask = Mask::empty(32, 1);
        mask.pixels[2..18].fill(1);
        assert_eq!(separating_column(&mask), 18);
        assert_eq!(separating_column(&Mask::empty(32, 1)), 16);
        assert_eq!(separating_column(&Mask::empty(1, 1)), 0);
    }
}
