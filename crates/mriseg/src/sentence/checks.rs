//! What a mask is checked for: presence, count, side and level of what its sentence names.
//!
//! The thresholds were chosen on phantoms, whose truth is known, and on real masks with the sentences of their data set;
//! `cargo test -p mriseg-data --test checks -- --nocapture` prints how often a check fails on right and on wrong sentences.

use super::check::{Check, CheckKind, SMALLEST_PART};
use super::{half, level, parts, separating_column};
use crate::bundle::SideConvention;
use crate::image::Mask;
use crate::reading::{Findings, Reading, Request, Side, Target};

/// Largest share of a mask that may lie in the lung that its sentence does not name, and smallest share that each of two
/// named lungs must hold. Masks of neighbouring lungs touch the middle, so neither is zero.
const FOREIGN_SHARE: f64 = 0.1;
const NAMED_SHARE: f64 = 0.01;

/// Compares a mask of a chest X-ray with its sentence. What the sentence leaves open is not checked: none where it was not
/// understood, presence alone where it contradicts itself or either asks for nothing or got nothing.
pub fn checks(text: &str, mask: &Mask, convention: SideConvention) -> Vec<Check> {
    let reading = Reading::of(text);
    let Some(request) = reading.request() else {
        return Vec::new();
    };
    let areas = counted_parts(mask);
    let mut checks = vec![presence(&request, mask, &areas)];
    let asks = !matches!(request, Request::Nothing | Request::Other);
    if !asks || mask.is_empty() || reading.contradiction.is_some() {
        return checks;
    }
    if reading.target == Some(Target::Findings) {
        checks.extend(reading.count.map(|named| {
            let fewest = fewest_parts(&reading).min(named);
            count(named, fewest, areas.len())
        }));
    }
    checks.extend(
        reading
            .sided
            .then(|| side(&reading.places, mask, convention)),
    );
    if reading.target == Some(Target::Findings) && reading.zoned {
        checks.extend(level::check(&reading, mask, convention));
    }
    checks
}

/// The parts of a mask that are not too small to count, the largest first; of a mask of specks alone the largest.
fn counted_parts(mask: &Mask) -> Vec<usize> {
    let least = SMALLEST_PART * (mask.width * mask.height) as f64;
    let mut areas = parts(mask);
    let counted = areas.iter().filter(|&&area| area as f64 >= least).count();
    areas.truncate(counted.max(1));
    areas
}

fn presence(request: &Request, mask: &Mask, areas: &[usize]) -> Check {
    let new = |agrees, message: &str| Check::new(CheckKind::Presence, agrees, message);
    let least = SMALLEST_PART * (mask.width * mask.height) as f64;
    let drawn = areas.first().is_some_and(|&area| area as f64 >= least);
    match (request, mask.is_empty()) {
        (Request::Nothing | Request::Other, _) => {
            let asked = if *request == Request::Nothing {
                "The sentence says that there is no finding"
            } else {
                "The sentence asks for nothing in the lungs"
            };
            let percent = 100.0 * mask.area() as f64 / (mask.width * mask.height).max(1) as f64;
            let message = match drawn {
                true => format!("{asked}; the mask marks {percent:.1}% of the picture."),
                false => format!("{asked}; the mask marks nothing."),
            };
            new(!drawn, &message)
        }
        (Request::Lungs(_), true) => new(false, "The sentence asks for lungs; the mask is empty."),
        (_, true) => new(false, "The sentence asks for findings; the mask is empty."),
        (Request::Lungs(_), false) => new(
            true,
            "The sentence asks for lungs; the mask marks something.",
        ),
        (_, false) => new(
            true,
            "The sentence asks for findings; the mask marks something.",
        ),
    }
}

/// Findings in neighbouring zones of a lung can touch and are one part then; those with a zone or the spine between them
/// are not.
fn fewest_parts(reading: &Reading) -> usize {
    if !reading.zoned {
        let both = reading.sided && reading.places.only_side().is_none();
        return if both { 2 } else { 1 };
    }
    let runs = Side::BOTH.map(|side| match reading.places.zones(side) {
        [false, false, false] => 0,
        [true, false, true] => 2,
        _ => 1,
    });
    if reading.sided {
        runs.iter().sum()
    } else {
        runs[0].max(runs[1])
    }
}

fn count(named: usize, fewest: usize, parts: usize) -> Check {
    let areas = counted(named, "area");
    let has = counted(parts, "part");
    let touching = if (fewest..named).contains(&parts) {
        "; findings that touch are one part"
    } else {
        ""
    };
    Check::new(
        CheckKind::Count,
        (fewest..=named).contains(&parts),
        format!("The sentence names {areas}; the mask has {has}{touching}."),
    )
}

/// "one area", "three areas".
fn counted(number: usize, noun: &str) -> String {
    const NUMBERS: [&str; 7] = ["no", "one", "two", "three", "four", "five", "six"];
    let plural = if number == 1 { "" } else { "s" };
    match NUMBERS.get(number) {
        Some(word) => format!("{word} {noun}{plural}"),
        None => format!("{number} {noun}{plural}"),
    }
}

