//! Token-level contrastive learning (paper: TCL): hidden states of mask positions that predict the same code
//! lie close together, those that predict another far apart. The form is supervised contrast (Khosla et al.
//! 2020, equation 2) with weighted negatives; anchors and weights are ours (docs/METHOD.md, section 6).
//!
//! Codes that draw nearly the same can be told from codes that do not ([`patch_likeness`]): they are then
//! partners in part. With equal codes alone ([`code_likeness`]) a rare code hardly ever meets a partner and is
//! only ever pushed away, from its like too.

use burn::tensor::activation::log_softmax;
use burn::tensor::{Bool, Device, FloatDType, Tensor, TensorData, assert_shape};
use mriseg_ops::linear::matmul;

/// Tokens that are contrasted with each other.
#[derive(Debug, Clone, PartialEq)]
pub struct ContrastTokens {
    /// Indices into the batch's tokens, mask after mask.
    pub tokens: Vec<usize>,
    /// Side of the grid of cells.
    pub grid: usize,
}

impl ContrastTokens {
    /// Weight of the pairs of a token that only fills up its group: its logarithm is so small that such a pair adds nothing to
    /// a sum of exponentials of cosines.
    pub const NOTHING: f32 = f32::MIN_POSITIVE;

    /// From all tokens of some masks those that are worth contrasting: every token that is not `empty` and as
    /// many empty ones, at most `limit` together. Which ones is decided by `draw`, a number below its argument.
    pub fn choose(
        targets: &[i32],
        empty: i32,
        grid: usize,
        limit: usize,
        mut draw: impl FnMut(usize) -> usize,
    ) -> Self {
        let (mut empties, mut others): (Vec<usize>, Vec<usize>) =
            (0..targets.len()).partition(|&i| targets[i] == empty);
        let mut take = |from: &mut Vec<usize>, count: usize| -> Vec<usize> {
            let count = count.min(from.len());
            for i in 0..count {
                let other = i + draw(from.len() - i);
                from.swap(i, other);
            }
            from.truncate(count);
            std::mem::take(from)
        };
        let mut tokens = take(&mut others, limit - limit / 2);
        let most_empties = tokens.len().min(limit - tokens.len());
        tokens.extend(take(&mut empties, most_empties));
        tokens.sort_unstable();
        Self { tokens, grid }
    }

    /// Weight of every pair, row by row: `boundary` for neighbours (4-neighbourhood, same mask), 1 for all others. Only
    /// pairs of different codes are negatives, so it is the step across a boundary that weighs more.
    pub fn pair_weights(&self, boundary: f32) -> Vec<f32> {
        let cells = self.grid * self.grid;
        let place = |token: usize| {
            let cell = token % cells;
            (token / cells, cell / self.grid, cell % self.grid)
        };
        let tokens = self.tokens.iter();
        tokens
            .flat_map(|&a| self.tokens.iter().map(move |&b| (place(a), place(b))))
            .map(|(a, b)| {
                let apart = a.1.abs_diff(b.1) + a.2.abs_diff(b.2);
                if a.0 == b.0 && apart == 1 {
                    boundary
                } else {
                    1.0
                }
            })
            .collect()
    }
}

/// 1 for two tokens of one code, 0 for others: `[tokens, tokens]`.
pub fn code_likeness(codes: &[i32], device: &Device) -> Tensor<2> {
    let alike: Vec<f32> = codes
        .iter()
        .flat_map(|a| codes.iter().map(move |b| f32::from(u8::from(a == b))))
        .collect();
    Tensor::from_data(TensorData::new(alike, [codes.len(), codes.len()]), device)
}

/// How alike some tokens draw: 1 for equal patches, less the more pixels differ, 0 from a share of `reach`
/// (above 0) on: `[tokens, tokens]`.
///
/// # Shapes
/// - patches: `[tokens, pixels]`, 0 or 1
pub fn patch_likeness(patches: Tensor<2>, reach: f64) -> Tensor<2> {
    let [_, pixels] = patches.dims();
    let areas = patches.clone().sum_dim(1);
    let shared = matmul(patches.clone(), patches.transpose());
    let differing = areas.clone() + areas.transpose() - shared.mul_scalar(2.0);
    let share = differing.div_scalar(reach * pixels as f64);
    share.neg().add_scalar(1.0).clamp_min(0.0)
}

