//! The whole model: image tokenizer and mask tokenizer, and the language model between them.

use crate::config::{ImageEncoderKind, ImageTokens, ModelConfig};
use crate::efficientnet::{EfficientNetEncoder, PreparedEncoder};
use crate::image::Picture;
use crate::mask_lm::MaskLm;
use crate::vision::{CodePatches, NoTokenizers, Vision, VisionTokenizer};
use crate::vq::{ImageTokenizer, MaskTokenizer};
use burn::module::Module;
use burn::tensor::activation::sigmoid;
use burn::tensor::{Device, Int, Tensor, TensorData};
use std::sync::Arc;

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
    /// Channels of the pictures that it reads.
    pub fn input_channels(&self) -> usize {
        match self {
            Self::Conv(_) => 1,
            Self::EfficientNet(encoder) => encoder.input_channels(),
        }
    }

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

impl Model {
    /// The tokenizers that belong to the model, ready to use; they keep the weights that they have now.
    ///
    /// # Errors
    /// It was trained on the codes of a tokenizer that is not part of it.
    pub fn vision(&self) -> Result<Vision, NoTokenizers> {
        match &self.tokenizers {
            Some(own) => Ok(Arc::new(OwnVision::new(own))),
            None => Err(NoTokenizers),
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

/// Tokenizers that belong to a model, ready to use.
#[derive(Debug)]
struct OwnVision {
    image: ReadyEncoder,
    mask: MaskTokenizer,
}

#[derive(Debug)]
enum ReadyEncoder {
    /// In kernels of its device.
    Prepared(PreparedEncoder),
    /// As it is trained, where the device has none for it.
    Trained(Box<Tokenizers>),
}

impl OwnVision {
    fn new(tokenizers: &Tokenizers) -> Self {
        let prepared = match &tokenizers.image {
            ImageEncoder::Conv(_) => None,
            ImageEncoder::EfficientNet(encoder) => encoder.prepared(),
        };
        Self {
            image: match prepared {
                Some(encoder) => ReadyEncoder::Prepared(encoder),
                None => ReadyEncoder::Trained(Box::new(tokenizers.clone())),
            },
            mask: tokenizers.mask.clone(),
        }
    }
}

impl VisionTokenizer for OwnVision {
    fn input_channels(&self) -> usize {
        match &self.image {
            ReadyEncoder::Prepared(encoder) => encoder.input_channels(),
            ReadyEncoder::Trained(tokenizers) => tokenizers.image.input_channels(),
        }
    }

    fn reads_prepared(&self) -> bool {
        true
    }

    fn picture(&self, picture: &Picture, size: usize, device: &Device) -> Tensor<4> {
        let pixels = normalized_pixels(picture, size, self.input_channels());
        single(pixels, size, device)
    }

    fn image_tokens(&self, pictures: Tensor<4>) -> Tensor<3> {
        match &self.image {
            ReadyEncoder::Prepared(encoder) => encoder.tokens(pictures),
            ReadyEncoder::Trained(tokenizers) => tokenizers.image_tokens(pictures),
        }
    }

    fn tokens_of_codes(&self, _codes: Tensor<2, Int>) -> Option<Tensor<3>> {
        None
    }

    fn mask_codes(&self, masks: Tensor<4>) -> Tensor<2, Int> {
        self.mask.encode(masks)
    }

    fn foreground(&self, codes: Tensor<2, Int>) -> Tensor<4> {
        sigmoid(self.mask.decode(codes))
    }

    fn foreground_of_rows(&self, codes: Tensor<2, Int>, rows: usize) -> Tensor<4> {
        sigmoid(self.mask.decode_rows(codes, rows))
    }

    fn code_patches(&self) -> Option<CodePatches> {
        Some(CodePatches {
            patches: self.mask.patches(),
            empty: self.mask.encode_empty(),
        })
    }

    fn batch(&self, count: usize) -> usize {
        count.max(1)
    }
}

/// The picture as the encoder reads it: scaled to `size`, its channels one after the other, 1 (grey) or 3 (red, green
/// and blue; of a grey picture three times the same), together of zero mean and unit deviation. A picture of one single
/// grey becomes zeros.
pub fn normalized_pixels(picture: &Picture, size: usize, channels: usize) -> Vec<f32> {
    const FLAT: f32 = 1e-3;
    let grey = || [picture.grey(); 3];
    let planes = match picture.colours() {
        Some(colours) if channels == colours.len() => colours.each_ref(),
        _ => grey(),
    };
    let mut pixels: Vec<f32> = (planes[..channels].iter())
        .flat_map(|plane| plane.resized(size, size).pixels)
        .collect();
    let count = pixels.len() as f32;
    let mean = pixels.iter().sum::<f32>() / count;
    let variance = pixels.iter().map(|p| (p - mean).powi(2)).sum::<f32>() / count;
    let scale = 1.0 / variance.sqrt().max(FLAT);
    for pixel in &mut pixels {
        *pixel = (*pixel - mean) * scale;
    }
    pixels
}

/// One picture or mask as a tensor `[1, channels, size, size]`.
fn single(pixels: Vec<f32>, size: usize, device: &Device) -> Tensor<4> {
    let channels = pixels.len() / (size * size);
    Tensor::from_data(TensorData::new(pixels, [1, channels, size, size]), device)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::GrayImage;

    #[test]
    fn pixels_have_zero_mean_and_unit_deviation() {
        let grey = GrayImage::new(2, 2, vec![0.25, 0.75, 0.25, 0.75]);
        let expected = [-1.0, 1.0, -1.0, 1.0];
        assert_eq!(normalized_pixels(&grey.clone().into(), 2, 1), expected);
        assert_eq!(normalized_pixels(&grey.into(), 2, 3), expected.repeat(3));
    }

    #[test]
    fn colours_keep_their_differences() {
        let plane = |value| GrayImage::new(1, 2, vec![value, value]);
        let red = Picture::from_channels([plane(1.0), plane(0.0), plane(0.5)]);
        let pixels = normalized_pixels(&red, 2, 3);
        assert_eq!(pixels.len(), 12);
        assert!(pixels[..4].iter().all(|&value| value > 1.2), "{pixels:?}");
        assert!(pixels[4..8].iter().all(|&value| value < -1.2), "{pixels:?}");
        assert!(
            normalized_pixels(&red, 2, 1)
                .iter()
                .all(|&value| value == 0.0)
        );
    }

    #[test]
    fn a_flat_picture_becomes_zeros() {
        let flat = Picture::from(GrayImage::new(2, 1, vec![0.5; 2]));
        assert!(normalized_pixels(&flat, 2, 1).iter().all(|&p| p == 0.0));
    }
}
