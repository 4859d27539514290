//! Which cases a training step takes. It depends only on seed and step.

use mriseg_data::{Dataset, Findings};
use rand::seq::{IndexedRandom, SliceRandom};
use rand_chacha::ChaCha8Rng;
use std::sync::{Arc, Mutex, PoisonError};

use super::random::rng;
use crate::config::DataConfig;

/// What a pass over the data is made of.
#[derive(Debug)]
pub(crate) struct Selection {
    parts: Vec<Part>,
    /// The pass that was asked for last, which the next step asks for again.
    last: Mutex<Option<Arc<Pass>>>,
}

/// One pass over the data, in an order of its own.
#[derive(Debug)]
struct Pass {
    stage: String,
    seed: u64,
    number: usize,
    order: Vec<u32>,
}

/// Cases that a pass draws so many of.
#[derive(Debug)]
struct Part {
    cases: Vec<u32>,
    drawn: usize,
}

impl Selection {
    /// Each of so many cases once.
    pub(crate) fn all(cases: usize) -> Self {
        let all = Part {
            cases: (0..cases as u32).collect(),
            drawn: cases,
        };
        Self::new(vec![all])
    }

    fn new(parts: Vec<Part>) -> Self {
        Self {
            parts,
            last: Mutex::default(),
        }
    }

    /// In the shares that `data.sources` and `data.without_findings` ask for. The latter is of all cases; those with findings
    /// keep the shares of their sources among themselves.
    pub(crate) fn of(dataset: &Dataset, config: &DataConfig) -> Self {
        let further: Vec<f64> = config.sources.iter().map(|source| source.share).collect();
        let joined = if further.is_empty() {
            Self::all(dataset.len())
        } else {
            Self::in_shares(dataset.parts(), &further)
        };
        if config.without_findings > 0.0 {
            let healthy = |case: &u32| {
                Findings::parse(dataset.text(*case as usize))
                    .is_some_and(|findings| findings.is_empty())
            };
            joined.without_findings(config.without_findings, healthy)
        } else {
            joined
        }
    }

    /// Of data sets that were joined, each further one in this share of the training cases.
    fn in_shares(parts: Vec<Vec<usize>>, further: &[f64]) -> Self {
        let first = 1.0 - further.iter().sum::<f64>();
        let shares: Vec<f64> = std::iter::once(first)
            .chain(further.iter().copied())
            .collect();
        // A pass ends when every case was seen: it is as long as the largest data set for its share asks for.
        let pass = (parts.iter().zip(&shares))
            .map(|(cases, share)| cases.len() as f64 / share)
            .fold(0.0, f64::max);
        let parts = (parts.into_iter().zip(shares))
            .filter(|(cases, _)| !cases.is_empty())
            .map(|(cases, share)| Part {
                cases: cases.into_iter().map(|case| case as u32).collect(),
                drawn: (pass * share).round() as usize,
            })
            .collect();
        Self::new(parts)
    }

    /// With pictures without findings in this share of the training cases, however many there are; as before where there are
    /// none, or no others.
    fn without_findings(self, share: f64, healthy: impl Fn(&u32) -> bool) -> Self {
        let mut split = Vec::new();
        for Part { cases, drawn } in self.parts {
            let total = cases.len() as f64;
            let (without, with): (Vec<u32>, Vec<u32>) = cases.into_iter().partition(&healthy);
            for (cases, healthy) in [(with, false), (without, true)] {
                let drawn = drawn as f64 * cases.len() as f64 / total;
                split.push((cases, healthy, drawn));
            }
        }
        let drawn = |of: bool| -> f64 {
            let of = split.iter().filter(|(_, healthy, _)| *healthy == of);
            of.map(|(_, _, drawn)| drawn).sum()
        };
        let [with, without] = [false, true].map(drawn);
        let factor = if with > 0.0 && without > 0.0 {
            share / (1.0 - share) * with / without
        } else {
            1.0
        };
        let parts = (split.into_iter())
            .filter(|(cases, ..)| !cases.is_empty())
            .map(|(cases, healthy, drawn)| Part {
                cases,
                drawn: (if healthy { drawn * factor } else { drawn }).round() as usize,
            })
            .collect();
        Self::new(parts)
    }

    /// Cases of a pass over the data.
    pub(crate) fn pass_len(&self) -> usize {
        self.parts.iter().map(|part| part.drawn).sum()
    }

