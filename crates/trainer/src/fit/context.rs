//! What the model is shown of a mask while it learns to continue it. While decoding it sees its own
//! choices, right or wrong, so the truth alone would be the wrong teacher (exposure bias).
//!
//! The gravest wrong context is an empty one. Where the edge of a finding is uncertain, each cell alone is
//! unlikely to be the first inside, and a greedy decoder that always continues the likely way never starts.
//! A model that has met empty cells where the finding had long begun looks at the picture instead.

use burn::tensor::{Int, Tensor};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::config::LmTraining;
use crate::data::rng;

/// What may stand where the true tokens should.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WrongTokens<'a> {
    /// One mask without foreground.
    pub(crate) empty: &'a [i32],
    /// Codes that noise draws from.
    pub(crate) codes: &'a [i32],
}

/// Which of a batch's mask inputs are not what [`shown_tokens`] says.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Hiding {
    /// By case: all are begin-of-mask.
    pub(crate) marginal: Vec<bool>,
    /// By input: one that the model itself drew for the cell before. Empty where no case has any.
    pub(crate) own: Vec<bool>,
    /// By input: a uniform number, of which the draw follows. As long as `own`.
    pub(crate) draws: Vec<f32>,
}

impl Hiding {
    /// Of `cases` masks of `length` tokens; `first` as for [`shown_tokens`].
    pub(crate) fn draw(
        cases: usize,
        length: usize,
        training: &LmTraining,
        seed: u64,
        first: usize,
    ) -> Self {
        let mut hiding = Self::default();
        for case in 0..cases {
            let mut rng = rng("hiding", seed, (first + case) as u64);
            let marginal = rng.random_bool(training.marginal_cases);
            hiding.marginal.push(marginal);
            if training.own_context > 0.0 {
                let own = !marginal && rng.random_bool(training.own_context);
                let share = if own { rng.random::<f64>() } else { 0.0 };
                for input in 0..length {
                    hiding.own.push(input > 0 && rng.random_bool(share));
                    hiding.draws.push(rng.random());
                }
            }
        }
        hiding
    }
}

/// A sampled code of every cell: the one at which the sum of probabilities passes the uniform number.
///
/// # Shapes
/// - probabilities: `[cases, mask, codes]`
/// - uniform, output: `[cases, mask]`
pub(crate) fn drawn_codes(probabilities: Tensor<3>, uniform: Tensor<2>) -> Tensor<2, Int> {
    let [_, _, codes] = probabilities.dims();
    let passed = probabilities
        .cumsum(2)
        .lower_equal(uniform.unsqueeze_dim(2));
    let drawn = passed.int().sum_dim(2).squeeze_dim::<2>(2);
    // Sums may end below 1.
    drawn.clamp_max(codes as i32 - 1)
}

/// The masks of a batch as the model is shown them: mask tokens before the shift of teacher forcing.
///
/// `targets` holds whole masks one after the other; `first` is the position of the first among all cases that
/// training ever sees.
pub(crate) fn shown_tokens(
    targets: &[i32],
    wrong: WrongTokens<'_>,
    training: &LmTraining,
    seed: u64,
    first: usize,
) -> Vec<i32> {
    let empty = wrong.empty;
    let masks: Vec<&[i32]> = targets.chunks_exact(empty.len()).collect();
    let mut shown = Vec::with_capacity(targets.len());
    for (i, mask) in masks.iter().enumerate() {
        let mut rng = rng("noise", seed, (first + i) as u64);
        let mut tokens = mask.to_vec();
        if rng.random_bool(training.misleading_context) {
            let neighbour = masks[(i + 1) % masks.len()];
            let other = if rng.random_bool(0.5) {
                empty
            } else {
                neighbour
            };
            let until = rng.random_range(1..=tokens.len());
            tokens[..until].copy_from_slice(&other[..until]);
        }
        add_noise(&mut tokens, training.token_noise, wrong.codes, &mut rng);
        shown.extend(tokens);
    }
    shown
}

