//! The ways in which a mask is decoded to be measured.

use anyhow::Result;
use burn::tensor::activation::softmax;
use burn::tensor::{Int, Tensor, TensorData};
use futures_lite::future::block_on;
use mriseg::decode::DecodeStrategy;
use mriseg::image::GrayImage;
use mriseg::segmenter::{Input, SamplingOptions};
use mriseg_data::{Case, swap_sides};
use std::time::Instant;

use super::evaluator::{DecodeMode, Evaluator, SampleMean};
use super::score::DecodeCost;
use crate::data::PreparedCase;
use crate::system::{milliseconds, with_a_partner};

/// A mask at the model's size.
#[derive(Debug, Clone)]
pub(crate) struct SoftMask {
    /// Its codes; of the first where it is the mean of several.
    pub(crate) tokens: Vec<u32>,
    /// Pixels above one half are drawn.
    pub(crate) soft: GrayImage,
    pub(crate) cost: DecodeCost,
}

impl Evaluator<'_> {
    /// Decodes the masks of some cases.
    ///
    /// # Errors
    /// The device stopped answering.
    pub(crate) fn decode(&self, cases: &[PreparedCase]) -> Result<Vec<SoftMask>> {
        let mut decoded = self.decode_as_it_is(cases)?;
        if self.mirrored {
            let mirrored: Vec<PreparedCase> = cases.iter().map(mirror_image).collect();
            let others = self.decode_as_it_is(&mirrored)?;
            for ((own, other), case) in decoded.iter_mut().zip(others).zip(&mirrored) {
                // The words for the other side may be longer.
                if !self.can_ask(case) {
                    continue;
                }
                let back = other.soft.flipped_horizontally();
                for (pixel, other) in own.soft.pixels.iter_mut().zip(back.pixels) {
                    *pixel = f32::midpoint(*pixel, other);
                }
                own.cost.passes += other.cost.passes;
                own.cost.prefill_ms += other.cost.prefill_ms;
                own.cost.ms += other.cost.ms;
            }
        }
        Ok(decoded)
    }

    fn decode_as_it_is(&self, cases: &[PreparedCase]) -> Result<Vec<SoftMask>> {
        let tokens: Vec<Costed> = match self.mode {
            DecodeMode::Batched => self.decode_batch(cases)?,
            DecodeMode::Single(strategy) => {
                with_a_partner(self.workers, || self.decode_each(cases, strategy))?
            }
            DecodeMode::TeacherForced => {
                let [_, predicted] = self.teacher_forced(cases);
                let length = self.segmenter.config().layout().mask();
                let tokens = predicted.chunks_exact(length);
                let tokens = tokens.map(|tokens| (tokens.to_vec(), DecodeCost::NONE));
                tokens.collect()
            }
            DecodeMode::SampleMean(mean) => {
                let input = self.read(cases);
                return (0..cases.len())
                    .map(|case| self.decode_mean(input.one(case), mean))
                    .collect();
            }
        };
        let masks: Vec<&[u32]> = tokens.iter().map(|(tokens, _)| tokens.as_slice()).collect();
        let soft = block_on(self.segmenter.soft_masks(&masks))?;
        let decoded = soft.into_iter().zip(tokens);
        Ok(decoded
            .map(|(soft, (tokens, cost))| SoftMask { tokens, soft, cost })
            .collect())
    }

    /// The true tokens of some masks, one mask after the other, and those that are picked where all before them are true,
    /// by the rule of free running without marginals.
    pub(crate) fn teacher_forced(&self, cases: &[PreparedCase]) -> [Vec<u32>; 2] {
        let (lm, layout) = (self.lm, self.segmenter.config().layout());
        let truth: Vec<i32> = self.mask_codes(cases).into_data().iter().collect();
        let inputs = TensorData::new(layout.teacher_forcing(&truth), [cases.len(), layout.mask()]);
        let device = self.segmenter.device();
        let inputs = Tensor::<2, Int>::from_data(inputs, device);
        let Input { text, image, .. } = self.read(cases);
        let hidden = lm.forward(text, image, inputs, &lm.tables(device));
        let tokens = cases.len() * layout.mask();
        let logits = lm.logits(hidden.states).reshape([tokens, layout.codes]);
        let picked = self.segmenter.picker().pick(softmax(logits, 1));
        let predicted = picked.ids.into_data();
        let truth = truth.into_iter().map(|code| code as u32).collect();
        [truth, predicted.iter().collect()]
    }

    /// All masks greedily together.
    fn decode_batch(&self, cases: &[PreparedCase]) -> Result<Vec<Costed>> {
        let input = self.read(cases);
        let start = Instant::now();
        let greedy = self.segmenter.start_many(&input);
        let prefill_ms = milliseconds(start) / cases.len() as f64;
        let decoded = block_on(self.segmenter.decode_many(greedy))?;
        let cost = DecodeCost {
            passes: self.segmenter.config().layout().mask(),
            prefill_ms,
            ms: milliseconds(start) / cases.len() as f64,
        };
        Ok(decoded
            .into_iter()
            .map(|mask| (mask.tokens, cost))
            .collect())
    }

    /// The same, mask by mask.
    fn decode_each(&self, cases: &[PreparedCase], strategy: DecodeStrategy) -> Result<Vec<Costed>> {
        let input = self.read(cases);
        let mut decoded = Vec::with_capacity(cases.len());
        for case in 0..cases.len() {
            let start = Instant::now();
            let mut stream = self.segmenter.stream_input(input.one(case), strategy);
            let prefill_ms = milliseconds(start);
            while !block_on(stream.next())?.is_empty() {}
            let cost = DecodeCost {
                passes: stream.passes(),
                prefill_ms,
                ms: milliseconds(start),
            };
            decoded.push((stream.tokens().to_vec(), cost));
        }
        Ok(decoded)
    }

    /// Some masks of one case in lockstep, and the mean to expect of them. Every case meets the same random numbers.
    fn decode_mean(&self, input: Input, mean: SampleMean) -> Result<SoftMask> {
        let start = Instant::now();
        let options = SamplingOptions {
            samples: mean.samples,
            temperature: mean.temperature,
            seed: self.seed,
        };
        let mut stream = self.segmenter.sample_input(input, options).expecting();
        let prefill_ms = milliseconds(start);
        let mut passes = 0;
        while block_on(stream.next())? {
            passes += 1;
        }
        let ms = milliseconds(start);
        let mut soft = stream.expected_mask();
        // Moved so that the cut lies at one half.
        for pixel in &mut soft.pixels {
            *pixel += 0.5 - mean.cut;
        }
        Ok(SoftMask {
            soft,
            tokens: stream.masks().into_iter().next().unwrap_or_default(),
            cost: DecodeCost {
                passes,
                prefill_ms,
                ms,
            },
        })
    }
}

