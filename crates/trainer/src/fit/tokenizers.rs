//! Training of the two vector-quantized tokenizers. Both are short and start anew when interrupted.

use anyhow::Result;
use burn::module::Module;
use burn::tensor::{Device, Int, Tensor};
use mriseg::loss::{mask_reconstruction_loss, picture_reconstruction_loss};
use mriseg::vq::{CodebookEma, ImageTokenizer, MaskTokenizer, Quantizer, QuantizerConfig};
use mriseg_data::{Case, RequestMix};
use mriseg_ops::adamw::AdamW;

use super::lm::Progress;
use super::optimizer::{clip_norm, learning_rate};
use super::session::Session;
use super::shards::{Part, Shard, Shards, gradients};
use crate::config::{Experiment, TokenizerTraining};
use crate::data::{CaseCache, Changes, masks, pictures, rng};

const WARMUP: f64 = 0.05;
const CLIP_NORM: f32 = 1.0;
/// Share of masks of one lung only, or empty: few, since they have fewer contours to learn from.
const PARTS: f64 = 0.1;
/// Share of masks of lungs, whose outlines are longer and smoother.
const LUNGS: f64 = 0.25;

/// Trains the mask tokenizer on augmented masks; `None` when the user asked to stop.
pub(crate) fn train_mask_tokenizer(
    experiment: &Experiment,
    cache: &CaseCache,
    session: &Session,
    device: &Device,
) -> Result<Option<MaskTokenizer>> {
    let config = &experiment.model;
    let autodiff = device.clone().autodiff();
    let training = &experiment.mask_tokenizer;
    let stage = TokenizerStage {
        name: "mask",
        experiment,
        training,
        cache,
        session,
        parts: PARTS,
        lungs: LUNGS,
        codebook: config.mask.quantizer(),
    };
    stage.run(
        config.mask.init(&autodiff),
        |tokenizer| &mut tokenizer.quantizer,
        |tokenizer, batch| {
            let mask = masks(batch, config, &autodiff);
            let result = tokenizer.forward(mask.clone());
            Encoded {
                loss: mask_reconstruction_loss(result.logits, mask)
                    + result.commitment.mul_scalar(training.commitment),
                vectors: result.vectors,
                ids: result.ids,
            }
        },
    )
}

/// Trains the image tokenizer on augmented pictures; `None` when the user asked to stop.
pub(crate) fn train_image_tokenizer(
    experiment: &Experiment,
    cache: &CaseCache,
    session: &Session,
    device: &Device,
) -> Result<Option<ImageTokenizer>> {
    let config = &experiment.model;
    let autodiff = device.clone().autodiff();
    let training = &experiment.image_tokenizer;
    let stage = TokenizerStage {
        name: "image",
        experiment,
        training,
        cache,
        session,
        parts: 0.0,
        lungs: 0.0,
        codebook: config.image.quantizer(),
    };
    stage.run(
        config.image.init(&autodiff),
        |tokenizer| &mut tokenizer.quantizer,
        |tokenizer, batch| {
            let picture = pictures(batch, config, &autodiff);
            let result = tokenizer.forward(picture.clone());
            Encoded {
                loss: picture_reconstruction_loss(result.picture, picture)
                    + result.commitment.mul_scalar(training.commitment),
                vectors: result.vectors,
                ids: result.ids,
            }
        },
    )
}

/// One tokenizer's training: what both have in common.
struct TokenizerStage<'a> {
    name: &'static str,
    experiment: &'a Experiment,
    training: &'a TokenizerTraining,
    cache: &'a CaseCache,
    session: &'a Session,
    /// Share of masks of one side only.
    parts: f64,
    /// Share of masks of lungs.
    lungs: f64,
    codebook: QuantizerConfig,
}

/// A pass over some cases.
struct Encoded {
    /// `[1]`
    loss: Tensor<1>,
    /// Vectors before quantization: `[batch, tokens, code_dim]`.
    vectors: Tensor<3>,
    /// Codes: `[batch, tokens]`.
    ids: Tensor<2, Int>,
}

impl TokenizerStage<'_> {
    fn run<M: Module + Sync>(
        &self,
        mut tokenizer: M,
        quantizer: impl Fn(&mut M) -> &mut Quantizer,
        forward: impl Fn(&M, &[Case]) -> Encoded + Sync,
    ) -> Result<Option<M>> {
        let (training, session) = (self.training, self.session);
        let mix = &self.experiment.data.requests;
        let share = |asked: f64, of_masks: f64| if asked > 0.0 { of_masks } else { 0.0 };
        let requests = RequestMix {
            side: share(mix.side, self.parts),
            lungs: share(mix.lungs, self.lungs),
            ..RequestMix::none()
        };
        let changes = Changes {
            augment: &self.experiment.augment,
            requests: &requests,
            text_dropout: 0.0,
        };
        let mut optimizer = AdamW {
            beta_1: 0.9,
            beta_2: 0.999,
            epsilon: 1e-8,
            weight_decay: 0.0,
        }
        .init();
        let mut average = CodebookEma::new(self.codebook);
        let name = format!("{} tokenizer", self.name);
        let mut progress = Progress::new(session, &name, training.steps, 0);
        for step in 0..training.steps {
            if session.interrupt.requested() {
                return Ok(None);
            }
            let batch: Vec<Case> = self
                .cache
                .training(self.name, session.seed, step, training.batch, changes)?
                .into_iter()
                .map(|drawn| drawn.case)
                .collect();
            let (mut gradients, parts) = gradients(
                &tokenizer,
                batch.len(),
                &Shards::new(session.workers),
                |tokenizer, Shard { cases, .. }| {
                    let share = cases.len() as f64 / batch.len() as f64;
                    let encoded = forward(tokenizer, &batch[cases]);
                    let loss = f64::from(encoded.loss.clone().into_scalar::<f32>());
                    Part {
                        loss: encoded.loss,
                        rest: (encoded.vectors.detach(), encoded.ids, share * loss),
                    }
                },
            );
            clip_norm(&tokenizer, &mut gradients, CLIP_NORM);
            let rate = learning_rate(training.learning_rate, WARMUP, step, training.steps);
            tokenizer = optimizer.step(rate, tokenizer, gradients);

            progress.advance(parts.iter().map(|(_, _, loss)| loss).sum());
            let (vectors, ids): (Vec<_>, Vec<_>) = parts
                .into_iter()
                .map(|(vectors, ids, _)| (vectors, ids))
                .unzip();
            let mut rng = rng("codebook", session.seed, step as u64);
            let codebook = quantizer(&mut tokenizer);
            (*codebook, _) = average.update(
                codebook.clone(),
                Tensor::cat(vectors, 0),
                Tensor::cat(ids, 0),
                &mut rng,
            );
        }
        progress.finish();
        Ok(Some(tokenizer.valid()))
    }
}
