//! What the blocks compute on the way from inputs to logits: where every position attends to, and what it would predict
//! after each block (logit lens, nostalgebraist 2020, "interpreting GPT: the logit lens").

use super::MaskLm;
use crate::layers::rms_norm;
use burn::tensor::activation::softmax;
use burn::tensor::{Int, Tensor, assert_shape};
use mriseg_ops::attention::rotated_heads;

/// A full pass with what its blocks computed, of one sequence. It keeps queries, keys and states of all layers, some
/// `layers * (prefix + 3 * mask) * d_model` numbers; weights of attention are made of them position by position.
#[derive(Debug, Clone)]
pub struct Trace {
    layers: Vec<TracedLayer>,
    prefix: usize,
}

#[derive(Debug, Clone)]
struct TracedLayer {
    /// Rotated, of the mask inputs: `[rows, heads, head_dim]`.
    queries: Tensor<3>,
    /// Rotated, of all inputs: `[prefix + rows, heads, head_dim]`.
    keys: Tensor<3>,
    /// The mask inputs after the block: `[rows, d_model]`.
    states: Tensor<2>,
}

impl MaskLm {
    /// The pass of [`MaskLm::forward`] over one sequence, with what its blocks compute.
    ///
    /// # Shapes
    /// - text: `[1, text]`
    /// - image: `[1, image, token_dim]`
    /// - mask_inputs: `[1, rows]`, begin-of-mask and the tokens after it, at most as many as cells
    pub fn trace(
        &self,
        text: Tensor<2, Int>,
        image: Tensor<3>,
        mask_inputs: Tensor<2, Int>,
    ) -> Trace {
        let layout = self.layout();
        let [_, rows] = mask_inputs.dims();
        assert_shape!(text, [1, layout.text]);
        let (prefix, filled) = (layout.prefix(), layout.prefix() + rows);
        let rotary = self.rotary(&image.device()).at(0..filled);
        let image = rms_norm(&self.image_norm, image);
        let anchors = self.anchor_projection.forward(image.clone());
        let mask = self.embed_mask(mask_inputs, anchors.slice_dim(1, 0..rows));
        let mut x = Tensor::cat(vec![self.embed_prefix(text, image), mask], 1);
        let mut layers = Vec::with_capacity(self.blocks.len());
        for block in &self.blocks {
            let mut heads = None;
            x = block.forward(x, |qkv| {
                let [queries, keys, _] = rotated_heads(qkv.clone(), &rotary.cos(), &rotary.sin());
                heads = Some((queries.slice_dim(1, prefix..filled), keys));
                rotary.attend(qkv, prefix)
            });
            let (queries, keys) = heads.expect("a block attends");
            layers.push(TracedLayer {
                queries: queries.squeeze_dim(0),
                keys: keys.squeeze_dim(0),
                states: x.clone().slice_dim(1, prefix..filled).squeeze_dim(0),
            });
        }
        Trace { layers, prefix }
    }

    /// What the position of mask input `row` would predict if each block were the last: probabilities of the codes.
    ///
    /// # Shapes
    /// - output: `[layers, codes]`
    pub fn lens(&self, trace: &Trace, row: usize) -> Tensor<2> {
        let states =
            (trace.layers.iter()).map(|layer| layer.states.clone().slice_dim(0, row..row + 1));
        let states = Tensor::cat(states.collect(), 0).unsqueeze();
        softmax(self.logits(rms_norm(&self.norm, states)), 2).squeeze_dim(0)
    }
}

impl Trace {
    /// Layers of the model.
    pub fn layers(&self) -> usize {
        self.layers.len()
    }

    /// How mask input `row` attends to the prefix and to the mask inputs up to itself. Rows sum to 1.
    ///
    /// # Shapes
    /// - output: `[layers, heads, prefix + row + 1]`
    pub fn attention(&self, row: usize) -> Tensor<3> {
        let seen = self.prefix + row + 1;
        let weights = self.layers.iter().map(|layer| {
            let query = layer.queries.clone().slice_dim(0, row..row + 1);
            let keys = layer.keys.clone().slice_dim(0, 0..seen);
            attention_weights(query, keys)
        });
        Tensor::stack(weights.collect(), 0)
    }
}

