//! The decoder-only transformer over `[text | image | mask]` (paper §3): it reads a sentence and a
//! picture and predicts one mask code per cell, each from the codes before it.

mod cached;
mod take_over;
mod trace;

pub use cached::{CachedLm, DecodeState, Drafting};
pub use take_over::{InCommon, TakenOver};
pub use trace::Trace;

use crate::config::ModelConfig;
use crate::layers::{embed, linear, rms_norm};
use crate::sequence::SequenceLayout;
use crate::transformer::{LookAhead, RotaryTable, TransformerBlock, TransformerBlockConfig};
use burn::module::Module;
use burn::nn::{
    Embedding, EmbeddingConfig, Initializer, Linear, LinearConfig, RmsNorm, RmsNormConfig,
};
use burn::tensor::{Device, Distribution, Int, Tensor, assert_shape};
use mriseg_ops::linear::linear as project;

/// Next-token model of masks.
#[derive(Module, Debug)]
pub struct MaskLm {
    text_embedding: Embedding,
    image_norm: RmsNorm,
    image_projection: Linear,
    anchor_projection: Linear,
    mask_embedding: Embedding,
    part_embedding: Embedding,
    cell_embedding: Embedding,
    blocks: Vec<TransformerBlock>,
    norm: RmsNorm,
    look_ahead: Vec<LookAhead>,
    /// State of begin-of-mask to the logit of there being something to draw.
    presence: Option<Linear>,
    #[module(skip)]
    shape: Shape,
}

/// Numbers that the forward pass needs beside the weights.
#[derive(Debug, Clone, Copy)]
struct Shape {
    layout: SequenceLayout,
    heads: usize,
    d_model: usize,
    d_hidden: usize,
}

/// What does not depend on the input: rotary positions, made once per device.
#[derive(Debug, Clone)]
pub struct SequenceTables {
    rotary: RotaryTable,
}

/// What a pass over the mask part gives, position by position.
#[derive(Debug, Clone)]
pub struct HiddenStates {
    /// State `i` predicts mask token `i` and, through the look-ahead heads, those after it:
    /// `[batch, mask, d_model]`.
    pub states: Tensor<3>,
    /// What the picture shows in the cell of token `i`: `[batch, mask, d_model]`.
    pub anchors: Tensor<3>,
    /// The sentence as the last block reads it: `[batch, text, d_model]`.
    pub text: Tensor<3>,
}

impl ModelConfig {
    /// A language model with random weights.
    pub fn init_mask_lm(&self, device: &Device) -> MaskLm {
        let layout = self.layout();
        let lm = &self.lm;
        let embedding = |rows| {
            EmbeddingConfig::new(rows, lm.d_model)
                .with_initializer(Initializer::Normal {
                    mean: 0.0,
                    std: (lm.d_model as f64).powf(-0.5),
                })
                .init(device)
        };
        let projection = || LinearConfig::new(self.image_token_dim(), lm.d_model).init(device);
        let block = TransformerBlockConfig {
            d_model: lm.d_model,
            heads: lm.heads,
            d_hidden: lm.d_hidden,
        };
        MaskLm {
            text_embedding: embedding(lm.text_vocab),
            image_norm: RmsNormConfig::new(self.image_token_dim()).init(device),
            image_projection: projection(),
            anchor_projection: projection(),
            mask_embedding: embedding(layout.mask_embeddings()),
            part_embedding: embedding(PARTS),
            cell_embedding: embedding(layout.image()),
            blocks: (0..lm.layers).map(|_| block.init(device)).collect(),
            norm: RmsNormConfig::new(lm.d_model).init(device),
            look_ahead: (1..lm.next_tokens)
                .map(|_| LookAhead::new(lm.d_model, device))
                .collect(),
            presence: (lm.presence).then(|| LinearConfig::new(lm.d_model, 1).init(device)),
            shape: Shape {
                layout,
                heads: lm.heads,
                d_model: lm.d_model,
                d_hidden: lm.d_hidden,
            },
        }
    }
}

