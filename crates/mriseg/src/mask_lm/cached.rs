//! The language model as decoding runs it: sentence and picture are read once, then one mask token or a few
//! at a time.

use super::MaskLm;
use crate::nn::{
    CachedBlock, CachedHead, DecodeShape, Kernels, KvCache, LookAheads, RotaryTable, causal_bias,
};
use crate::sequence::SequenceLayout;
use burn::nn::{Linear, RmsNorm};
use burn::tensor::{Device, Int, Tensor, assert_shape};

/// A [`MaskLm`] made ready to decode: what does not depend on the input is computed once. It holds the weights
/// as they were then. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct CachedLm {
    layout: SequenceLayout,
    heads: usize,
    /// Text embeddings with their part vector: `[vocab, d_model]`.
    text: Tensor<2>,
    image_norm: RmsNorm,
    image_projection: Linear,
    anchor_projection: Linear,
    /// What is added to image tokens: `[1, image, d_model]`.
    image_places: Tensor<3>,
    /// Code embeddings with their part vector: `[codes + 1, d_model]`.
    mask: Tensor<2>,
    /// What is added to mask tokens beside the anchors: `[1, mask, d_model]`.
    mask_places: Tensor<3>,
    rotary: RotaryTable,
    /// `None` where kernels keep tokens from looking ahead.
    ahead_bias: Option<AheadBias>,
    blocks: Vec<CachedBlock>,
    head: CachedHead,
    look_ahead: Option<LookAheads>,
}

/// A sequence that is being decoded.
#[derive(Debug, Clone)]
pub struct DecodeState {
    caches: Vec<KvCache>,
    /// Anchors: `[batch, mask, d_model]`.
    anchors: Tensor<3>,
    /// What is added to mask tokens, the anchors too: `[batch, mask, d_model]`.
    places: Tensor<3>,
}

/// What the look-ahead heads know of the cells before decoding begins.
#[derive(Debug, Clone)]
pub struct Drafting {
    heads: LookAheads,
    /// `[mask, heads, d_model]`
    ahead: Tensor<3>,
}

impl CachedLm {
    /// Takes the weights of `lm` as they are now.
    pub fn new(lm: &MaskLm) -> Self {
        let layout = lm.layout();
        let table = lm.mask_embedding.weight.val();
        let device = table.device();
        let part = |index: usize| lm.part(index).squeeze_dim::<2>(0);
        let scale = (lm.shape.d_model as f32).sqrt();
        let shape = DecodeShape {
            d_model: lm.shape.d_model,
            d_hidden: lm.shape.d_hidden,
            head_dim: lm.shape.d_model / lm.shape.heads,
            total: layout.total(),
        };
        let kernels = Kernels::of(&device, shape);
        Self {
            layout,
            heads: lm.shape.heads,
            text: lm.text_embedding.weight.val().mul_scalar(scale) + part(0),
            image_norm: lm.image_norm.clone(),
            image_projection: lm.image_projection.clone(),
            anchor_projection: lm.anchor_projection.clone(),
            image_places: lm.part(1) + lm.cells(0..layout.image()),
            mask: table.mul_scalar(scale) + part(2),
            mask_places: lm.cells(0..layout.mask()),
            rotary: lm.rotary(&device).of_queries_keys_values(lm.shape.heads),
            ahead_bias: (kernels.is_none())
                .then(|| AheadBias::new(layout.total(), lm.next_tokens(), &device)),
            blocks: (lm.blocks.iter())
                .map(|block| CachedBlock::new(block, kernels))
                .collect(),
            head: CachedHead::new(&lm.norm, lm.unembedding(), kernels),
            look_ahead: LookAheads::new(&lm.look_ahead, kernels),
        }
    }

    /// The sequence that this model reads and writes.
    pub fn layout(&self) -> SequenceLayout {
        self.layout
    }

    /// Reads sentence and picture.
    ///
    /// # Shapes
    /// - text: `[batch, text]`
    /// - image: `[batch, image, token_dim]`
    pub fn prefill(&self, text: Tensor<2, Int>, image: Tensor<3>) -> DecodeState {
        let layout = self.layout;
        let [batch, _] = text.dims();
        assert_shape!(text, [batch, layout.text]);
        assert_shape!(image, [batch, layout.image(), _]);
        let device = image.device();
        let image = self.image_norm.forward(image);
        let anchors = self.anchor_projection.forward(image.clone());
        let [_, _, d_model] = anchors.dims();
        let text = self.text.clone().select(0, text.reshape([-1]));
        let text = text.reshape([batch, layout.text, d_model]);
        let image = self.image_projection.forward(image) + self.image_places.clone();
        let prefix = layout.prefix();
        let mut x = Tensor::cat(vec![text, image], 1).reshape([batch * prefix, d_model]);
        let rotary = self.rotary.at(0..prefix);
        let head_dim = d_model / self.heads;
        let mut caches = Vec::with_capacity(self.blocks.len());
        for block in &self.blocks {
            let mut cache = KvCache::new(batch, self.heads, layout.total(), head_dim, &device);
            x = block.prefill(x, &mut cache, &rotary);
            caches.push(cache);
        }
        DecodeState {
            caches,
            places: anchors.clone() + self.mask_places.clone(),
            anchors,
        }
    }

