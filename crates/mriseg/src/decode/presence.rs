//! Whether anything is drawn at all. A model with a presence head tells it before the first token, of the whole picture
//! and sentence; token by token, a mask would begin wherever one cell is more likely drawn than not.

use super::{Picked, TokenEvent};
use crate::sequence::SequenceLayout;
use burn::tensor::activation::sigmoid;
use burn::tensor::{Bool, ExecutionError, Int, Tensor};
use std::sync::Arc;

/// The mask without foreground, and when it is the answer.
#[derive(Debug, Clone)]
pub(crate) struct EmptyMask {
    /// `[1, mask]`
    codes: Tensor<2, Int>,
    /// The same off the device.
    host: Arc<[u32]>,
    /// Logit of presence below which it is the answer.
    threshold: f32,
}

/// Which masks of a batch are empty.
#[derive(Debug, Clone)]
pub(super) struct Absent {
    /// `[batch, 1]`
    absent: Tensor<2, Bool>,
    /// Probability that there is nothing to draw: `[batch, 1]`.
    probabilities: Tensor<2>,
}

impl Absent {
    /// Probability that there is something to draw: `[batch, 1]`.
    pub(super) fn presence(&self) -> Tensor<2> {
        self.probabilities.clone().neg().add_scalar(1.0)
    }
}

impl EmptyMask {
    /// `threshold` is the least probability of presence with which something is drawn.
    ///
    /// # Shapes
    /// - codes: `[1, mask]`
    pub(super) async fn new(codes: Tensor<2, Int>, threshold: f32) -> Result<Self, ExecutionError> {
        let read = codes.clone().into_data_async().await?;
        Ok(Self {
            codes,
            host: read.iter().collect(),
            threshold: (threshold / (1.0 - threshold)).ln(),
        })
    }

    /// The whole mask, where `logit` says that there is nothing to draw.
    pub(super) fn instead(&self, logit: f32, layout: SequenceLayout) -> Option<Vec<TokenEvent>> {
        let event = |(index, &token)| TokenEvent {
            index,
            cell: layout.cell(index),
            token,
            probability: probability(-logit),
            given: false,
        };
        let empty = self.host.iter().enumerate();
        (logit < self.threshold).then(|| empty.map(event).collect())
    }

    /// The probability with which a sampled mask has anything drawn, one half where `logit` is at the
    /// threshold.
    pub(super) fn chance(&self, logit: f32) -> f32 {
        probability(logit - self.threshold)
    }

    /// Its codes.
    pub(crate) fn codes(&self) -> &[u32] {
        &self.host
    }

    /// # Shapes
    /// - logits: `[batch, 1]`
    pub(super) fn of_batch(&self, logits: Tensor<2>) -> Absent {
        Absent {
            absent: logits.clone().lower_elem(self.threshold),
            probabilities: sigmoid(logits.neg()),
        }
    }

    /// What was decoded at `index`, or its own code where the mask is empty.
    pub(super) fn instead_of(&self, decoded: Picked, index: usize, absent: &Absent) -> Picked {
        let code = self.codes.clone().slice_dim(1, index..index + 1);
        let code = code.expand(decoded.ids.dims());
        Picked {
            ids: decoded.ids.mask_where(absent.absent.clone(), code),
            probabilities: decoded
                .probabilities
                .mask_where(absent.absent.clone(), absent.probabilities.clone()),
        }
    }
}

