//! A model ready to be measured, and how it reads cases.

use anyhow::Result;
use burn::tensor::{Int, Tensor};
use futures_lite::future::block_on;
use mriseg::decode::DecodeStrategy;
use mriseg::mask_lm::MaskLm;
use mriseg::model::Model;
use mriseg::segmenter::{Input, Query, Segmenter, Settings};
use mriseg::text::{Prompt, TextTokenizer};
use mriseg::vision::Vision;

use super::codes::mask_codes;
use crate::data::PreparedCase;
use crate::system::Chosen;

/// A model ready to be measured: what the page runs, on many cases.
pub(crate) struct Evaluator<'a> {
    pub(crate) segmenter: Segmenter,
    /// The language model as training sees it.
    pub(crate) lm: &'a MaskLm,
    /// Seed of the shuffled sentences.
    pub(crate) seed: u64,
    /// Batches that are decoded side by side.
    pub(crate) workers: usize,
    /// How masks are decoded.
    pub(crate) mode: DecodeMode,
    /// Whether the mirror image is read as well, with left and right exchanged in the sentence, and the mean of both
    /// masks drawn.
    pub(crate) mirrored: bool,
}

/// How a mask comes out of what the model predicts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum DecodeMode {
    /// By the bundle's rule, many masks together.
    Batched,
    /// By the bundle's rule and one at a time, as for a user.
    Single(DecodeStrategy),
    /// The mean of some sampled masks.
    SampleMean(SampleMean),
    /// Every token with the true ones before it: what free running loses by reading its own.
    TeacherForced,
}

impl DecodeMode {
    /// Whether a case is decoded, and timed, alone.
    pub(crate) fn is_single(self) -> bool {
        matches!(self, Self::Single(_))
    }
}

/// Several sampled masks, of whose mean a mask is made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct SampleMean {
    /// How many.
    pub(crate) samples: usize,
    /// Above 0; 1 is the model's own distribution.
    pub(crate) temperature: f32,
    /// Mean from which on a pixel is drawn.
    pub(crate) cut: f32,
}

impl<'a> Evaluator<'a> {
    /// Of a model that decodes greedily in batches.
    ///
    /// # Errors
    /// The device stopped answering, or codes cannot be picked by this rule.
    pub(crate) fn new(
        settings: Settings,
        model: &'a Model,
        vision: Vision,
        tokenizer: &TextTokenizer,
        chosen: &Chosen,
        seed: u64,
    ) -> Result<Self> {
        let (tokenizer, device) = (tokenizer.clone(), &chosen.device);
        let workers = vision.batch(chosen.workers);
        let segmenter = Segmenter::from_model(settings, model, vision, tokenizer, device);
        Ok(Self {
            segmenter: block_on(segmenter)?,
            lm: &model.lm,
            seed,
            workers,
            mode: DecodeMode::Batched,
            mirrored: false,
        })
    }

    /// The same model, decoded in another way.
    pub(crate) fn with_mode(&self, mode: DecodeMode) -> Self {
        Self {
            segmenter: self.segmenter.clone(),
            mode,
            ..*self
        }
    }

    /// Cases as the language model reads them. A sentence that is empty or does not fit is "no sentence".
    pub(crate) fn read(&self, cases: &[PreparedCase]) -> Input {
        let prompt = |case: &PreparedCase| {
            let prompt = self.segmenter.prompt(&case.original.text);
            prompt.unwrap_or_else(|_| self.segmenter.no_prompt())
        };
        let prompts: Vec<Prompt> = cases.iter().map(prompt).collect();
        let codes: Vec<Option<Vec<u32>>> = (cases.iter())
            .map(|case| {
                let precomputed = case.precomputed.as_ref()?;
                Some(
                    precomputed
                        .codes
                        .image
                        .iter()
                        .map(|&code| code.into())
                        .collect(),
                )
            })
            .collect();
        let queries: Vec<Query<'_>> = (cases.iter().zip(&prompts).zip(&codes))
            .map(|((case, prompt), codes)| Query {
                picture: &case.prepared.image,
                prompt,
                prepared: true,
                codes: codes.as_deref(),
            })
            .collect();
        self.segmenter.read(&queries)
    }

    /// Whether the model can be asked with the sentence of a case; that there is none is no hindrance.
    pub(crate) fn can_ask(&self, case: &PreparedCase) -> bool {
        let text = &case.original.text;
        text.is_empty() || self.segmenter.prompt(text).is_ok()
    }

    /// Codes of the true masks: `[batch, mask]`.
    pub(crate) fn mask_codes(&self, cases: &[PreparedCase]) -> Tensor<2, Int> {
        let cases: Vec<&PreparedCase> = cases.iter().collect();
        let (config, device) = (self.segmenter.config(), self.segmenter.device());
        mask_codes(self.segmenter.vision().as_ref(), &cases, config, device)
    }
}
