//! What each of the paper's strategies is meant to move, measured token by token: exposure bias (NkTP), rare
//! codes (TCL) and the tokens that the model kept getting wrong (HET). Outlines are in the case results.

use anyhow::Result;
use futures_lite::future::block_on;
use mriseg::decode::DecodeStrategy;
use mriseg::image::Mask;
use mriseg::loss::HardErrorMemory;
use mriseg::metrics::Overlap;
use mriseg::segmenter::foreground;
use mriseg_data::Case;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::borrow::Borrow;

use super::evaluator::{DecodeMode, Evaluator};
use super::score::mean;
use crate::data::{Asking, CaseCache, PreparedCase, true_mask};
use crate::system::{Display, side_by_side};

/// What the three strategies are meant to move.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct StrategyScores {
    /// Right tokens, with the truth and with the model's own tokens before them.
    pub(crate) tokens: TokenScores,
    /// The tokens that were hardest halfway through training.
    // Without this a missing field is `None`, and a file of an earlier version would seem complete.
    #[serde(deserialize_with = "Option::deserialize")]
    pub(crate) hard_tokens: Option<HardTokenScores>,
    /// Passes through the model per mask when decoding is speculative.
    pub(crate) passes_per_mask: f64,
}

impl StrategyScores {
    /// Over the first `limit` test cases, and the hardest tokens of some training cases.
    ///
    /// # Errors
    /// A case cannot be loaded or its sentence does not fit.
    pub(crate) fn measure(
        evaluator: &Evaluator<'_>,
        [test, train]: [&CaseCache; 2],
        halfway: &HardErrorMemory,
        limit: usize,
        display: Display,
    ) -> Result<Self> {
        const TRAINING_CASES: usize = 400;
        const SPECULATIVE_CASES: usize = 100;
        let speculative = evaluator.with_mode(DecodeMode::Single(DecodeStrategy::Speculative));
        let cases = limit.min(SPECULATIVE_CASES);
        let cases = speculative.run(test, cases, Asking::GIVEN, display)?;
        let passes: usize = cases.iter().map(|case| case.passes).sum();
        Ok(Self {
            tokens: TokenScores::measure(evaluator, test, limit, display)?,
            hard_tokens: HardTokenScores::measure(evaluator, train, halfway, TRAINING_CASES)?,
            passes_per_mask: passes as f64 / cases.len().max(1) as f64,
        })
    }
}

/// Shares of right tokens, 0 to 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct TokenScores {
    /// Tokens predicted right when all before them are the truth.
    pub(crate) teacher_forced: f64,
    /// Tokens predicted right when all before them are the model's own.
    pub(crate) free_running: f64,
    /// [`Self::teacher_forced`] of every position, in decoding order.
    pub(crate) teacher_forced_by_position: Vec<f64>,
    /// [`Self::free_running`] of every position.
    pub(crate) free_running_by_position: Vec<f64>,
    /// Of the tokens with the rarest codes, a tenth of all tokens, the share that is right under teacher
    /// forcing; `None` when the rarest code alone is more.
    pub(crate) rare_code_recall: Option<f64>,
    /// Mean Dice per image, at the size of the model's masks, of the masks that the teacher-forced tokens draw.
    #[serde(deserialize_with = "Option::deserialize")]
    pub(crate) teacher_forced_dice: Option<f64>,
    /// The same of the model's own tokens.
    #[serde(deserialize_with = "Option::deserialize")]
    pub(crate) free_running_dice: Option<f64>,
}

impl TokenScores {
    /// What the model loses by reading its own tokens instead of the truth.
    pub(crate) fn exposure_gap(&self) -> f64 {
        self.teacher_forced - self.free_running
    }

    /// The same in Dice. A model that draws less has a smaller [`Self::exposure_gap`], for most tokens are
    /// empty; this one is not lowered by drawing nothing.
    pub(crate) fn exposure_gap_dice(&self) -> Option<f64> {
        Some(self.teacher_forced_dice? - self.free_running_dice?)
    }

