//! The cases of a training step as the objective reads them: changed pictures whose masks are encoded on the
//! way, or codes that were made before.

use anyhow::{Result, anyhow};
use burn::tensor::{Device, Int, Tensor};
use mriseg::model::Model;
use mriseg::reading::Request;
use mriseg::vq::MaskTokenizer;
use mriseg_data::{Case, Warp};
use rand::RngExt;
use std::collections::BTreeSet;

use crate::codes::CodedCases;
use crate::config::Experiment;
use crate::data::{CaseCache, Changes, TrainingCase, masks};

/// Purpose of the random numbers that draw cases.
pub(super) const STAGE: &str = "lm";

/// The cases of one step.
pub(crate) struct StepCases {
    pub(super) sentences: Vec<String>,
    /// What each sentence asks for, where that is known.
    pub(super) requests: Vec<Option<Request>>,
    /// Which case of the dataset each is and how its picture was moved; `None` when its sentence or mask is not
    /// the dataset's own.
    pub(super) origins: Vec<Option<(usize, Warp)>>,
    pub(super) pictures: Pictures,
    /// Codes of the masks, one mask after the other.
    pub(super) targets: Vec<i32>,
}

/// Pictures, one per case.
pub(super) enum Pictures {
    Pixels(Vec<Case>),
    /// Codes, one picture after the other.
    Codes(Vec<i32>),
}

/// The cases of one step before their masks are encoded.
pub(crate) enum Drawn {
    Pixels(Vec<TrainingCase>),
    Codes(StepCases),
}

/// Where cases come from.
pub(crate) enum Source<'a> {
    /// Pictures and masks.
    Pixels(Box<MaskEncoder>),
    /// Codes that were made before.
    Codes(&'a CodedCases),
}

/// What makes codes of masks.
pub(crate) struct MaskEncoder {
    pub(super) masks: MaskTokenizer,
    /// What every code draws, 0 or 1: `[codes, pixels]`.
    pub(super) patches: Tensor<2>,
}

impl<'a> Source<'a> {
    /// What a model is trained on.
    ///
    /// # Errors
    /// It has no tokenizers, and there are no codes.
    pub(crate) fn of(model: &Model, cache: &'a CaseCache) -> Result<Self> {
        match (&model.tokenizers, cache.codes()) {
            (Some(own), _) => Ok(Self::Pixels(Box::new(MaskEncoder {
                masks: own.mask.clone(),
                patches: own.mask.patches().greater_elem(0.5).float(),
            }))),
            (None, Some(codes)) => Ok(Self::Codes(codes)),
            (None, None) => Err(anyhow!("there are no codes to train on")),
        }
    }

    /// Codes of a mask without foreground.
    pub(crate) fn empty(&self) -> Vec<i32> {
        match self {
            Self::Pixels(encoder) => ids_of(encoder.masks.encode_empty()),
            Self::Codes(codes) => signed(codes.empty()).collect(),
        }
    }

    /// Codes that a wrong token may have, of `codes` in all: every one of a codebook that was made for masks. Most of
    /// a codebook for pictures never occur in a mask and would be no likely mistake: of these, the ones in `targets`.
    pub(crate) fn noise(&self, targets: &[i32], codes: usize) -> Vec<i32> {
        match self {
            Self::Pixels(_) => (0..codes as i32).collect(),
            Self::Codes(_) => {
                let used: BTreeSet<i32> = targets.iter().copied().collect();
                used.into_iter().collect()
            }
        }
    }

