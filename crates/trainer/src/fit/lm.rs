//! Training of the language model: one hand-written step loop. What a step minimises is in `objective.rs`.

use anyhow::Result;
use burn::module::Module;
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Tensor};
use mriseg::loss::HardErrorMemory;
use mriseg::model::Model;
use mriseg::text::TextTokenizer;
use mriseg_ops::adamw::AdamW;
use mriseg_ops::precision::autocast;
use serde::Serialize;
use std::collections::BTreeMap;

use super::batch::{Batch, Batcher};
use super::cases::{Source, StepCases};
use super::learner::Learner;
use super::measures::{Measured, NEXT_TOKEN, StepMeasures, Terms};
use super::objective::{Objective, Place};
use super::optimizer::{clip_norm, grown_decay, learning_rate, take_gradients, update_average};
use super::session::Session;
use super::shards::{Shards, gradients};
use crate::config::Experiment;
use crate::data::CaseCache;
use crate::data::text::rewords;
use crate::system::{Stage, beside};

/// Everything that the loop carries from step to step.
pub(crate) struct LmState {
    /// The weights being trained (the mask tokenizer is frozen).
    pub(crate) learner: Learner,
    /// Moving average of the weights: what is evaluated and shipped.
    pub(crate) average: Model,
    /// The weights that training began with, where the average keeps a share of them.
    pub(crate) start: Option<Model>,
    /// Moments of AdamW.
    pub(crate) optimizer: ModuleOptimizer,
    /// How wrong the model has been about every token of every training case.
    pub(crate) memory: HardErrorMemory,
    /// Steps done.
    pub(crate) step: usize,
}

/// One row of the metrics log.
#[derive(Debug, Serialize)]
pub(crate) struct StepMetrics {
    /// Steps done.
    pub(crate) step: usize,
    /// Mean of every loss since the last row: `loss` is the next token's cross-entropy in nats; the others
    /// are without their weight.
    #[serde(flatten)]
    pub(crate) terms: Terms,
    /// Mean norm of the gradient before clipping since the last row.
    pub(crate) gradient_norm: f64,
    /// Learning rate of the last step.
    pub(crate) learning_rate: f64,
}

/// Loss shown while a stage runs.
pub(crate) struct Progress {
    stage: Stage,
    smooth: Option<f64>,
}

impl LmState {
    /// A fresh state around tokenizers that are trained already, for so many training cases.
    pub(crate) fn new(
        experiment: &Experiment,
        model: Model,
        cases: usize,
        autodiff: &Device,
    ) -> Self {
        let start = model.clone().valid();
        Self {
            average: start.clone(),
            start: (experiment.train.start_share > 0.0).then_some(start),
            learner: Learner::new(model, experiment, autodiff),
            optimizer: optimizer(experiment),
            memory: HardErrorMemory::new(cases, experiment.model.layout().mask()),
            step: 0,
        }
    }
}

/// AdamW (docs/METHOD.md, section 9).
pub(crate) fn optimizer(experiment: &Experiment) -> ModuleOptimizer {
    AdamW {
        beta_1: 0.9,
        beta_2: 0.95,
        epsilon: 1e-8,
        weight_decay: experiment.train.weight_decay,
    }
    .init()
}

/// What the loop reads and never changes.
pub(crate) struct LmTrainer<'a> {
    pub(crate) experiment: &'a Experiment,
    pub(crate) cache: &'a CaseCache,
    pub(crate) tokenizer: &'a TextTokenizer,
    pub(crate) session: &'a Session,
    pub(crate) device: &'a Device,
}