    /// Over the first `limit` cases.
    ///
    /// # Errors
    /// A case cannot be loaded or its sentence does not fit.
    pub(crate) fn measure(
        evaluator: &Evaluator<'_>,
        cache: &CaseCache,
        limit: usize,
        display: Display,
    ) -> Result<Self> {
        const RARE: f64 = 0.1;
        let cases: Vec<usize> = (0..limit.min(cache.dataset().len())).collect();
        let mut stage = display.stage("tokens", cases.len() as u64);
        let (mut truth, mut forced, mut free) = (Vec::new(), Vec::new(), Vec::new());
        let (mut forced_dice, mut free_dice) = (Vec::new(), Vec::new());
        for chunk in cases.chunks(BATCH * evaluator.workers) {
            let loaded = chunk
                .chunks(BATCH)
                .map(|batch| load(cache, batch))
                .collect::<Result<Vec<_>>>()?;
            let done: Vec<Result<_>> = side_by_side(loaded, |batch| {
                let forced = teacher_forced(evaluator, &batch)?;
                let free = evaluator.predict(batch)?;
                let (cases, free): (Vec<Case>, Vec<Vec<u32>>) = free
                    .into_iter()
                    .map(|case| (case.prepared, case.tokens))
                    .unzip();
                let free = free.concat();
                let free_drawn = DrawnMasks::of(evaluator, &free, &cases)?;
                Ok((forced, free, free_drawn))
            });
            for batch in done {
                let (tokens, predicted, drawn) = batch?;
                truth.extend(tokens.truth);
                forced.extend(tokens.predicted);
                forced_dice.extend(tokens.drawn.dice.into_iter().flatten());
                free.extend(predicted);
                free_dice.extend(drawn.dice.into_iter().flatten());
            }
            stage.advance(chunk.len() as u64, None);
        }
        stage.finish("");
        let positions = evaluator.segmenter.config().layout().mask();
        let by_position = |predicted: &[u32]| -> Vec<f64> {
            let mut right = vec![0.0; positions];
            for (at, (predicted, truth)) in predicted.iter().zip(&truth).enumerate() {
                right[at % positions] += f64::from(u8::from(predicted == truth));
            }
            let cases = (truth.len() / positions).max(1) as f64;
            right.iter().map(|count| count / cases).collect()
        };
        Ok(Self {
            teacher_forced: share_right(&forced, &truth),
            free_running: share_right(&free, &truth),
            teacher_forced_by_position: by_position(&forced),
            free_running_by_position: by_position(&free),
            rare_code_recall: rare_code_recall(&forced, &truth, RARE),
            teacher_forced_dice: mean(forced_dice.into_iter()),
            free_running_dice: mean(free_dice.into_iter()),
        })
    }
}

const BATCH: usize = 16;

/// Mask tokens of some cases, case after case.
struct Tokens {
    truth: Vec<u32>,
    predicted: Vec<u32>,
    drawn: DrawnMasks,
}

/// What the tokens of some cases draw, against the true masks, at the size of the model's masks.
struct DrawnMasks {
    /// Of every case; `None` when truth and drawing are empty.
    dice: Vec<Option<f64>>,
    /// Share of wrong pixels in every token's cell, case after case.
    wrong_pixels: Vec<f64>,
}

impl DrawnMasks {
    /// Of `tokens`, masks one after the other.
    ///
    /// # Errors
    /// The device stopped answering.
    fn of<S: Borrow<Case>>(evaluator: &Evaluator<'_>, tokens: &[u32], cases: &[S]) -> Result<Self> {
        let config = evaluator.segmenter.config();
        let (layout, size) = (config.layout(), config.mask.size);
        let masks: Vec<&[u32]> = tokens.chunks_exact(layout.mask()).collect();
        let (mut dice, mut wrong_pixels) = (Vec::new(), Vec::new());
        let soft = block_on(evaluator.segmenter.soft_masks(&masks))?;
        for (soft, case) in soft.iter().zip(cases) {
            let drawn = foreground(soft, size, size);
            let truth = true_mask(case.borrow(), size);
            dice.push(Overlap::of(&drawn.pixels, &truth.pixels).dice());
            wrong_pixels.extend(wrong_by_cell(&drawn, &truth, layout.grid));
        }
        Ok(Self { dice, wrong_pixels })
    }
}

/// Share of pixels that differ in every cell of a grid of `grid` by `grid`, row by row.
fn wrong_by_cell(drawn: &Mask, truth: &Mask, grid: usize) -> Vec<f64> {
    let width = drawn.width;
    let side = width / grid;
    let mut wrong = vec![0.0; grid * grid];
    for (at, (drawn, truth)) in drawn.pixels.iter().zip(&truth.pixels).enumerate() {
        let (x, y) = (at % width, at / width);
        wrong[y / side * grid + x / side] += f64::from(u8::from(drawn != truth));
    }
    wrong
        .iter()
        .map(|count| count / (side * side) as f64)
        .collect()
}

/// The tokens that are picked where all before them are the truth, by the rule of free running.
fn teacher_forced(evaluator: &Evaluator<'_>, cases: &[PreparedCase]) -> Result<Tokens> {
    let [truth, predicted] = evaluator.teacher_forced(cases);
    Ok(Tokens {
        truth,
        drawn: DrawnMasks::of(evaluator, &predicted, cases)?,
        predicted,
    })
}

fn share_right(predicted: &[u32], truth: &[u32]) -> f64 {
    let right = predicted.iter().zip(truth).filter(|(p, t)| p == t).count();
    right as f64 / truth.len().max(1) as f64
}

/// Share of right tokens among those of the least frequent codes that together hold `share` of all tokens.
fn rare_code_recall(predicted: &[u32], truth: &[u32], share: f64) -> Option<f64> {
    let codes = truth.iter().max().map_or(0, |&code| code as usize + 1);
    let mut counts = vec![0usize; codes];
    for &code in truth {
        counts[code as usize] += 1;
    }
    let mut order: Vec<usize> = (0..codes).collect();
    order.sort_by_key(|&code| counts[code]);
    let mut rare = vec![false; codes];
    let mut held = 0;
    for code in order {
        held += counts[code];
        if held as f64 > share * truth.len() as f64 {
            break;
        }
        rare[code] = true;
    }
    let (predicted, truth): (Vec<u32>, Vec<u32>) = predicted
        .iter()
        .zip(truth)
        .filter(|(_, t)| rare[**t as usize])
        .unzip();
    (!truth.is_empty()).then(|| share_right(&predicted, &truth))
}

