//! The connected parts of a mask.

use crate::image::Mask;

/// The areas of the connected parts of a mask in pixels, the largest first; pixels that touch by a corner are connected.
pub fn parts(mask: &Mask) -> Vec<usize> {
    let mut left: Vec<bool> = mask.pixels.iter().map(|&pixel| pixel != 0).collect();
    let mut areas = Vec::new();
    let mut open = Vec::new();
    for start in 0..left.len() {
        if !std::mem::take(&mut left[start]) {
            continue;
        }
        let mut area = 0;
        open.push(start);
        while let Some(at) = open.pop() {
            area += 1;
            let (row, column) = (at / mask.width, at % mask.width);
            for y in row.saturating_sub(1)..(row + 2).min(mask.height) {
                for x in column.saturating_sub(1)..(column + 2).min(mask.width) {
                    let next = y * mask.width + x;
                    if std::mem::take(&mut left[next]) {
                        open.push(next);
                    }
                }
            }
        }
        areas.push(area);
    }
    areas.sort_unstable_by(|a, b| b.cmp(a));
    areas
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_touch_by_edge_or_corner_and_are_sorted_by_area() {
        let rows = [
            "#....", //
            ".#..#", "....#", "##..#",
        ];
        let pixels = rows.concat().bytes().map(|c| u8::from(c == b'#')).collect();
        assert_eq!(parts(&Mask::new(5, 4, pixels)), [3, 2, 2]);
        assert!(parts(&Mask::empty(3, 2)).is_empty());
        assert!(parts(&Mask::empty(0, 0)).is_empty());
        assert_eq!(parts(&Mask::new(300, 300, vec![1; 90_000])), [90_000]);
    }
}
