//! Training of the dense model that mask tokens are measured against: the same cases as the language model's, with the
//! same augmentation, sentences, optimizer, schedule and average of the weights.

use anyhow::Result;
use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};
use mriseg::dense::DenseModel;
use mriseg::loss::mask_reconstruction_loss;
use mriseg::text::TextTokenizer;
use mriseg_ops::precision::autocast;

use super::cases::STAGE;
use super::lm::{Progress, optimizer};
use super::optimizer::{clip_norm, grown_decay, learning_rate, take_gradients, update_average};
use super::session::Session;
use super::shards::{Part, Shard, Shards, gradients};
use crate::config::Experiment;
use crate::data::{CaseCache, Changes, masks, pictures, tokenize};

/// What the loop reads and never changes.
pub(crate) struct DenseTrainer<'a> {
    pub(crate) experiment: &'a Experiment,
    pub(crate) cache: &'a CaseCache,
    pub(crate) tokenizer: &'a TextTokenizer,
    pub(crate) session: &'a Session,
    pub(crate) device: &'a Device,
}

impl DenseTrainer<'_> {
    /// The average of the weights after all steps; `None` when the user asked to stop.
    ///
    /// # Errors
    /// A case cannot be loaded.
    pub(crate) fn train(&self, start: DenseModel) -> Result<Option<DenseModel>> {
        let training = &self.experiment.train;
        let mut progress = Progress::new(self.session, "dense model", training.steps, 0);
        let mut model: DenseModel = start.train();
        let mut average = model.valid();
        let mut moments = optimizer(self.experiment);
        for step in 0..training.steps {
            if self.session.interrupt.requested() {
                return Ok(None);
            }
            let (gradients, losses) = self.gradients(&model, step)?;
            let mut gradients = gradients;
            clip_norm(&model, &mut gradients, training.clip_norm);
            let rate = learning_rate(
                training.learning_rate,
                training.warmup,
                step,
                training.steps,
            );
            let pretrained = take_gradients(&model.net, &mut gradients);
            model = moments.step(rate, model, gradients);
            let of_pretrained = rate * self.experiment.image_encoder.rate;
            model = moments.step(of_pretrained, model, pretrained);
            let decay = grown_decay(training.average_decay, step);
            average = update_average(average, &model, None, decay);
            progress.advance(Tensor::cat(losses, 0).mean().into_scalar::<f32>().into());
        }
        progress.finish();
        Ok(Some(average))
    }

    /// Gradients of a step, and its losses.
    fn gradients(
        &self,
        model: &DenseModel,
        step: usize,
    ) -> Result<(burn::optim::GradientsParams, Vec<Tensor<1>>)> {
        let Experiment {
            seed,
            model: config,
            train: training,
            ..
        } = self.experiment;
        let requests = (self.experiment.data.requests).at(step as f64 / training.steps as f64);
        let changes = Changes {
            augment: &self.experiment.augment,
            requests: &requests,
            text_dropout: training.text_dropout,
        };
        let drawn = (self.cache).training(STAGE, *seed, step, training.batch, changes)?;
        let cases: Vec<_> = drawn.into_iter().map(|drawn| drawn.case).collect();
        let sentences = cases.iter().map(|case| case.text.as_str());
        let ids = tokenize(sentences, self.tokenizer, config);
        let length = config.lm.text_tokens;
        let autodiff = self.device.clone().autodiff();
        let padding = self.tokenizer.padding() as usize;
        let shards = Shards::new(self.session.workers);
        let shards = shards.in_rounds(training.gradient_accumulation_steps);
        Ok(gradients(model, cases.len(), &shards, |model, shard| {
            let Shard { cases: range, .. } = shard;
            let ids = ids[range.start * length..range.end * length].to_vec();
            let text = Tensor::from_data(TensorData::new(ids, [range.len(), length]), &autodiff);
            let picture = pictures(&cases[range.clone()], config, &autodiff);
            let mask = masks(&cases[range], config, &autodiff);
            let forward = || model.forward(picture, text, padding);
            let logits = autocast(training.precision, forward);
            let loss = mask_reconstruction_loss(logits, mask);
            Part {
                rest: loss.clone().without_autodiff(),
                loss,
            }
        }))
    }
}
