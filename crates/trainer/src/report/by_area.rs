//! Scores by the area of what is to be drawn: small findings are missed first.

use serde::{Deserialize, Serialize};

use crate::eval::{CaseResult, mean};

/// Upper bounds of the rows, as shares of the picture.
const BOUNDS: [f64; 5] = [0.015, 0.032, 0.068, 0.14, 1.0];

/// Dice below which a mask scores nothing.
const NOTHING: f64 = 0.02;

/// Cases whose truth covers a like share of the picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct AreaSummary {
    /// The share is at most this, and above that of the row before.
    pub(crate) up_to: f64,
    /// Cases.
    pub(crate) cases: usize,
    /// Mean Dice over images.
    pub(crate) dice: Option<f64>,
    /// Share of predictions that are empty.
    pub(crate) left_empty: Option<f64>,
}

/// A row for every bound; none where nothing is to be drawn in any case.
pub(super) fn summaries(cases: &[CaseResult]) -> Vec<AreaSummary> {
    let mut from = 0.0;
    let rows = BOUNDS.map(|up_to| {
        let inside = |case: &&CaseResult| {
            let share = case.truth_area as f64 / case.pixels.max(1) as f64;
            case.truth_area > 0 && share > from && share <= up_to
        };
        let of_row: Vec<&CaseResult> = cases.iter().filter(inside).collect();
        from = up_to;
        AreaSummary {
            up_to,
            cases: of_row.len(),
            dice: mean(of_row.iter().filter_map(|case| case.dice)),
            left_empty: mean(of_row.iter().map(|case| share_of(case.predicted_area == 0))),
        }
    });
    if rows.iter().all(|row| row.cases == 0) {
        return Vec::new();
    }
    rows.into()
}

/// See [`Summary::missed`](super::summary::Summary::missed).
pub(super) fn missed(cases: &[CaseResult]) -> Option<f64> {
    let drawn = cases.iter().filter(|case| case.truth_area > 0);
    mean(
        drawn
            .filter_map(|case| case.dice)
            .map(|dice| share_of(dice < NOTHING)),
    )
}

fn share_of(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::fixtures::case;

    #[test]
    fn cases_stand_in_the_row_of_their_area() {
        // Of 256 pixels.
        let cases = [
            case("a", "", [2, 2, 2]),
            case("b", "", [0, 0, 2]),
            case("c", "", [50, 50, 50]),
            case("d", "", [0, 5, 0]),
        ];
        let rows = summaries(&cases);
        assert_eq!(rows[0].cases, 2);
        assert_eq!((rows[0].dice, rows[0].left_empty), (Some(0.5), Some(0.5)));
        assert_eq!((rows[4].cases, rows[4].dice), (1, Some(1.0)));
        assert_eq!(rows.iter().map(|row| row.cases).sum::<usize>(), 3);
        assert_eq!(missed(&cases), Some(1.0 / 3.0));
        assert!(summaries(&cases[3..]).is_empty());
    }
}
