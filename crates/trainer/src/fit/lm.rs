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
use mriseg::sequence::SequenceLayout;
use mriseg::text::TextTokenizer;
use mriseg::vq::MaskTokenizer;
use mriseg_data::Sample;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use std::ops::Range;

use super::Session;
use super::batch::{Changes, Samples, masks, pictures, rng, tokenize};
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

/// The cases of one step, changed and with their sentences as ids.
struct Batch {
    /// Position of the first case among all that training ever sees.
    first: usize,
    samples: Vec<Sample>,
    text: Vec<i32>,
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
        let training = &experiment.train;
        let tables = state.model.lm.tables(&device);
        let changes = Changes {
            augment: &experiment.augment,
            derived_sentences: experiment.data.derived_sentences,
            text_dropout: training.text_dropout,
        };
        let (mut loss_sum, mut norm_sum, mut count) = (0.0, 0.0, 0);
        while state.step < until && !session.interrupt.requested() {
            let step = state.step;
            let samples = samples.training("lm", session.seed, step, training.batch, changes)?;
            let text = tokenize(&samples, tokenizer, &experiment.model)?;
            let batch = Batch {
                first: step * training.batch,
                samples,
                text,
            };
            let frozen = &state.average.mask;
            let (mut gradients, losses) = gradients(
                &state.model,
                &device,
                batch.samples.len(),
                session.workers,
                |model, range| self.pass(model, frozen, &batch, range, &tables, &device),
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
        mask_tokenizer: &MaskTokenizer,
        batch: &Batch,
        range: Range<usize>,
        tables: &SequenceTables,
        device: &Device,
    ) -> Part<f64> {
        let (config, training) = (&self.experiment.model, &self.experiment.train);
        let layout = config.layout();
        let samples = &batch.samples[range.clone()];
        let share = samples.len() as f64 / batch.samples.len() as f64;
        let mask = masks(samples, config, device);
        let targets: Vec<i32> = mask_tokenizer
            .encode(mask.clone().without_autodiff())
            .into_data()
            .iter::<i32>()
            .collect();
        let noisy: Vec<i32> = targets
            .chunks_exact(layout.mask())
            .zip(batch.first + range.start..)
            .flat_map(|(targets, position)| {
                let mut rng = rng("noise", self.session.seed, position as u64);
                add_noise(targets, training.token_noise, layout, &mut rng)
            })
            .collect();
        let ids = |ids: Vec<i32>, length| -> Tensor<2, Int> {
            Tensor::from_data(TensorData::new(ids, [samples.len(), length]), device)
        };
        let inputs = ids(layout.teacher_forcing(&noisy), layout.mask());
        let targets = ids(targets, layout.mask());
        let text = &batch.text[range.start * layout.text..range.end * layout.text];
        let text = ids(text.to_vec(), layout.text);

        let image = model.image_tokens(pictures(samples, config, device));
        let hidden = model.lm.forward(text, image, inputs, tables);
        let logits = model.lm.logits(hidden);
        let next_token = next_token_loss(logits.clone(), targets);
        let rest = share * f64::from(next_token.clone().into_scalar::<f32>());
        let loss = if training.soft_decode > 0.0 {
            let decoded = model.mask.decode_expected(softmax(logits, 2));
            next_token + mask_reconstruction_loss(decoded, mask).mul_scalar(training.soft_decode)
        } else {
            next_token
        };
        Part { loss, rest }
    }
}

/// Replaces codes of one mask by random ones, with a probability drawn from 0 to `highest`.
fn add_noise(
    targets: &[i32],
    highest: f64,
    layout: SequenceLayout,
    rng: &mut ChaCha8Rng,
) -> Vec<i32> {
    let share = rng.random::<f64>() * highest;
    let replaced = |&code: &i32| {
        if rng.random_bool(share) {
            rng.random_range(0..layout.codes as i32)
        } else {
            code
        }
    };
    targets.iter().map(replaced).collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use mriseg::config::ModelConfig;

    #[test]
    fn noise_changes_some_codes_and_leaves_valid_ones() {
        let layout = ModelConfig::tiny().layout();
        let targets = vec![7; layout.mask()];
        let noisy: Vec<i32> = (0..20)
            .flat_map(|mask| add_noise(&targets, 0.3, layout, &mut rng("test", 1, mask)))
            .collect();
        let changed = noisy.iter().filter(|&&code| code != 7).count() as f64 / noisy.len() as f64;
        assert!((0.08..0.22).contains(&changed), "{changed}");
        assert!(
            noisy
                .iter()
                .all(|&code| (0..layout.codes as i32).contains(&code))
        );
        assert_eq!(
            add_noise(&targets, 0.0, layout, &mut rng("test", 1, 1)),
            targets
        );
    }
}