/// Tokens of a mask, and what they cost.
type Costed = (Vec<u32>, DecodeCost);

/// The case with its prepared picture mirrored and left and right exchanged in its sentence; its mask is not needed.
fn mirror_image(case: &PreparedCase) -> PreparedCase {
    PreparedCase {
        original: Case {
            text: swap_sides(&case.original.text),
            ..case.original.clone()
        },
        prepared: Case {
            image: case.prepared.image.flipped_horizontally(),
            ..case.prepared.clone()
        },
        precomputed: None,
        ..case.clone()
    }
}

#[cfg(test)]
mod tests {
    use mriseg::bundle::{Domain, Precision, SideConvention};
    use mriseg::config::ModelConfig;
    use mriseg::decode::Pick;
    use mriseg::segmenter::Settings;
    use mriseg::text::TextTokenizer;
    use mriseg_data::{Dataset, PhantomConfig};

    use super::*;
    use crate::data::CaseCache;
    use crate::system::{Chosen, device};

    #[test]
    fn a_case_and_its_mirror_image_have_mirrored_masks_when_both_are_read() {
        let device = device::cpu().device;
        device.seed(5);
        let config = ModelConfig::tiny();
        let model = config.init(&device);
        let cache = CaseCache::new(
            Dataset::phantoms(&PhantomConfig::default(), "test", 1),
            None,
            1,
        );
        let tokenizer = TextTokenizer::learn(cache.dataset().texts(), 300).unwrap();
        let chosen = Chosen {
            device,
            ..device::cpu()
        };
        let evaluator = |mirrored| Evaluator {
            mirrored,
            ..Evaluator::new(
                Settings {
                    architecture: config.clone(),
                    precision: Precision::F32,
                    rule: Pick::MostProbable.into(),
                    typical: None,
                    domain: Domain::ChestXray,
                    side_convention: SideConvention::Viewer,
                    example: String::new(),
                },
                &model,
                model.vision().unwrap(),
                &tokenizer,
                &chosen,
                1,
            )
            .unwrap()
        };
        let case = cache.case(0).unwrap();
        let mirror = mirror_image(&case);
        let soft = |mirrored, case: &PreparedCase| {
            let decoded = evaluator(mirrored)
                .decode(std::slice::from_ref(case))
                .unwrap();
            decoded[0].soft.clone()
        };
        let (own, other) = (
            soft(true, &case),
            soft(true, &mirror).flipped_horizontally(),
        );
        for (a, b) in own.pixels.iter().zip(&other.pixels) {
            assert!((a - b).abs() < 1e-5, "{a} {b}");
        }
        assert_ne!(
            soft(false, &case),
            soft(false, &mirror).flipped_horizontally()
        );
    }
}
