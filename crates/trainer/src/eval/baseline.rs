//! The dense model of a run, and its scores: what mask tokens are measured against.

use anyhow::{Context, Result};
use burn::tensor::Device;
use burn::tensor::activation::sigmoid;
use mriseg::config::ModelConfig;
use mriseg::dense::DenseModel;
use mriseg::image::GrayImage;
use mriseg::text::TextTokenizer;
use rayon::prelude::*;
use std::time::Instant;

use super::score::{CaseResult, DecodeCost};
use crate::data::{Asking, CaseCache, PreparedCase, pictures, texts};
use crate::system::{Display, milliseconds, side_by_side};

/// A trained dense model.
pub(crate) struct Baseline {
    pub(crate) model: DenseModel,
    pub(crate) tokenizer: TextTokenizer,
    pub(crate) config: ModelConfig,
    pub(crate) device: Device,
    /// Seed of the shuffled sentences.
    pub(crate) seed: u64,
    pub(crate) workers: usize,
}

impl Baseline {
    /// Cases of a batch.
    const BATCH: usize = 8;

    /// Measures the first `limit` cases.
    ///
    /// # Errors
    /// A case cannot be loaded.
    pub(crate) fn run(
        &self,
        cache: &CaseCache,
        limit: usize,
        asking: Asking,
        display: Display,
    ) -> Result<Vec<CaseResult>> {
        let questions = asking.questions(cache, limit, self.seed);
        let mut stage = display.stage("evaluating the dense baseline", questions.len() as u64);
        let mut results = Vec::with_capacity(questions.len());
        for questions in questions.chunks(Self::BATCH * self.workers) {
            let cases = (questions.par_iter())
                .map(|question| question.case(cache, self.seed))
                .collect::<Result<Vec<_>>>()?;
            let batches: Vec<&[PreparedCase]> = cases.chunks(Self::BATCH).collect();
            for measured in side_by_side(batches, |batch| self.measure(batch)) {
                results.extend(measured?);
            }
            stage.advance(questions.len() as u64, None);
        }
        stage.finish("");
        Ok(results)
    }

    fn measure(&self, cases: &[PreparedCase]) -> Result<Vec<CaseResult>> {
        let start = Instant::now();
        let text = texts(cases, &self.tokenizer, &self.config, &self.device);
        let picture = pictures(cases, &self.config, &self.device);
        let padding = self.tokenizer.padding() as usize;
        let told: Vec<f32> = sigmoid(self.model.forward(picture, text, padding))
            .try_into_data()
            .context("the device stopped answering")?
            .iter()
            .collect();
        let ms = milliseconds(start) / cases.len() as f64;
        let size = self.config.image.size;
        let soft = told.chunks_exact(size * size);
        Ok(cases
            .iter()
            .zip(soft)
            .map(|(case, pixels)| {
                let mask = case.restore(&GrayImage {
                    width: size,
                    height: size,
                    pixels: pixels.to_vec(),
                });
                let truth = &case.original.mask;
                let result = CaseResult::new(
                    case.original.id.clone(),
                    "sentence",
                    case.original.text.clone(),
                    [&mask, truth, truth],
                    DecodeCost::NONE,
                    ms,
                );
                let text = &case.original.text;
                let tokens = self.config.lm.text_tokens;
                if text.is_empty() || self.tokenizer.fits(text, tokens) {
                    result
                } else {
                    result.unasked()
                }
            })
            .collect())
    }
}
