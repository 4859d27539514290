//! Heads that predict further ahead than the next token (paper: next-k token prediction). Their form is ours: the
//! paper's is not known (docs/METHOD.md, section 5).

use crate::layers::linear;
use burn::module::Module;
use burn::nn::{Initializer, Linear, LinearConfig};
use burn::tensor::activation::silu;
use burn::tensor::{Device, Tensor};
use mriseg_ops::linear::matmul;

/// `h + SiLU(W [h ; a])`, where `h` is the hidden state at a position and `a` the anchor of the cell to be
/// predicted. It starts as the identity: the next token is the best first guess of the one after it.
#[derive(Module, Debug)]
pub(crate) struct LookAhead {
    mix: Linear,
}

impl LookAhead {
    pub(crate) fn new(d_model: usize, device: &Device) -> Self {
        Self {
            mix: LinearConfig::new(2 * d_model, d_model)
                .with_bias(false)
                .with_initializer(Initializer::Zeros)
                .init(device),
        }
    }

    /// # Shapes
    /// - hidden, anchors, output: `[batch, positions, d_model]`
    pub(crate) fn forward(&self, hidden: Tensor<3>, anchors: Tensor<3>) -> Tensor<3> {
        let both = Tensor::cat(vec![hidden.clone(), anchors], 2);
        hidden + silu(linear(&self.mix, both))
    }

    /// The rows of `W` that hidden states meet: `[d_model, d_model]`.
    pub(crate) fn hidden_weight(&self) -> Tensor<2> {
        self.half(0)
    }

    /// The rows of `W` that anchors meet: `[d_model, d_model]`.
    fn anchor_weight(&self) -> Tensor<2> {
        self.half(1)
    }

    fn half(&self, index: usize) -> Tensor<2> {
        let weight = self.mix.weight.val();
        let [_, d_model] = weight.dims();
        weight.slice_dim(0, index * d_model..(index + 1) * d_model)
    }
}

/// What anchors contribute to all heads, which is known before decoding begins.
#[derive(Debug, Clone)]
pub(crate) struct Anchored {
    /// `[d_model, heads * d_model]`
    weight: Tensor<2>,
    heads: usize,
}

impl Anchored {
    /// `None` where there are no heads.
    pub(crate) fn new(heads: &[LookAhead]) -> Option<Self> {
        (!heads.is_empty()).then(|| Self {
            weight: Tensor::cat(heads.iter().map(LookAhead::anchor_weight).collect(), 1),
            heads: heads.len(),
        })
    }

    /// Look-ahead heads.
    pub(crate) fn heads(&self) -> usize {
        self.heads
    }

    /// What the anchors contribute at each position: entry `[i, j]` is for the cell `j + 1` beyond `i`, and
    /// zero where there is none.
    ///
    /// # Shapes
    /// - anchors: `[1, mask, d_model]`
    /// - output: `[mask, heads, d_model]`
    pub(crate) fn ahead(&self, anchors: Tensor<3>) -> Tensor<3> {
        let [_, mask, d_model] = anchors.dims();
        let by_cell = matmul(anchors.reshape([mask, d_model]), self.weight.clone());
        let by_cell = by_cell.reshape([mask, self.heads, d_model]);
        let shifted = (0..self.heads).map(|head| {
            let none = Tensor::zeros([mask, 1, d_model], &by_cell.device());
            let cells = (head + 1).min(mask);
            let known = by_cell.clone().slice_dim(1, head..head + 1);
            Tensor::cat(vec![known, none], 0).slice_dim(0, cells..cells + mask)
        });
        Tensor::cat(shifted.collect(), 1)
    }
}
