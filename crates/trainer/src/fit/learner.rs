//! The model as it is trained: with a projection that only the contrast of tokens needs.

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::Device;
use mriseg::config::ImageTokens;
use mriseg::model::Model;

use crate::config::Experiment;

/// What the optimizer moves. Only [`Learner::model`] is evaluated and shipped.
#[derive(Module, Debug)]
pub(crate) struct Learner {
    pub(crate) model: Model,
    /// Hidden states to the space where tokens are contrasted: `d_model` to [`Learner::CONTRAST_DIM`].
    pub(crate) contrast: Option<Linear>,
}

impl Learner {
    const CONTRAST_DIM: usize = 128;

    /// Freezes what the language model's loss must not move.
    pub(crate) fn new(mut model: Model, experiment: &Experiment, autodiff: &Device) -> Self {
        if let Some(mut own) = model.tokenizers.take() {
            own.mask = own.mask.freeze();
            if experiment.model.lm.image_tokens == ImageTokens::Codes {
                own.image = own.image.freeze();
            }
            model.tokenizers = Some(own);
        }
        let contrasted = experiment.train.contrast.weight > 0.0;
        let d_model = experiment.model.lm.d_model;
        Self {
            contrast: contrasted
                .then(|| LinearConfig::new(d_model, Self::CONTRAST_DIM).init(autodiff)),
            model,
        }
    }
}