/// Mean over the anchors of a group of `-1/sum_p l_p * sum_p l_p log(exp(s_p) / sum_a w_a exp(s_a))`, where `s` is the
/// cosine to the anchor over `temperature`, `l` the likeness to it, `p` and `a` all other tokens of the group, and `w` the
/// weight of the pair as far as it is not alike, `l + (1 - l) weight`: `[groups]`.
///
/// An anchor without any like does not count; zero when there is none with one. A token that only fills up its group is like
/// no other, and all its pairs weigh [`NOTHING`](ContrastTokens::NOTHING). Computed in f32, whatever the type of
/// `projected`: in bf16 a sum of exponentials loses its small terms.
///
/// # Shapes
/// - projected: `[groups, tokens, dim]`, of any length
/// - likeness: `[groups, tokens, tokens]`, 0 to 1, see [`code_likeness`] and [`patch_likeness`]
/// - pair_weights: `[groups, tokens, tokens]`, above 0, see [`ContrastTokens::pair_weights`]
pub fn token_contrastive_loss(
    projected: Tensor<3>,
    likeness: Tensor<3>,
    pair_weights: Tensor<3>,
    temperature: f64,
) -> Tensor<1> {
    /// As good as minus infinity for logits of cosines.
    const NEVER: f32 = -1e4;
    const SHORTEST: f32 = 1e-6;
    let [groups, tokens, _] = projected.dims();
    let device = projected.device();
    assert_shape!(likeness, [groups, tokens, tokens]);
    assert_shape!(pair_weights, [groups, tokens, tokens]);
    let projected = projected.cast(FloatDType::F32);
    let length = projected.clone().square().sum_dim(2).sqrt();
    let unit = projected / length.clamp_min(SHORTEST);
    let similarity = unit
        .clone()
        .matmul(unit.transpose())
        .div_scalar(temperature);

    let itself = Tensor::<2, Bool>::diag_mask([tokens, tokens], 0, &device).bool_not();
    let itself = itself.unsqueeze::<3>().expand([groups, tokens, tokens]);
    let partners = likeness.clone().mask_fill(itself.clone(), 0.0);
    let unlike = likeness.clone().neg().add_scalar(1.0);
    let log_weights = (likeness + unlike * pair_weights).log();
    let others = (similarity + log_weights.clone()).mask_fill(itself, NEVER);
    let log_share = log_softmax(others, 2) - log_weights;

    let mass = partners.clone().sum_dim(2);
    let alone = mass.clone().lower_equal_elem(0.0);
    let anchors = alone.clone().bool_not().float().sum_dim(1).clamp_min(1.0);
    let per_anchor = (log_share * partners).sum_dim(2) / mass.mask_fill(alone, 1.0);
    (per_anchor.sum_dim(1).neg() / anchors).reshape([groups])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::check_gradient;
    use burn::tensor::Tolerance;

    /// Of one group.
    fn of_one(
        projected: Tensor<2>,
        likeness: Tensor<2>,
        weights: Tensor<2>,
        temperature: f64,
    ) -> Tensor<1> {
        let [likeness, weights] = [likeness, weights].map(|x| x.unsqueeze());
        token_contrastive_loss(projected.unsqueeze(), likeness, weights, temperature)
    }

    fn loss(projected: Tensor<2>, codes: &[i32], weights: Tensor<2>) -> f32 {
        let likeness = code_likeness(codes, &projected.device());
        of_one(projected, likeness, weights, 0.5).into_scalar()
    }

    #[test]
    fn a_hand_worked_case() {
        let device = Device::flex();
        // Two tokens of one code at a right angle, one of another code opposite to the first.
        let projected = Tensor::from_floats([[1.0, 0.0], [0.0, 2.0], [-3.0, 0.0]], &device);
        let weights = Tensor::from_floats([[1.0, 1.0, 2.0], [1.0; 3], [2.0, 1.0, 1.0]], &device);
        let found = loss(projected, &[5, 5, 9], weights);
        // Cosines over .5: (0,1) 0, (0,2) -2, (1,2) 0. The third token has no partner.
        let first = (1.0 + 2.0 * (-2f32).exp()).ln();
        let second = (1.0 + 1.0f32).ln();
        let expected = (first + second) / 2.0;
        assert!((found - expected).abs() < 1e-5, "{found} {expected}");
    }

    #[test]
    fn groups_do_not_see_each_other_nor_what_fills_them_up() {
        let device = Device::flex().autodiff();
        let values: Vec<f32> = (0..24).map(|i| (i as f32 * 1.7).sin()).collect();
        let values = Tensor::<3>::from_data(TensorData::new(values, [2, 4, 3]), &device);
        let projected = values.require_grad();
        let of = |group: usize, tokens: usize| -> Tensor<2> {
            let part = projected.clone().slice_dim(0, group..group + 1);
            part.slice_dim(1, 0..tokens).squeeze_dim(0)
        };
        let (four, three) = ([1, 1, 2, 2], [5, 6, 5]);
        let padded = |x: Tensor<2>, fill: f32| -> Tensor<3> {
            let column = Tensor::full([3, 1], fill, &device);
            let row = Tensor::full([1, 4], fill, &device);
            Tensor::cat(vec![Tensor::cat(vec![x, column], 1), row], 0).unsqueeze()
        };
        let ones = |tokens: usize| Tensor::<2>::ones([tokens, tokens], &device);
        let likeness = Tensor::cat(
            vec![
                code_likeness(&four, &device).unsqueeze(),
                padded(code_likeness(&three, &device), 0.0),
            ],
            0,
        );
        let weights = vec![
            ones(4).unsqueeze(),
            padded(ones(3), ContrastTokens::NOTHING),
        ];
        let together =
            token_contrastive_loss(projected.clone(), likeness, Tensor::cat(weights, 0), 0.07);
        let apart = Tensor::cat(
            vec![
                of_one(of(0, 4), code_likeness(&four, &device), ones(4), 0.07),
                of_one(of(1, 3), code_likeness(&three, &device), ones(3), 0.07),
            ],
            0,
        );
        let gradient = |loss: Tensor<1>| {
            let scale = Tensor::from_floats([1.0, 3.0], &device);
            projected.grad(&(loss * scale).sum().backward()).unwrap()
        };
        let tolerance = Tolerance::absolute(1e-5);
        (together.clone().into_data())
            .assert_approx_eq::<f32>(&apart.clone().into_data(), tolerance);
        let (together, apart) = (gradient(together), gradient(apart));
        (together.into_data()).assert_approx_eq::<f32>(&apart.into_data(), tolerance);
    }

    #[test]
    fn codes_that_draw_alike_are_partners_in_part() {
        let device = Device::flex();
        let patches = Tensor::from_floats(
            [
                [1.0, 1.0, 0.0, 0.0],
                [1.0, 1.0, 1.0, 0.0],
                [0.0, 0.0, 1.0, 1.0],
            ],
            &device,
        );
        let likeness = patch_likeness(patches, 0.5);
        let found: Vec<f32> = likeness.clone().into_data().try_to_vec().unwrap();
        assert_eq!(found, [1.0, 0.5, 0.0, 0.5, 1.0, 0.0, 0.0, 0.0, 1.0]);

        let projected = Tensor::from_floats([[1.0, 0.0], [0.0, 2.0], [-3.0, 0.0]], &device);
        let weights =
            Tensor::from_floats([[1.0, 3.0, 2.0], [3.0, 1.0, 1.0], [2.0, 1.0, 1.0]], &device);
        let found: f32 = of_one(projected, likeness, weights, 0.5).into_scalar();
        // The pair (0, 1) weighs .5 + .5 * 3; the third token has no like.
        let first = (2.0 + 2.0 * (-2f32).exp()).ln();
        let second = (2.0 + 1.0f32).ln();
        assert!((found - (first + second) / 2.0).abs() < 1e-5, "{found}");
    }

    #[test]
    fn without_a_pair_of_one_code_the_loss_is_zero_and_so_is_its_gradient() {
        let device = Device::flex().autodiff();
        for tokens in [1i32, 3] {
            let projected = Tensor::<2>::ones([tokens, 4], &device).require_grad();
            let codes: Vec<i32> = (0..tokens).collect();
            let likeness = code_likeness(&codes, &device);
            let weights = Tensor::ones([tokens, tokens], &device);
            let loss = of_one(projected.clone(), likeness, weights, 0.1);
            let gradients = loss.clone().backward();
            assert_eq!(loss.into_scalar::<f32>(), 0.0);
            let gradient = projected.grad(&gradients).unwrap();
            assert!(gradient.into_data().iter::<f32>().all(|g| g == 0.0));
        }
    }

    #[test]
    fn the_gradient_is_that_of_finite_differences() {
        check_gradient([1, 4, 3], |projected| {
            let device = projected.device();
            let likeness = Tensor::from_floats(
                [
                    [1.0, 1.0, 0.3, 0.0],
                    [1.0, 1.0, 0.3, 0.0],
                    [0.3, 0.3, 1.0, 0.6],
                    [0.0, 0.0, 0.6, 1.0],
                ],
                &device,
            );
            let weights = Tensor::from_floats(
                [
                    [1.0, 1.0, 2.0, 1.0],
                    [1.0, 1.0, 1.0, 1.0],
                    [2.0, 1.0, 1.0, 1.0],
                    [1.0, 1.0, 1.0, 1.0],
                ],
                &device,
            );
            of_one(projected.reshape([4, 3]), likeness, weights, 0.5)
        });
    }

    #[test]
    fn it_is_stable_at_a_low_temperature() {
        let device = Device::flex();
        let projected = Tensor::from_floats([[1.0, 0.0], [-1.0, 0.0], [1.0, 0.0]], &device);
        let likeness = code_likeness(&[1, 1, 2], &device);
        let ones = Tensor::ones([3, 3], &device);
        let loss: f32 = of_one(projected, likeness, ones, 0.01).into_scalar();
        // The first anchor's partner is opposite, its rival the same: 200; the second sees both alike.
        assert!((loss - (200.0 + 2f32.ln()) / 2.0).abs() < 1e-2, "{loss}");
    }

    #[test]
    fn half_precision_gives_nearly_the_same() {
        let device = Device::flex();
        let values: Vec<f32> = (0..64).map(|i| (i as f32 * 1.7).sin()).collect();
        let projected = Tensor::<2>::from_data(TensorData::new(values, [16, 4]), &device);
        let codes: Vec<i32> = (0..16).map(|i| i % 3).collect();
        let ones = || Tensor::ones([16, 16], &device);
        let full = loss(projected.clone(), &codes, ones());
        let half = loss(projected.cast(FloatDType::BF16), &codes, ones());
        assert!((full - half).abs() < 0.02 * full, "{full} {half}");
    }

    #[test]
    fn empty_tokens_do_not_outnumber_the_others_and_the_limit_holds() {
        let targets: Vec<i32> = (0..64).map(|i| i32::from(i % 8 == 0) * (i + 1)).collect();
        let first = |_: usize| 0;
        let chosen = ContrastTokens::choose(&targets, 0, 8, 100, first);
        let empties = |chosen: &ContrastTokens| {
            let empty = chosen.tokens.iter().filter(|&&i| targets[i] == 0);
            (empty.count(), chosen.tokens.len())
        };
        assert_eq!(empties(&chosen), (8, 16));
        let few = ContrastTokens::choose(&targets, 0, 8, 5, |below| below - 1);
        assert_eq!(empties(&few), (2, 5));
        let none = ContrastTokens::choose(&[0; 64], 0, 8, 100, first);
        assert!(none.tokens.is_empty());
    }

    #[test]
    fn only_neighbours_of_one_mask_weigh_more() {
        let tokens = ContrastTokens {
            tokens: vec![0, 1, 2, 4, 5],
            grid: 2,
        };
        let weights = tokens.pair_weights(2.0);
        let heavy: Vec<(usize, usize)> = (0..25)
            .filter(|&i| weights[i] == 2.0)
            .map(|i| (i / 5, i % 5))
            .collect();
        assert_eq!(heavy, [(0, 1), (0, 2), (1, 0), (2, 0), (3, 4), (4, 3)]);
    }
}