    /// The cases of one pass over the data, in an order of its own.
    fn pass(&self, stage: &str, seed: u64, number: usize) -> Arc<Pass> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let known = last
            .as_ref()
            .filter(|pass| pass.stage == stage && (pass.seed, pass.number) == (seed, number));
        if let Some(known) = known {
            return Arc::clone(known);
        }
        let mut rng = rng(stage, seed, number as u64);
        let mut order = Vec::new();
        for Part { cases, drawn } in &self.parts {
            for _ in 0..drawn / cases.len() {
                order.extend(cases);
            }
            order.extend(cases.sample(&mut rng, drawn % cases.len()));
        }
        order.shuffle(&mut rng);
        let stage = stage.to_owned();
        let pass = Arc::new(Pass {
            stage,
            seed,
            number,
            order,
        });
        *last = Some(Arc::clone(&pass));
        pass
    }

    /// The cases of training step `step`, shuffled anew in every pass over the data, each with random numbers of
    /// its own.
    pub(crate) fn of_step(
        &self,
        stage: &str,
        seed: u64,
        step: usize,
        batch: usize,
    ) -> Vec<(usize, ChaCha8Rng)> {
        let total = self.pass_len();
        let first = step * batch;
        let mut pass = self.pass(stage, seed, first / total);
        (first..first + batch)
            .map(|position| {
                if pass.number != position / total {
                    pass = self.pass(stage, seed, position / total);
                }
                let own = rng(stage, seed ^ 0x5eed, position as u64);
                (pass.order[position % total] as usize, own)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Experiment;
    use crate::data::fixtures;

    /// The cases of a pass with seed 1.
    fn order(selection: &Selection, stage: &str, pass: usize) -> Vec<u32> {
        selection.pass(stage, 1, pass).order.clone()
    }

    #[test]
    fn a_pass_sees_every_case_of_every_data_set_and_some_of_the_smaller_one_more_often() {
        let part = |cases: std::ops::Range<u32>, drawn| Part {
            cases: cases.collect(),
            drawn,
        };
        let selection = Selection::new(vec![part(0..6, 6), part(6..8, 5)]);
        let pass = order(&selection, "shares", 0);
        assert_ne!(pass, order(&selection, "shares", 1));
        let times = |case: u32| pass.iter().filter(|&&drawn| drawn == case).count();
        assert!((0..6).all(|case| times(case) == 1), "{pass:?}");
        assert_eq!(times(6) + times(7), 5);
        assert!(times(6).abs_diff(times(7)) == 1, "{pass:?}");
        let steps = (0..3).flat_map(|step| selection.of_step("shares", 1, step, 4));
        let drawn: Vec<u32> = steps.map(|(case, _)| case as u32).collect();
        assert_eq!(drawn[..11], pass);
    }

    /// A folder of `cases` training cases.
    fn folder(root: &std::path::Path, name: &str, cases: usize) -> Dataset {
        folder_of(root, name, &vec!["a disc"; cases])
    }

    /// A folder of training cases with these sentences.
    fn folder_of(root: &std::path::Path, name: &str, sentences: &[&str]) -> Dataset {
        fixtures::folder(&root.join(name), &[("train", sentences)], "train")
    }

    #[test]
    fn a_further_data_set_has_its_share_of_a_pass_whatever_its_size() {
        let root = tempfile::tempdir().unwrap();
        let joined = |cases: [usize; 2]| {
            let [first, other] = ["first", "other"].map(|name| format!("{name}{}", cases[0]));
            let data = folder(root.path(), &first, cases[0]);
            let data = data.joined(folder(root.path(), &other, cases[1]));
            let selection = Selection::in_shares(data.parts(), &[0.25]);
            let drawn: Vec<usize> = selection.parts.iter().map(|part| part.drawn).collect();
            (drawn, selection.pass_len())
        };
        assert_eq!(joined([9, 2]), (vec![9, 3], 12));
        assert_eq!(joined([3, 4]), (vec![12, 4], 16));
        let mut emptied = folder(root.path(), "kept", 3).joined(folder(root.path(), "long", 2));
        let mut left = 3;
        emptied.leave_out(|_, _| {
            left -= 1;
            left >= 0
        });
        let selection = Selection::in_shares(emptied.parts(), &[0.5]);
        assert_eq!(order(&selection, "x", 0).len(), selection.pass_len());
    }

    #[test]
    fn pictures_without_findings_have_the_share_that_is_asked_for() {
        let root = tempfile::tempdir().unwrap();
        let drawn = |healthy: usize, others: usize, share: f64| {
            let mut sentences = vec!["no pulmonary infection."; healthy];
            sentences.resize(healthy + others, "a disc");
            let name = format!("{healthy} {others} {share}");
            let data = folder_of(root.path(), &name, &sentences);
            let mut config = Experiment::tiny().data;
            config.without_findings = share;
            let selection = Selection::of(&data, &config);
            let pass = order(&selection, "x", 0);
            assert_eq!(pass.len(), selection.pass_len());
            let without = pass
                .iter()
                .filter(|&&case| (case as usize) < healthy)
                .count();
            (without, pass.len() - without)
        };
        assert_eq!(drawn(2, 8, 0.5), (8, 8));
        assert_eq!(drawn(8, 8, 0.2), (2, 8));
        assert_eq!(drawn(2, 8, 0.0), (2, 8));
        assert_eq!(drawn(0, 5, 0.5), (0, 5));
        assert_eq!(drawn(5, 0, 0.5), (5, 0));
    }
}