/// Text, image and mask each have a learned part vector.
const PARTS: usize = 3;

impl MaskLm {
    /// Starts the embedding of mask tokens, which is also their unembedding, from what the codes draw:
    /// codes that draw alike are embedded alike, so that what is learned about one holds for its like.
    /// Half of each embedding is a random projection of the patch, half stays as it is.
    ///
    /// # Shapes
    /// - patches: `[codes, pixels]`, see [`MaskTokenizer::patches`](crate::vq::MaskTokenizer::patches)
    pub fn with_code_geometry(mut self, patches: Tensor<2>) -> Self {
        let [codes, pixels] = patches.dims();
        assert_eq!(codes, self.layout().codes, "one patch per code");
        let d_model = self.shape.d_model;
        let mix = |table: Tensor<2>| {
            let patches = Tensor::from_data(patches.into_data(), &table.device());
            let projection = Tensor::random(
                [pixels, d_model],
                Distribution::Normal(0.0, 1.0),
                &table.device(),
            );
            let drawn = unit_rows((patches.clone() - patches.mean_dim(0)).matmul(projection));
            let own = unit_rows(table.clone().slice_dim(0, 0..codes));
            let begin = table.slice_dim(0, codes..codes + 1);
            Tensor::cat(vec![(drawn + own).mul_scalar(0.5f32.sqrt()), begin], 0).detach()
        };
        self.mask_embedding.weight = self.mask_embedding.weight.map(mix).set_require_grad(true);
        self
    }

    /// The sequence that this model reads and writes.
    pub fn layout(&self) -> SequenceLayout {
        self.shape.layout
    }

    /// Tables for [`Self::forward`].
    pub fn tables(&self, device: &Device) -> SequenceTables {
        SequenceTables {
            rotary: self.rotary(device),
        }
    }

    /// Hidden states of every mask position under teacher forcing.
    ///
    /// # Shapes
    /// - text: `[batch, text]`
    /// - image: `[batch, image, token_dim]`
    /// - mask_inputs: `[batch, mask]`, see [`SequenceLayout::teacher_forcing`]
    pub fn forward(
        &self,
        text: Tensor<2, Int>,
        image: Tensor<3>,
        mask_inputs: Tensor<2, Int>,
        tables: &SequenceTables,
    ) -> HiddenStates {
        let layout = self.layout();
        let [batch, _] = text.dims();
        assert_shape!(mask_inputs, [batch, layout.mask()]);
        let image = rms_norm(&self.image_norm, image);
        let anchors = linear(&self.anchor_projection, image.clone());
        let prefix = self.embed_prefix(text, image);
        let mask = self.embed_mask(mask_inputs, anchors.clone());
        let mut x = Tensor::cat(vec![prefix, mask], 1);
        let sentence = |x: &Tensor<3>| x.clone().slice_dim(1, 0..layout.text);
        let mut text = sentence(&x);
        for (number, block) in self.blocks.iter().enumerate() {
            if number + 1 == self.blocks.len() {
                text = sentence(&x);
            }
            x = block.forward(x, |qkv| tables.rotary.attend(qkv, layout.prefix()));
        }
        let mask = x.slice_dim(1, layout.prefix()..layout.total());
        HiddenStates {
            states: rms_norm(&self.norm, mask),
            anchors,
            text,
        }
    }

    /// Sentences as [`HiddenStates::text`] has them, but with no picture beside them: of what words ask for, many more can be
    /// read in a step than there are pictures to show.
    ///
    /// # Shapes
    /// - text: `[batch, length]`, of at most the text part's length
    /// - output: `[batch, length, d_model]`
    pub fn read_alone(&self, text: Tensor<2, Int>, tables: &SequenceTables) -> Tensor<3> {
        let [_, length] = text.dims();
        let rotary = tables.rotary.at(0..length);
        let before_last = &self.blocks[..self.blocks.len().saturating_sub(1)];
        before_last.iter().fold(self.embed_text(text), |x, block| {
            block.forward(x, |qkv| rotary.attend(qkv, length))
        })
    }