/// `softmax(q Kᵀ / sqrt(head_dim))` of one query.
///
/// # Shapes
/// - query: `[1, heads, head_dim]`
/// - keys: `[keys, heads, head_dim]`
/// - output: `[heads, keys]`
fn attention_weights(query: Tensor<3>, keys: Tensor<3>) -> Tensor<2> {
    let [_, _, head_dim] = query.dims();
    let scores = query.swap_dims(0, 1).matmul(keys.permute([1, 2, 0]));
    softmax(scores.div_scalar((head_dim as f32).sqrt()), 2).squeeze_dim(1)
}

#[cfg(test)]
mod tests {
    use super::super::CachedLm;
    use super::super::tests::{inputs, mask_inputs, randomize, tiny};
    use super::*;
    use burn::tensor::{Device, Distribution, Tolerance};
    use mriseg_ops::attention::attend;

    fn traced() -> (MaskLm, Trace, [Tensor<2, Int>; 2], Tensor<3>) {
        let device = Device::flex();
        let config = tiny();
        let lm = randomize(config.init_mask_lm(&device));
        let (text, image, targets) = inputs(&config, &device);
        let mask = mask_inputs(&targets, &lm, &device).slice_dim(0, 0..1);
        let (text, image) = (text.slice_dim(0, 0..1), image.slice_dim(0, 0..1));
        // A mask of which half is decoded.
        let mask = mask.slice_dim(1, 0..32);
        let trace = lm.trace(text.clone(), image.clone(), mask.clone());
        (lm, trace, [text, mask], image)
    }

    #[test]
    fn the_last_lens_is_what_decoding_predicts() {
        let (lm, trace, [text, mask], image) = traced();
        let cached = CachedLm::new(&lm);
        let mut state = cached.prefill(text, image);
        for row in 0..32 {
            let input = mask.clone().slice_dim(1, row..row + 1);
            let decoded = softmax(cached.step(input, &mut state).logits, 1);
            let lens = lm.lens(&trace, row);
            assert_eq!(lens.dims(), [trace.layers(), 256]);
            let last = lens.slice_dim(0, trace.layers() - 1..trace.layers());
            last.into_data()
                .assert_approx_eq::<f32>(&decoded.into_data(), Tolerance::absolute(1e-3));
        }
    }

    #[test]
    fn all_attention_is_paid_to_what_a_position_sees() {
        let (lm, trace, ..) = traced();
        for row in [0, 1, 31] {
            let weights = trace.attention(row);
            let [layers, heads, seen] = weights.dims();
            assert_eq!([layers, heads], [trace.layers(), lm.shape.heads]);
            assert_eq!(seen, lm.layout().prefix() + row + 1);
            let values: Vec<f32> = weights.into_data().iter().collect();
            assert!(values.iter().all(|weight| (0.0..=1.0).contains(weight)));
            for row in values.chunks_exact(seen) {
                assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-4);
            }
        }
    }

    #[test]
    fn weights_are_those_that_attention_means_values_with() {
        let device = Device::flex();
        let random =
            |tokens| Tensor::<3>::random([tokens, 2, 8], Distribution::Normal(0.0, 2.0), &device);
        let (query, keys, values) = (random(1), random(7), random(7));
        let [q, k, v] = [&query, &keys, &values].map(|x| x.clone().unsqueeze());
        let expected: Tensor<3> = attend(q, k, v, None);
        let weights = attention_weights(query, keys);
        let means = weights.unsqueeze_dim::<3>(1).matmul(values.swap_dims(0, 1));
        means
            .reshape([1, 1, 16])
            .into_data()
            .assert_approx_eq::<f32>(&expected.into_data(), Tolerance::absolute(1e-5));
    }
}
