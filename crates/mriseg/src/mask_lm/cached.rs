//! The language model as decoding runs it: sentence and picture are read once, then one mask token or a few
//! at a time.

use super::MaskLm;
use crate::layers::linear;
use crate::sequence::SequenceLayout;
use crate::transformer::{Anchored, TransformerParts};
use burn::nn::{Linear, RmsNorm};
use burn::tensor::activation::softmax;
use burn::tensor::{Int, Tensor, TensorData, assert_shape};
use mriseg_ops::decode_pass::{CodeDistribution, DecodePass, DecodeSession, Picked, Predicted};
use std::sync::Arc;

/// A [`MaskLm`] made ready to decode: what does not depend on the input is computed once. It holds the weights
/// as they were then. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct CachedLm {
    layout: SequenceLayout,
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
    transformer: Arc<dyn DecodePass>,
    /// `None` where the model has no look-ahead heads.
    look_ahead: Option<Anchored>,
    presence: Option<Linear>,
}

/// A sequence that is being decoded.
#[derive(Debug, Clone)]
pub struct DecodeState {
    session: Box<dyn DecodeSession>,
    /// Anchors: `[batch, mask, d_model]`.
    anchors: Tensor<3>,
    /// What is added to mask tokens, the anchors too: `[batch, mask, d_model]`.
    places: Tensor<3>,
}

/// What the look-ahead heads know of the cells before decoding begins: `[mask, heads, d_model]`.
#[derive(Debug, Clone)]
pub struct Drafting(Tensor<3>);

/// Most tokens of a sequence that a pass reads where throughput counts, not how soon the first is there.
const MOST_AT_ONCE: usize = 64;

impl CachedLm {
    /// Takes the weights of `lm` as they are now.
    pub fn new(lm: &MaskLm) -> Self {
        Self::with_pass(lm, false, |parts| parts.decode_pass())
    }

    /// The same of a model with [`Precision::F16`](crate::bundle::Precision::F16), so that devices can keep its weights in
    /// 16 bits.
    pub fn of_halves(lm: &MaskLm) -> Self {
        Self::with_pass(lm, true, |parts| parts.decode_pass())
    }

    /// The same without kernels.
    #[cfg(test)]
    pub(crate) fn without_kernels(lm: &MaskLm) -> Self {
        Self::with_pass(lm, false, |parts| parts.reference())
    }