    /// Tokens that every position predicts: k.
    pub fn next_tokens(&self) -> usize {
        self.look_ahead.len() + 1
    }

    /// Logits of the tokens after the next one, as every position sees them (paper: NkTP). Entry `j` looks
    /// `j + 1` tokens beyond the next: its position `i` predicts mask token `i + j + 1`. Positions whose
    /// token would lie past the end of the mask are left out.
    ///
    /// # Shapes
    /// - output: `next_tokens - 1` entries, `[batch, mask - (j + 1), codes]`
    pub fn logits_ahead(&self, hidden: &HiddenStates) -> Vec<Tensor<3>> {
        let mask = self.layout().mask();
        self.look_ahead
            .iter()
            .zip(1..)
            .map(|(head, ahead)| {
                let states = hidden.states.clone().slice_dim(1, 0..mask - ahead);
                let anchors = hidden.anchors.clone().slice_dim(1, ahead..mask);
                self.logits(head.forward(states, anchors))
            })
            .collect()
    }

    /// Logit of there being something to draw, told by the state of begin-of-mask: `[batch, 1]`; `None` where the model
    /// has no presence head.
    pub fn presence(&self, hidden: &HiddenStates) -> Option<Tensor<2>> {
        let head = self.presence.as_ref()?;
        let begin = hidden.states.clone().slice_dim(1, 0..1);
        Some(linear(head, begin).squeeze_dim(1))
    }

    /// Logits over mask codes: the unembedding is the mask-token embedding (tied), without the
    /// begin-of-mask row, so that nothing but a code can be decoded.
    ///
    /// # Shapes
    /// - hidden: `[batch, positions, d_model]`
    /// - output: `[batch, positions, codes]`
    pub fn logits(&self, hidden: Tensor<3>) -> Tensor<3> {
        project(hidden, self.unembedding().transpose(), None)
    }

    /// Embeddings of the codes, and of begin-of-mask: `[codes + 1, d_model]`. With
    /// [`ImageTokens::MaskCodes`](crate::config::ImageTokens::MaskCodes) those of codes are image tokens too.
    pub fn code_table(&self) -> Tensor<2> {
        self.mask_embedding.weight.val()
    }

    /// `[codes, d_model]`
    fn unembedding(&self) -> Tensor<2> {
        let codes = self.layout().codes;
        self.code_table().slice_dim(0, 0..codes)
    }

    fn rotary(&self, device: &Device) -> RotaryTable {
        let head_dim = self.shape.d_model / self.shape.heads;
        RotaryTable::new(&self.layout().positions(), head_dim, device)
    }

    /// `image` is normalised: whatever the scale of the image tokens, they enter as strong as the rest.
    fn embed_prefix(&self, text: Tensor<2, Int>, image: Tensor<3>) -> Tensor<3> {
        let layout = self.layout();
        let [batch, _] = text.dims();
        assert_shape!(text, [batch, layout.text]);
        assert_shape!(image, [batch, layout.image(), _]);
        let text = self.embed_text(text);
        let image =
            linear(&self.image_projection, image) + self.part(1) + self.cells(0..layout.image());
        Tensor::cat(vec![text, image], 1)
    }

    fn embed_text(&self, text: Tensor<2, Int>) -> Tensor<3> {
        self.scaled(embed(&self.text_embedding, text)) + self.part(0)
    }

    /// The first inputs of the mask part, or all of them.
    fn embed_mask(&self, inputs: Tensor<2, Int>, anchors: Tensor<3>) -> Tensor<3> {
        let [_, new] = inputs.dims();
        let cells = self.cells(0..new);
        self.scaled(embed(&self.mask_embedding, inputs)) + anchors + self.part(2) + cells
    }

    fn scaled(&self, embedded: Tensor<3>) -> Tensor<3> {
        embedded.mul_scalar((self.shape.d_model as f32).sqrt())
    }