impl LmTrainer<'_> {
    /// Trains until step `until` or until the user asks to stop. `log` is called now and then.
    ///
    /// # Errors
    /// A case cannot be loaded, or `log` fails.
    pub(crate) fn run(
        &self,
        state: &mut LmState,
        until: usize,
        progress: &mut Progress,
        mut log: impl FnMut(StepMetrics) -> Result<()>,
    ) -> Result<()> {
        const LOG_EVERY: usize = 20;
        let objective = self.objective(state)?;
        let source = &objective.batcher.source;
        let drawn = |step| source.draw(self.cache, self.experiment, step);
        let mut sums = Sums::default();
        // Drawn while the device worked on the step before.
        let mut next = None;
        while state.step < until && !self.session.interrupt.requested() {
            let now = match next.take() {
                Some(drawn) => drawn,
                None => drawn(state.step),
            };
            let cases = source.encode(now?, self.experiment, self.device);
            let following = Some(state.step + 1).filter(|&step| step < until);
            let (following, (measures, rate)) = beside(
                self.session.workers,
                || following.map(drawn),
                || self.step(&objective, state, cases),
            );
            next = following;

            progress.advance(sums.add(&measures));
            if state.step.is_multiple_of(LOG_EVERY) || state.step == until {
                log(std::mem::take(&mut sums).row(state.step, rate))?;
            }
        }
        Ok(())
    }

    /// One step on some cases: what it measured, and its learning rate.
    fn step(
        &self,
        objective: &Objective<'_>,
        state: &mut LmState,
        cases: StepCases,
    ) -> (StepMeasures, f64) {
        let batcher = &objective.batcher;
        let batch = batcher.batch(cases, state.step, &state.memory);
        let (gradients, parts) = self.gradients(objective, &state.learner, &batch);
        let (norm, rate) = self.update(state, gradients);
        let measures = StepMeasures::read(parts, norm);
        batcher.remember(&mut state.memory, &batch, &measures.errors);
        (measures, rate)
    }

    /// What the steps from this state on minimise.
    ///
    /// # Errors
    /// The model is trained on codes, and there are none.
    pub(crate) fn objective(&self, state: &LmState) -> Result<Objective<'_>> {
        let source = Source::of(&state.average, self.cache)?;
        let batcher = Batcher {
            experiment: self.experiment,
            tokenizer: self.tokenizer,
            empty: source.empty(),
            sentences: if rewords(self.experiment, self.cache.dataset()) {
                self.experiment.train.sentences
            } else {
                0
            },
            source,
            device: self.device,
        };
        let replicas = self.session.replicas.iter().map(|replica| &replica.device);
        let devices = std::iter::once(self.device).chain(replicas);
        Ok(Objective {
            batcher,
            places: devices
                .map(|device| Place::new(device, &state.learner.model.lm))
                .collect(),
        })
    }

    /// The cases of a step.
    ///
    /// # Errors
    /// One cannot be loaded.
    pub(crate) fn draw(&self, objective: &Objective<'_>, step: usize) -> Result<StepCases> {
        let source = &objective.batcher.source;
        let drawn = source.draw(self.cache, self.experiment, step)?;
        Ok(source.encode(drawn, self.experiment, self.device))
    }

    /// Forward and backward pass of a batch.
    pub(crate) fn gradients(
        &self,
        objective: &Objective<'_>,
        learner: &Learner,
        batch: &Batch,
    ) -> (GradientsParams, Vec<Measured>) {
        let training = &self.experiment.train;
        let shards = Shards::new(self.session.workers)
            .with_replicas(self.device, &self.session.replicas)
            .keep_together(training.together())
            .in_rounds(training.gradient_accumulation_steps);
        gradients(learner, batch.len(), &shards, |learner, shard| {
            autocast(training.precision, || objective.pass(learner, batch, shard))
        })
    }

    /// Moves the weights and their average. Gives the norm of the gradient before clipping, `[1]`, and the
    /// learning rate.
    pub(crate) fn update(
        &self,
        state: &mut LmState,
        mut gradients: GradientsParams,
    ) -> (Option<Tensor<1>>, f64) {
        let training = &self.experiment.train;
        let norm = clip_norm(&state.learner, &mut gradients, training.clip_norm);
        let rate = learning_rate(
            training.learning_rate,
            training.warmup,
            state.step,
            training.steps,
        );
        let pretrained =
            (state.learner.pretrained()).map(|net| take_gradients(net, &mut gradients));
        let mut learner = state.optimizer.step(rate, state.learner.clone(), gradients);
        if let Some(gradients) = pretrained {
            let rate = rate * self.experiment.image_encoder.rate;
            learner = state.optimizer.step(rate, learner, gradients);
        }
        state.learner = learner;
        let decay = grown_decay(training.average_decay, state.step);
        let start = state
            .start
            .as_ref()
            .map(|start| (start, training.start_share));
        state.average = update_average(state.average.clone(), &state.learner, start, decay);
        state.step += 1;
        (norm, rate)
    }
}

/// Sums since the last row of the log.
#[derive(Default)]
struct Sums {
    /// Sum and number of steps: a loss may begin between two rows.
    terms: BTreeMap<&'static str, (f64, usize)>,
    norm: f64,
    steps: usize,
}

impl Sums {
    /// Adds a step; returns its next-token loss.
    fn add(&mut self, step: &StepMeasures) -> f64 {
        for (&name, &value) in &step.terms {
            let (sum, count) = self.terms.entry(name).or_default();
            *sum += value;
            *count += 1;
        }
        self.norm += step.norm;
        self.steps += 1;
        step.terms.get(NEXT_TOKEN).copied().unwrap_or_default()
    }

    fn row(self, step: usize, learning_rate: f64) -> StepMetrics {
        let steps = self.steps as f64;
        StepMetrics {
            step,
            terms: self
                .terms
                .into_iter()
                .map(|(name, (sum, count))| (name, sum / count as f64))
                .collect(),
            gradient_norm: self.norm / steps,
            learning_rate,
        }
    }
}

impl Progress {
    pub(crate) fn new(session: &Session, name: &str, steps: usize, done: usize) -> Self {
        let mut stage = session.display.stage(name, steps as u64);
        stage.skip(done as u64);
        Self {
            stage,
            smooth: None,
        }
    }

    /// One step and its loss.
    pub(crate) fn advance(&mut self, loss: f64) {
        let smooth = self.smooth.map_or(loss, |old| 0.95 * old + 0.05 * loss);
        self.smooth = Some(smooth);
        self.stage.advance(1, Some(smooth));
    }

    pub(crate) fn line(&self, text: &str) {
        self.stage.line(text);
    }

    pub(crate) fn finish(self) {
        let loss = self
            .smooth
            .map_or(String::new(), |loss| format!("loss {loss:.4}"));
        self.stage.finish(&loss);
    }
}
