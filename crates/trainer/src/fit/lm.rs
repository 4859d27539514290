//! Training of the language model: one hand-written step loop, ready to take the paper's three
//! strategies (each a loss term and, for the hard-error memory, state of [`LmState`]).

use anyhow::Result;
use burn::module::Module;
use burn::optim::{AdamWConfig, ModuleOptimizer};
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Int, Tensor, TensorData};
use mriseg::config::ImageTokens;
use mriseg::loss::{mask_reconstruction_loss, next_token_loss};
use mriseg::mask_lm::SequenceTables;
use mriseg::model::Model;
use mriseg::text::TextTokenizer;
use mriseg_data::Sample;
use serde::Serialize;
use std::ops::Range;

use super::Session;
use super::batch::{Changes, Samples, masks, pictures, tokenize};
use super::context::shown_tokens;
use super::optimizer::{clip_norm, learning_rate, update_average};
use super::shards::{Part, gradients};
use crate::config::Experiment;
use crate::progress::Stage;

/// Everything that the loop carries from step to step.
pub(crate) struct LmState {
    /// The weights being trained (the mask tokenizer is frozen).
    pub(crate) model: Model,
    /// Moving average of the weights: what is evaluated and shipped.
    pub(crate) average: Model,
    /// Moments of AdamW.
    pub(crate) optimizer: ModuleOptimizer,
    /// Steps done.
    pub(crate) step: usize,
}

/// One row of the metrics log.
#[derive(Debug, Serialize)]
pub(crate) struct StepMetrics {
    /// Steps done.
    pub(crate) step: usize,
    /// Mean cross-entropy since the last row, in nats per mask token.
    pub(crate) loss: f64,
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
    /// A fresh state around tokenizers that are trained already.
    pub(crate) fn new(experiment: &Experiment, model: Model) -> Self {
        Self {
            average: model.clone().valid(),
            model: trainable(model, experiment),
            optimizer: optimizer(experiment),
            step: 0,
        }
    }
}

/// Freezes what the language model's loss must not move.
pub(crate) fn trainable(mut model: Model, experiment: &Experiment) -> Model {
    model.mask = model.mask.freeze();
    if experiment.model.lm.image_tokens == ImageTokens::Codes {
        model.image = model.image.freeze();
    }
    model
}

/// AdamW as METHOD §5 sets it.
pub(crate) fn optimizer(experiment: &Experiment) -> ModuleOptimizer {
    AdamWConfig::new()
        .with_beta_1(0.9)
        .with_beta_2(0.95)
        .with_epsilon(1e-8)
        .with_weight_decay(experiment.train.weight_decay)
        .init()
}

/// The cases of one step, changed, with their token ids one case after the other.
struct Batch {
    samples: Vec<Sample>,
    /// Sentences.
    text: Vec<i32>,
    /// Mask tokens that the model is shown, shifted for teacher forcing.
    inputs: Vec<i32>,
    /// Mask tokens that it is to predict.
    targets: Vec<i32>,
}

fn ids_of(codes: Tensor<2, Int>) -> Vec<i32> {
    codes.into_data().iter::<i32>().collect()
}

/// What the loop reads and never changes.
pub(crate) struct LmTrainer<'a> {
    pub(crate) experiment: &'a Experiment,
    pub(crate) samples: &'a Samples,
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
        let Self {
            experiment,
            samples,
            tokenizer,
            session,
            device,
        } = *self;
        const LOG_EVERY: usize = 20;
        let device = device.clone().autodiff();
        let (config, training) = (&experiment.model, &experiment.train);
        let layout = config.layout();
        let tables = state.model.lm.tables(&device);
        let changes = Changes {
            augment: &experiment.augment,
            derived_sentences: experiment.data.derived_sentences,
            text_dropout: training.text_dropout,
        };
        let mask_tokenizer = &state.average.mask.clone();
        let empty = ids_of(mask_tokenizer.encode_empty());
        let (mut loss_sum, mut norm_sum, mut count) = (0.0, 0.0, 0);
        while state.step < until && !session.interrupt.requested() {
            let step = state.step;
            let samples = samples.training("lm", session.seed, step, training.batch, changes)?;
            let targets = ids_of(mask_tokenizer.encode(masks(&samples, config, self.device)));
            let first = step * training.batch;
            let shown = shown_tokens(&targets, &empty, layout, training, session.seed, first);
            let batch = Batch {
                text: tokenize(&samples, tokenizer, config)?,
                inputs: layout.teacher_forcing(&shown),
                targets,
                samples,
            };
            let (mut gradients, losses) = gradients(
                &state.model,
                &device,
                batch.samples.len(),
                session.workers,
                |model, range| self.pass(model, &batch, range, &tables, &device),
            );
            let norm = clip_norm(&state.model, &mut gradients, training.clip_norm);
            let rate = learning_rate(
                training.learning_rate,
                training.warmup,
                step,
                training.steps,
            );
            state.model = state.optimizer.step(rate, state.model.clone(), gradients);
            state.average = update_average(
                state.average.clone(),
                &state.model,
                training.average_decay,
                step,
            );
            state.step += 1;

            let loss = losses.iter().sum();
            progress.advance(loss);
            loss_sum += loss;
            norm_sum += f64::from(norm);
            count += 1;
            if state.step.is_multiple_of(LOG_EVERY) || state.step == until {
                log(StepMetrics {
                    step: state.step,
                    loss: loss_sum / f64::from(count),
                    gradient_norm: norm_sum / f64::from(count),
                    learning_rate: rate,
                })?;
                (loss_sum, norm_sum, count) = (0.0, 0.0, 0);
            }
        }
        Ok(())
    }

    /// Forward pass of some cases of a batch; beside the loss to descend it gives their part of the
    /// batch's mean next-token loss.
    fn pass(
        &self,
        model: &Model,
        batch: &Batch,
        range: Range<usize>,
        tables: &SequenceTables,
        device: &Device,
    ) -> Part<f64> {
        let (config, training) = (&self.experiment.model, &self.experiment.train);
        let layout = config.layout();
        let samples = &batch.samples[range.clone()];
        let share = samples.len() as f64 / batch.samples.len() as f64;
        let part = |ids: &[i32], length: usize| -> Tensor<2, Int> {
            let ids = ids[range.start * length..range.end * length].to_vec();
            Tensor::from_data(TensorData::new(ids, [samples.len(), length]), device)
        };
        let text = part(&batch.text, layout.text);
        let inputs = part(&batch.inputs, layout.mask());
        let targets = part(&batch.targets, layout.mask());

        let image = model.image_tokens(pictures(samples, config, device));
        let hidden = model.lm.forward(text, image, inputs, tables);
        let logits = model.lm.logits(hidden);
        let next_token = next_token_loss(logits.clone(), targets);
        let rest = share * f64::from(next_token.clone().into_scalar::<f32>());
        let loss = if training.soft_decode > 0.0 {
            let mask = masks(samples, config, device);
            let decoded = model.mask.decode_expected(softmax(logits, 2));
            next_token + mask_reconstruction_loss(decoded, mask).mul_scalar(training.soft_decode)
        } else {
            next_token
        };
        Part { loss, rest }
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
