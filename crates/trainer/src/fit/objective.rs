//! What one pass of the language model is to minimise: the next token, and each of the paper's strategies
//! that is switched on.

use burn::module::Module;
use burn::tensor::activation::softmax;
use burn::tensor::{Bool, Device, Element, Int, Tensor, TensorData};
use mriseg::loss::{
    ContrastTokens, hard_token_loss, mask_reconstruction_loss, next_k_token_loss, presence_loss,
    sentence_mean, sentence_reading_loss, token_contrastive_loss, token_losses,
};
use mriseg::mask_lm::{HiddenStates, MaskLm, SequenceTables};
use mriseg::model::Model;
use mriseg::reading::Request;
use mriseg::vision::code_vectors;
use mriseg_data::answer::bits_of;
use std::ops::Range;

use super::batch::{Batch, Batcher, Contrasted};
use super::cases::Pictures;
use super::context::drawn_codes;
use super::learner::Learner;
use super::measures::{Measured, Sum};
use super::shards::{Part, Shard};
use crate::config::Contrast;
use crate::data::{masks, pictures};

/// The objective of an experiment.
pub(crate) struct Objective<'a> {
    pub(crate) batcher: Batcher<'a>,
    /// The devices of the passes; what is measured goes to the first.
    pub(super) places: Vec<Place>,
}

/// A device that passes run on.
pub(super) struct Place {
    plain: Device,
    autodiff: Device,
    tables: SequenceTables,
    /// The same without gradients.
    plain_tables: SequenceTables,
}

impl Place {
    /// For the passes of `lm`, wherever that lies now.
    pub(super) fn new(device: &Device, lm: &MaskLm) -> Self {
        let autodiff = device.clone().autodiff();
        Self {
            tables: lm.tables(&autodiff),
            plain_tables: lm.tables(device),
            plain: device.clone(),
            autodiff,
        }
    }
}

