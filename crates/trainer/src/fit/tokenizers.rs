//! Training of the two vector-quantized tokenizers. Both are short and start anew when interrupted.

use anyhow::Result;
use burn::module::Module;
use burn::optim::{AdamWConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Tensor};
use mriseg::config::ModelConfig;
use mriseg::loss::{mask_reconstruction_loss, picture_reconstruction_loss};
use mriseg::vq::{CodebookEma, ImageTokenizer, MaskTokenizer};

use super::batch::{Changes, Samples, masks, pictures, rng};
use super::optimizer::{clip_norm, learning_rate};
use super::{Progress, Session};
use crate::config::{Experiment, TokenizerTraining};

const WARMUP: f64 = 0.05;
const CLIP_NORM: f32 = 1.0;
/// Share of masks of one lung only, or empty: few, since they have fewer contours to learn from.
const DERIVED_MASKS: f64 = 0.1;

/// Trains the mask tokenizer on augmented masks; `None` when the user asked to stop.
pub(crate) fn train_mask_tokenizer(
    experiment: &Experiment,
    samples: &Samples,
    session: &Session,
    device: &Device,
) -> Result<Option<MaskTokenizer>> {
    let config = &experiment.model;
    let training = &experiment.mask_tokenizer;
    let device = device.clone().autodiff();
    let mut tokenizer = config.mask.init(&device);
    let mut average = CodebookEma::new(config.mask.quantizer());
    let mut loop_ = TokenizerLoop::new("mask tokenizer", training, session);
    for step in 0..training.steps {
        if session.interrupt.requested() {
            return Ok(None);
        }
        let batch = samples.training(
            "mask",
            session.seed,
            step,
            training.batch,
            changes(experiment, DERIVED_MASKS),
        )?;
        let mask = masks(&batch, config, &device);
        let result = tokenizer.forward(mask.clone());
        let loss = mask_reconstruction_loss(result.logits, mask)
            + result.commitment.mul_scalar(training.commitment);
        tokenizer = loop_.step(tokenizer, loss, step);
        let mut rng = rng("codebook", session.seed, step as u64);
        (tokenizer.quantizer, _) =
            average.update(tokenizer.quantizer, result.vectors, result.ids, &mut rng);
    }
    loop_.finish();
    Ok(Some(tokenizer.valid()))
}

/// Trains the image tokenizer on augmented pictures; `None` when the user asked to stop.
pub(crate) fn train_image_tokenizer(
    experiment: &Experiment,
    samples: &Samples,
    session: &Session,
    device: &Device,
) -> Result<Option<ImageTokenizer>> {
    let config: &ModelConfig = &experiment.model;
    let training = &experiment.image_tokenizer;
    let device = device.clone().autodiff();
    let mut tokenizer = config.image.init(&device);
    let mut average = CodebookEma::new(config.image.quantizer());
    let mut loop_ = TokenizerLoop::new("image tokenizer", training, session);
    for step in 0..training.steps {
        if session.interrupt.requested() {
            return Ok(None);
        }
        let batch = samples.training(
            "image",
            session.seed,
            step,
            training.batch,
            changes(experiment, 0.0),
        )?;
        let picture = pictures(&batch, config, &device);
        let result = tokenizer.forward(picture.clone());
        let loss = picture_reconstruction_loss(result.picture, picture)
            + result.commitment.mul_scalar(training.commitment);
        tokenizer = loop_.step(tokenizer, loss, step);
        let mut rng = rng("codebook", session.seed, step as u64);
        (tokenizer.quantizer, _) =
            average.update(tokenizer.quantizer, result.vectors, result.ids, &mut rng);
    }
    loop_.finish();
    Ok(Some(tokenizer.valid()))
}

fn changes(experiment: &Experiment, derived_sentences: f64) -> Changes<'_> {
    let derives = experiment.data.derived_sentences > 0.0;
    Changes {
        augment: &experiment.augment,
        derived_sentences: if derives { derived_sentences } else { 0.0 },
        text_dropout: 0.0,
    }
}

/// Optimizer and progress of one tokenizer.
struct TokenizerLoop<'a> {
    training: &'a TokenizerTraining,
    optimizer: ModuleOptimizer,
    progress: Progress,
}

impl<'a> TokenizerLoop<'a> {
    fn new(name: &str, training: &'a TokenizerTraining, session: &Session) -> Self {
        Self {
            training,
            optimizer: AdamWConfig::new()
                .with_epsilon(1e-8)
                .with_weight_decay(0.0)
                .init(),
            progress: Progress::new(session, name, training.steps, 0),
        }
    }

    fn step<M: Module>(&mut self, module: M, loss: Tensor<1>, step: usize) -> M {
        let mut gradients = GradientsParams::from_grads(loss.backward(), &module);
        clip_norm(&module, &mut gradients, CLIP_NORM);
        let rate = learning_rate(
            self.training.learning_rate,
            WARMUP,
            step,
            self.training.steps,
        );
        let module = self.optimizer.step(rate, module, gradients);
        self.progress.advance(loss);
        module
    }

    fn finish(self) {
        self.progress.finish();
    }
}
