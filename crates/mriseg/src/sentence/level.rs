//! Whether a mask lies at the height that its sentence names.

use super::check::{Check, CheckKind, SMALLEST_PART};
use super::{half, separating_column};
use crate::bundle::SideConvention;
use crate::image::Mask;
use crate::reading::{Reading, Side, ZONES};

/// Where each zone can lie, from the top (0) to the bottom (1) of the picture. The bands overlap: lungs do not lie at the same
/// height in every picture, and people draw the line between zones differently.
const BANDS: [[f64; 2]; 3] = [[0.0, 0.42], [0.3, 0.62], [0.42, 1.0]];

/// The same without what a neighbouring zone may reach: where a zone that is named must be marked.
const CORES: [[f64; 2]; 3] = [[0.0, 0.36], [0.3, 0.62], [0.5, 1.0]];

/// Smallest share of a mask that must lie in the bands of its zones, and in the core of each.
const INSIDE: f64 = 0.5;
const IN_EACH: f64 = 0.05;

/// The checks of each lung that is named with some of its zones, as far as the mask marks it. Where no side or one side is
/// named, the whole mask is checked, wherever it lies.
pub(super) fn check(reading: &Reading, mask: &Mask, convention: SideConvention) -> Vec<Check> {
    let places = &reading.places;
    if !reading.sided {
        let check = check_one(places.left, None, mask);
        return check.into_iter().collect();
    }
    if let Some(side) = places.only_side() {
        let check = check_one(places.zones(side), Some(side), mask);
        return check.into_iter().collect();
    }
    let middle = separating_column(mask);
    let least = SMALLEST_PART * (mask.width * mask.height) as f64;
    let lungs = Side::BOTH.into_iter().filter_map(|side| {
        let part = half(mask, middle, side.in_picture(convention));
        let marked = part.area() as f64 >= least;
        marked.then(|| check_one(places.zones(side), Some(side), &part))?
    });
    lungs.collect()
}

/// `None` where all zones are named: then every height is right.
fn check_one(zones: [bool; 3], side: Option<Side>, mask: &Mask) -> Option<Check> {
    if zones == [true; 3] || zones == [false; 3] {
        return None;
    }
    let lung = side.map_or(String::new(), |side| format!(" of the {side} lung"));
    let names = format!("The sentence names the {}{lung}", named(zones));
    let new = |agrees, what: &str| {
        Some(Check::new(
            CheckKind::Level,
            agrees,
            format!("{names}; the mask {what}."),
        ))
    };
    let rows = rows(mask);
    let total: usize = rows.iter().sum();
    let share = |within: &dyn Fn(f64) -> bool| {
        let marked = rows.iter().enumerate();
        let area: usize = marked
            .filter(|(row, _)| within((*row as f64 + 0.5) / rows.len() as f64))
            .map(|(_, area)| area)
            .sum();
        area as f64 / total.max(1) as f64
    };
    let within = |[from, to]: [f64; 2], height: f64| (from..to).contains(&height);
    let in_named = |height| (0..3).any(|zone| zones[zone] && within(BANDS[zone], height));
    if share(&in_named) < INSIDE {
        let top = zones.iter().position(|named| *named).unwrap_or(0);
        let higher = share(&|height| height < BANDS[top][0]);
        let lies = if higher > INSIDE / 2.0 {
            "lies higher"
        } else {
            "lies lower"
        };
        return new(false, lies);
    }
    let missing = (0..3)
        .filter(|&zone| zones[zone])
        .find(|&zone| share(&|height| within(CORES[zone], height)) < IN_EACH);
    match missing {
        Some(zone) => new(
            false,
            &format!(
                "marks hardly anything at the height of the {} zone",
                ZONES[zone]
            ),
        ),
        None => new(true, "lies at that height"),
    }
}

/// "upper zone", "upper and lower zones".
fn named(zones: [bool; 3]) -> String {
    let names: Vec<&str> = (0..3)
        .filter(|&zone| zones[zone])
        .map(|zone| ZONES[zone])
        .collect();
    let plural = if names.len() == 1 { "" } else { "s" };
    format!("{} zone{plural}", names.join(" and "))
}

/// How many pixels of each row are marked.
fn rows(mask: &Mask) -> Vec<usize> {
    let rows = mask.pixels.chunks_exact(mask.width.max(1));
    rows.map(|row| row.iter().map(|&pixel| usize::from(pixel)).sum())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agrees(zones: [bool; 3], rows: std::ops::Range<usize>) -> Option<(bool, String)> {
        let mut mask = Mask::empty(4, 100);
        mask.pixels[4 * rows.start..4 * rows.end].fill(1);
        check_one(zones, Some(Side::Left), &mask).map(|check| (check.agrees, check.message))
    }

    #[test]
    fn a_mask_must_lie_mostly_in_the_bands_of_the_named_zones() {
        let says = |zones, rows| agrees(zones, rows).unwrap();
        let (upper, middle, lower) = (
            [true, false, false],
            [false, true, false],
            [false, false, true],
        );
        assert!(says(upper, 10..40).0 && says(middle, 35..60).0 && says(lower, 45..90).0);
        let (fits, message) = says(upper, 60..80);
        assert!(
            !fits && message.ends_with("upper zone of the left lung; the mask lies lower."),
            "{message}"
        );
        assert!(says(lower, 10..30).1.ends_with("the mask lies higher."));
        assert!(says(middle, 10..30).1.ends_with("the mask lies higher."));
        assert!(says(middle, 70..90).1.ends_with("the mask lies lower."));
    }

    #[test]
    fn each_named_zone_must_hold_a_part_of_the_mask() {
        let (fits, message) = agrees([true, false, true], 10..30).unwrap();
        assert!(!fits);
        assert_eq!(
            message,
            "The sentence names the upper and lower zones of the left lung; the mask marks hardly anything at the height of the \
             lower zone."
        );
        assert!(agrees([true, false, true], 20..70).unwrap().0);
        assert_eq!(agrees([true; 3], 10..30), None);
    }
}
