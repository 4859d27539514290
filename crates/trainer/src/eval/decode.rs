//! The ways in which a mask is decoded to be measured.

use anyhow::{Context, Result};
use burn::tensor::activation::softmax;
use burn::tensor::{Int, Tensor, TensorData};
use futures_lite::future::block_on;
use mriseg::decode::{Decode, Decoder, Greedy, Sampler, code_tensor};
use mriseg::image::GrayImage;
use mriseg_data::{Sample, swap_sides};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::time::Instant;

use super::codes::soft_masks;
use super::evaluator::{Chance, Decoding, Evaluator};
use super::score::DecodeCost;
use crate::data::{Case, texts};
use crate::system::{milliseconds, with_a_partner};

/// A mask at the model's size.
#[derive(Debug, Clone)]
pub(crate) struct Decoded {
    /// Its codes; of the first where it is the mean of several.
    pub(crate) tokens: Vec<u32>,
    /// Pixels above one half are drawn.
    pub(crate) soft: GrayImage,
    pub(crate) cost: DecodeCost,
}

impl Evaluator<'_> {
    pub(crate) fn decode(&self, cases: &[Case]) -> Result<Vec<Decoded>> {
        let mut decoded = self.decode_as_it_is(cases)?;
        if self.mirrored {
            let mirrored: Vec<Case> = cases.iter().map(mirror_image).collect();
            for (own, other) in decoded.iter_mut().zip(self.decode_as_it_is(&mirrored)?) {
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

    fn decode_as_it_is(&self, cases: &[Case]) -> Result<Vec<Decoded>> {
        let read = || -> Result<_> {
            let text = texts(cases, self.tokenizer, self.config, self.device)?;
            Ok((text, self.image_tokens(cases)))
        };
        let (tokens, costs) = match self.decoding {
            Decoding::Together => {
                let (text, image) = read()?;
                self.decode_together(text, image)
            }
            Decoding::OneByOne(decode) => {
                let (text, image) = read()?;
                with_a_partner(decode, self.workers, || {
                    self.decode_each(text, image, decode)
                })?
            }
            Decoding::TeacherForced => {
                let [_, predicted] = self.teacher_forced(cases)?;
                (predicted, vec![DecodeCost::NONE; cases.len()])
            }
            Decoding::Mean(chance) => {
                let (text, image) = read()?;
                return (0..cases.len())
                    .map(|case| {
                        let (text, image) = of_case(&text, &image, case);
                        self.decode_by_chance(text, image, chance)
                    })
                    .collect();
            }
        };
        let length = self.config.layout().mask();
        let codes = code_tensor(&tokens, length, self.device);
        let soft = soft_masks(&self.vision, codes, self.config.mask.size)?;
        let decoded = soft.into_iter().zip(tokens.chunks_exact(length)).zip(costs);
        Ok(decoded
            .map(|((soft, tokens), cost)| Decoded {
                tokens: tokens.to_vec(),
                soft,
                cost,
            })
            .collect())
    }

    /// The true tokens of some masks, one mask after the other, and those that are picked where all before them are true,
    /// by the rule of free running without marginals.
    ///
    /// # Errors
    /// A sentence does not fit.
    pub(crate) fn teacher_forced(&self, cases: &[Case]) -> Result<[Vec<u32>; 2]> {
        let (lm, layout) = (self.lm, self.config.layout());
        let truth: Vec<i32> = self.mask_codes(cases).into_data().iter().collect();
        let inputs = TensorData::new(layout.teacher_forcing(&truth), [cases.len(), layout.mask()]);
        let hidden = lm.forward(
            texts(cases, self.tokenizer, self.config, self.device)?,
            self.image_tokens(cases),
            Tensor::<2, Int>::from_data(inputs, self.device),
            &lm.tables(self.device),
        );
        let tokens = cases.len() * layout.mask();
        let logits = lm.logits(hidden.states).reshape([tokens, layout.codes]);
        let predicted = self.picker.pick(softmax(logits, 1)).ids.into_data();
        let truth = truth.into_iter().map(|code| code as u32).collect();
        Ok([truth, predicted.iter().collect()])
    }

    /// All masks greedily together: their codes, one mask after the other, and the cost of each.
    fn decode_together(
        &self,
        text: Tensor<2, Int>,
        image: Tensor<3>,
    ) -> (Vec<u32>, Vec<DecodeCost>) {
        let [batch, _] = text.dims();
        let start = Instant::now();
        let mut greedy = Greedy::start(&self.cached, self.picker.clone(), text, image);
        let prefill_ms = milliseconds(start) / batch as f64;
        let mut columns = Vec::new();
        while let Some(decoded) = greedy.advance(&self.cached) {
            columns.push(decoded.ids);
        }
        let passes = columns.len();
        let codes: Vec<u32> = Tensor::cat(columns, 1).into_data().iter().collect();
        let ms = milliseconds(start) / batch as f64;
        let cost = DecodeCost {
            passes,
            prefill_ms,
            ms,
        };
        (codes, vec![cost; batch])
    }

    /// The same, mask by mask.
    fn decode_each(
        &self,
        text: Tensor<2, Int>,
        image: Tensor<3>,
        decode: Decode,
    ) -> Result<(Vec<u32>, Vec<DecodeCost>)> {
        let [batch, _] = text.dims();
        let (mut tokens, mut costs) = (Vec::new(), Vec::with_capacity(batch));
        for case in 0..batch {
            let start = Instant::now();
            let (text, image) = of_case(&text, &image, case);
            let mut decoder =
                Decoder::start(&self.cached, self.picker.clone(), decode, text, image);
            let prefill_ms = milliseconds(start);
            loop {
                let run =
                    block_on(decoder.next(&self.cached)).context("the device stopped answering")?;
                if run.is_empty() {
                    break;
                }
                tokens.extend(run.iter().map(|event| event.token));
            }
            costs.push(DecodeCost {
                passes: decoder.passes(),
                prefill_ms,
                ms: milliseconds(start),
            });
        }
        Ok((tokens, costs))
    }

    /// Some masks of one case in lockstep, and the mean to expect of them. Every case meets the same random numbers.
    fn decode_by_chance(
        &self,
        text: Tensor<2, Int>,
        image: Tensor<3>,
        chance: Chance,
    ) -> Result<Decoded> {
        let start = Instant::now();
        let mut sampler = Sampler::start(
            &self.cached,
            self.picker.clone(),
            text,
            image,
            chance.samples,
            chance.temperature,
            ChaCha8Rng::seed_from_u64(self.seed),
        )
        .expecting();
        let prefill_ms = milliseconds(start);
        let mut passes = 0;
        while block_on(sampler.advance(&self.cached)).context("the device stopped answering")? {
            passes += 1;
        }
        let ms = milliseconds(start);
        let masks = sampler.masks();
        let (size, patch) = (self.config.mask.size, self.config.mask.patch);
        let expected = sampler.expected();
        // Moved so that the cut lies at one half.
        let pixels = (0..size * size).map(|pixel| {
            let (row, column) = (pixel / size, pixel % size);
            let cell = row / patch * (size / patch) + column / patch;
            expected[cell * patch * patch + row % patch * patch + column % patch] + 0.5 - chance.cut
        });
        Ok(Decoded {
            soft: GrayImage::new(size, size, pixels.collect()),
            tokens: masks.into_iter().next().unwrap_or_default(),
            cost: DecodeCost {
                passes,
                prefill_ms,
                ms,
            },
        })
    }
}

/// Sentence and image tokens of one case of a batch.
fn of_case(text: &Tensor<2, Int>, image: &Tensor<3>, case: usize) -> (Tensor<2, Int>, Tensor<3>) {
    (
        text.clone().slice_dim(0, case..case + 1),
        image.clone().slice_dim(0, case..case + 1),
    )
}

/// The case as it is read with its picture mirrored and left and right exchanged in its sentence; its mask is not needed.
fn mirror_image(case: &Case) -> Case {
    let text = swap_sides(&case.sample.text);
    Case {
        sample: Sample {
            text: text.clone(),
            ..case.sample.clone()
        },
        prepared: Sample {
            text,
            image: case.prepared.image.flipped_horizontally(),
            ..case.prepared.clone()
        },
        preparation: case.preparation,
        made: None,
    }
}

#[cfg(test)]
mod tests {
    use mriseg::config::ModelConfig;
    use mriseg::decode::Pick;
    use mriseg::text::TextTokenizer;
    use mriseg_data::{Dataset, PhantomConfig};

    use super::*;
    use crate::data::Samples;
    use crate::system::{Chosen, device};

    #[test]
    fn a_case_and_its_mirror_image_have_mirrored_masks_when_both_are_read() {
        let device = device::cpu().device;
        device.seed(5);
        let config = ModelConfig::tiny();
        let model = config.init(&device);
        let samples = Samples::new(
            Dataset::phantoms(&PhantomConfig::default(), "test", 1),
            None,
            1,
        );
        let tokenizer = TextTokenizer::learn(samples.dataset().texts(), 300).unwrap();
        let chosen = Chosen {
            device,
            ..device::cpu()
        };
        let evaluator = |mirrored| Evaluator {
            mirrored,
            ..Evaluator::new(
                &model,
                None,
                &tokenizer,
                &config,
                Pick::MostProbable.into(),
                &chosen,
                1,
            )
            .unwrap()
        };
        let case = samples.case(0).unwrap();
        let mirror = mirror_image(&case);
        let soft = |mirrored, case: &Case| {
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