fn side(named: &Findings, mask: &Mask, convention: SideConvention) -> Check {
    let share = |side: Side| share_in(mask, side.in_picture(convention));
    let percent = |side: Side| (100.0 * share(side)).round();
    let in_picture = |side: Side| side.in_picture(convention);
    let new = |agrees, message| Check::new(CheckKind::Side, agrees, message);
    if let Some(side) = named.only_side() {
        let other = side.other();
        let foreign = share(other) > FOREIGN_SHARE;
        let lies = if foreign { other } else { side };
        return new(
            !foreign,
            format!(
                "The sentence names the {side} lung; {}% of the mask lies in the {lies} lung ({} side of the picture).",
                percent(lies),
                in_picture(lies)
            ),
        );
    }
    match Side::BOTH
        .into_iter()
        .find(|&side| share(side) < NAMED_SHARE)
    {
        None => new(
            true,
            "The sentence names both lungs; the mask lies in both.".to_owned(),
        ),
        Some(missing) => new(
            false,
            format!(
                "The sentence names both lungs; the mask marks nothing in the {missing} lung ({} side of the picture).",
                in_picture(missing)
            ),
        ),
    }
}

/// The share of a mask on one side of the picture, 0 to 1.
fn share_in(mask: &Mask, side: Side) -> f64 {
    let area = half(mask, separating_column(mask), side).area();
    area as f64 / mask.area().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const VIEWER: SideConvention = SideConvention::Viewer;

    /// Squares of 6 x 6 pixels around points of a 64 x 64 picture.
    fn squares(centres: &[(usize, usize)]) -> Mask {
        let mut mask = Mask::empty(64, 64);
        for &(x, y) in centres {
            for row in y - 3..y + 3 {
                mask.pixels[row * 64 + x - 3..row * 64 + x + 3].fill(1);
            }
        }
        mask
    }

    fn failed(text: &str, mask: &Mask) -> Vec<(CheckKind, String)> {
        let checks = checks(text, mask, VIEWER).into_iter();
        let failed = checks.filter(|check| !check.agrees);
        failed.map(|check| (check.kind, check.message)).collect()
    }

    #[test]
    fn a_mask_that_is_as_the_sentence_says_agrees_in_all_four() {
        let mask = squares(&[(16, 15), (48, 44)]);
        let text = "bilateral pulmonary infection, two infected areas, upper left lung and lower right lung.";
        let all = checks(text, &mask, VIEWER);
        let kinds: Vec<CheckKind> = all.iter().map(|check| check.kind).collect();
        use CheckKind::{Count, Level, Presence, Side};
        assert_eq!(kinds, [Presence, Count, Side, Level, Level]);
        assert!(all.iter().all(|check| check.agrees), "{all:#?}");
    }

    #[test]
    fn what_disagrees_is_said_in_words() {
        let three = squares(&[(16, 15), (16, 30), (16, 46)]);
        assert_eq!(
            failed("one infected area in the left lung", &three),
            [(
                CheckKind::Count,
                "The sentence names one area; the mask has three parts.".to_owned()
            )]
        );
        let low = squares(&[(16, 46)]);
        assert_eq!(
            failed("RUL opacity", &low),
            [
                (
                    CheckKind::Side,
                    "The sentence names the right lung; 100% of the mask lies in the left lung (left side of the picture)."
                        .to_owned()
                ),
                (
                    CheckKind::Level,
                    "The sentence names the upper zone of the right lung; the mask lies lower."
                        .to_owned()
                )
            ]
        );
        let both = "opacities in both lungs";
        assert_eq!(
            failed(both, &low)[0].1,
            "The sentence names both lungs; the mask marks nothing in the right lung (right side of the picture)."
        );
    }

    #[test]
    fn sides_follow_the_convention() {
        let mask = squares(&[(16, 46)]);
        let patient = checks("right lower zone", &mask, SideConvention::Patient);
        assert!(patient.iter().all(|check| check.agrees), "{patient:#?}");
        assert!(!failed("right lower zone", &mask).is_empty());
    }

    #[test]
    fn presence_is_checked_both_ways_and_specks_are_nothing() {
        let mut mask = Mask::empty(64, 64);
        assert_eq!(failed("left lower zone", &mask)[0].0, CheckKind::Presence);
        assert!(failed("the lungs are clear", &mask).is_empty());
        mask.pixels[100] = 1;
        assert!(failed("the lungs are clear", &mask).is_empty());
        let drawn = squares(&[(16, 16)]);
        assert_eq!(
            failed("no infection", &drawn)[0].1,
            "The sentence says that there is no finding; the mask marks 0.9% of the picture."
        );
        assert_eq!(
            failed("segment the liver", &drawn)[0].0,
            CheckKind::Presence
        );
    }

    #[test]
    fn findings_that_touch_may_be_one_part_only_in_neighbouring_zones() {
        let one = squares(&[(16, 30)]);
        let number = |text| {
            let checks = checks(text, &one, VIEWER);
            let count = checks
                .into_iter()
                .find(|check| check.kind == CheckKind::Count);
            count.unwrap().agrees
        };
        assert!(number("two infected areas, upper middle left lung"));
        assert!(!number("two infected areas, upper lower left lung"));
        assert!(!number(
            "two infected areas, upper left lung and upper right lung"
        ));
    }

    #[test]
    fn what_is_left_open_is_not_checked() {
        let mask = squares(&[(16, 30)]);
        assert!(checks("zebra", &mask, VIEWER).is_empty());
        assert_eq!(checks("segment the infection", &mask, VIEWER).len(), 1);
        let against_itself = "bilateral opacity of the left lung only";
        assert_eq!(checks(against_itself, &mask, VIEWER).len(), 1);
        assert!(checks("left lung", &Mask::empty(0, 0), VIEWER).len() <= 1);
    }
}
