//! Training of the language model: one hand-written step loop, ready to take the paper's three
//! strategies (each a loss term and, for the hard-error memory, state of [`LmState`]).

use anyhow::Result;
use burn::module::Module;
use burn::optim::{AdamWConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Int, Tensor, TensorData};
use mriseg::config::ImageTokens;
use mriseg::loss::{mask_reconstruction_loss, next_token_loss};
use mriseg::model::Model;
use mriseg::sequence::SequenceLayout;
use mriseg::text::TextTokenizer;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::Session;
use super::batch::{Changes, Samples, masks, pictures, rng, texts};
use super::optimizer::{clip_norm, learning_rate, update_average};
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
        let config = &experiment.model;
        let layout = config.layout();
        let tables = state.model.lm.tables(&device);
        let changes = Changes {
            augment: &experiment.augment,
            derived_sentences: experiment.data.derived_sentences,
            text_dropout: training.text_dropout,
        };
        let (mut loss_sum, mut norm_sum, mut count) = (0.0, 0.0, 0);
        while state.step < until && !session.interrupt.requested() {
            let step = state.step;
            let batch = samples.training("lm", session.seed, step, training.batch, changes)?;
            let mut rng = rng("noise", session.seed, step as u64);
            let mask = masks(&batch, config, &device);
            let targets: Vec<i32> = state
                .average
                .mask
                .encode(mask.clone().without_autodiff())
                .into_data()
                .iter::<i32>()
                .collect();
            let shape = [batch.len(), layout.mask()];
            let noisy = add_noise(&targets, training.token_noise, layout, &mut rng);
            let inputs = TensorData::new(layout.teacher_forcing(&noisy), shape);
            let inputs: Tensor<2, Int> = Tensor::from_data(inputs, &device);
            let targets: Tensor<2, Int> =
                Tensor::from_data(TensorData::new(targets, shape), &device);

            let image = state.model.image_tokens(pictures(&batch, config, &device));
            let text = texts(&batch, tokenizer, config, &device)?;
            let hidden = state.model.lm.forward(text, image, inputs, &tables);
            let logits = state.model.lm.logits(hidden);
            let next_token = next_token_loss(logits.clone(), targets);
            let soft_decode = (training.soft_decode > 0.0).then(|| {
                let decoded = state.model.mask.decode_expected(softmax(logits, 2));
                mask_reconstruction_loss(decoded, mask)
            });
            let loss = match soft_decode {
                Some(soft_decode) => {
                    next_token.clone() + soft_decode.mul_scalar(training.soft_decode)
                }
                None => next_token.clone(),
            };

            let mut gradients = GradientsParams::from_grads(loss.backward(), &state.model);
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

            loss_sum += progress.advance(next_token);
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
}

/// Replaces codes by random ones, in every mask with another probability from 0 to `highest`.
fn add_noise(
    targets: &[i32],
    highest: f64,
    layout: SequenceLayout,
    rng: &mut ChaCha8Rng,
) -> Vec<i32> {
    let mut noisy = targets.to_vec();
    for mask in noisy.chunks_exact_mut(layout.mask()) {
        let share = rng.random::<f64>() * highest;
        for code in mask {
            if rng.random_bool(share) {
                *code = rng.random_range(0..layout.codes as i32);
            }
        }
    }
    noisy
}

impl Progress {
    pub(crate) fn new(session: &Session, name: &str, steps: usize, done: usize) -> Self {
        let mut stage = session.display.stage(name, steps as u64);
        if done > 0 {
            stage.advance(done as u64, None);
        }
        Self {
            stage,
            smooth: None,
        }
    }

    /// One step; returns the loss.
    pub(crate) fn advance(&mut self, loss: Tensor<1>) -> f64 {
        let loss = f64::from(loss.into_scalar::<f32>());
        let smooth = self.smooth.map_or(loss, |old| 0.95 * old + 0.05 * loss);
        self.smooth = Some(smooth);
        self.stage.advance(1, Some(smooth));
        loss
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
        let targets = vec![7; 20 * layout.mask()];
        let noisy = add_noise(&targets, 0.3, layout, &mut rng("test", 1, 1));
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
