//! The answers of a model to questions: every mask is decoded from its picture and a sentence, and compared with the
//! truth at the truth's own size.

use anyhow::{Context, Result};
use mriseg::image::Mask;
use mriseg_data::{Case, SentenceKind};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::time::Instant;

use super::codes::oracles;
use super::evaluator::Evaluator;
use super::score::{CaseResult, DecodeCost, TextScore};
use crate::data::{Asking, CaseCache, PreparedCase, Question, TextMode};
use crate::system::{Display, milliseconds, side_by_side};

/// One case with its prediction.
#[derive(Debug, Clone)]
pub(crate) struct Prediction {
    /// The case; its text is what the model was given.
    pub(crate) original: Case,
    /// The case as the model read it.
    pub(crate) prepared: Case,
    /// Predicted codes.
    pub(crate) tokens: Vec<u32>,
    /// What decoding them took.
    pub(crate) cost: DecodeCost,
    /// Milliseconds from prepared picture and sentence to the mask at the case's size.
    pub(crate) ms: f64,
    /// Prediction at the case's size.
    pub(crate) mask: Mask,
    /// The truth after a round trip through the mask tokenizer.
    pub(crate) oracle: Mask,
    /// Whether the sentence fits; else the prediction is empty.
    pub(crate) asked: bool,
}

impl Evaluator<'_> {
    /// Masks of a batch.
    const BATCH: usize = 16;

    fn batch(&self) -> usize {
        if self.mode.is_single() {
            1
        } else {
            Self::BATCH
        }
    }

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
        self.answers(cache, &questions, display)
    }

    /// Measures the answers to some questions.
    ///
    /// # Errors
    /// A case cannot be loaded.
    pub(crate) fn answers(
        &self,
        cache: &CaseCache,
        questions: &[Question],
        display: Display,
    ) -> Result<Vec<CaseResult>> {
        let mut results = Vec::with_capacity(questions.len());
        self.each_answer(cache, questions, display, |question, case| {
            let result = CaseResult::new(
                case.original.id.clone(),
                kind_name(cache.dataset().kind(question.index)),
                case.original.text.clone(),
                [&case.mask, &case.original.mask, &case.oracle],
                case.cost,
                case.ms,
            );
            results.push(if case.asked { result } else { result.unasked() });
        })?;
        Ok(results)
    }

    /// The masks that some questions are answered with.
    pub(crate) fn masks(
        &self,
        cache: &CaseCache,
        questions: &[Question],
        display: Display,
    ) -> Result<Vec<Mask>> {
        let mut masks = Vec::with_capacity(questions.len());
        self.each_answer(cache, questions, display, |_, case| {
            masks.push(case.mask.clone());
        })?;
        Ok(masks)
    }

    /// Calls `take` with every question and its answer.
    fn each_answer(
        &self,
        cache: &CaseCache,
        questions: &[Question],
        display: Display,
        mut take: impl FnMut(&Question, &Prediction),
    ) -> Result<()> {
        let mut stage = display.stage("evaluating", questions.len() as u64);
        // A case alone is timed alone.
        let workers = if self.mode.is_single() {
            1
        } else {
            self.workers
        };
        for questions in questions.chunks(self.batch() * workers) {
            let loaded = questions
                .chunks(self.batch())
                .map(|batch| self.load(cache, batch))
                .collect::<Result<Vec<_>>>()?;
            let batches = loaded.len();
            let predicted = side_by_side(loaded, |batch| self.predict(batch));
            let predicted = predicted.into_iter().collect::<Result<Vec<_>>>()?;
            let shared = batches as f64;
            for (question, mut case) in questions.iter().zip(predicted.into_iter().flatten()) {
                case.cost.prefill_ms /= shared;
                case.cost.ms /= shared;
                case.ms /= shared;
                take(question, &case);
            }
            stage.advance(questions.len() as u64, None);
        }
        stage.finish("");
        Ok(())
    }

    /// Decodes one case again, for a picture of it.
    pub(crate) fn one(
        &self,
        cache: &CaseCache,
        index: usize,
        limit: usize,
        asking: Asking,
    ) -> Result<Prediction> {
        let questions = asking.questions(cache, limit, self.seed);
        let mut predicted = self.predict(self.load(cache, &questions[index..=index])?)?;
        predicted.pop().context("one case gives one prediction")
    }

    fn load(&self, cache: &CaseCache, questions: &[Question]) -> Result<Vec<PreparedCase>> {
        questions
            .par_iter()
            .map(|question| question.case(cache, self.seed))
            .collect()
    }

    /// Decodes the masks of some cases.
    pub(crate) fn predict(&self, cases: Vec<PreparedCase>) -> Result<Vec<Prediction>> {
        let start = Instant::now();
        let decoded = self.decode(&cases)?;
        let asked: Vec<bool> = cases.iter().map(|case| self.can_ask(case)).collect();
        let masks: Vec<Mask> = (cases.par_iter().zip(&decoded).zip(&asked))
            .map(|((case, decoded), &asked)| {
                let truth = &case.original.mask;
                match asked {
                    true => case.restore(&decoded.soft),
                    false => Mask::empty(truth.width, truth.height),
                }
            })
            .collect();
        let ms = milliseconds(start) / cases.len() as f64;
        let (vision, config) = (self.segmenter.vision().as_ref(), self.segmenter.config());
        let oracles = oracles(vision, &cases, config, self.segmenter.device())?;
        let masks = masks.into_iter().zip(asked);
        Ok((cases.into_iter().zip(decoded).zip(masks).zip(oracles))
            .map(|(((case, decoded), (mask, asked)), oracle)| Prediction {
                tokens: decoded.tokens,
                cost: decoded.cost,
                ms,
                mask,
                oracle,
                asked,
                original: case.original,
                prepared: case.prepared,
            })
            .collect())
    }

    /// Whether the sentence matters: Dice of the first `limit` cases with every [`TextMode`], by its name; where no sentence
    /// names one side, without the wrong one.
    pub(crate) fn text_scores(
        &self,
        cache: &CaseCache,
        limit: usize,
        display: Display,
    ) -> Result<BTreeMap<String, TextScore>> {
        let asks = |mode| Asking::with(mode).questions(cache, limit, self.seed);
        let sided = asks(TextMode::WrongSide) != asks(TextMode::Given);
        TextMode::ALL
            .into_iter()
            .filter(|&mode| sided || mode != TextMode::WrongSide)
            .map(|mode| {
                let cases = self.run(cache, limit, Asking::with(mode), display)?;
                Ok((mode.as_str().to_owned(), TextScore::of(&cases)))
            })
            .collect()
    }
}

fn kind_name(kind: Option<SentenceKind>) -> &'static str {
    match kind {
        None => "sentence",
        Some(SentenceKind::Full) => "full",
        Some(SentenceKind::OneSide) => "one_side",
        Some(SentenceKind::OneZone) => "one_zone",
        Some(SentenceKind::Absent) => "absent",
    }
}
