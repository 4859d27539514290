//! A model ready to be measured, and what it reads.

use anyhow::Result;
use burn::tensor::{Device, Int, Tensor};
use futures_lite::future::block_on;
use mriseg::config::ModelConfig;
use mriseg::decode::{DecisionRule, Decode, Picker};
use mriseg::mask_lm::{CachedLm, MaskLm};
use mriseg::model::Model;
use mriseg::text::TextTokenizer;
use mriseg::vision::Vision;
use mriseg::vq::emu3::Emu3Tokenizer;
use std::sync::Arc;

use super::codes::{mask_codes, side_by_side_of, stored_codes};
use crate::data::{Case, pictures};
use crate::system::Chosen;

/// A model ready to be measured.
pub(crate) struct Evaluator<'a> {
    pub(crate) lm: &'a MaskLm,
    /// What stands between pixels and its tokens.
    pub(crate) vision: Vision,
    pub(crate) tokenizer: &'a TextTokenizer,
    pub(crate) config: &'a ModelConfig,
    pub(crate) device: &'a Device,
    /// The language model, ready to decode.
    pub(crate) cached: CachedLm,
    /// How codes are picked.
    pub(crate) picker: Picker,
    /// Seed of the shuffled sentences.
    pub(crate) seed: u64,
    /// Batches that are decoded side by side.
    pub(crate) workers: usize,
    /// How masks are decoded.
    pub(crate) decoding: Decoding,
    /// Whether the mirror image is read as well, with left and right exchanged in the sentence, and the mean of both
    /// masks drawn.
    pub(crate) mirrored: bool,
}

/// How a mask comes out of what the model predicts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Decoding {
    /// By the bundle's rule, many masks together.
    Together,
    /// By the bundle's rule and one at a time, as for a user.
    OneByOne(Decode),
    /// The mean of some masks by chance.
    Mean(Chance),
    /// Every token with the true ones before it: what free running loses by reading its own.
    TeacherForced,
}

impl Decoding {
    /// Whether a case is decoded, and timed, alone.
    pub(crate) fn is_alone(self) -> bool {
        matches!(self, Self::OneByOne(_))
    }
}

/// Several masks by chance, of whose mean a mask is made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Chance {
    /// How many.
    pub(crate) samples: usize,
    /// Above 0; 1 is the model's own distribution.
    pub(crate) temperature: f32,
    /// Mean from which on a pixel is drawn.
    pub(crate) cut: f32,
}

impl<'a> Evaluator<'a> {
    /// Of a model that decodes greedily in batches; `emu3` where it has no tokenizers of its own.
    ///
    /// # Errors
    /// The device stopped answering, or codes cannot be picked by this rule.
    pub(crate) fn new(
        model: &'a Model,
        emu3: Option<&Arc<Emu3Tokenizer>>,
        tokenizer: &'a TextTokenizer,
        config: &'a ModelConfig,
        rule: DecisionRule,
        chosen: &'a Chosen,
        seed: u64,
    ) -> Result<Self> {
        let vision = Vision::of(model, emu3)?;
        Ok(Self {
            lm: &model.lm,
            tokenizer,
            config,
            device: &chosen.device,
            cached: CachedLm::new(&model.lm),
            picker: block_on(Picker::new(rule, &vision))?,
            seed,
            workers: side_by_side_of(&vision, chosen.workers),
            vision,
            decoding: Decoding::Together,
            mirrored: false,
        })
    }
}

impl Evaluator<'_> {
    /// Pictures as the language model reads them: `[batch, image, token_dim]`.
    pub(crate) fn image_tokens(&self, cases: &[Case]) -> Tensor<3> {
        match &self.vision {
            Vision::Own(own) => own.image_tokens(pictures(cases, self.config, self.device)),
            Vision::Emu3(emu3) => match stored_codes(cases, |codes| &codes.image, self.device) {
                Some(codes) => emu3.image_tokens(codes),
                None => {
                    let size = self.config.picture_size();
                    let tokens = cases.iter().map(|case| {
                        let image = &case.prepared.image;
                        let picture = self.vision.picture(image, size, self.device);
                        self.vision.image_tokens(picture)
                    });
                    Tensor::cat(tokens.collect(), 0)
                }
            },
        }
    }

    /// Codes of the true masks: `[batch, mask]`.
    pub(crate) fn mask_codes(&self, cases: &[Case]) -> Tensor<2, Int> {
        let cases: Vec<&Case> = cases.iter().collect();
        mask_codes(&self.vision, &cases, self.config, self.device)
    }
}
