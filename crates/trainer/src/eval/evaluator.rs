//! Evaluation: every mask is decoded from its picture and a sentence, and compared with the truth at the truth's own
//! size.

use anyhow::{Context, Result};
use burn::tensor::{Device, Int, Tensor};
use futures_lite::future::block_on;
use mriseg::config::ModelConfig;
use mriseg::decode::{DecisionRule, Picker, code_tensor};
use mriseg::image::{GrayImage, Mask};
use mriseg::mask_lm::{CachedLm, MaskLm};
use mriseg::metrics::Overlap;
use mriseg::text::TextTokenizer;
use mriseg::vision::Vision;
use mriseg_data::{Sample, SentenceKind};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::time::Instant;

use super::decode::Decoding;
use crate::data::TextMode;
use crate::data::{Asking, Question};
use crate::data::{Case, Samples, masks, pictures};
use crate::emu3::Codes;
use crate::eval::{CaseResult, mean, pooled};
use crate::system::progress::Display;
use crate::system::threads::side_by_side;

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

/// What decoding a mask took, from the tokens of sentence and picture to those of the mask.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct DecodeCost {
    /// Passes through the model after the prefill.
    pub(crate) passes: usize,
    /// Milliseconds of the prefill.
    pub(crate) prefill_ms: f64,
    /// Milliseconds, prefill included.
    pub(crate) ms: f64,
}

/// One case with its prediction.
#[derive(Debug, Clone)]
pub(crate) struct Predicted {
    /// The case; its text is what the model was given.
    pub(crate) sample: Sample,
    /// The case as the model read it.
    pub(crate) prepared: Sample,
    /// Predicted codes.
    pub(crate) tokens: Vec<u32>,
    /// What decoding them took.
    pub(crate) cost: DecodeCost,
    /// Prediction at the case's size.
    pub(crate) mask: Mask,
    /// The truth after a round trip through the mask tokenizer.
    pub(crate) oracle: Mask,
}

impl DecodeCost {
    /// Where nothing is decoded.
    pub(crate) const NONE: Self = Self {
        passes: 0,
        prefill_ms: 0.0,
        ms: 0.0,
    };
}

