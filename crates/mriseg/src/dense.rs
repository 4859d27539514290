//! What mask tokens are measured against: the same pretrained encoder with a dense decoder, which tells every pixel by
//! itself. A feature pyramid (Lin et al. 2017, arXiv 1612.03144) whose levels the sentence modulates (FiLM: Perez et al.
//! 2018, arXiv 1709.07871).

use crate::config::ModelConfig;
use crate::efficientnet::{EfficientNetLite0, LEVELS, SCALE};
use crate::layers::{Depthwise, embed, linear, pointwise};
use crate::loss::sentence_mean;
use crate::transformer::{RotaryTable, TransformerBlock, TransformerBlockConfig};
use crate::vq::depth_to_space;
use burn::module::Module;
use burn::nn::{Embedding, EmbeddingConfig, Linear, LinearConfig};
use burn::tensor::{Device, Int, Tensor};

/// Channels of the pyramid.
const WIDTH: usize = 64;
/// Width of the sentence, its heads and its blocks.
const SENTENCE: TransformerBlockConfig = TransformerBlockConfig {
    d_model: 128,
    heads: 4,
    d_hidden: 256,
};
const BLOCKS: usize = 2;
/// Levels of the pyramid, from the coarsest to that of stride 4.
const PYRAMID: [usize; 4] = [4, 3, 2, 1];
/// Side of the pixels that a vector of the last level tells.
const FINEST: usize = 4;

/// Encoder, sentence and dense decoder.
#[derive(Module, Debug)]
pub struct DenseModel {
    /// The encoder, which may be pretrained.
    pub net: EfficientNetLite0,
    words: Embedding,
    blocks: Vec<TransformerBlock>,
    levels: Vec<Level>,
    to_pixels: Linear,
}

/// A level of the pyramid.
#[derive(Module, Debug)]
struct Level {
    lateral: Linear,
    /// The sentence to a scale and a shift per channel.
    modulation: Linear,
    around: Depthwise,
    mix: Linear,
}

impl ModelConfig {
    /// A dense model for pictures, masks and sentences of these sizes, with random weights.
    pub fn init_dense(&self, device: &Device) -> DenseModel {
        let linear = |d_in, d_out| LinearConfig::new(d_in, d_out).init(device);
        DenseModel {
            net: EfficientNetLite0::new(self.image.input_channels, device),
            words: EmbeddingConfig::new(self.lm.text_vocab, SENTENCE.d_model).init(device),
            blocks: (0..BLOCKS).map(|_| SENTENCE.init(device)).collect(),
            levels: (PYRAMID.iter())
                .map(|&level| Level {
                    lateral: linear(LEVELS[level], WIDTH),
                    modulation: linear(SENTENCE.d_model, 2 * WIDTH),
                    around: Depthwise::new(WIDTH, 5, 1, device),
                    mix: linear(WIDTH, WIDTH),
                })
                .collect(),
            to_pixels: linear(WIDTH, FINEST * FINEST),
        }
    }
}

impl DenseModel {
    /// Logits of every pixel being foreground.
    ///
    /// # Shapes
    /// - picture: `[batch, channels, size, size]`, zero mean and unit deviation each
    /// - text: `[batch, length]`, of which `padding` is no token
    /// - output: `[batch, 1, size, size]`
    pub fn forward(&self, picture: Tensor<4>, text: Tensor<2, Int>, padding: usize) -> Tensor<4> {
        let sentence = self.sentence(text, padding);
        let seen = self.net.levels(picture.mul_scalar(SCALE));
        let mut pyramid: Option<Tensor<4>> = None;
        for (level, &from) in self.levels.iter().zip(&PYRAMID) {
            let [batch, side, across, channels] = seen[from].dims();
            let vectors = seen[from].clone().reshape([batch, side * across, channels]);
            let mut x = linear(&level.lateral, vectors).reshape([batch, side, across, WIDTH]);
            if let Some(coarser) = pyramid {
                x = x + doubled(coarser);
            }
            let modulation = level.modulation.forward(sentence.clone());
            let part = |range| -> Tensor<4> {
                let part = modulation.clone().slice_dim(1, range);
                part.reshape([batch, 1, 1, WIDTH])
            };
            x = x * part(0..WIDTH).add_scalar(1.0) + part(WIDTH..2 * WIDTH);
            let mixed = pointwise(&level.mix, level.around.forward(x.clone()));
            pyramid = Some(x + mixed);
        }
        let x = pyramid.expect("the pyramid has levels");
        let [batch, side, across, _] = x.dims();
        let told = linear(&self.to_pixels, x.reshape([batch, side * across, WIDTH]));
        let told = told
            .swap_dims(1, 2)
            .reshape([batch, FINEST * FINEST, side, across]);
        depth_to_space(told, FINEST)
    }

    /// `[batch, d_model]`
    fn sentence(&self, text: Tensor<2, Int>, padding: usize) -> Tensor<2> {
        let [_, length] = text.dims();
        let device = self.words.weight.device();
        let positions: Vec<(f32, f32)> = (0..length).map(|i| (i as f32, 0.0)).collect();
        let rotary = RotaryTable::new(&positions, SENTENCE.d_model / SENTENCE.heads, &device);
        let read = (self.blocks.iter()).fold(embed(&self.words, text.clone()), |x, block| {
            block.forward(x, |qkv| rotary.attend(qkv, length))
        });
        sentence_mean(read, text.not_equal_elem(padding as i32).float())
    }
}

/// Every vector four times: `[batch, height, width, channels]` to twice the height and width.
fn doubled(x: Tensor<4>) -> Tensor<4> {
    let [batch, height, width, channels] = x.dims();
    x.reshape([batch, height, 1, width, 1, channels])
        .expand([batch, height, 2, width, 2, channels])
        .reshape([batch, 2 * height, 2 * width, channels])
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Distribution;

    #[test]
    fn every_pixel_is_told_and_the_sentence_matters() {
        let device = Device::flex();
        let mut config = ModelConfig::base();
        config.image.size = 64;
        config.lm.text_vocab = 20;
        let model = config.init_dense(&device);
        let picture = Tensor::random([2, 1, 64, 64], Distribution::Default, &device);
        let tell = |words: [[i32; 3]; 2]| {
            let text = Tensor::from_ints(words, &device);
            model.forward(picture.clone(), text, 0)
        };
        let told = tell([[3, 4, 0], [5, 0, 0]]);
        assert_eq!(told.dims(), [2, 1, 64, 64]);
        let first = |told: Tensor<4>| told.slice_dim(0, 0..1).into_data();
        assert_ne!(first(told.clone()), first(tell([[4, 3, 0], [5, 0, 0]])));
        assert_eq!(first(told), first(tell([[3, 4, 0], [6, 7, 8]])));
    }
}
