//! What one pass of the language model is to minimise: the next token, and each of the paper's strategies
//! that is switched on.

use anyhow::Result;
use burn::module::Module;
use burn::tensor::activation::softmax;
use burn::tensor::{Bool, Device, Int, Tensor, TensorData, Transaction};
use mriseg::loss::{
    ContrastTokens, HardErrorMemory, code_likeness, hard_token_loss, hard_token_weights,
    mask_reconstruction_loss, next_k_token_loss, patch_likeness, presence_loss, sentence_mean,
    sentence_reading_loss, token_contrastive_loss, token_losses,
};
use mriseg::mask_lm::{Hidden, MaskLm, SequenceTables};
use mriseg::model::Model;
use mriseg::reading::Request;
use mriseg::text::TextTokenizer;
use mriseg::vision::code_vectors;
use mriseg_data::answer::bits_of;
use rand::RngExt;
use std::collections::BTreeMap;
use std::ops::Range;

use super::alone::Alone;
use super::cases::{Cases, Pictures, Source};
use super::context::{Hiding, WrongTokens, drawn_codes, shown_tokens};
use super::learner::Learner;
use super::shards::Part;
use crate::config::Experiment;
use crate::data::{masks, pictures, rng, tokenize};

/// Mean of every loss that is on, by name.
pub(crate) type Terms = BTreeMap<&'static str, f64>;

/// Name of the base objective.
pub(crate) const NEXT_TOKEN: &str = "loss";

/// What a pass gives beside its gradient, on the device: reading it back there and then would make a GPU wait.
pub(crate) struct Measured {
    /// Losses, times the pass's share of the batch, each `[1]`.
    terms: BTreeMap<&'static str, Tensor<1>>,
    /// `-log p(target)` of every token: `[cases, mask]`.
    losses: Tensor<2>,
}

/// What the passes of a step gave together.
pub(crate) struct StepMeasures {
    pub(crate) terms: Terms,
    /// `1 - p(target)` of every token, case after case.
    pub(crate) errors: Vec<f32>,
    /// Norm of the gradient before clipping; zero where there is none.
    pub(crate) norm: f64,
}

impl StepMeasures {
    /// Reads everything back in one go.
    ///
    /// # Shapes
    /// - norm: `[1]`
    pub(crate) fn read(parts: Vec<Measured>, norm: Option<Tensor<1>>) -> Self {
        let (mut names, mut values, mut losses) = (Vec::new(), Vec::new(), Vec::new());
        for part in parts {
            losses.push(part.losses);
            for (name, value) in part.terms {
                names.push(name);
                values.push(value);
            }
        }
        values.extend(norm);
        let read = Transaction::default()
            .register(Tensor::cat(losses, 0))
            .register(Tensor::cat(values, 0))
            .execute();
        let [losses, values] = read.as_slice() else {
            unreachable!("a transaction gives what was registered with it");
        };
        let mut values = values.iter::<f32>().map(f64::from);
        let mut terms = Terms::new();
        for (name, value) in names.into_iter().zip(values.by_ref()) {
            *terms.entry(name).or_default() += value;
        }
        Self {
            terms,
            errors: losses
                .iter::<f32>()
                .map(|loss| 1.0 - (-loss).exp())
                .collect(),
            norm: values.next().unwrap_or_default(),
        }
    }
}

/// The cases of one step with everything that a pass needs, token ids one case after the other.
pub(crate) struct Batch {
    step: usize,
    cases: Cases,
    /// Sentences.
    text: Vec<i32>,
    alone: Alone,
    /// Mask tokens that the model is shown, shifted for teacher forcing.
    inputs: Vec<i32>,
    hiding: Hiding,
    /// Tokens to contrast, of every group of [`Objective::CONTRAST_CASES`] cases.
    contrast: Vec<Contrasted>,
    /// Weights of the hard-error loss; empty when that is off.
    hard: Vec<f32>,
}

/// Tokens that are contrasted with each other.
struct Contrasted {
    chosen: ContrastTokens,
    /// Of every pair, row by row.
    likeness: Vec<f32>,
}

impl Batch {
    pub(crate) fn len(&self) -> usize {
        self.cases.len()
    }
}

