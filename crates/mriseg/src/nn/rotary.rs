//! Two-dimensional rotary positions (Su et al. 2021, with one half of the frequencies for rows and one
//! for columns): cells that lie alike to each other look alike to attention.

use burn::tensor::{Device, Tensor, TensorData};
use std::ops::Range;

/// Cosines and sines of every position of the sequence: not weights, made from the layout.
#[derive(Debug, Clone)]
pub struct RotaryTable {
    cos: Tensor<4>,
    sin: Tensor<4>,
}

impl RotaryTable {
    /// Slowest frequency is about one turn in `2 pi * BASE` cells.
    const BASE: f32 = 100.0;

    /// Table for `positions` (row, column) and heads of width `head_dim`, a multiple of 4.
    pub fn new(positions: &[(f32, f32)], head_dim: usize, device: &Device) -> Self {
        assert_eq!(
            head_dim % 4,
            0,
            "head_dim {head_dim} is not a multiple of 4"
        );
        let per_axis = head_dim / 4;
        let frequency = |j: usize| Self::BASE.powf(-(j as f32) / per_axis as f32);
        let angles: Vec<f32> = positions
            .iter()
            .flat_map(|&(row, column)| {
                let rows = (0..per_axis).map(move |j| row * frequency(j));
                rows.chain((0..per_axis).map(move |j| column * frequency(j)))
            })
            .collect();
        let table = |f: fn(f32) -> f32| {
            let values: Vec<f32> = angles.iter().map(|&angle| f(angle)).collect();
            let shape = [1, positions.len(), 1, head_dim / 2];
            Tensor::from_data(TensorData::new(values, shape), device)
        };
        Self {
            cos: table(f32::cos),
            sin: table(f32::sin),
        }
    }

    /// For queries, keys and values in one tensor: queries are scaled by `head_dim^-1/2` as well, as
    /// attention wants them, and values stay as they are.
    pub fn of_queries_keys_values(&self, heads: usize) -> Self {
        let [_, _, _, half] = self.cos.dims();
        let scale = (2.0 * half as f32).powf(-0.5);
        let of = |table: &Tensor<4>, of_values: Tensor<4>| {
            let keys = table.clone().repeat_dim(2, heads);
            let queries = keys.clone().mul_scalar(scale);
            Tensor::cat(
                vec![queries, keys.clone(), of_values.expand(keys.dims())],
                2,
            )
        };
        Self {
            cos: of(&self.cos, Tensor::ones([1, 1, 1, 1], &self.cos.device())),
            sin: of(&self.sin, Tensor::zeros([1, 1, 1, 1], &self.sin.device())),
        }
    }

    /// The part for what stands at `range` of the sequence.
    pub fn at(&self, range: Range<usize>) -> Self {
        Self {
            cos: self.cos.clone().slice_dim(1, range.clone()),
            sin: self.sin.clone().slice_dim(1, range),
        }
    }

    /// `[1, positions, heads, head_dim / 2]`
    pub(super) fn cos(&self) -> Tensor<4> {
        self.cos.clone()
    }

    /// As [`Self::cos`].
    pub(super) fn sin(&self) -> Tensor<4> {
        self.sin.clone()
    }

    /// Rotates what stands at the positions of this table.
    ///
    /// # Shapes
    /// - x, output: `[batch, positions, heads, head_dim]`
    pub fn rotate(&self, x: Tensor<4>) -> Tensor<4> {
        let half = x.dims()[3] / 2;
        let (cos, sin) = (self.cos.clone(), self.sin.clone());
        let first = x.clone().slice_dim(3, 0..half);
        let second = x.slice_dim(3, half..2 * half);
        Tensor::cat(
            vec![
                first.clone() * cos.clone() - second.clone() * sin.clone(),
                first * sin + second * cos,
            ],
            3,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Distribution, Tolerance};

    fn score(rotary: &RotaryTable, q: &Tensor<4>, k: &Tensor<4>, i: usize, j: usize) -> f32 {
        let q = rotary.at(i..i + 1).rotate(q.clone());
        let k = rotary.at(j..j + 1).rotate(k.clone());
        (q * k).sum().into_scalar()
    }

    #[test]
    fn scores_depend_only_on_the_offset_between_cells() {
        let device = Device::flex();
        let positions = [(0.0, 0.0), (1.0, 2.0), (3.0, 1.0), (4.0, 3.0)];
        let rotary = RotaryTable::new(&positions, 16, &device);
        let q = Tensor::random([1, 1, 1, 16], Distribution::Default, &device);
        let k = Tensor::random([1, 1, 1, 16], Distribution::Default, &device);
        let near = score(&rotary, &q, &k, 0, 1);
        let same_offset = score(&rotary, &q, &k, 2, 3);
        assert!((near - same_offset).abs() < 1e-4, "{near} {same_offset}");
        let other = score(&rotary, &q, &k, 0, 2);
        assert!((near - other).abs() > 1e-3, "{near} {other}");
    }

    #[test]
    fn of_queries_keys_and_values_together_only_the_first_are_scaled_and_the_last_stay() {
        let device = Device::flex();
        let rotary = RotaryTable::new(&[(0.0, 0.0), (1.0, 2.0)], 16, &device);
        let heads = 2;
        let x = Tensor::random([1, 2, 3 * heads, 16], Distribution::Default, &device);
        let part = |x: &Tensor<4>, i: usize| x.clone().slice_dim(2, i * heads..(i + 1) * heads);
        let together = rotary.of_queries_keys_values(heads).rotate(x.clone());
        let alone = rotary.rotate(x.clone());
        let expected = [
            part(&alone, 0).div_scalar(4.0),
            part(&alone, 1),
            part(&x, 2),
        ];
        for (i, expected) in expected.into_iter().enumerate() {
            part(&together, i)
                .into_data()
                .assert_approx_eq::<f32>(&expected.into_data(), Tolerance::absolute(1e-6));
        }
    }
}
