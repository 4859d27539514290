//! What each of the paper's strategies is meant to move, measured token by token: exposure bias (NkTP), rare
//! codes (TCL) and the tokens that the model kept getting wrong (HET). Outlines are in the case results.

use anyhow::Result;
use burn::tensor::activation::softmax;
use burn::tensor::{Int, Tensor, TensorData};
use mriseg::decode::Decode;
use mriseg::loss::HardErrorMemory;
use mriseg_data::Sample;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::cli::TextMode;
use crate::evaluate::Evaluator;
use crate::fit::{Samples, masks, pictures, texts};
use crate::progress::Display;
use crate::threads::side_by_side;

/// What the three strategies are meant to move.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct StrategyScores {
    /// Right tokens, with the truth and with the model's own tokens before them.
    pub(crate) tokens: TokenScores,
    /// Share of wrong tokens among those that were hardest halfway through training.
    pub(crate) hard_token_errors: Option<f64>,
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
        [test, train]: [&Samples; 2],
        halfway: &HardErrorMemory,
        limit: usize,
        display: Display,
    ) -> Result<Self> {
        const TRAINING_CASES: usize = 400;
        const SPECULATIVE_CASES: usize = 100;
        let speculative = Evaluator {
            one_by_one: Some(Decode::Speculative),
            cached: evaluator.cached.clone(),
            picker: evaluator.picker.clone(),
            ..*evaluator
        };
        let cases = limit.min(SPECULATIVE_CASES);
        let cases = speculative.run(test, cases, TextMode::Given, display)?;
        let passes: usize = cases.iter().map(|case| case.passes).sum();
        Ok(Self {
            tokens: TokenScores::measure(evaluator, test, limit, display)?,
            hard_token_errors: hard_token_errors(evaluator, train, halfway, TRAINING_CASES)?,
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
}

impl TokenScores {
    /// What the model loses by reading its own tokens instead of the truth.
    pub(crate) fn exposure_gap(&self) -> f64 {
        self.teacher_forced - self.free_running
    }

    /// Over the first `limit` cases.
    ///
    /// # Errors
    /// A case cannot be loaded or its sentence does not fit.
    pub(crate) fn measure(
        evaluator: &Evaluator<'_>,
        samples: &Samples,
        limit: usize,
        display: Display,
    ) -> Result<Self> {
        const RARE: f64 = 0.1;
        let cases: Vec<usize> = (0..limit.min(samples.dataset().len())).collect();
        let mut stage = display.stage("tokens", cases.len() as u64);
        let (mut truth, mut forced, mut free) = (Vec::new(), Vec::new(), Vec::new());
        for chunk in cases.chunks(BATCH * evaluator.workers) {
            let loaded = chunk
                .chunks(BATCH)
                .map(|batch| load(samples, batch))
                .collect::<Result<Vec<_>>>()?;
            let done: Vec<Result<_>> = side_by_side(loaded, |batch| {
                let forced = teacher_forced(evaluator, &batch)?;
                let free = evaluator.predict(batch)?;
                Ok((forced, free))
            });
            for batch in done {
                let (tokens, predicted) = batch?;
                truth.extend(tokens.truth);
                forced.extend(tokens.predicted);
                free.extend(predicted.into_iter().flat_map(|case| case.tokens));
            }
            stage.advance(chunk.len() as u64, None);
        }
        stage.finish("");
        let positions = evaluator.config.layout().mask();
        let by_position = |predicted: &[u32]| -> Vec<f64> {
            (0..positions)
                .map(|position| {
                    let at = |tokens: &[u32]| -> Vec<u32> {
                        tokens
                            .iter()
                            .skip(position)
                            .step_by(positions)
                            .copied()
                            .collect()
                    };
                    share_right(&at(predicted), &at(&truth))
                })
                .collect()
        };
        Ok(Self {
            teacher_forced: share_right(&forced, &truth),
            free_running: share_right(&free, &truth),
            teacher_forced_by_position: by_position(&forced),
            free_running_by_position: by_position(&free),
            rare_code_recall: rare_code_recall(&forced, &truth, RARE),
        })
    }
}

const BATCH: usize = 16;

/// Mask tokens of some cases, case after case.
struct Tokens {
    truth: Vec<u32>,
    predicted: Vec<u32>,
}

/// The tokens that are picked where all before them are the truth, by the rule of free running.
fn teacher_forced(evaluator: &Evaluator<'_>, cases: &[Sample]) -> Result<Tokens> {
    let (config, device) = (evaluator.config, evaluator.device);
    let (model, layout) = (evaluator.model, config.layout());
    let codes = model.mask.encode(masks(cases, config, device));
    let truth: Vec<i32> = codes.into_data().iter::<i32>().collect();
    let inputs = TensorData::new(layout.teacher_forcing(&truth), [cases.len(), layout.mask()]);
    let hidden = model.lm.forward(
        texts(cases, evaluator.tokenizer, config, device)?,
        model.image_tokens(pictures(cases, config, device)),
        Tensor::<2, Int>::from_data(inputs, device),
        &model.lm.tables(device),
    );
    let tokens = cases.len() * layout.mask();
    let logits = model
        .lm
        .logits(hidden.states)
        .reshape([tokens, layout.codes]);
    let predicted = evaluator.picker.pick(softmax(logits, 1)).ids.into_data();
    Ok(Tokens {
        truth: truth.into_iter().map(|code| code as u32).collect(),
        predicted: predicted.iter::<u32>().collect(),
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

/// Share of wrong tokens, under teacher forcing, among the hardest twentieth of the tokens that `memory`
/// remembers of the first `limit` training cases; `None` when these are too few to tell.
///
/// # Errors
/// A case cannot be loaded or its sentence does not fit.
fn hard_token_errors(
    evaluator: &Evaluator<'_>,
    samples: &Samples,
    memory: &HardErrorMemory,
    limit: usize,
) -> Result<Option<f64>> {
    const HARDEST: f64 = 0.05;
    const FEWEST: usize = 20;
    let positions = evaluator.config.layout().mask();
    let cases = limit.min(samples.dataset().len());
    let mut order: Vec<usize> = (0..cases * positions).collect();
    let error = |token: usize| memory.error(token / positions, token % positions);
    order.retain(|&token| error(token) > 0.0);
    order.sort_by(|&a, &b| error(b).total_cmp(&error(a)));
    order.truncate((order.len() as f64 * HARDEST) as usize);
    if order.len() < FEWEST {
        return Ok(None);
    }
    let mut predicted = Vec::with_capacity(cases * positions);
    let mut truth = Vec::with_capacity(cases * positions);
    let indices: Vec<usize> = (0..cases).collect();
    for batch in indices.chunks(BATCH) {
        let tokens = teacher_forced(evaluator, &load(samples, batch)?)?;
        predicted.extend(tokens.predicted);
        truth.extend(tokens.truth);
    }
    let wrong = order
        .iter()
        .filter(|&&token| predicted[token] != truth[token])
        .count();
    Ok(Some(wrong as f64 / order.len() as f64))
}

/// Cases with their own sentences.
fn load(samples: &Samples, cases: &[usize]) -> Result<Vec<Sample>> {
    cases.par_iter().map(|&index| samples.load(index)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

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
