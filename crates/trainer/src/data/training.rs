//! The cases of a training step, changed. Which they are and how they are changed depends only on seed and step,
//! so a resumed run sees exactly what an uninterrupted one would have seen.

use anyhow::Result;
use mriseg::reading::Request;
use mriseg_data::{AugmentConfig, Case, RequestMix, Warp, ask, augment};
use rand::RngExt;
use rayon::prelude::*;

use super::cache::CaseCache;

/// Random changes of a training case.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Changes<'a> {
    pub(crate) augment: &'a AugmentConfig,
    pub(crate) requests: &'a RequestMix,
    pub(crate) text_dropout: f64,
}

/// A case as one training step sees it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TrainingCase {
    pub(crate) case: Case,
    /// What its sentence asks for, where that is known and there is a sentence.
    pub(crate) request: Option<Request>,
    /// Which case of the dataset it is and how its picture was moved; `None` when its sentence or mask is
    /// not the dataset's own.
    pub(crate) origin: Option<(usize, Warp)>,
}

impl CaseCache {
    /// The changed cases of training step `step`.
    pub(crate) fn training(
        &self,
        stage: &str,
        seed: u64,
        step: usize,
        batch: usize,
        changes: Changes<'_>,
    ) -> Result<Vec<TrainingCase>> {
        self.selection()
            .of_step(stage, seed, step, batch)
            .into_par_iter()
            .map(|(index, mut rng)| {
                let case = self.load(index)?;
                let convention = self.dataset().side_convention();
                let asked = ask(&case, convention, changes.requests, &mut rng);
                let (_, prepared) = self.prepared(&case, &asked.mask);
                let (mut case, warp) = augment(&prepared, changes.augment, &mut rng);
                if let Some(text) = asked.sentence(warp.mirrored(), &mut rng) {
                    case.text = text;
                }
                let dropped = rng.random_bool(changes.text_dropout);
                if dropped {
                    case.text.clear();
                }
                Ok(TrainingCase {
                    case,
                    request: asked.request(warp.mirrored()).filter(|_| !dropped),
                    origin: (asked.own && !dropped).then_some((index, warp)),
                })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mriseg_data::{Dataset, PhantomConfig};

    fn changes<'a>(augment: &'a AugmentConfig, requests: &'a RequestMix) -> Changes<'a> {
        Changes {
            augment,
            requests,
            text_dropout: 0.1,
        }
    }

    #[test]
    fn a_step_sees_the_same_cases_whenever_it_is_asked() {
        let cache = CaseCache::new(
            Dataset::phantoms(&PhantomConfig::default(), "train", 6),
            None,
            1,
        );
        let (augment, requests) = (AugmentConfig::default(), RequestMix::default());
        let at = |step| {
            cache
                .training("lm", 3, step, 4, changes(&augment, &requests))
                .unwrap()
        };
        let fifth = at(5);
        at(6);
        assert_eq!(fifth, at(5));
        assert_ne!(fifth, at(4));
    }

    #[test]
    fn one_pass_over_the_data_sees_every_case_once() {
        let cache = CaseCache::new(
            Dataset::phantoms(&PhantomConfig::default(), "train", 6),
            None,
            1,
        );
        let total = cache.dataset().len();
        let (augment, requests) = (AugmentConfig::default(), RequestMix::default());
        let mut ids: Vec<String> = (0..total)
            .flat_map(|step| {
                cache
                    .training("lm", 3, step, 1, changes(&augment, &requests))
                    .unwrap()
            })
            .map(|drawn| drawn.case.id)
            .collect();
        let mut expected: Vec<String> = (0..total)
            .map(|i| cache.dataset().id(i).to_owned())
            .collect();
        ids.sort();
        expected.sort();
        assert_eq!(ids, expected);
    }
}
