//! The cases of one step as token ids, with everything that a pass needs.

use burn::tensor::{Device, Int, Tensor};
use mriseg::loss::{
    ContrastTokens, HardErrorMemory, code_likeness, hard_token_weights, patch_likeness,
};
use mriseg::text::TextTokenizer;
use mriseg_data::Warp;
use rand::RngExt;
use std::collections::BTreeMap;

use super::alone::Alone;
use super::cases::{Source, StepCases};
use super::context::{Hiding, WrongTokens, shown_tokens};
use crate::config::{Contrast, Experiment};
use crate::data::{rng, tokenize};

/// The cases of one step with everything that a pass needs, token ids one case after the other.
pub(crate) struct Batch {
    pub(super) step: usize,
    pub(super) cases: StepCases,
    /// Sentences.
    pub(super) text: Vec<i32>,
    pub(super) alone: Alone,
    /// Mask tokens that the model is shown, shifted for teacher forcing.
    pub(super) inputs: Vec<i32>,
    pub(super) hiding: Hiding,
    /// Tokens to contrast, of every group of [`Contrast::CASES`] cases.
    pub(super) contrast: Vec<Contrasted>,
    /// Weights of the hard-error loss; empty when that is off.
    pub(super) hard: Vec<f32>,
}

/// Tokens that are contrasted with each other.
pub(super) struct Contrasted {
    /// Their indices into the tokens of the group.
    pub(super) tokens: Vec<usize>,
    /// Of every pair, row by row.
    pub(super) likeness: Vec<f32>,
    /// Of every pair, row by row.
    pub(super) weights: Vec<f32>,
}

impl Batch {
    pub(crate) fn len(&self) -> usize {
        self.cases.len()
    }
}

/// Makes batches of cases.
pub(crate) struct Batcher<'a> {
    pub(super) experiment: &'a Experiment,
    pub(super) tokenizer: &'a TextTokenizer,
    pub(super) source: Source<'a>,
    /// Sentences without a picture for each case.
    pub(super) sentences: usize,
    /// Codes of a mask without foreground.
    pub(super) empty: Vec<i32>,
    /// Device of the masks.
    pub(super) device: &'a Device,
}

impl Batcher<'_> {
    /// Prepares the cases of a step. A sentence that does not fit the model, after all that was done to it, is left out, and
    /// what it asked for with it.
    pub(crate) fn batch(
        &self,
        mut cases: StepCases,
        step: usize,
        memory: &HardErrorMemory,
    ) -> Batch {
        let config = &self.experiment.model;
        cases.leave_out(|text| !self.tokenizer.fits(text, config.lm.text_tokens));
        let training = &self.experiment.train;
        let seed = self.experiment.seed;
        let layout = config.layout();
        let first = step * training.batch;
        let targets = &cases.targets;
        let codes = self.source.noise(targets, layout.codes);
        let wrong = WrongTokens {
            empty: &self.empty,
            codes: &codes,
        };
        let shown = shown_tokens(targets, wrong, training, seed, first);
        let hiding = Hiding::draw(cases.len(), layout.mask(), training, seed, first);
        let mut inputs = layout.teacher_forcing(&shown);
        for (inputs, hidden) in inputs.chunks_exact_mut(layout.mask()).zip(&hiding.marginal) {
            if *hidden {
                inputs.fill(layout.begin_of_mask() as i32);
            }
        }
        Batch {
            step,
            alone: Alone::draw(self.experiment, self.tokenizer, self.sentences, step),
            text: tokenize(cases.sentences(), self.tokenizer, config),
            inputs,
            hiding,
            contrast: self.contrast(targets, step),
            hard: self.hard(&cases.origins, step, memory),
            cases,
        }
    }

    /// What is contrasted in every group of cases; nothing where that is off.
    fn contrast(&self, targets: &[i32], step: usize) -> Vec<Contrasted> {
        let (training, layout) = (
            &self.experiment.train.contrast,
            self.experiment.model.layout(),
        );
        if training.weight == 0.0 {
            return Vec::new();
        }
        let mut rng = rng("contrast", self.experiment.seed, step as u64);
        let empty = most_frequent(&self.empty);
        let groups = targets.chunks(Contrast::CASES * layout.mask());
        groups
            .map(|targets| {
                let below = |below| rng.random_range(0..below);
                let chosen =
                    ContrastTokens::choose(targets, empty, layout.grid, training.tokens, below);
                Contrasted {
                    likeness: self.likeness(&chosen, targets),
                    weights: chosen.pair_weights(training.boundary),
                    tokens: chosen.tokens,
                }
            })
            .collect()
    }

    /// Weights of the tokens by what is remembered of them; none where that is off, or too early.
    fn hard(
        &self,
        origins: &[Option<(usize, Warp)>],
        step: usize,
        memory: &HardErrorMemory,
    ) -> Vec<f32> {
        let (training, layout) = (&self.experiment.train, self.experiment.model.layout());
        let hard = &training.hard_errors;
        let warm = step as f64 >= hard.warmup * training.steps as f64;
        if hard.weight == 0.0 || !warm {
            return Vec::new();
        }
        let errors: Vec<f32> = origins
            .iter()
            .flat_map(|origin| (0..layout.mask()).map(move |cell| (origin, cell)))
            .map(|(origin, cell)| {
                let place = origin
                    .and_then(|(case, warp)| Some((case, warp.source_cell(cell, layout.grid)?)));
                place.map_or(0.0, |(case, cell)| memory.error(case, cell))
            })
            .collect();
        hard_token_weights(&errors, hard.share, hard.cap)
    }

    /// How alike the codes of some tokens of a group are, pair by pair.
    fn likeness(&self, chosen: &ContrastTokens, targets: &[i32]) -> Vec<f32> {
        let codes: Vec<i32> = chosen.tokens.iter().map(|&i| targets[i]).collect();
        if codes.is_empty() {
            return Vec::new();
        }
        let reach = self.experiment.train.contrast.reach;
        let likeness = match &self.source {
            Source::Pixels(encoder) if reach > 0.0 => {
                let codes = Tensor::<1, Int>::from_data(codes.as_slice(), self.device);
                patch_likeness(encoder.patches.clone().select(0, codes), reach)
            }
            _ => code_likeness(&codes, self.device),
        };
        likeness.into_data().iter().collect()
    }

    /// Remembers how wrong the model was about every token of a batch.
    pub(crate) fn remember(&self, memory: &mut HardErrorMemory, batch: &Batch, errors: &[f32]) {
        let layout = self.experiment.model.layout();
        let decay = self.experiment.train.hard_errors.decay;
        let errors = errors.chunks_exact(layout.mask());
        for (origin, errors) in batch.cases.origins.iter().zip(errors) {
            let Some((case, warp)) = origin else {
                continue;
            };
            // After a change of size two cells may show the same one.
            let mut seen = vec![(0.0, 0.0); layout.mask()];
            for (cell, &error) in errors.iter().enumerate() {
                if let Some(cell) = warp.source_cell(cell, layout.grid) {
                    seen[cell].0 += error;
                    seen[cell].1 += 1.0;
                }
            }
            for (cell, (sum, count)) in seen.into_iter().enumerate() {
                if count > 0.0 {
                    memory.update(*case, cell, sum / count, decay);
                }
            }
        }
    }
}

/// The code that most cells have.
fn most_frequent(codes: &[i32]) -> i32 {
    let mut counts = BTreeMap::new();
    for &code in codes {
        *counts.entry(code).or_insert(0) += 1;
    }
    let most = counts.into_iter().max_by_key(|&(_, count)| count);
    most.map_or(0, |(code, _)| code)
}
