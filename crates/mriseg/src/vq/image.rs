//! Image tokenizer: a convolutional encoder turns a picture into one vector per cell, a codebook turns
//! vectors into codes, a decoder paints the picture back. The language model reads either the codes'
//! vectors or the encoder's features (docs/METHOD.md, section 2.3).

use super::blocks::{ResidualBlock, conv_down, conv1, conv3, grid_to_tokens, tokens_to_grid};
use super::quantizer::{Quantizer, QuantizerConfig};
use crate::config::ImageTokenizerConfig;
use burn::module::Module;
use burn::nn::conv::Conv2d;
use burn::nn::interpolate::{Interpolate2d, Interpolate2dConfig, InterpolateMode};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Int, Tensor, assert_shape};
use mriseg_ops::convolution::convolve;

/// Encoder, codebook and decoder of grey pictures.
#[derive(Module, Debug)]
pub struct ImageTokenizer {
    levels: Vec<Level>,
    blocks: Vec<ResidualBlock>,
    to_code: Conv2d,
    /// The codebook (public to the training loop, which moves it by averages).
    pub quantizer: Quantizer,
    from_code: Conv2d,
    paint_block: ResidualBlock,
    paint: Vec<Conv2d>,
    to_pixel: Conv2d,
    upsample: Interpolate2d,
    #[module(skip)]
    size: usize,
}

/// Halves the side, then looks at the neighbourhood.
#[derive(Module, Debug)]
struct Level {
    down: Conv2d,
    block: ResidualBlock,
}

/// A picture after its way through the codes.
#[derive(Debug, Clone)]
pub struct ImageReconstruction {
    /// The painted picture: `[batch, 1, size, size]`.
    pub picture: Tensor<4>,
    /// Vectors before quantization: `[batch, grid*grid, code_dim]`.
    pub vectors: Tensor<3>,
    /// Codes: `[batch, grid*grid]`.
    pub ids: Tensor<2, Int>,
    /// Commitment loss: `[1]`.
    pub commitment: Tensor<1>,
}

impl ImageTokenizerConfig {
    /// Sizes of the codebook.
    pub fn quantizer(&self) -> QuantizerConfig {
        QuantizerConfig {
            codes: self.codes,
            code_dim: self.code_dim,
        }
    }

    /// A tokenizer with random weights.
    pub fn init(&self, device: &Device) -> ImageTokenizer {
        let inputs = std::iter::once(1).chain(self.channels.iter().copied());
        let levels = inputs
            .zip(&self.channels)
            .map(|(channels_in, &channels)| Level {
                down: conv_down(channels_in, channels, device),
                block: ResidualBlock::new(channels, device),
            })
            .collect();
        let deepest = self.feature_dim();
        let finer: Vec<usize> = self.channels.iter().rev().copied().collect();
        let paint = (0..finer.len())
            .map(|level| {
                let next = finer.get(level + 1).copied().unwrap_or(finer[level]);
                conv3(finer[level], next, device)
            })
            .collect();
        ImageTokenizer {
            levels,
            blocks: (0..self.blocks)
                .map(|_| ResidualBlock::new(deepest, device))
                .collect(),
            to_code: conv1(deepest, self.code_dim, device),
            quantizer: self.quantizer().init(device),
            from_code: conv1(self.code_dim, deepest, device),
            paint_block: ResidualBlock::new(deepest, device),
            paint,
            to_pixel: conv3(self.channels[0], 1, device),
            upsample: Interpolate2dConfig::new()
                .with_scale_factor(Some([2.0, 2.0]))
                .with_mode(InterpolateMode::Nearest)
                .init(),
            size: self.size,
        }
    }
}

impl ImageTokenizer {
    /// Image tokens for the language model: codebook entries, or the encoder's vectors before quantization.
    ///
    /// # Shapes
    /// - picture: `[batch, 1, size, size]`, zero mean and unit deviation each
    /// - output: `[batch, grid*grid, token_dim]`
    pub fn tokens(&self, picture: Tensor<4>, quantized: bool) -> Tensor<3> {
        let features = self.features(picture);
        if !quantized {
            return grid_to_tokens(features);
        }
        let vectors = grid_to_tokens(convolve(&self.to_code, features));
        self.quantizer.entries(self.quantizer.nearest(vectors))
    }

