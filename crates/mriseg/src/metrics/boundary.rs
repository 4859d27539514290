//! How well two masks agree about their outlines.

use super::overlap::Overlap;
use crate::image::Mask;

/// Overlap of the masks' inner boundary bands: their pixels that are at most `band` pixels (in rows and in
/// columns) from a pixel outside the mask or from the edge of the picture (after boundary IoU, Cheng et al.
/// 2021). [`Overlap::dice`] of it is the boundary Dice.
///
/// # Panics
/// When the masks differ in size.
pub fn boundary_overlap(predicted: &Mask, truth: &Mask, band: usize) -> Overlap {
    Overlap::of(&inner_band(predicted, band), &inner_band(truth, band))
}

/// 95th percentile of the distances, in pixels, from each mask's outline to the nearest pixel of the other's
/// outline, both ways together; `None` when a mask is empty.
pub fn hausdorff95(a: &Mask, b: &Mask) -> Option<f64> {
    let (a, b) = (outline(a), outline(b));
    if a.is_empty() || b.is_empty() {
        return None;
    }
    let mut distances: Vec<i64> = nearest(&a, &b).chain(nearest(&b, &a)).collect();
    distances.sort_unstable();
    let rank = 0.95 * (distances.len() - 1) as f64;
    let at = |index: usize| (distances[index.min(distances.len() - 1)] as f64).sqrt();
    let (low, part) = (rank as usize, rank.fract());
    Some(at(low) + part * (at(low + 1) - at(low)))
}

/// Squared distance from every pixel of `from` to the nearest of `to`.
fn nearest<'a>(from: &'a [[i64; 2]], to: &'a [[i64; 2]]) -> impl Iterator<Item = i64> + 'a {
    from.iter().map(|a| {
        let distances = to
            .iter()
            .map(|b| (a[0] - b[0]).pow(2) + (a[1] - b[1]).pow(2));
        distances.min().unwrap_or(0)
    })
}

fn outline(mask: &Mask) -> Vec<[i64; 2]> {
    let band = inner_band(mask, 1);
    let inside = band.iter().enumerate().filter(|(_, pixel)| **pixel != 0);
    inside
        .map(|(i, _)| [(i / mask.width) as i64, (i % mask.width) as i64])
        .collect()
}

fn inner_band(mask: &Mask, band: usize) -> Vec<u8> {
    let mut kept = mask.pixels.clone();
    for _ in 0..band {
        kept = eroded(&kept, mask.width);
    }
    let outer = mask.pixels.iter().zip(kept);
    outer
        .map(|(&all, inner)| u8::from(all != 0 && inner == 0))
        .collect()
}

/// Pixels whose eight neighbours are all set; there is nothing beyond the edge.
fn eroded(pixels: &[u8], width: usize) -> Vec<u8> {
    let height = pixels.len() / width;
    let mut kept = vec![0; pixels.len()];
    for row in 1..height.saturating_sub(1) {
        for column in 1..width.saturating_sub(1) {
            let whole = (row - 1..=row + 1).all(|row| {
                let from = row * width + column - 1;
                pixels[from..from + 3].iter().all(|&pixel| pixel != 0)
            });
            kept[row * width + column] = u8::from(whole);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A filled rectangle in a picture of 12 x 12.
    fn rectangle(rows: std::ops::Range<usize>, columns: std::ops::Range<usize>) -> Mask {
        let mut mask = Mask::empty(12, 12);
        for row in rows {
            for column in columns.clone() {
                mask.pixels[row * 12 + column] = 1;
            }
        }
        mask
    }

    #[test]
    fn the_band_is_what_lies_near_the_outline() {
        let square = rectangle(2..9, 2..9);
        let same = boundary_overlap(&square, &square, 2);
        // 7 x 7 without its middle of 3 x 3.
        assert_eq!((same.intersection, same.truth), (40, 40));
        let filled_differently = boundary_overlap(&rectangle(2..9, 2..10), &square, 1);
        // Outlines of 7 x 8 and 7 x 7 share the left side, and top and bottom of six more columns.
        assert_eq!(filled_differently.predicted, 26);
        assert_eq!(filled_differently.truth, 24);
        assert_eq!(filled_differently.intersection, 19);
    }

    #[test]
    fn a_mask_at_the_edge_of_the_picture_has_a_boundary_there() {
        let corner = rectangle(0..5, 0..5);
        assert_eq!(boundary_overlap(&corner, &corner, 1).truth, 16);
    }

    #[test]
    fn distances_of_shifted_squares() {
        let square = rectangle(2..5, 2..5);
        assert_eq!(hausdorff95(&square, &square), Some(0.0));
        let column = |at| rectangle(2..5, at..at + 1);
        assert_eq!(hausdorff95(&column(2), &column(6)), Some(4.0));
        assert_eq!(hausdorff95(&square, &Mask::empty(12, 12)), None);
    }

    #[test]
    fn one_stray_pixel_hardly_counts() {
        let square = rectangle(0..12, 0..12);
        let mut stray = Mask::empty(100, 12);
        for row in 0..12 {
            stray.pixels[row * 100..row * 100 + 12].fill(1);
        }
        let mut clean = Mask::empty(100, 12);
        clean.pixels.clone_from(&stray.pixels);
        stray.pixels[99] = 1;
        assert_eq!(hausdorff95(&stray, &clean), Some(0.0));
        assert_eq!(square.area(), clean.area());
    }
}
