//! Whether the side word is obeyed: pictures with findings in the same zone of both lungs, each asked twice, with
//! requests that differ in the side only.

use anyhow::Result;
use mriseg::image::Mask;
use mriseg::reading::{Findings, Request, Side};
use mriseg::sentence::separating_column;
use mriseg_data::{SideConvention, Wording};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

use super::evaluator::Evaluator;
use crate::data::{CaseCache, Question, rng};
use crate::system::Display;

/// Pictures with the same zone affected on both sides, asked for one side and then for the other.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct SideSwap {
    /// Pairs of sentences.
    pub(crate) side_pairs: usize,
    /// Pairs of which both masks lie mostly on the side that their sentence names.
    pub(crate) side_pairs_moved: usize,
    /// Share of all marked pixels that lie on the side that was not asked for; `None` where nothing is marked.
    #[serde(default)]
    pub(crate) wrong_side_pixels: Option<f64>,
}

/// Asks every picture of the first `limit` cases that has such a pair, in the words of the data or others.
///
/// # Errors
/// A case cannot be loaded.
pub(crate) fn measure(
    evaluator: &Evaluator<'_>,
    cache: &CaseCache,
    limit: usize,
    wording: Option<Wording>,
    display: Display,
) -> Result<SideSwap> {
    let dataset = cache.dataset();
    let mut seen = HashSet::new();
    let pairs: Vec<(usize, [Findings; 2])> = (0..limit.min(dataset.len()))
        .filter_map(|index| {
            let pair = Findings::parse(dataset.text(index))?.mirrored_pair()?;
            Some((index, pair))
        })
        .filter(|(index, _)| seen.insert(dataset.picture(*index)))
        .collect();
    let questions: Vec<Question> = pairs
        .iter()
        .flat_map(|&(index, pair)| pair.map(|findings| (index, findings)))
        .map(|(index, findings)| {
            let text = match wording {
                None => findings.to_sentence(),
                // The same random numbers for both sides: the words differ in the side only.
                Some(wording) => {
                    let mut rng = rng("side swap", evaluator.seed, index as u64);
                    wording.say(&Request::Zones(findings), &mut rng)
                }
            };
            Question::of(index, text)
        })
        .collect();
    let masks = evaluator.masks(cache, &questions, display)?;
    let (mut result, mut wrong, mut marked) = (SideSwap::default(), 0, 0);
    for (pair, (index, _)) in masks.chunks_exact(2).zip(&pairs) {
        let middle = separating_column(&cache.load(*index)?.mask);
        let mut right_answers = 0;
        for (mask, side) in pair.iter().zip(Side::BOTH) {
            let on_side = area_on(mask, middle, side, dataset.side_convention());
            right_answers += usize::from(2 * on_side > mask.area());
            wrong += mask.area() - on_side;
            marked += mask.area();
        }
        result.side_pairs += 1;
        result.side_pairs_moved += usize::from(right_answers == 2);
    }
    result.wrong_side_pixels = (marked > 0).then(|| wrong as f64 / marked as f64);
    Ok(result)
}

/// Marked pixels on one side of the column `middle`.
fn area_on(mask: &Mask, middle: usize, side: Side, convention: SideConvention) -> usize {
    let left_half = side.in_picture(convention) == Side::Left;
    let marked = mask.pixels.iter().enumerate();
    marked
        .filter(|&(i, &pixel)| pixel != 0 && (i % mask.width < middle) == left_half)
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_are_counted_on_the_side_that_is_meant() {
        let mask = Mask::new(4, 1, vec![1, 1, 1, 0]);
        let (viewer, patient) = (SideConvention::Viewer, SideConvention::Patient);
        assert_eq!(area_on(&mask, 2, Side::Left, viewer), 2);
        assert_eq!(area_on(&mask, 2, Side::Right, viewer), 1);
        assert_eq!(area_on(&mask, 1, Side::Right, viewer), 2);
        assert_eq!(area_on(&mask, 2, Side::Right, patient), 2);
    }
}