    /// The cases of training step `step`, as far as they need no device: another thread may draw them while one computes.
    ///
    /// # Errors
    /// A case cannot be loaded or has no codes.
    pub(crate) fn draw(
        &self,
        cache: &CaseCache,
        experiment: &Experiment,
        step: usize,
    ) -> Result<Drawn> {
        let (seed, batch) = (experiment.seed, experiment.train.batch);
        let done = step as f64 / experiment.train.steps as f64;
        let requests = experiment.data.requests.at(done);
        let changes = Changes {
            augment: &experiment.augment,
            requests: &requests,
            text_dropout: experiment.train.text_dropout,
        };
        match self {
            Self::Pixels(_) => {
                let drawn = cache.training(STAGE, seed, step, batch, changes)?;
                Ok(Drawn::Pixels(drawn))
            }
            Self::Codes(codes) => {
                let mut cases = StepCases {
                    sentences: Vec::with_capacity(batch),
                    requests: vec![None; batch],
                    origins: Vec::with_capacity(batch),
                    pictures: Pictures::Codes(Vec::new()),
                    targets: Vec::new(),
                };
                let mut images = Vec::new();
                for (index, mut rng) in cache.selection().of_step(STAGE, seed, step, batch) {
                    let flip = f64::from(changes.augment.flip);
                    let mut drawn = codes
                        .draw(index, changes.requests.side, flip, &mut rng)
                        .ok_or_else(|| {
                            anyhow!("case `{}` has no codes", cache.dataset().id(index))
                        })?;
                    if rng.random_bool(changes.text_dropout) {
                        drawn.text.clear();
                        drawn.warp = None;
                    }
                    cases.sentences.push(drawn.text);
                    cases.origins.push(drawn.warp.map(|warp| (index, warp)));
                    images.extend(signed(&drawn.codes.image));
                    cases.targets.extend(signed(&drawn.codes.mask));
                }
                cases.pictures = Pictures::Codes(images);
                Ok(Drawn::Codes(cases))
            }
        }
    }

    /// Cases that were drawn, with the codes of their masks.
    pub(crate) fn encode(
        &self,
        drawn: Drawn,
        experiment: &Experiment,
        device: &Device,
    ) -> StepCases {
        match (self, drawn) {
            (Self::Pixels(encoder), Drawn::Pixels(drawn)) => {
                let requests = drawn.iter().map(|drawn| drawn.request).collect();
                let (changed, origins): (Vec<Case>, Vec<_>) = drawn
                    .into_iter()
                    .map(|drawn| (drawn.case, drawn.origin))
                    .unzip();
                let encoded = encoder
                    .masks
                    .encode(masks(&changed, &experiment.model, device));
                StepCases {
                    sentences: changed.iter().map(|case| case.text.clone()).collect(),
                    requests,
                    origins,
                    targets: ids_of(encoded),
                    pictures: Pictures::Pixels(changed),
                }
            }
            (_, Drawn::Codes(cases)) => cases,
            (Self::Codes(_), Drawn::Pixels(_)) => unreachable!("a source of codes draws codes"),
        }
    }
}

impl StepCases {
    pub(super) fn len(&self) -> usize {
        self.sentences.len()
    }

    pub(super) fn sentences(&self) -> impl Iterator<Item = &str> {
        self.sentences.iter().map(String::as_str)
    }

    /// Makes "no sentence" of some sentences; nothing is known then of what they ask for.
    pub(super) fn leave_out(&mut self, unfit: impl Fn(&str) -> bool) {
        let of_case = self.sentences.iter_mut().zip(&mut self.requests);
        for ((text, request), origin) in of_case.zip(&mut self.origins) {
            if unfit(text) {
                text.clear();
                *request = None;
                *origin = None;
            }
        }
    }
}

fn ids_of(codes: Tensor<2, Int>) -> Vec<i32> {
    codes.into_data().iter::<i32>().collect()
}

fn signed(codes: &[u16]) -> impl Iterator<Item = i32> {
    codes.iter().map(|&code| i32::from(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_that_is_left_out_asks_for_nothing_that_is_known_and_is_not_remembered() {
        let mut cases = StepCases {
            sentences: vec!["too long".to_owned(), "short".to_owned()],
            requests: vec![Some(Request::Everything); 2],
            origins: vec![Some((0, Warp::mirror(2, 2, false))); 2],
            pictures: Pictures::Codes(Vec::new()),
            targets: Vec::new(),
        };
        cases.leave_out(|text| text.len() > 5);
        assert_eq!(cases.sentences, ["", "short"]);
        assert_eq!(cases.requests, [None, Some(Request::Everything)]);
        let remembered: Vec<bool> = cases.origins.iter().map(Option::is_some).collect();
        assert_eq!(remembered, [false, true]);
    }
}