/// The objective of an experiment.
pub(crate) struct Objective<'a> {
    pub(crate) experiment: &'a Experiment,
    pub(crate) tokenizer: &'a TextTokenizer,
    pub(crate) source: Source<'a>,
    /// Sentences without a picture for each case.
    pub(crate) sentences: usize,
    /// Codes of a mask without foreground.
    pub(crate) empty: Vec<i32>,
    pub(crate) tables: SequenceTables,
    /// The same without gradients.
    pub(crate) plain_tables: SequenceTables,
    /// Device of the masks.
    pub(crate) device: &'a Device,
    /// Device of the passes.
    pub(crate) autodiff: Device,
}

impl Objective<'_> {
    /// Consecutive cases whose tokens are contrasted with each other.
    pub(crate) const CONTRAST_CASES: usize = 4;

    /// Prepares the cases of a step.
    ///
    /// # Errors
    /// A sentence does not fit the model.
    pub(crate) fn batch(
        &self,
        cases: Cases,
        step: usize,
        memory: &HardErrorMemory,
    ) -> Result<Batch> {
        let config = &self.experiment.model;
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

        let mut rng = rng("contrast", seed, step as u64);
        let group = Self::CONTRAST_CASES * layout.mask();
        let empty = most_frequent(&self.empty);
        let contrast = targets
            .chunks(group)
            .filter(|_| training.contrast.weight > 0.0)
            .map(|targets| {
                let chosen = ContrastTokens::choose(
                    targets,
                    empty,
                    layout.grid,
                    training.contrast.tokens,
                    |below| rng.random_range(0..below),
                );
                Contrasted {
                    likeness: self.likeness(&chosen, targets),
                    chosen,
                }
            })
            .collect();

        let hard = &training.hard_errors;
        let warm = step as f64 >= hard.warmup * training.steps as f64;
        let hard = if hard.weight > 0.0 && warm {
            let errors: Vec<f32> = cases
                .origins
                .iter()
                .flat_map(|origin| (0..layout.mask()).map(move |cell| (origin, cell)))
                .map(|(origin, cell)| {
                    let place = origin.and_then(|(case, warp)| {
                        Some((case, warp.source_cell(cell, layout.grid)?))
                    });
                    place.map_or(0.0, |(case, cell)| memory.error(case, cell))
                })
                .collect();
            hard_token_weights(&errors, hard.share, hard.cap)
        } else {
            Vec::new()
        };
        Ok(Batch {
            step,
            alone: Alone::draw(self.experiment, self.tokenizer, self.sentences, step)?,
            text: tokenize(cases.sentences(), self.tokenizer, config)?,
            inputs,
            hiding,
            contrast,
            hard,
            cases,
        })
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

    /// Forward pass of some cases of a batch.
    pub(crate) fn pass(
        &self,
        learner: &Learner,
        batch: &Batch,
        range: Range<usize>,
    ) -> Part<Measured> {
        let (config, training) = (&self.experiment.model, &self.experiment.train);
        let device = &self.autodiff;
        let layout = config.layout();
        let cases = range.len();
        let share = cases as f64 / batch.len() as f64;
        let Model { tokenizers, lm } = &learner.model;
        let part = |ids: &[i32], length: usize| -> Tensor<2, Int> {
            let ids = ids[range.start * length..range.end * length].to_vec();
            Tensor::from_data(TensorData::new(ids, [cases, length]), device)
        };
        let text = part(&batch.text, layout.text);
        let inputs = part(&batch.inputs, layout.mask());
        let targets = part(&batch.cases.targets, layout.mask());

        let image = match (&batch.cases.pictures, tokenizers) {
            (Pictures::Pixels(samples), Some(own)) => {
                own.image_tokens(pictures(&samples[range.clone()], config, device))
            }
            (Pictures::Codes(codes), None) => {
                code_vectors(lm.code_table(), part(codes, layout.image()))
            }
            _ => unreachable!("what a model is trained on follows from its tokenizers"),
        };
        let inputs = self.with_own_tokens(lm, batch, range.clone(), [text.clone(), inputs], &image);
        let hidden = lm.forward(text.clone(), image, inputs, &self.tables);
        let logits = lm.logits(hidden.states.clone());
        let losses = token_losses(logits.clone(), targets.clone());
        let mut sum = Sum::new(losses.clone().mean(), share);
        if lm.next_tokens() > 1 {
            let done = batch.step as f64 / training.steps as f64;
            let next_k = &training.next_k;
            let weight = next_k.weight + (next_k.final_weight - next_k.weight) * done;
            sum.add("next_k_loss", weight, || {
                next_k_token_loss(lm.logits_ahead(&hidden), targets, next_k.decay)
            });
        }
        sum.add("contrast_loss", training.contrast.weight, || {
            self.contrast(learner, &hidden, batch, range.clone())
        });
        if let Some(logits) = lm.presence(&hidden) {
            sum.add("presence_loss", training.presence, || {
                self.presence(logits, batch, range.clone())
            });
        }
        sum.add("reading_loss", training.reading, || {
            let requests = &batch.cases.requests[range.clone()];
            self.reading(learner, text.clone(), hidden.text.clone(), requests)
        });
        if let Some((ids, requests)) = batch.alone.of(range.clone()) {
            sum.add("sentence_loss", training.reading, || {
                let shape = [requests.len(), batch.alone.length];
                let ids = Tensor::from_data(TensorData::new(ids.to_vec(), shape), device);
                let text = lm.read_alone(ids.clone(), &self.tables);
                self.reading(learner, ids, text, requests)
            });
        }
        if !batch.hard.is_empty() {
            sum.add("hard_error_loss", training.hard_errors.weight, || {
                let length = layout.mask();
                let weights = batch.hard[range.start * length..range.end * length].to_vec();
                let weights = TensorData::new(weights, [cases, length]);
                hard_token_loss(losses.clone(), Tensor::from_data(weights, device))
            });
        }
        if let (Pictures::Pixels(samples), Some(own)) = (&batch.cases.pictures, tokenizers) {
            sum.add("soft_decode_loss", f64::from(training.soft_decode), || {
                let mask = masks(&samples[range.clone()], config, device);
                mask_reconstruction_loss(own.mask.decode_expected(softmax(logits, 2)), mask)
            });
        }
        Part {
            loss: sum.loss,
            rest: Measured {
                terms: sum.terms,
                losses: losses.without_autodiff(),
            },
        }
    }

    /// The mask inputs, some of them drawn from the marginals that the model predicts now.
    ///
    /// # Shapes
    /// - text: `[cases, text]`; inputs, output: `[cases, mask]`
    /// - image: `[cases, image, token_dim]`
    fn with_own_tokens(
        &self,
        lm: &MaskLm,
        batch: &Batch,
        range: Range<usize>,
        [text, inputs]: [Tensor<2, Int>; 2],
        image: &Tensor<3>,
    ) -> Tensor<2, Int> {
        let hiding = &batch.hiding;
        let length = self.experiment.model.layout().mask();
        let part = range.start * length..range.end * length;
        let own = hiding.own.get(part.clone()).unwrap_or_default();
        if !own.contains(&true) {
            return inputs;
        }
        let shape = [range.len(), length];
        let lm = lm.valid();
        let begin = inputs.full_like(lm.layout().begin_of_mask() as i32);
        let image = image.clone().without_autodiff();
        let (text, begin) = (text.without_autodiff(), begin.without_autodiff());
        let hidden = lm.forward(text, image, begin, &self.plain_tables);
        let draws = TensorData::new(hiding.draws[part].to_vec(), shape);
        let draws = Tensor::from_data(draws, self.device);
        let drawn = drawn_codes(softmax(lm.logits(hidden.states), 2), draws);
        // An input is the token of the cell before; the first has none.
        let first = drawn.clone().slice_dim(1, 0..1);
        let before = Tensor::cat(vec![first, drawn.slice_dim(1, 0..length - 1)], 1);
        let before = Tensor::from_data(before.into_data(), &self.autodiff);
        let own =
            Tensor::<2, Bool>::from_data(TensorData::new(own.to_vec(), shape), &self.autodiff);
        inputs.mask_where(own, before)
    }

    /// Whether there is anything to draw in a shard, as `logits` have it: `[cases, 1]`.
    fn presence(&self, logits: Tensor<2>, batch: &Batch, range: Range<usize>) -> Tensor<1> {
        let length = self.empty.len();
        let targets = &batch.cases.targets[range.start * length..range.end * length];
        let present: Vec<f32> = (targets.chunks_exact(length))
            .map(|mask| f32::from(u8::from(mask != self.empty)))
            .collect();
        let shape = [range.len(), 1];
        let present = Tensor::from_data(TensorData::new(present, shape), &self.autodiff);
        presence_loss(logits, present)
    }

    /// What sentences ask for, told from their tokens.
    ///
    /// # Shapes
    /// - ids: `[requests, length]`
    /// - text: `[requests, length, d_model]`
    fn reading(
        &self,
        learner: &Learner,
        ids: Tensor<2, Int>,
        text: Tensor<3>,
        requests: &[Option<Request>],
    ) -> Tensor<1> {
        let device = &self.autodiff;
        let Some(projection) = &learner.reading else {
            return Tensor::zeros([1], device);
        };
        let (mut asked, mut known) = (Vec::new(), Vec::new());
        for request in requests {
            let bits = request.as_ref().map(bits_of);
            known.push(f32::from(u8::from(bits.is_some())));
            asked.extend(bits.unwrap_or_default().map(|bit| f32::from(u8::from(bit))));
        }
        let table = |values: Vec<f32>, width: usize| {
            Tensor::<2>::from_data(TensorData::new(values, [requests.len(), width]), device)
        };
        let own = ids.not_equal_elem(self.tokenizer.padding() as i32);
        sentence_reading_loss(
            projection.forward(sentence_mean(text, own.float())),
            table(asked, Learner::REQUEST_BITS),
            table(known, 1),
        )
    }

    /// Contrast within every group of cases of a shard, the mean over cases.
    fn contrast(
        &self,
        learner: &Learner,
        hidden: &Hidden,
        batch: &Batch,
        range: Range<usize>,
    ) -> Tensor<1> {
        let training = &self.experiment.train.contrast;
        let device = &self.autodiff;
        let [cases, positions, d_model] = hidden.states.dims();
        let mut sum = Tensor::zeros([1], device);
        let Some(projection) = &learner.contrast else {
            return sum;
        };
        let states = hidden.states.clone().reshape([cases * positions, d_model]);
        for first in range.clone().step_by(Self::CONTRAST_CASES) {
            let in_group = Self::CONTRAST_CASES.min(range.end - first);
            let Contrasted { chosen, likeness } = &batch.contrast[first / Self::CONTRAST_CASES];
            let count = chosen.tokens.len();
            if count == 0 {
                continue;
            }
            let offset = (first - range.start) * positions;
            let indices: Vec<i32> = chosen.tokens.iter().map(|&i| (offset + i) as i32).collect();
            let indices = Tensor::<1, Int>::from_data(indices.as_slice(), device);
            let likeness = TensorData::new(likeness.clone(), [count, count]);
            let projected = projection.forward(states.clone().select(0, indices));
            let loss = token_contrastive_loss(
                projected,
                Tensor::from_data(likeness, device),
                chosen.pair_weights(training.boundary, device),
                training.temperature,
            );
            sum = sum + loss.mul_scalar(in_group as f64 / cases as f64);
        }
        sum
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

/// Losses being added up.
struct Sum {
    loss: Tensor<1>,
    terms: BTreeMap<&'static str, Tensor<1>>,
    share: f64,
}

impl Sum {
    fn new(next_token: Tensor<1>, share: f64) -> Self {
        let mut sum = Self {
            loss: next_token.clone(),
            terms: BTreeMap::new(),
            share,
        };
        sum.note(NEXT_TOKEN, next_token);
        sum
    }

    /// Does not compute a loss that has no weight.
    fn add(&mut self, name: &'static str, weight: f64, loss: impl FnOnce() -> Tensor<1>) {
        if weight > 0.0 {
            let loss = loss();
            self.note(name, loss.clone());
            self.loss = self.loss.clone() + loss.mul_scalar(weight);
        }
    }

    fn note(&mut self, name: &'static str, loss: Tensor<1>) {
        let value = loss.without_autodiff().mul_scalar(self.share);
        self.terms.insert(name, value);
    }
}