/// Of a logit.
pub(super) fn probability(logit: f32) -> f32 {
    1.0 / (1.0 + (-logit).exp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ModelConfig;
    use crate::decode::{
        DecisionRule, DecodeStrategy, Greedy, MaskDecoder, MaskSampler, Pick, Picker,
    };
    use crate::mask_lm::CachedLm;
    use crate::mask_lm::tests::randomize;
    use burn::tensor::{Device, Distribution};
    use futures_lite::future::block_on;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    /// Masks of one prompt, decoded in every way, and the passes of the first: speculative, greedy of two, two sampled.
    /// `threshold` of none: whatever the presence.
    fn decoded(threshold: Option<f32>) -> ([Vec<u32>; 5], usize, Vec<f32>) {
        let device = Device::flex();
        device.seed(5);
        let mut config = ModelConfig::tiny();
        config.lm.text_vocab = 20;
        config.lm.presence = true;
        let vision = config.init(&device).vision().unwrap();
        let lm = CachedLm::new(&randomize(config.init_mask_lm(&device)));
        let layout = lm.layout();
        let text = || Tensor::zeros([1, layout.text], &device);
        let image = [1, layout.image(), config.image_token_dim()];
        let image = Tensor::random(image, Distribution::Default, &device);
        let picker = match threshold {
            Some(presence_threshold) => {
                let rule = DecisionRule {
                    presence_threshold,
                    ..Pick::MostProbable.into()
                };
                block_on(Picker::new(rule, vision.as_ref())).unwrap()
            }
            None => Picker::most_probable_code(),
        };

        let start = MaskDecoder::start;
        let mut decoder = start(
            &lm,
            picker.clone(),
            DecodeStrategy::Speculative,
            text(),
            image.clone(),
        );
        let mut events = Vec::new();
        loop {
            let run = block_on(decoder.next(&lm)).unwrap();
            if run.is_empty() {
                break;
            }
            events.extend(run.tokens);
        }
        let both = |x: Tensor<3>| x.repeat_dim(0, 2);
        let twice = text().repeat_dim(0, 2);
        let mut greedy = Greedy::start(&lm, picker.clone(), twice, both(image.clone()));
        let mut batch = [Vec::new(), Vec::new()];
        while let Some(decoded) = greedy.advance(&lm) {
            for (mask, id) in batch.iter_mut().zip(decoded.ids.into_data().iter::<u32>()) {
                mask.push(id);
            }
        }
        let rng = ChaCha8Rng::seed_from_u64(1);
        let mut sampler = MaskSampler::start(&lm, picker, text(), image, 2, 1.0, rng);
        while block_on(sampler.advance(&lm)).unwrap() {}
        let mut masks = sampler.masks().into_iter();
        let [first, second] = batch;
        let (third, fourth) = (masks.next().unwrap(), masks.next().unwrap());
        let tokens = events.iter().map(|event| event.token).collect();
        let probabilities = events.iter().map(|event| event.probability).collect();
        let presence = decoder.presence().unwrap();
        assert!((0.0..=1.0).contains(&presence), "{presence}");
        (
            [tokens, first, second, third, fourth],
            decoder.passes(),
            probabilities,
        )
    }

    #[test]
    fn nothing_is_drawn_below_the_threshold_in_one_pass() {
        let (masks, passes, probabilities) = decoded(Some(1.0 - 1e-7));
        assert_eq!(passes, 1);
        let empty = &masks[0];
        assert_eq!(empty.len(), 64);
        assert!(masks.iter().all(|mask| mask == empty), "{masks:?}");
        assert!(probabilities.iter().all(|p| *p == probabilities[0]));
    }

    #[test]
    fn above_it_masks_are_as_without_a_head() {
        // A model of random weights a call: what is compared is decoded in one.
        let ([speculative, greedy, other, ..], passes, _) = decoded(Some(1e-7));
        assert!(passes > 1);
        assert_eq!(greedy, other);
        assert_eq!(speculative, greedy);
        let (of_none, ..) = decoded(None);
        assert_eq!(of_none[0], of_none[1]);
        let empty = &decoded(Some(1.0 - 1e-7)).0[0];
        assert_ne!(&speculative, empty);
        assert_ne!(&of_none[0], empty);
    }

    #[test]
    fn the_chance_at_the_threshold_is_one_half() {
        let codes = Tensor::zeros([1, 4], &Device::flex());
        let empty = block_on(EmptyMask::new(codes, 0.8)).unwrap();
        assert!((empty.chance(0.8f32.ln() - 0.2f32.ln()) - 0.5).abs() < 1e-6);
        assert!(empty.chance(0.0) < 0.5 && empty.chance(3.0) > 0.5);
    }
}
