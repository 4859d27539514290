//! Two-dimensional rotary positions (Su et al. 2021, with one half of the frequencies for rows and one
//! for columns): cells that lie alike to each other look alike to attention.

use burn::tensor::{Device, Tensor, TensorData};
use mriseg_ops::attention::prefix_attention;
use std::ops::Range;

/// Cosines and sines of every position of the sequence: not weights, made from the layout.
#[derive(Debug, Clone)]
pub(crate) struct RotaryTable {
    cos: Tensor<4>,
    sin: Tensor<4>,
}

impl RotaryTable {
    /// Slowest frequency is about one turn in `2 pi * BASE` cells.
    const BASE: f32 = 100.0;

    /// Table for `positions` (row, column) and heads of width `head_dim`, a multiple of 4.
    pub(crate) fn new(positions: &[(f32, f32)], head_dim: usize, device: &Device) -> Self {
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

    /// The part for what stands at `range` of the sequence.
    pub(crate) fn at(&self, range: Range<usize>) -> Self {
        Self {
            cos: self.cos.clone().slice_dim(1, range.clone()),
            sin: self.sin.clone().slice_dim(1, range),
        }
    }

    /// Cosines: `[1, positions, 1, head_dim / 2]`.
    pub(crate) fn cos(&self) -> Tensor<4> {
        self.cos.clone()
    }

    /// Sines, likewise.
    pub(crate) fn sin(&self) -> Tensor<4> {
        self.sin.clone()
    }

    /// Attention of a whole sequence at the positions of this table: tokens of the prefix see the prefix, others the
    /// prefix and the tokens up to themselves.
    ///
    /// # Shapes
    /// - qkv: `[batch, positions, 3 * heads, head_dim]`
    /// - output: `[batch, positions, heads * head_dim]`
    pub(crate) fn attend(&self, qkv: Tensor<4>, prefix: usize) -> Tensor<3> {
        prefix_attention(qkv, self.cos(), self.sin(), prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Distribution;
    use mriseg_ops::attention::rotate;

    fn score(rotary: &RotaryTable, q: &Tensor<4>, k: &Tensor<4>, i: usize, j: usize) -> f32 {
        let at = |x: &Tensor<4>, i: usize| {
            let table = rotary.at(i..i + 1);
            rotate(x.clone(), &table.cos, &table.sin)
        };
        let (q, k) = (at(q, i), at(k, j));
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
}