    /// Where a cell lies in the picture, which rotary positions do not tell: `[1, range.len(), d_model]`.
    fn cells(&self, range: std::ops::Range<usize>) -> Tensor<3> {
        let rows = self.cell_embedding.weight.val().slice_dim(0, range);
        self.scaled(rows.unsqueeze())
    }

    fn part(&self, index: usize) -> Tensor<3> {
        let row = self.part_embedding.weight.val();
        row.slice_dim(0, index..index + 1).unsqueeze()
    }
}

fn unit_rows(rows: Tensor<2>) -> Tensor<2> {
    const SHORTEST: f32 = 1e-6;
    let length = rows.clone().square().sum_dim(1).sqrt();
    rows / length.clamp_min(SHORTEST)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use burn::module::{ModuleMapper, Param};
    use burn::tensor::{TensorData, Tolerance};

    /// Random weights everywhere, also where a fresh model has zeros.
    pub(crate) fn randomize<M: Module>(module: M) -> M {
        struct Randomize;
        impl ModuleMapper for Randomize {
            fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
                param.map(|old| {
                    let noise = old.random_like(Distribution::Normal(0.0, 0.3));
                    old + noise
                })
            }
        }
        module.map(&mut Randomize)
    }

    pub(super) fn tiny() -> ModelConfig {
        let mut config = ModelConfig::tiny();
        config.lm.text_vocab = 20;
        config.lm.presence = true;
        config
    }

    pub(super) fn inputs(
        config: &ModelConfig,
        device: &Device,
    ) -> (Tensor<2, Int>, Tensor<3>, Vec<i32>) {
        let layout = config.layout();
        let text: Vec<i32> = (0..2 * layout.text as i32).map(|i| i * 7 % 20).collect();
        let text = Tensor::from_data(TensorData::new(text, [2, layout.text]), device);
        let image = Tensor::random(
            [2, layout.image(), config.image_token_dim()],
            Distribution::Default,
            device,
        );
        let codes = layout.codes as i32;
        let targets = (0..2 * layout.mask() as i32)
            .map(|i| i * 13 % codes)
            .collect();
        (text, image, targets)
    }

    pub(super) fn mask_inputs(targets: &[i32], lm: &MaskLm, device: &Device) -> Tensor<2, Int> {
        let inputs = lm.layout().teacher_forcing(targets);
        Tensor::from_data(TensorData::new(inputs, [2, lm.layout().mask()]), device)
    }

    #[test]
    fn heads_look_ahead_as_far_as_the_mask_goes() {
        let device = Device::flex();
        let config = tiny();
        let fresh = config.init_mask_lm(&device);
        let (text, image, targets) = inputs(&config, &device);
        let run = |lm: &MaskLm| {
            let inputs = mask_inputs(&targets, lm, &device);
            lm.forward(text.clone(), image.clone(), inputs, &lm.tables(&device))
        };
        let hidden = run(&fresh);
        let ahead = fresh.logits_ahead(&hidden);
        let next = fresh.logits(hidden.states);
        for (j, logits) in ahead.iter().enumerate() {
            assert_eq!(logits.dims(), [2, 63 - j, 256]);
            let same = next.clone().slice_dim(1, 0..63 - j);
            logits
                .clone()
                .into_data()
                .assert_approx_eq::<f32>(&same.into_data(), Tolerance::absolute(1e-5));
        }
    }

    #[test]
    fn a_mask_position_does_not_see_the_tokens_after_it() {
        let device = Device::flex();
        let config = tiny();
        let lm = config.init_mask_lm(&device);
        let (text, image, mut targets) = inputs(&config, &device);
        let tables = lm.tables(&device);
        let run = |targets: &[i32]| {
            let inputs = mask_inputs(targets, &lm, &device);
            let hidden = lm.forward(text.clone(), image.clone(), inputs, &tables);
            hidden.states.slice([0..1, 0..64, 0..1]).into_data()
        };
        let before: Vec<f32> = run(&targets).try_to_vec().unwrap();
        targets[30] = (targets[30] + 1) % 256;
        let after: Vec<f32> = run(&targets).try_to_vec().unwrap();
        assert_eq!(before[..31], after[..31]);
        assert_ne!(before[31], after[31]);
    }

    #[test]
    fn a_sentence_read_alone_is_read_as_a_whole_and_as_beside_a_picture_when_that_is_not_attended_to()
     {
        let device = Device::flex();
        let config = tiny();
        let lm = config.init_mask_lm(&device);
        let (text, image, targets) = inputs(&config, &device);
        let tables = lm.tables(&device);
        let alone = lm.read_alone(text.clone(), &tables);
        assert_eq!(alone.dims(), [2, lm.layout().text, config.lm.d_model]);
        // A change of the last word reaches the first.
        let first = |text| lm.read_alone(text, &tables).slice([0..1, 0..1]).into_data();
        let length = lm.layout().text;
        let changed = text.clone().slice_assign(
            [0..2, length - 1..length],
            Tensor::from_data([[19], [19]], &device),
        );
        assert_ne!(first(text.clone()), first(changed));
        // With one block, neither has attended to anything yet.
        let mut shallow = config;
        shallow.lm.layers = 1;
        let lm = shallow.init_mask_lm(&device);
        let inputs = mask_inputs(&targets, &lm, &device);
        let beside = lm.forward(text.clone(), image, inputs, &tables).text;
        let same = |alone: Tensor<3>, beside: Tensor<3>| {
            alone
                .into_data()
                .assert_approx_eq::<f32>(&beside.into_data(), Tolerance::absolute(1e-6));
        };
        same(lm.read_alone(text.clone(), &tables), beside.clone());
        // Nor does what pads it.
        let short = text.slice_dim(1, 0..length / 2);
        same(
            lm.read_alone(short, &tables),
            beside.slice_dim(1, 0..length / 2),
        );
    }

    #[test]
    fn codes_that_draw_alike_are_embedded_alike() {
        let device = Device::flex();
        let config = tiny();
        let codes = config.mask.codes;
        let pixels: Vec<f32> = (0..codes)
            .flat_map(|code| (0..8).map(move |pixel| f32::from(u8::from(pixel < code / 32))))
            .collect();
        let patches = Tensor::from_data(TensorData::new(pixels, [codes, 8]), &device);
        let lm = config.init_mask_lm(&device).with_code_geometry(patches);
        let rows: Vec<f32> = lm
            .mask_embedding
            .weight
            .val()
            .into_data()
            .try_to_vec()
            .unwrap();
        let d_model = config.lm.d_model;
        let cosine = |a: usize, b: usize| -> f32 {
            let row = |i: usize| &rows[i * d_model..(i + 1) * d_model];
            let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
            dot(row(a), row(b)) / (dot(row(a), row(a)) * dot(row(b), row(b))).sqrt()
        };
        assert!(
            cosine(0, 1) > 0.3 && cosine(0, 1) < 0.95,
            "{}",
            cosine(0, 1)
        );
        assert!(cosine(0, 255) < 0.1, "{}", cosine(0, 255));
        assert_eq!(rows.len(), (codes + 1) * d_model);
    }

    #[test]
    fn every_mask_position_sees_the_whole_prefix() {
        let device = Device::flex();
        let config = tiny();
        let lm = config.init_mask_lm(&device);
        let (text, image, targets) = inputs(&config, &device);
        let tables = lm.tables(&device);
        let run = |text: Tensor<2, Int>| {
            let inputs = mask_inputs(&targets, &lm, &device);
            let hidden = lm.forward(text, image.clone(), inputs, &tables);
            let values: Vec<f32> = hidden
                .states
                .slice([0..1, 0..64, 0..1])
                .into_data()
                .try_to_vec()
                .unwrap();
            values
        };
        let before = run(text.clone());
        let last = lm.layout().text - 1;
        let other = text.slice_assign([0..1, last..last + 1], Tensor::from_ints([[19]], &device));
        let after = run(other);
        assert!(before.iter().zip(&after).all(|(a, b)| a != b));
    }
}
