//! Does the side word decide? The same picture is asked twice, with sentences that differ in "left" and "right" only.

use anyhow::Result;
use mriseg::image::Mask;
use mriseg_data::{Findings, Side, SideConvention};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

use crate::evaluate::Evaluator;
use crate::fit::Samples;
use crate::progress::Display;

/// Pictures with the same zone affected on both sides, asked for one side and then for the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct SideSwap {
    /// Pairs of sentences.
    pub(crate) side_pairs: usize,
    /// Pairs of which both masks lie mostly on the side that their sentence names.
    pub(crate) side_pairs_moved: usize,
}

/// Asks every picture of the first `limit` cases that has such a pair.
///
/// # Errors
/// A case cannot be loaded.
pub(crate) fn measure(
    evaluator: &Evaluator<'_>,
    samples: &Samples,
    limit: usize,
    display: Display,
) -> Result<SideSwap> {
    const PAIRS_AT_ONCE: usize = 8;
    let dataset = samples.dataset();
    let mut seen = HashSet::new();
    let pairs: Vec<(usize, [Findings; 2])> = (0..limit.min(dataset.len()))
        .filter_map(|index| {
            Some((
                index,
                Findings::parse(dataset.text(index))?.mirrored_pair()?,
            ))
        })
        .filter(|(index, _)| seen.insert(dataset.picture(*index)))
        .collect();
    let mut stage = display.stage("swapping sides", pairs.len() as u64);
    let mut result = SideSwap::default();
    for chunk in pairs.chunks(PAIRS_AT_ONCE) {
        let cases = chunk
            .par_iter()
            .map(|(index, pair)| {
                let case = samples.case(*index)?;
                Ok(pair.map(|findings| {
                    let mut asked = case.clone();
                    asked.sample.text = findings.to_sentence();
                    asked
                }))
            })
            .collect::<Result<Vec<_>>>()?;
        let masks = evaluator.predict(cases.into_iter().flatten().collect())?;
        for pair in masks.chunks_exact(2) {
            let convention = dataset.side_convention();
            let right_answers = pair
                .iter()
                .zip(Side::BOTH)
                .filter(|(case, side)| mostly_on(&case.mask, *side, convention));
            result.side_pairs += 1;
            result.side_pairs_moved += usize::from(right_answers.count() == 2);
        }
        stage.advance(chunk.len() as u64, None);
    }
    stage.finish("");
    Ok(result)
}

/// Whether more than half of a mask that is not empty lies on `side`.
fn mostly_on(mask: &Mask, side: Side, convention: SideConvention) -> bool {
    let left_half = side.in_picture(convention) == Side::Left;
    let on_side = mask
        .pixels
        .iter()
        .enumerate()
        .filter(|&(i, &pixel)| pixel != 0 && (i % mask.width < mask.width / 2) == left_half)
        .count();
    2 * on_side > mask.area()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_of_a_mask_must_lie_on_the_side_that_is_meant() {
        let mask = Mask::new(4, 1, vec![1, 1, 1, 0]);
        assert!(mostly_on(&mask, Side::Left, SideConvention::Viewer));
        assert!(!mostly_on(&mask, Side::Right, SideConvention::Viewer));
        assert!(mostly_on(&mask, Side::Right, SideConvention::Patient));
        let empty = Mask::empty(4, 1);
        assert!(!mostly_on(&empty, Side::Left, SideConvention::Viewer));
    }
}