impl Objective<'_> {
    /// Forward pass of some cases of a batch, on the device of `learner`.
    pub(crate) fn pass(&self, learner: &Learner, batch: &Batch, shard: Shard) -> Part<Measured> {
        let Shard {
            device: number,
            cases: range,
        } = shard;
        let place = &self.places[number];
        let (config, training) = (
            &self.batcher.experiment.model,
            &self.batcher.experiment.train,
        );
        let device = &place.autodiff;
        let layout = config.layout();
        let share = range.len() as f64 / batch.len() as f64;
        let Model { tokenizers, lm } = &learner.model;
        let part = |ids: &[i32], length: usize| -> Tensor<2, Int> {
            Tensor::from_data(rows(ids, &range, length), device)
        };
        let text = part(&batch.text, layout.text);
        let inputs = part(&batch.inputs, layout.mask());
        let targets = part(&batch.cases.targets, layout.mask());

        let image = self.image(place, learner, batch, &range);
        let tokens = [text.clone(), inputs];
        let inputs = self.with_own_tokens(place, lm, batch, range.clone(), tokens, &image);
        let hidden = lm.forward(text.clone(), image, inputs, &place.tables);
        let logits = lm.logits(hidden.states.clone());
        let losses = token_losses(logits.clone(), targets.clone());
        let mut sum = Sum::new(losses.clone().mean(), share);
        if lm.next_tokens() > 1 {
            let done = batch.step as f64 / training.steps as f64;
            let next_k = &training.next_k;
            let weight = next_k.weight + (next_k.final_weight - next_k.weight) * done;
            sum.add("next_k_loss", weight, || {
                next_k_token_loss(lm.logits_ahead(&hidden), targets, next_k.decay)
            });
        }
        sum.add("contrast_loss", training.contrast.weight, || {
            self.contrast(place, learner, &hidden, batch, range.clone())
        });
        if let Some(logits) = lm.presence(&hidden) {
            sum.add("presence_loss", training.presence, || {
                self.presence(place, logits, batch, range.clone())
            });
        }
        sum.add("reading_loss", training.reading, || {
            let all = &batch.cases.requests;
            let requests = Requests::new(all, range.clone());
            self.reading(place, learner, text.clone(), hidden.text.clone(), requests)
        });
        if let Some((ids, sentences)) = batch.alone.of(range.clone()) {
            sum.add("sentence_loss", training.reading, || {
                let requests = Requests::new(&batch.alone.requests, sentences);
                let shape = [requests.asked.len(), batch.alone.length];
                let ids = Tensor::from_data(TensorData::new(ids.to_vec(), shape), device);
                let text = lm.read_alone(ids.clone(), &place.tables);
                self.reading(place, learner, ids, text, requests)
            });
        }
        if !batch.hard.is_empty() {
            sum.add("hard_error_loss", training.hard_errors.weight, || {
                let weights = rows(&batch.hard, &range, layout.mask());
                hard_token_loss(losses.clone(), Tensor::from_data(weights, device))
            });
        }
        if let (Pictures::Pixels(cases), Some(own)) = (&batch.cases.pictures, tokenizers) {
            sum.add("soft_decode_loss", f64::from(training.soft_decode), || {
                let mask = masks(&cases[range.clone()], config, device);
                mask_reconstruction_loss(own.mask.decode_expected(softmax(logits, 2)), mask)
            });
        }
        let (loss, rest) = sum.finish(losses);
        let rest = match self.places.as_slice() {
            [first, ..] if number > 0 => rest.moved_to(&first.plain),
            _ => rest,
        };
        Part { loss, rest }
    }

    /// Image tokens of some cases: `[cases, image, token_dim]`.
    fn image(
        &self,
        place: &Place,
        learner: &Learner,
        batch: &Batch,
        range: &Range<usize>,
    ) -> Tensor<3> {
        let (config, device) = (&self.batcher.experiment.model, &place.autodiff);
        let Model { tokenizers, lm } = &learner.model;
        match (&batch.cases.pictures, tokenizers) {
            (Pictures::Pixels(cases), Some(own)) => {
                own.image_tokens(pictures(&cases[range.clone()], config, device))
            }
            (Pictures::Codes(codes), None) => {
                let ids = rows(codes, range, config.layout().image());
                code_vectors(lm.code_table(), Tensor::from_data(ids, device))
            }
            _ => unreachable!("what a model is trained on follows from its tokenizers"),
        }
    }

    /// The mask inputs, some of them drawn from the marginals that the model predicts now.
    ///
    /// # Shapes
    /// - text: `[cases, text]`; inputs, output: `[cases, mask]`
    /// - image: `[cases, image, token_dim]`
    fn with_own_tokens(
        &self,
        place: &Place,
        lm: &MaskLm,
        batch: &Batch,
        range: Range<usize>,
        [text, inputs]: [Tensor<2, Int>; 2],
        image: &Tensor<3>,
    ) -> Tensor<2, Int> {
        let hiding = &batch.hiding;
        let length = self.batcher.experiment.model.layout().mask();
        let part = range.start * length..range.end * length;
        let own = hiding.own.get(part.clone()).unwrap_or_default();
        if !own.contains(&true) {
            return inputs;
        }
        let shape = [range.len(), length];
        let lm = lm.valid();
        let begin = inputs.full_like(lm.layout().begin_of_mask() as i32);
        let image = image.clone().without_autodiff();
        let (text, begin) = (text.without_autodiff(), begin.without_autodiff());
        let hidden = lm.forward(text, image, begin, &place.plain_tables);
        let draws = TensorData::new(hiding.draws[part].to_vec(), shape);
        let draws = Tensor::from_data(draws, &place.plain);
        let drawn = drawn_codes(softmax(lm.logits(hidden.states), 2), draws);
        // An input is the token of the cell before; the first has none.
        let first = drawn.clone().slice_dim(1, 0..1);
        let before = Tensor::cat(vec![first, drawn.slice_dim(1, 0..length - 1)], 1);
        let before = Tensor::from_data(before.into_data(), &place.autodiff);
        let own =
            Tensor::<2, Bool>::from_data(TensorData::new(own.to_vec(), shape), &place.autodiff);
        inputs.mask_where(own, before)
    }

    /// Whether there is anything to draw in a shard, as `logits` have it: `[cases, 1]`.
    fn presence(
        &self,
        place: &Place,
        logits: Tensor<2>,
        batch: &Batch,
        range: Range<usize>,
    ) -> Tensor<1> {
        let length = self.batcher.empty.len();
        let targets = &batch.cases.targets[range.start * length..range.end * length];
        let present: Vec<f32> = (targets.chunks_exact(length))
            .map(|mask| f32::from(u8::from(mask != self.batcher.empty)))
            .collect();
        let shape = [range.len(), 1];
        let present = Tensor::from_data(TensorData::new(present, shape), &place.autodiff);
        presence_loss(logits, present)
    }

    /// What sentences ask for, told from their tokens.
    ///
    /// # Shapes
    /// - ids: `[requests, length]`
    /// - text: `[requests, length, d_model]`
    fn reading(
        &self,
        place: &Place,
        learner: &Learner,
        ids: Tensor<2, Int>,
        text: Tensor<3>,
        requests: Requests<'_>,
    ) -> Tensor<1> {
        let device = &place.autodiff;
        let Some(projection) = &learner.reading else {
            return Tensor::zeros([1], device);
        };
        let (mut asked, mut known) = (Vec::new(), Vec::new());
        for request in requests.asked {
            let bits = request.as_ref().map(bits_of);
            known.push(f32::from(u8::from(bits.is_some())));
            asked.extend(bits.unwrap_or_default().map(|bit| f32::from(u8::from(bit))));
        }
        let table = |values: Vec<f32>, width: usize| {
            Tensor::<2>::from_data(
                TensorData::new(values, [requests.asked.len(), width]),
                device,
            )
        };
        let own = ids.not_equal_elem(self.batcher.tokenizer.padding() as i32);
        let loss = sentence_reading_loss(
            projection.forward(sentence_mean(text, own.float())),
            table(asked, Learner::REQUEST_BITS),
            table(known, 1),
        );
        loss.mul_scalar(requests.weight)
    }

    /// Contrast within every group of cases of a shard, the mean over cases.
    fn contrast(
        &self,
        place: &Place,
        learner: &Learner,
        hidden: &HiddenStates,
        batch: &Batch,
        range: Range<usize>,
    ) -> Tensor<1> {
        let device = &place.autodiff;
        let [cases, positions, d_model] = hidden.states.dims();
        let firsts = range.clone().step_by(Contrast::CASES);
        let groups = firsts.map(|first| &batch.contrast[first / Contrast::CASES]);
        let groups: Vec<&Contrasted> = groups.collect();
        let most = groups.iter().map(|group| group.tokens.len()).max();
        let (Some(projection), Some(most @ 1..)) = (&learner.contrast, most) else {
            return Tensor::zeros([1], device);
        };
        // All groups at once, filled up to the largest: a GPU waits for the number of operations.
        let mut indices = vec![0; groups.len() * most];
        let mut likeness = vec![0.0; groups.len() * most * most];
        let mut weights = vec![ContrastTokens::NOTHING; groups.len() * most * most];
        let mut shares = Vec::with_capacity(groups.len());
        for (i, group) in groups.iter().enumerate() {
            let first = i * Contrast::CASES;
            let count = group.tokens.len();
            let places = indices[i * most..].iter_mut();
            for (place, token) in places.zip(&group.tokens) {
                *place = (first * positions + token) as i32;
            }
            for row in 0..count {
                let place = (i * most + row) * most;
                let (from, to) = (row * count..(row + 1) * count, place..place + count);
                likeness[to.clone()].copy_from_slice(&group.likeness[from.clone()]);
                weights[to].copy_from_slice(&group.weights[from]);
            }
            shares.push(Contrast::CASES.min(cases - first) as f32 / cases as f32);
        }
        let pairs = |values: Vec<f32>| {
            Tensor::from_data(TensorData::new(values, [groups.len(), most, most]), device)
        };
        let indices = Tensor::<1, Int>::from_data(indices.as_slice(), device);
        let states = hidden.states.clone().reshape([cases * positions, d_model]);
        let projected = projection.forward(states.select(0, indices));
        let losses = token_contrastive_loss(
            projected.reshape([groups.len(), most, Learner::CONTRAST_DIM]),
            pairs(likeness),
            pairs(weights),
            self.batcher.experiment.train.contrast.temperature,
        );
        (losses * Tensor::from_floats(shares.as_slice(), device)).sum()
    }
}

/// What some sentences of a batch ask for, where that is known.
struct Requests<'a> {
    asked: &'a [Option<Request>],
    /// What their mean loss weighs, so that the mean over the shards of a batch, by their number of cases, is the mean over
    /// all sentences of the batch of which something is known.
    weight: f64,
}

impl<'a> Requests<'a> {
    fn new(all: &'a [Option<Request>], range: Range<usize>) -> Self {
        let share = |requests: &[Option<Request>]| {
            let known = requests.iter().flatten().count();
            known as f64 / requests.len().max(1) as f64
        };
        let asked = &all[range];
        let weight = match share(all) {
            0.0 => 1.0,
            of_all => share(asked) / of_all,
        };
        Self { asked, weight }
    }
}

/// The values of some cases, of which each has `length`: `[cases, length]`.
fn rows<E: Element>(values: &[E], cases: &Range<usize>, length: usize) -> TensorData {
    let values = values[cases.start * length..cases.end * length].to_vec();
    TensorData::new(values, [cases.len(), length])
}
