//! A head that predicts further ahead than the next token (paper: next-k token prediction). Its form is
//! ours (docs/METHOD.md, section 5): the paper's is not known.

use super::fused::affine;
use super::kernels::Kernels;
use burn::module::Module;
use burn::nn::{Initializer, Linear, LinearConfig};
use burn::tensor::activation::silu;
use burn::tensor::{Device, Tensor};

/// `h + SiLU(W [h ; a])`, where `h` is the hidden state at a position and `a` the anchor of the cell to be
/// predicted. It starts as the identity: the next token is the best first guess of the one after it.
#[derive(Module, Debug)]
pub struct LookAhead {
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
        hidden + silu(affine(&self.mix, both))
    }

    /// What hidden states are multiplied with: `[d_model, d_model]`.
    pub(super) fn of_hidden(&self) -> Tensor<2> {
        self.half(0)
    }

    /// What anchors are multiplied with: `[d_model, d_model]`.
    fn of_anchor(&self) -> Tensor<2> {
        self.half(1)
    }

    fn half(&self, index: usize) -> Tensor<2> {
        let weight = self.mix.weight.val();
        let [_, d_model] = weight.dims();
        weight.slice_dim(0, index * d_model..(index + 1) * d_model)
    }
}

/// All heads at one position as one product. What the anchors contribute is known before decoding begins.
#[derive(Debug, Clone)]
pub(super) struct LookAheads {
    /// `[d_model, heads * d_model]`
    of_hidden: Tensor<2>,
    /// `[d_model, heads * d_model]`
    of_anchor: Tensor<2>,
    heads: usize,
}

impl LookAheads {
    /// `None` when there are no heads.
    pub(super) fn new(heads: &[LookAhead]) -> Option<Self> {
        let all =
            |part: fn(&LookAhead) -> Tensor<2>| Tensor::cat(heads.iter().map(part).collect(), 1);
        (!heads.is_empty()).then(|| Self {
            of_hidden: all(LookAhead::of_hidden),
            of_anchor: all(LookAhead::of_anchor),
            heads: heads.len(),
        })
    }

    pub(super) fn len(&self) -> usize {
        self.heads
    }

    /// What the anchors contribute at each position: entry `[i, j]` is for the cell `j + 1` beyond `i`, and
    /// zero where there is none.
    ///
    /// # Shapes
    /// - anchors: `[1, mask, d_model]`
    /// - output: `[mask, heads, d_model]`
    pub(super) fn ahead(&self, anchors: Tensor<3>) -> Tensor<3> {
        let [_, mask, d_model] = anchors.dims();
        let of_cells = anchors
            .reshape([mask, d_model])
            .matmul(self.of_anchor.clone())
            .reshape([mask, self.heads, d_model]);
        let shifted = (0..self.heads).map(|head| {
            let none = Tensor::zeros([mask, 1, d_model], &of_cells.device());
            let cells = (head + 1).min(mask);
            let known = of_cells.clone().slice_dim(1, head..head + 1);
            Tensor::cat(vec![known, none], 0).slice_dim(0, cells..cells + mask)
        });
        Tensor::cat(shifted.collect(), 1)
    }

    /// The states from which the tokens after the next one are predicted.
    ///
    /// # Shapes
    /// - hidden: `[1, d_model]`
    /// - ahead: `[1, heads, d_model]`, the row of this position of [`Self::ahead`]
    /// - output: `[heads, d_model]`
    pub(super) fn forward(
        &self,
        hidden: Tensor<2>,
        ahead: Tensor<3>,
        kernels: Option<Kernels>,
    ) -> Tensor<2> {
        let [_, heads, d_model] = ahead.dims();
        let ahead = ahead.reshape([heads, d_model]);
        let weight = self.of_hidden.clone();
        if let Some(kernels) = kernels {
            return kernels.look_ahead(hidden, weight, ahead);
        }
        let mixed = hidden.clone().matmul(weight);
        hidden + silu(mixed.reshape([heads, d_model]) + ahead)
    }
}