/// How wrong the model is, under teacher forcing, where it was most wrong halfway through training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct HardTokenScores {
    /// Share of wrong tokens.
    pub(crate) errors: f64,
    /// Share of wrong pixels in their cells: of codes that draw nearly the same one is hardly worse than the
    /// other, and which of them it is may be noise.
    pub(crate) wrong_pixels: f64,
}

impl HardTokenScores {
    /// Over the hardest twentieth of the tokens that `memory` remembers of the first `limit` training cases;
    /// `None` when these are too few to tell.
    ///
    /// # Errors
    /// A case cannot be loaded or its sentence does not fit.
    fn measure(
        evaluator: &Evaluator<'_>,
        cache: &CaseCache,
        memory: &HardErrorMemory,
        limit: usize,
    ) -> Result<Option<Self>> {
        const HARDEST: f64 = 0.05;
        const FEWEST: usize = 20;
        let positions = evaluator.segmenter.config().layout().mask();
        let cases = limit.min(cache.dataset().len());
        let mut order: Vec<usize> = (0..cases * positions).collect();
        let error = |token: usize| memory.error(token / positions, token % positions);
        order.retain(|&token| error(token) > 0.0);
        order.sort_by(|&a, &b| error(b).total_cmp(&error(a)));
        order.truncate((order.len() as f64 * HARDEST) as usize);
        if order.len() < FEWEST {
            return Ok(None);
        }
        let mut wrong = Vec::with_capacity(cases * positions);
        let mut wrong_pixels = Vec::with_capacity(cases * positions);
        let indices: Vec<usize> = (0..cases).collect();
        for batch in indices.chunks(BATCH) {
            let tokens = teacher_forced(evaluator, &load(cache, batch)?)?;
            let pairs = tokens.predicted.iter().zip(&tokens.truth);
            wrong.extend(pairs.map(|(predicted, truth)| f64::from(predicted != truth)));
            wrong_pixels.extend(tokens.drawn.wrong_pixels);
        }
        let of_the_hardest =
            |all: &[f64]| order.iter().map(|&token| all[token]).sum::<f64>() / order.len() as f64;
        Ok(Some(Self {
            errors: of_the_hardest(&wrong),
            wrong_pixels: of_the_hardest(&wrong_pixels),
        }))
    }
}

/// Cases with their own sentences.
fn load(cache: &CaseCache, cases: &[usize]) -> Result<Vec<PreparedCase>> {
    cases.par_iter().map(|&index| cache.case(index)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_pixels_are_counted_in_the_cell_where_they_lie() {
        let mask = |pixels: [u8; 16]| Mask {
            width: 4,
            height: 4,
            pixels: pixels.to_vec(),
        };
        let truth = mask([1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        let drawn = mask([1, 0, 0, 1, 1, 1, 0, 0, 0, 0, 1, 1, 0, 0, 1, 1]);
        assert_eq!(wrong_by_cell(&drawn, &truth, 2), [0.25, 0.25, 0.0, 1.0]);
    }

    #[test]
    fn scores_of_an_earlier_version_are_incomplete() {
        let complete = StrategyScores {
            tokens: TokenScores {
                teacher_forced: 0.5,
                free_running: 0.25,
                teacher_forced_by_position: vec![0.5],
                free_running_by_position: vec![0.25],
                rare_code_recall: None,
                teacher_forced_dice: None,
                free_running_dice: Some(0.5),
            },
            hard_tokens: None,
            passes_per_mask: 20.0,
        };
        let read = |json| serde_json::from_value::<StrategyScores>(json);
        let json = serde_json::to_value(&complete).unwrap();
        assert_eq!(read(json.clone()).unwrap(), complete);
        for (at, name) in [
            ("/tokens", "teacher_forced_dice"),
            ("/tokens", "free_running_dice"),
            ("", "hard_tokens"),
        ] {
            let mut earlier = json.clone();
            let object = earlier.pointer_mut(at).unwrap().as_object_mut().unwrap();
            object.remove(name).unwrap();
            assert!(read(earlier).is_err(), "{name}");
        }
    }

    #[test]
    fn only_rare_codes_count_for_their_recall() {
        // Code 7 is one token of ten, code 3 nine.
        let truth = [3, 3, 3, 3, 7, 3, 3, 3, 3, 3];
        let all_frequent = [3; 10];
        assert_eq!(rare_code_recall(&all_frequent, &truth, 0.1), Some(0.0));
        assert_eq!(rare_code_recall(&truth, &truth, 0.1), Some(1.0));
        assert_eq!(rare_code_recall(&truth, &truth, 0.05), None);
        let only_the_rare_one = [0, 0, 0, 0, 7, 0, 0, 0, 0, 0];
        assert_eq!(rare_code_recall(&only_the_rare_one, &truth, 0.1), Some(1.0));
        assert_eq!(share_right(&all_frequent, &truth), 0.9);
    }
}