    /// With the encoder of another tokenizer and, where the codebooks have equal sizes, all the rest of it. Pictures
    /// may have another size: convolutions do not depend on it. `None` when the encoders differ in their sizes.
    pub fn with_encoder_of(self, other: &Self) -> Option<Self> {
        let encoder = |own: &Self| {
            let levels = own.levels.iter().map(|level| level.down.weight.dims());
            (levels.collect::<Vec<_>>(), own.blocks.len())
        };
        let codebook = |own: &Self| (own.to_code.weight.dims(), own.quantizer.codes());
        if encoder(&self) != encoder(other) {
            return None;
        }
        let size = self.size;
        Some(if codebook(&self) == codebook(other) {
            Self {
                size,
                ..other.clone()
            }
        } else {
            Self {
                levels: other.levels.clone(),
                blocks: other.blocks.clone(),
                ..self
            }
        })
    }

    /// Encodes, quantizes and paints.
    ///
    /// # Shapes
    /// - picture: `[batch, 1, size, size]`
    pub fn forward(&self, picture: Tensor<4>) -> ImageReconstruction {
        let vectors = grid_to_tokens(convolve(&self.to_code, self.features(picture)));
        let quantized = self.quantizer.forward(vectors.clone());
        ImageReconstruction {
            picture: self.decode_vectors(quantized.values),
            vectors,
            ids: quantized.ids,
            commitment: quantized.commitment,
        }
    }

    fn features(&self, picture: Tensor<4>) -> Tensor<4> {
        assert_shape!(picture, [_, 1, self.size, self.size]);
        let mut x = picture;
        for level in &self.levels {
            x = level.block.forward(convolve(&level.down, x));
        }
        for block in &self.blocks {
            x = block.forward(x);
        }
        x
    }

    fn decode_vectors(&self, values: Tensor<3>) -> Tensor<4> {
        let grid = self.size >> self.levels.len();
        let mut x = convolve(&self.from_code, tokens_to_grid(values, [grid; 2]));
        x = self.paint_block.forward(x);
        for conv in &self.paint {
            x = relu(convolve(conv, self.upsample.forward(x)));
        }
        convolve(&self.to_pixel, x)
    }
}

#[cfg(test)]
mod tests {
    use crate::config::ModelConfig;
    use burn::tensor::{Device, Distribution, Tensor};

    #[test]
    fn a_picture_comes_back_at_its_size() {
        let device = Device::flex();
        let config = ModelConfig::tiny().image;
        let tokenizer = config.init(&device);
        let picture = Tensor::<4>::random([2, 1, 64, 64], Distribution::Default, &device);
        let reconstruction = tokenizer.forward(picture.clone());
        assert_eq!(reconstruction.picture.dims(), [2, 1, 64, 64]);
        assert_eq!(reconstruction.ids.dims(), [2, 64]);
        for (quantized, width) in [(true, config.code_dim), (false, config.feature_dim())] {
            let tokens = tokenizer.tokens(picture.clone(), quantized);
            assert_eq!(tokens.dims(), [2, 64, width]);
        }
    }
    #[test]
    fn an_encoder_serves_pictures_of_another_size_and_tokenizers_of_another_codebook() {
        let device = Device::flex();
        let config = ModelConfig::tiny().image;
        let other = config.init(&device);
        let picture = Tensor::<4>::random([1, 1, 64, 64], Distribution::Default, &device);
        let mut larger = config.clone();
        larger.size = 128;
        let taken = larger.init(&device).with_encoder_of(&other).unwrap();
        let double = Tensor::<4>::zeros([1, 1, 128, 128], &device);
        assert_eq!(taken.forward(double).ids.dims(), [1, 256]);
        let mut more_codes = config.clone();
        more_codes.codes = 64;
        let taken = more_codes.init(&device).with_encoder_of(&other).unwrap();
        assert_eq!(
            taken.tokens(picture.clone(), false).into_data(),
            other.tokens(picture, false).into_data()
        );
        assert_eq!(taken.quantizer.codes(), 64);
        let mut wider = config;
        wider.channels[1] = 64;
        assert!(wider.init(&device).with_encoder_of(&other).is_none());
    }
}