impl Evaluator<'_> {
    /// Masks of a batch.
    const BATCH: usize = 16;

    fn batch(&self) -> usize {
        if self.decoding.is_alone() {
            1
        } else {
            Self::BATCH
        }
    }

    /// Measures the first `limit` cases.
    ///
    /// # Errors
    /// A case cannot be loaded or its sentence does not fit.
    pub(crate) fn run(
        &self,
        samples: &Samples,
        limit: usize,
        asking: Asking,
        display: Display,
    ) -> Result<Vec<CaseResult>> {
        let questions = asking.questions(samples, limit, self.seed);
        self.answers(samples, &questions, display)
    }

    /// Measures the answers to some questions.
    ///
    /// # Errors
    /// A case cannot be loaded or its sentence does not fit.
    pub(crate) fn answers(
        &self,
        samples: &Samples,
        questions: &[Question],
        display: Display,
    ) -> Result<Vec<CaseResult>> {
        let mut results = Vec::with_capacity(questions.len());
        self.each_answer(samples, questions, display, |question, case, ms| {
            results.push(CaseResult::new(
                case.sample.id.clone(),
                kind_name(samples.dataset().kind(question.index)),
                case.sample.text.clone(),
                [&case.mask, &case.sample.mask, &case.oracle],
                case.cost,
                ms,
            ));
        })?;
        Ok(results)
    }

    /// The masks that some questions are answered with.
    ///
    /// # Errors
    /// As [`Self::answers`].
    pub(crate) fn masks(
        &self,
        samples: &Samples,
        questions: &[Question],
        display: Display,
    ) -> Result<Vec<Mask>> {
        let mut masks = Vec::with_capacity(questions.len());
        self.each_answer(samples, questions, display, |_, case, _| {
            masks.push(case.mask.clone());
        })?;
        Ok(masks)
    }

    /// Calls `take` with every question, its answer and the milliseconds it took.
    fn each_answer(
        &self,
        samples: &Samples,
        questions: &[Question],
        display: Display,
        mut take: impl FnMut(&Question, &Predicted, f64),
    ) -> Result<()> {
        let mut stage = display.stage("evaluating", questions.len() as u64);
        // A case alone is timed alone.
        let workers = if self.decoding.is_alone() {
            1
        } else {
            self.workers
        };
        for questions in questions.chunks(self.batch() * workers) {
            let loaded = questions
                .chunks(self.batch())
                .map(|batch| self.load(samples, batch))
                .collect::<Result<Vec<_>>>()?;
            let batches = loaded.len();
            let measured = side_by_side(loaded, |batch| {
                let start = Instant::now();
                let predicted = self.predict(batch)?;
                let ms = milliseconds(start) / predicted.len() as f64;
                Ok((predicted, ms))
            });
            let predicted = measured.into_iter().collect::<Result<Vec<_>>>()?;
            let cases = predicted
                .into_iter()
                .flat_map(|(cases, ms)| cases.into_iter().map(move |case| (case, ms)));
            let side_by_side = batches as f64;
            for (question, (mut case, ms)) in questions.iter().zip(cases) {
                case.cost.prefill_ms /= side_by_side;
                case.cost.ms /= side_by_side;
                take(question, &case, ms / side_by_side);
            }
            stage.advance(questions.len() as u64, None);
        }
        stage.finish("");
        Ok(())
    }

    /// Decodes one case again, for a picture of it.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub(crate) fn one(
        &self,
        samples: &Samples,
        index: usize,
        limit: usize,
        asking: Asking,
    ) -> Result<Predicted> {
        let questions = asking.questions(samples, limit, self.seed);
        let mut predicted = self.predict(self.load(samples, &questions[index..=index])?)?;
        predicted.pop().context("one case gives one prediction")
    }

    fn load(&self, samples: &Samples, questions: &[Question]) -> Result<Vec<Case>> {
        questions
            .par_iter()
            .map(|question| question.case(samples, self.seed))
            .collect()
    }

    /// Decodes the masks of some cases.
    pub(crate) fn predict(&self, cases: Vec<Case>) -> Result<Vec<Predicted>> {
        let decoded = self.decode(&cases)?;
        let oracles = oracles(&self.vision, &cases, self.config, self.device)?;
        Ok(cases
            .into_par_iter()
            .zip(decoded)
            .zip(oracles)
            .map(|((case, decoded), oracle)| Predicted {
                tokens: decoded.tokens,
                cost: decoded.cost,
                mask: case.restore(&decoded.soft),
                oracle,
                sample: case.sample,
                prepared: case.prepared,
            })
            .collect())
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

/// A [`Picker`], made at once.
///
/// # Errors
/// The device stopped answering, or codes cannot be picked in this way.
pub(crate) fn picker(rule: DecisionRule, vision: &Vision) -> Result<Picker> {
    Ok(block_on(Picker::new(rule, vision))?)
}

/// The true masks of some cases after a round trip through the mask tokenizer.
fn oracles(
    vision: &Vision,
    cases: &[Case],
    config: &ModelConfig,
    device: &Device,
) -> Result<Vec<Mask>> {
    let painted = |case: &Case| Some(case.made.as_ref()?.oracle.get()?.clone());
    let known: Vec<Option<Mask>> = cases.iter().map(painted).collect();
    let others: Vec<&Case> = cases
        .iter()
        .zip(&known)
        .filter(|(_, known)| known.is_none())
        .map(|(case, _)| case)
        .collect();
    let mut new = Vec::new();
    if !others.is_empty() {
        let codes = mask_codes(vision, &others, config, device);
        let soft = soft_masks(vision, codes, config.mask.size)?;
        for (soft, case) in soft.iter().zip(&others) {
            let mask = case.restore(soft);
            if let Some(made) = &case.made {
                made.oracle.get_or_init(|| mask.clone());
            }
            new.push(mask);
        }
    }
    let mut new = new.into_iter();
    Ok(known
        .into_iter()
        .filter_map(|known| known.or_else(|| new.next()))
        .collect())
}

/// Codes of the true masks of some cases: `[batch, mask]`.
fn mask_codes(
    vision: &Vision,
    cases: &[&Case],
    config: &ModelConfig,
    device: &Device,
) -> Tensor<2, Int> {
    stored_codes(cases, |codes| &codes.mask, device).unwrap_or_else(|| {
        let codes = masks(cases, config, device)
            .split(at_once(vision, cases.len()), 0)
            .into_iter()
            .map(|masks| vision.mask_codes(masks));
        Tensor::cat(codes.collect(), 0)
    })
}

/// Codes that were made before; `None` when some were not.
fn stored_codes<C: Borrow<Case>>(
    cases: &[C],
    of: impl Fn(&Codes) -> &[u16],
    device: &Device,
) -> Option<Tensor<2, Int>> {
    let mut codes = Vec::new();
    for case in cases {
        let of_case = of(&case.borrow().made.as_ref()?.codes);
        codes.extend(of_case.iter().map(|&code| u32::from(code)));
    }
    let length = codes.len() / cases.len().max(1);
    Some(code_tensor(&codes, length, device))
}

pub(crate) fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

/// Dice with one way to treat the sentence.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct TextScore {
    /// Cases.
    pub(crate) cases: usize,
    /// Mean over images.
    pub(crate) dice_per_image: Option<f64>,
    /// All pixels as one picture.
    pub(crate) dice_pooled: Option<f64>,
}

