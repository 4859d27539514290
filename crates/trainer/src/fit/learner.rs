//! The model as it is trained: with projections that only some losses need.

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::Device;
use mriseg::config::ImageTokens;
use mriseg::efficientnet::EfficientNetLite0;
use mriseg::model::{ImageEncoder, Model, Tokenizers};

use crate::config::Experiment;

/// What the optimizer moves. Only [`Learner::model`] is evaluated and shipped.
#[derive(Module, Debug)]
pub(crate) struct Learner {
    pub(crate) model: Model,
    /// Hidden states to the space where tokens are contrasted: `d_model` to [`Learner::CONTRAST_DIM`].
    pub(crate) contrast: Option<Linear>,
    /// The sentence to what it asks for: `d_model` to [`Learner::REQUEST_BITS`].
    pub(crate) reading: Option<Linear>,
}

impl Learner {
    /// What is pretrained, and learns at a rate of its own.
    pub(crate) fn pretrained(&self) -> Option<&EfficientNetLite0> {
        match &self.model.tokenizers {
            Some(Tokenizers {
                image: ImageEncoder::EfficientNet(encoder),
                ..
            }) => Some(&encoder.net),
            _ => None,
        }
    }

    pub(super) const CONTRAST_DIM: usize = 128;
    /// See [`bits_of`](mriseg_data::answer::bits_of).
    pub(crate) const REQUEST_BITS: usize = 8;

    /// Freezes what the language model's loss must not move.
    pub(crate) fn new(mut model: Model, experiment: &Experiment, autodiff: &Device) -> Self {
        if let Some(mut own) = model.tokenizers.take() {
            own.mask = own.mask.freeze();
            if experiment.model.lm.image_tokens == ImageTokens::Codes {
                own.image = own.image.freeze();
            }
            if let (true, ImageEncoder::EfficientNet(encoder)) =
                (experiment.image_encoder.rate == 0.0, &mut own.image)
            {
                encoder.net = encoder.net.clone().freeze();
            }
            model.tokenizers = Some(own);
        }
        let contrasted = experiment.train.contrast.weight > 0.0;
        let read = experiment.train.reading > 0.0;
        let d_model = experiment.model.lm.d_model;
        let linear = |width: usize| LinearConfig::new(d_model, width).init(autodiff);
        Self {
            contrast: contrasted.then(|| linear(Self::CONTRAST_DIM)),
            reading: read.then(|| linear(Self::REQUEST_BITS)),
            model,
        }
    }
}