    /// Appends mask inputs, one or as many as the model predicts per position, and returns the hidden states
    /// that predict the tokens after them.
    ///
    /// # Shapes
    /// - inputs: `[batch, new]`, the first call starts with begin-of-mask
    /// - output: `[batch * new, d_model]`, see [`Self::logits`]
    pub fn step(&self, inputs: Tensor<2, Int>, state: &mut DecodeState) -> Tensor<2> {
        let [batch, new] = inputs.dims();
        let at = state.decoded(self.layout);
        let before = self.layout.prefix() + at;
        let [_, _, d_model] = state.places.dims();
        let places = state.places.clone().slice_dim(1, at..at + new);
        let mut x = self.mask.clone().select(0, inputs.reshape([-1]))
            + places.reshape([batch * new, d_model]);
        let rotary = self.rotary.at(before..before + new);
        let bias = (self.ahead_bias.as_ref().filter(|_| new > 1)).map(|bias| bias.of(before, new));
        for (block, cache) in self.blocks.iter().zip(&mut state.caches) {
            x = block.step(x, cache, &rotary, bias.as_ref());
        }
        self.head.normalize(x)
    }

    /// Logits over mask codes, as [`MaskLm::logits`].
    ///
    /// # Shapes
    /// - hidden: `[rows, d_model]`
    /// - output: `[rows, codes]`
    pub fn logits(&self, hidden: Tensor<2>) -> Tensor<2> {
        self.head.logits(hidden)
    }

    /// Prepares the look-ahead heads for one mask, the only one of `state`; `None` when the model has none.
    pub fn drafting(&self, state: &DecodeState) -> Option<Drafting> {
        self.look_ahead.as_ref().map(|heads| Drafting {
            ahead: heads.ahead(state.anchors.clone()),
            heads: heads.clone(),
        })
    }

    /// Logits of the tokens after the one that `hidden` predicts, which is mask token `index`. Rows for tokens
    /// past the end of the mask mean nothing.
    ///
    /// # Shapes
    /// - hidden: `[1, d_model]`
    /// - output: `[next_tokens - 1, codes]`
    pub fn draft(&self, hidden: Tensor<2>, index: usize, drafting: &Drafting) -> Tensor<2> {
        let ahead = drafting.ahead.clone().slice_dim(0, index..index + 1);
        self.logits(drafting.heads.forward(hidden, ahead))
    }
}

impl DecodeState {
    /// Forgets all but the first `inputs` mask inputs.
    pub fn rewind(&mut self, inputs: usize, layout: SequenceLayout) {
        for cache in &mut self.caches {
            cache.rewind(layout.prefix() + inputs);
        }
    }

    fn decoded(&self, layout: SequenceLayout) -> usize {
        self.caches[0].filled() - layout.prefix()
    }
}

/// Keeps several new tokens from looking ahead of themselves.
#[derive(Debug, Clone)]
struct AheadBias {
    /// `[1, 1, most, total + most]`, of which row `i` is zero up to column `total + i`.
    table: Tensor<4>,
    total: usize,
}

impl AheadBias {
    /// For at most `most` new tokens after at most `total`.
    fn new(total: usize, most: usize, device: &Device) -> Self {
        Self {
            table: causal_bias(total, most, device),
            total,
        }
    }

    /// `[1, 1, new, before + new]`
    fn of(&self, before: usize, new: usize) -> Tensor<4> {
        let columns = self.total - before..self.total + new;
        self.table.clone().slice([0..1, 0..1, 0..new, columns])
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{inputs, mask_inputs, randomize, tiny};
    use super::*;
    use burn::tensor::Tolerance;

    #[test]
    fn cached_decoding_equals_the_full_pass() {
        let device = Device::flex();
        let config = tiny();
        let lm = randomize(config.init_mask_lm(&device));
        let (text, image, targets) = inputs(&config, &device);
        let inputs = mask_inputs(&targets, &lm, &device);
        let hidden = lm.forward(
            text.clone(),
            image.clone(),
            inputs.clone(),
            &lm.tables(&device),
        );
        let full = lm.logits(hidden.states);
        let cached = CachedLm::new(&lm);
        let mut state = cached.prefill(text, image);
        let mut parts = Vec::new();
        let singles = (6..64).map(|i| i..i + 1);
        for range in [0..1, 1..2, 2..5, 5..6].into_iter().chain(singles) {
            let new = range.len();
            let hidden = cached.step(inputs.clone().slice_dim(1, range), &mut state);
            parts.push(cached.logits(hidden).reshape([2, new, 256]));
        }
        Tensor::cat(parts, 1)
            .into_data()
            .assert_approx_eq::<f32>(&full.into_data(), Tolerance::rel_abs(1e-3, 1e-3));
    }

    #[test]
    fn drafts_are_what_the_look_ahead_heads_predict_in_training() {
        let device = Device::flex();
        let config = tiny();
        let lm = randomize(config.init_mask_lm(&device));
        let (text, image, targets) = inputs(&config, &device);
        let all = mask_inputs(&targets, &lm, &device);
        let hidden = lm.forward(text.clone(), image.clone(), all, &lm.tables(&device));
        let ahead = lm.logits_ahead(&hidden);
        let cached = CachedLm::new(&lm);
        let first = |x: Tensor<3>| x.slice_dim(0, 0..1);
        let state = cached.prefill(text.slice_dim(0, 0..1), first(image));
        let drafting = cached.drafting(&state).unwrap();
        for (index, drafts) in [(0, 3), (10, 3), (61, 2), (62, 1), (63, 0)] {
            let at = first(hidden.states.clone()).slice_dim(1, index..index + 1);
            let drafted = cached.draft(at.squeeze_dim(0), index, &drafting);
            assert_eq!(drafted.dims(), [3, 256]);
            for (j, ahead) in ahead.iter().take(drafts).enumerate() {
                let expected = first(ahead.clone()).slice_dim(1, index..index + 1);
                drafted
                    .clone()
                    .slice_dim(0, j..j + 1)
                    .into_data()
                    .assert_approx_eq::<f32>(
                        &expected.squeeze_dim::<2>(0).into_data(),
                        Tolerance::absolute(1e-3),
                    );
            }
        }
    }
}