impl TextScore {
    /// Of some cases.
    pub(crate) fn of(cases: &[CaseResult]) -> Self {
        Self {
            cases: cases.len(),
            dice_per_image: mean_dice(cases),
            dice_pooled: pooled(cases).dice(),
        }
    }
}

impl Evaluator<'_> {
    /// Whether the sentence matters: Dice of the first `limit` cases with every [`TextMode`], by its name.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub(crate) fn text_scores(
        &self,
        samples: &Samples,
        limit: usize,
        display: Display,
    ) -> Result<BTreeMap<String, TextScore>> {
        TextMode::ALL
            .into_iter()
            .map(|mode| {
                let cases = self.run(samples, limit, Asking::with(mode), display)?;
                Ok((mode.as_str().to_owned(), TextScore::of(&cases)))
            })
            .collect()
    }
}

/// Mean Dice per image; cases that are empty in truth and prediction are left out.
pub(crate) fn mean_dice(cases: &[CaseResult]) -> Option<f64> {
    mean(cases.iter().filter_map(|case| case.dice))
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

/// Mean Dice per image of masks after a round trip through the mask tokenizer.
///
/// # Errors
/// A case cannot be loaded.
pub(crate) fn oracle_dice(
    vision: &Vision,
    samples: &Samples,
    limit: usize,
    config: &ModelConfig,
    device: &Device,
) -> Result<Option<f64>> {
    let cases = limit.min(samples.dataset().len());
    let mut dice = Vec::new();
    for first in (0..cases).step_by(Evaluator::BATCH) {
        let loaded = (first..cases.min(first + Evaluator::BATCH))
            .into_par_iter()
            .map(|index| samples.case(index))
            .collect::<Result<Vec<_>>>()?;
        let oracles = oracles(vision, &loaded, config, device)?;
        for (mask, Case { sample, .. }) in oracles.iter().zip(&loaded) {
            dice.extend(Overlap::of(&mask.pixels, &sample.mask.pixels).dice());
        }
    }
    Ok(mean(dice.into_iter()))
}

/// How many of some pictures or masks go through a tokenizer together.
fn at_once(vision: &Vision, all: usize) -> usize {
    match vision {
        Vision::Own(_) => all.max(1),
        // Each takes hundreds of megabytes on its way.
        Vision::Emu3(_) => 1,
    }
}

/// Threads that evaluate side by side, of `workers`.
pub(crate) fn side_by_side_of(vision: &Vision, workers: usize) -> usize {
    match vision {
        Vision::Own(_) => workers,
        // One of them keeps all cores busy.
        Vision::Emu3(_) => 1,
    }
}

/// Foreground probabilities of codes `[batch, mask]` at the model's size.
///
/// # Errors
/// The device stopped answering.
pub(crate) fn soft_masks(
    vision: &Vision,
    codes: Tensor<2, Int>,
    size: usize,
) -> Result<Vec<GrayImage>> {
    let [masks, _] = codes.dims();
    let mut drawn = Vec::with_capacity(masks);
    for codes in codes.split(at_once(vision, masks), 0) {
        let probabilities: Vec<f32> = vision
            .foreground(codes)
            .try_into_data()
            .context("the device stopped answering")?
            .iter::<f32>()
            .collect();
        drawn.extend(
            probabilities
                .chunks_exact(size * size)
                .map(|pixels| GrayImage {
                    width: size,
                    height: size,
                    pixels: pixels.to_vec(),
                }),
        );
    }
    Ok(drawn)
}
