//! The whole model: image tokenizer and mask tokenizer, and the language model between them.

use crate::config::{ImageEncoderKind, ImageTokens, ModelConfig};
use crate::efficientnet::EfficientNetEncoder;
use crate::image::GrayImage;
use crate::mask_lm::MaskLm;
use crate::vq::{ImageTokenizer, MaskTokenizer};
use burn::module::Module;
use burn::tensor::{Device, Tensor, TensorData};

/// Everything that is trained.
#[derive(Module, Debug)]
pub struct Model {
    /// What stands between pixels and tokens; `None` with [`ImageTokens::MaskCodes`].
    pub tokenizers: Option<Tokenizers>,
    /// Sentence and image tokens to mask codes.
    pub lm: MaskLm,
}

/// The tokenizers that belong to a model.
#[derive(Module, Debug)]
pub struct Tokenizers {
    /// Pictures to image tokens.
    pub image: ImageEncoder,
    /// Masks to codes and back.
    pub mask: MaskTokenizer,
    #[module(skip)]
    quantized: bool,
}

/// What makes image tokens.
#[derive(Module, Debug)]
#[expect(clippy::large_enum_variant, reason = "a model has one")]
pub enum ImageEncoder {
    /// The encoder of an image tokenizer of our own.
    Conv(ImageTokenizer),
    /// A pretrained one.
    EfficientNet(EfficientNetEncoder),
}

impl ModelConfig {
    /// What makes image tokens, with random weights.
    pub fn init_image_encoder(&self, device: &Device) -> ImageEncoder {
        match self.image.encoder {
            ImageEncoderKind::Conv => ImageEncoder::Conv(self.image.init(device)),
            ImageEncoderKind::EfficientnetLite0 => ImageEncoder::EfficientNet(
                EfficientNetEncoder::new(&self.image, self.grid(), device),
            ),
        }
    }

    /// A model with random weights.
    pub fn init(&self, device: &Device) -> Model {
        let quantized = match self.lm.image_tokens {
            ImageTokens::Codes => Some(true),
            ImageTokens::Features => Some(false),
            ImageTokens::MaskCodes => None,
        };
        Model {
            tokenizers: quantized.map(|quantized| Tokenizers {
                image: self.init_image_encoder(device),
                mask: self.mask.init(device),
                quantized,
            }),
            lm: self.init_mask_lm(device),
        }
    }
}

impl ImageEncoder {
    /// With the encoder of another and, where their codebooks have equal sizes, all the rest of it. Pictures may have
    /// another size: convolutions do not depend on it. `None` when the encoders differ in their sizes.
    pub fn with_encoder_of(self, other: &Self) -> Option<Self> {
        match (self, other) {
            (Self::Conv(ours), Self::Conv(theirs)) => ours.with_encoder_of(theirs).map(Self::Conv),
            (Self::EfficientNet(ours), Self::EfficientNet(theirs)) => {
                ours.with_weights_of(theirs).map(Self::EfficientNet)
            }
            _ => None,
        }
    }
}

impl Tokenizers {
    /// Image tokens as the language model reads them.
    ///
    /// # Shapes
    /// - picture: `[batch, channels, size, size]`, see [`normalized_pixels`]
    /// - output: `[batch, grid*grid, token_dim]`
    pub fn image_tokens(&self, picture: Tensor<4>) -> Tensor<3> {
        match &self.image {
            ImageEncoder::Conv(tokenizer) => tokenizer.tokens(picture, self.quantized),
            ImageEncoder::EfficientNet(encoder) => encoder.tokens(picture),
        }
    }
}

/// The picture as the encoder reads it: scaled to `size`, zero mean, unit deviation. A picture of one
/// single grey becomes zeros.
pub fn normalized_pixels(image: &GrayImage, size: usize) -> Vec<f32> {
    const FLAT: f32 = 1e-3;
    let mut pixels = if (image.width, image.height) == (size, size) {
        image.pixels.clone()
    } else {
        image.resized(size, size).pixels
    };
    let count = pixels.len() as f32;
    let mean = pixels.iter().sum::<f32>() / count;
    let variance = pixels.iter().map(|p| (p - mean).powi(2)).sum::<f32>() / count;
    let scale = 1.0 / variance.sqrt().max(FLAT);
    for pixel in &mut pixels {
        *pixel = (*pixel - mean) * scale;
    }
    pixels
}

/// One picture or mask as a tensor `[1, 1, size, size]`.
pub(crate) fn single(pixels: Vec<f32>, size: usize, device: &Device) -> Tensor<4> {
    Tensor::from_data(TensorData::new(pixels, [1, 1, size, size]), device)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_have_zero_mean_and_unit_deviation() {
        let image = GrayImage {
            width: 2,
            height: 2,
            pixels: vec![0.25, 0.75, 0.25, 0.75],
        };
        assert_eq!(normalized_pixels(&image, 2), [-1.0, 1.0, -1.0, 1.0]);
    }

    #[test]
    fn a_flat_picture_becomes_zeros() {
        let image = GrayImage {
            width: 2,
            height: 1,
            pixels: vec![0.5; 2],
        };
        assert!(normalized_pixels(&image, 2).iter().all(|&p| p == 0.0));
    }
}