/// Replaces codes of one mask by random ones out of `codes`, with a probability drawn from 0 to `highest`.
fn add_noise(tokens: &mut [i32], highest: f64, codes: &[i32], rng: &mut ChaCha8Rng) {
    let share = rng.random::<f64>() * highest;
    for code in tokens {
        if rng.random_bool(share) {
            *code = codes[rng.random_range(0..codes.len() as i32) as usize];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Experiment;
    use burn::tensor::{Device, TensorData};
    use mriseg::config::ModelConfig;

    fn training(token_noise: f64, misleading_context: f64) -> LmTraining {
        LmTraining {
            token_noise,
            misleading_context,
            ..Experiment::tiny().train
        }
    }

    #[test]
    fn noise_changes_some_codes_and_leaves_valid_ones() {
        let layout = ModelConfig::tiny().layout();
        let targets = vec![7; 20 * layout.mask()];
        let empty = vec![0; layout.mask()];
        let codes: Vec<i32> = (100..layout.codes as i32).collect();
        let wrong = WrongTokens {
            empty: &empty,
            codes: &codes,
        };
        let shown = shown_tokens(&targets, wrong, &training(0.3, 0.0), 1, 0);
        let changed = shown.iter().filter(|&&code| code != 7).count() as f64 / shown.len() as f64;
        assert!((0.08..0.22).contains(&changed), "{changed}");
        assert!(shown.iter().all(|&code| code == 7 || codes.contains(&code)));
        let same = shown_tokens(&targets, wrong, &training(0.0, 0.0), 1, 0);
        assert_eq!(same, targets);
    }

    #[test]
    fn a_misleading_beginning_is_empty_or_that_of_another_mask_and_the_rest_is_true() {
        let layout = ModelConfig::tiny().layout();
        let length = layout.mask();
        let targets: Vec<i32> = (1..=20).flat_map(|mask| vec![mask; length]).collect();
        let empty = vec![0; length];
        let wrong = WrongTokens {
            empty: &empty,
            codes: &[9],
        };
        let shown = shown_tokens(&targets, wrong, &training(0.0, 1.0), 1, 0);
        let (mut emptied, mut swapped) = (0, 0);
        for (i, tokens) in shown.chunks_exact(length).enumerate() {
            let own = i as i32 + 1;
            let wrong = tokens[0];
            let until = tokens.iter().position(|&t| t != wrong).unwrap_or(length);
            assert!(tokens[until..].iter().all(|&t| t == own));
            emptied += usize::from(wrong == 0);
            swapped += usize::from(wrong == own % 20 + 1);
        }
        assert_eq!(emptied + swapped, 20);
        assert!(emptied > 3 && swapped > 3, "{emptied} {swapped}");
    }

    #[test]
    fn codes_are_drawn_as_often_as_they_are_probable() {
        let device = Device::flex();
        let cells = 1000;
        let probabilities = Tensor::<1>::from_floats([0.5, 0.0, 0.3, 0.2], &device);
        let probabilities = probabilities.reshape([1, 1, 4]).expand([1, cells, 4]);
        let uniform: Vec<f32> = (0..cells).map(|i| i as f32 / cells as f32).collect();
        let uniform = Tensor::from_data(TensorData::new(uniform, [1, cells]), &device);
        let mut counts = [0; 4];
        for code in drawn_codes(probabilities, uniform)
            .into_data()
            .iter::<u32>()
        {
            counts[code as usize] += 1;
        }
        assert_eq!(counts, [500, 0, 300, 200]);
    }

    #[test]
    fn a_share_of_the_cases_has_no_context_and_another_its_own() {
        let (cases, length) = (400, 16);
        let training = LmTraining {
            marginal_cases: 0.4,
            own_context: 0.5,
            ..Experiment::tiny().train
        };
        let hiding = Hiding::draw(cases, length, &training, 1, 0);
        let marginal = hiding.marginal.iter().filter(|&&hidden| hidden).count();
        assert!((130..190).contains(&marginal), "{marginal}");
        let mut own_cases = 0;
        for (own, marginal) in hiding.own.chunks_exact(length).zip(&hiding.marginal) {
            assert!(!own[0], "begin-of-mask is nobody's choice");
            assert!(!marginal || !own.contains(&true));
            own_cases += usize::from(own.contains(&true));
        }
        assert!((80..150).contains(&own_cases), "{own_cases}");
        let later = Hiding::draw(cases - 8, length, &training, 1, 8);
        assert_eq!(later.own[..], hiding.own[8 * length..]);
        let off = Hiding::draw(cases, length, &Experiment::tiny().train, 1, 0);
        assert!(off.own.is_empty() && !off.marginal.contains(&true));
    }

    #[test]
    fn what_is_shown_depends_on_seed_and_position_only() {
        let layout = ModelConfig::tiny().layout();
        let targets = vec![7; 4 * layout.mask()];
        let wrong = WrongTokens {
            empty: &vec![0; layout.mask()],
            codes: &[1, 2, 3],
        };
        let at = |seed, first| shown_tokens(&targets, wrong, &training(0.3, 0.5), seed, first);
        assert_eq!(at(1, 8), at(1, 8));
        assert_ne!(at(1, 8), at(1, 12));
        assert_ne!(at(1, 8), at(2, 8));
    }
}