    fn with_pass(
        lm: &MaskLm,
        halves: bool,
        pass: fn(&TransformerParts<'_>) -> Arc<dyn DecodePass>,
    ) -> Self {
        let layout = lm.layout();
        let table = lm.mask_embedding.weight.val();
        let part = |index: usize| lm.part(index).squeeze_dim::<2>(0);
        let scale = (lm.shape.d_model as f32).sqrt();
        let transformer = TransformerParts {
            blocks: &lm.blocks,
            norm: &lm.norm,
            unembedding: lm.unembedding(),
            look_ahead: &lm.look_ahead,
            rotary: lm.rotary(&table.device()),
            heads: lm.shape.heads,
            total: layout.total(),
            halves,
        };
        Self {
            layout,
            text: lm.text_embedding.weight.val().mul_scalar(scale) + part(0),
            image_norm: lm.image_norm.clone(),
            image_projection: lm.image_projection.clone(),
            anchor_projection: lm.anchor_projection.clone(),
            image_places: lm.part(1) + lm.cells(0..layout.image()),
            mask: table.mul_scalar(scale) + part(2),
            mask_places: lm.cells(0..layout.mask()),
            transformer: pass(&transformer),
            look_ahead: Anchored::new(&lm.look_ahead),
            presence: lm.presence.clone(),
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
        let image = self.image_norm.forward(image);
        let anchors = linear(&self.anchor_projection, image.clone());
        let [_, _, d_model] = anchors.dims();
        let text = self.text.clone().select(0, text.reshape([-1]));
        let text = text.reshape([batch, layout.text, d_model]);
        let image = linear(&self.image_projection, image) + self.image_places.clone();
        let prefix = layout.prefix();
        let x = Tensor::cat(vec![text, image], 1).reshape([batch * prefix, d_model]);
        DecodeState {
            session: self.transformer.clone().prefill(x, batch),
            places: anchors.clone() + self.mask_places.clone(),
            anchors,
        }
    }

    /// The input before the first token: `[1, 1]`.
    pub fn begin(&self) -> Tensor<2, Int> {
        Tensor::from_ints([[self.layout.begin_of_mask() as i32]], &self.mask.device())
    }

    /// Inputs that a pass reads at most where look-ahead heads draft: twice as many as the model predicts tokens per position.
    pub fn most_inputs(&self) -> usize {
        let look_aheads = self.look_ahead.as_ref().map_or(0, Anchored::heads);
        2 * (look_aheads + 1)
    }

    /// Appends mask inputs and predicts the tokens after them.
    ///
    /// # Panics
    /// The mask has fewer cells left.
    ///
    /// # Shapes
    /// - inputs: `[batch, new]`, the first call starts with begin-of-mask
    /// - output: `batch * new` rows
    pub fn step(&self, inputs: Tensor<2, Int>, state: &mut DecodeState) -> Predicted {
        let at = state.decoded(self.layout);
        let x = (self.transformer).embed(&self.mask, inputs, &state.places, at);
        state.session.step(x)
    }

    /// The same for any number of inputs, in passes of at most 64 of a sequence: what each predicts.
    ///
    /// # Panics
    /// The mask has fewer cells left.
    ///
    /// # Shapes
    /// - inputs: `[batch, new]`
    pub fn read(&self, inputs: Tensor<2, Int>, state: &mut DecodeState) -> Vec<Predicted> {
        let [_, new] = inputs.dims();
        (0..new)
            .step_by(MOST_AT_ONCE)
            .map(|first| {
                let some = first..new.min(first + MOST_AT_ONCE);
                self.step(inputs.clone().slice_dim(1, some), state)
            })
            .collect()
    }

    /// Probabilities of the codes of every cell given sentence and picture alone: all mask inputs are begin-of-mask.
    ///
    /// # Shapes
    /// - state: after [`Self::prefill`]
    /// - output: `[batch, mask, codes]`
    pub fn marginals(&self, state: &DecodeState) -> Tensor<3> {
        let SequenceLayout { codes, .. } = self.layout;
        let [batch, mask, _] = state.places.dims();
        let begin = vec![self.layout.begin_of_mask() as i32; batch * mask];
        let begin = TensorData::new(begin, [batch, mask]);
        let begin = Tensor::from_data(begin, &state.places.device());
        let predicted = self.read(begin, &mut state.clone());
        let parts = predicted.into_iter().map(|Predicted { logits, .. }| {
            let [rows, _] = logits.dims();
            softmax(logits, 1).reshape([batch, rows / batch, codes])
        });
        Tensor::cat(parts.collect(), 1)
    }

    /// See [`DecodePass::picks`].
    pub(crate) fn picks(&self) -> bool {
        self.transformer.picks()
    }

    /// The next input, picked on the device: `[1, 1]`.
    pub(crate) fn pick(
        &self,
        distribution: CodeDistribution<'_>,
        picked: &mut Picked,
    ) -> Tensor<2, Int> {
        self.transformer.pick(distribution, picked)
    }

    /// Logit of there being something to draw; `None` where the model does not tell.
    ///
    /// # Shapes
    /// - hidden: `[batch, d_model]`, those of begin-of-mask
    /// - output: `[batch, 1]`
    pub fn presence(&self, hidden: Tensor<2>) -> Option<Tensor<2>> {
        Some(self.presence.as_ref()?.forward(hidden))
    }

    /// Prepares the look-ahead heads for one mask, the only one of `state`; `None` when the model has none.
    pub fn drafting(&self, state: &DecodeState) -> Option<Drafting> {
        let look_ahead = self.look_ahead.as_ref()?;
        Some(Drafting(look_ahead.ahead(state.anchors.clone())))
    }

    /// The most probable tokens after the one that `hidden` predicts, which is mask token `index`. Those past the end
    /// of the mask mean nothing.
    ///
    /// # Shapes
    /// - hidden: `[1, d_model]`
    /// - output: `[1, next_tokens - 1]`
    pub fn draft(&self, hidden: Tensor<2>, index: usize, drafting: &Drafting) -> Tensor<2, Int> {
        self.transformer.draft(hidden, drafting.at(index))
    }
}

impl Drafting {
    /// For the tokens after the one at `index`: `[1, heads, d_model]`.
    fn at(&self, index: usize) -> Tensor<3> {
        self.0.clone().slice_dim(0, index..index + 1)
    }
}

impl DecodeState {
    /// Forgets all but the first `inputs` mask inputs.
    pub fn rewind(&mut self, inputs: usize, layout: SequenceLayout) {
        self.session.rewind(layout.prefix() + inputs);
    }

    fn decoded(&self, layout: SequenceLayout) -> usize {
        self.session.filled() - layout.prefix()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{inputs, mask_inputs, randomize, tiny};
    use super::*;
    use crate::testing::devices;
    use burn::tensor::{Device, Tolerance};

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
        let presence = lm.presence(&hidden).unwrap();
        let full = lm.logits(hidden.states);
        let cached = CachedLm::new(&lm);
        let mut state = cached.prefill(text, image);
        let mut parts = Vec::new();
        let singles = (6..64).map(|i| i..i + 1);
        for range in [0..1, 1..2, 2..5, 5..6].into_iter().chain(singles) {
            let new = range.len();
            let first = range.start == 0;
            let predicted = cached.step(inputs.clone().slice_dim(1, range), &mut state);
            if first {
                let told = cached.presence(predicted.hidden).unwrap().into_data();
                let tolerance = Tolerance::rel_abs(1e-3, 1e-3);
                told.assert_approx_eq::<f32>(&presence.to_data(), tolerance);
            }
            parts.push(predicted.logits.reshape([2, new, 256]));
        }
        Tensor::cat(parts, 1)
            .into_data()
            .assert_approx_eq::<f32>(&full.into_data(), Tolerance::rel_abs(1e-3, 1e-3));
    }

    #[test]
    fn marginals_are_what_the_full_pass_gives_where_all_mask_tokens_are_hidden() {
        for device in devices() {
            let mut config = tiny();
            // More cells than a pass reads at once.
            config.image.size = 72;
            config.mask.size = 72;
            let lm = randomize(config.init_mask_lm(&device));
            let (text, image, targets) = inputs(&config, &device);
            let begin = mask_inputs(&targets, &lm, &device);
            let begin = begin.full_like(lm.layout().begin_of_mask() as i32);
            let tables = lm.tables(&device);
            let hidden = lm.forward(text.clone(), image.clone(), begin, &tables);
            let full = softmax(lm.logits(hidden.states), 2);
            let cached = CachedLm::new(&lm);
            let state = cached.prefill(text, image);
            let marginals = cached.marginals(&state);
            assert_eq!(marginals.dims(), [2, 81, 256]);
            let tolerance = Tolerance::rel_abs(1e-2, 1e-4);
            (marginals.into_data()).assert_approx_eq::<f32>(&full.into_data(), tolerance);
            assert_eq!(state.decoded(lm.layout()), 0, "nothing was decoded");
        }
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
            let drafted = (cached.transformer).draft_logits(at.squeeze_dim(0), drafting.at(index));
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
