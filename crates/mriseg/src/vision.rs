//! What stands between pixels and tokens: the tokenizers of the model itself, or Emu3's.

use crate::image::Picture;
use crate::model::{Model, Tokenizers, normalized_pixels, single};
use crate::vq::emu3::Emu3Tokenizer;
use burn::tensor::activation::sigmoid;
use burn::tensor::{Device, Int, Tensor};
use std::sync::Arc;

/// Pictures to image tokens, masks to codes and back. Cloning is cheap.
#[derive(Debug, Clone)]
pub enum Vision {
    /// Tokenizers that belong to the model.
    Own(Arc<Tokenizers>),
    /// Emu3's pretrained one, for pictures and masks.
    Emu3(Box<Emu3Vision>),
}

/// The model was trained on the codes of a tokenizer that is not part of it.
#[derive(Debug, thiserror::Error)]
#[error(
    "this model reads pictures with Emu3's vision tokenizer, which is not part of its bundle and too large for a browser: name its folder with --emu3, or take another model"
)]
pub struct Emu3Missing;

/// Emu3's tokenizer and what the language model makes of its codes.
#[derive(Debug, Clone)]
pub struct Emu3Vision {
    tokenizer: Arc<Emu3Tokenizer>,
    /// See [`MaskLm::code_table`](crate::mask_lm::MaskLm::code_table).
    table: Tensor<2>,
}

impl Vision {
    /// What `model` was trained with; `emu3` where that is not part of it.
    ///
    /// # Errors
    /// The model needs Emu3's tokenizer, and there is none.
    pub fn of(model: &Model, emu3: Option<&Arc<Emu3Tokenizer>>) -> Result<Self, Emu3Missing> {
        match (&model.tokenizers, emu3) {
            (Some(own), _) => Ok(Self::Own(Arc::new(own.clone()))),
            (None, Some(tokenizer)) => Ok(Self::Emu3(Box::new(Emu3Vision {
                tokenizer: tokenizer.clone(),
                table: model.lm.code_table(),
            }))),
            (None, None) => Err(Emu3Missing),
        }
    }

    /// Channels of a picture that are read: 1 (grey) or 3.
    pub fn input_channels(&self) -> usize {
        match self {
            Self::Own(own) => own.image.input_channels(),
            Self::Emu3(_) => 1,
        }
    }

    /// A picture as it is read, scaled to `size` by `size` pixels: `[1, channels, size, size]`. Emu3's tokenizer reads
    /// grey values.
    pub fn picture(&self, picture: &Picture, size: usize, device: &Device) -> Tensor<4> {
        match self {
            Self::Own(_) => {
                let pixels = normalized_pixels(picture, size, self.input_channels());
                single(pixels, size, device)
            }
            Self::Emu3(emu3) => {
                let pixels = picture.grey().resized(size, size).pixels;
                emu3.tokenizer.read(single(pixels, size, device))
            }
        }
    }

    /// Image tokens of pictures, as the language model reads them.
    ///
    /// # Shapes
    /// - pictures: `[batch, channels, size, size]`, see [`Self::picture`]
    /// - output: `[batch, image, token_dim]`
    pub fn image_tokens(&self, pictures: Tensor<4>) -> Tensor<3> {
        match self {
            Self::Own(own) => own.image_tokens(pictures),
            Self::Emu3(emu3) => emu3.image_tokens(cells(emu3.tokenizer.encode(pictures))),
        }
    }

    /// Codes of masks, 0 or 1.
    ///
    /// # Shapes
    /// - masks: `[batch, 1, size, size]`
    /// - output: `[batch, mask]`
    pub fn mask_codes(&self, masks: Tensor<4>) -> Tensor<2, Int> {
        match self {
            Self::Own(own) => own.mask.encode(masks),
            Self::Emu3(emu3) => cells(emu3.tokenizer.encode(emu3.tokenizer.read(masks))),
        }
    }

    /// How surely each pixel is foreground, 0 to 1. Of Emu3's codes: the grey that they paint.
    ///
    /// # Shapes
    /// - codes: `[batch, mask]`
    /// - output: `[batch, 1, size, size]`
    pub fn foreground(&self, codes: Tensor<2, Int>) -> Tensor<4> {
        match self {
            Self::Own(own) => sigmoid(own.mask.decode(codes)),
            Self::Emu3(emu3) => {
                let [batch, mask] = codes.dims();
                let side = mask.isqrt();
                let painted = emu3.tokenizer.decode(codes.reshape([batch, side, side]));
                let grey = painted.mean_dim(1).add_scalar(1.0).div_scalar(2.0);
                grey.clamp(0.0, 1.0)
            }
        }
    }
}

impl Emu3Vision {
    /// Codes of pictures as image tokens.
    ///
    /// # Shapes
    /// - codes: `[batch, image]`
    /// - output: `[batch, image, d_model]`
    pub fn image_tokens(&self, codes: Tensor<2, Int>) -> Tensor<3> {
        code_vectors(self.table.clone(), codes)
    }
}

/// Codes of pictures as image tokens, with [`ImageTokens::MaskCodes`](crate::config::ImageTokens::MaskCodes).
///
/// # Shapes
/// - table: `[codes + 1, d_model]`, see [`MaskLm::code_table`](crate::mask_lm::MaskLm::code_table)
/// - codes: `[batch, image]`
/// - output: `[batch, image, d_model]`
pub fn code_vectors(table: Tensor<2>, codes: Tensor<2, Int>) -> Tensor<3> {
    let [batch, image] = codes.dims();
    let [_, d_model] = table.dims();
    let rows = table.select(0, codes.reshape([batch * image]));
    rows.reshape([batch, image, d_model])
}

fn cells(codes: Tensor<3, Int>) -> Tensor<2, Int> {
    codes.flatten(1, 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{ImageTokens, ModelConfig};
    use crate::image::GrayImage;
    use crate::vq::emu3::{Emu3Config, RandomTensors};

    fn emu3(device: &Device) -> Arc<Emu3Tokenizer> {
        let config = Emu3Config {
            codebook_size: 64,
            ch: 32,
            ch_mult: vec![1, 1, 1, 1],
            num_res_blocks: 1,
            ..Emu3Config::official()
        };
        Arc::new(config.load(&mut RandomTensors::new(1), device).unwrap())
    }

    fn of_mask_codes() -> ModelConfig {
        let mut config = ModelConfig::tiny();
        config.mask.codes = 64;
        config.lm.image_tokens = ImageTokens::MaskCodes;
        config
    }

    #[test]
    fn codes_of_emu3_are_image_tokens_and_the_grey_that_they_paint_is_the_mask() {
        let device = Device::flex();
        let config = of_mask_codes();
        config.validate().unwrap();
        let model = config.init(&device);
        let tokenizer = emu3(&device);
        let vision = Vision::of(&model, Some(&tokenizer)).unwrap();
        let pixels = (0..3500).map(|i| (i % 50) as f32 / 50.0).collect();
        let image = GrayImage::new(50, 70, pixels);
        let picture = vision.picture(&image.into(), config.picture_size(), &device);
        assert_eq!(picture.dims(), [1, 3, 64, 64]);
        let codes: Vec<u32> = tokenizer
            .encode(picture.clone())
            .into_data()
            .iter()
            .collect();
        let tokens = vision.image_tokens(picture);
        assert_eq!(tokens.dims(), [1, 64, config.image_token_dim()]);
        for (cell, &code) in codes.iter().enumerate() {
            let row = tokens
                .clone()
                .slice([0..1, cell..cell + 1])
                .flatten::<1>(0, 2);
            let code = code as usize;
            let expected = model.lm.code_table().slice_dim(0, code..code + 1);
            assert_eq!(row.into_data(), expected.flatten::<1>(0, 1).into_data());
        }

        let mut pixels = vec![0.0; 64 * 64];
        pixels[..32 * 64].fill(1.0);
        let masks = vision.mask_codes(single(pixels, 64, &device));
        assert_eq!(masks.dims(), [1, 64]);
        let drawn: Vec<f32> = vision
            .foreground(masks.clone())
            .into_data()
            .iter()
            .collect();
        let painted = tokenizer.decode(masks.reshape([1, 8, 8]));
        let painted: Vec<f32> = painted.into_data().iter().collect();
        assert_eq!(drawn.len(), 64 * 64);
        for (pixel, &drawn) in drawn.iter().enumerate() {
            let mean: f32 = (0..3).map(|c| painted[c * 64 * 64 + pixel]).sum::<f32>() / 3.0;
            assert!((drawn - ((mean + 1.0) / 2.0).clamp(0.0, 1.0)).abs() < 1e-5);
        }
        assert!(drawn.iter().any(|&p| p > 0.5) && drawn.iter().any(|&p| p < 0.5));
    }

    #[test]
    fn a_model_without_tokenizers_says_what_it_needs() {
        let device = Device::flex();
        let model = of_mask_codes().init(&device);
        let message = Vision::of(&model, None).unwrap_err().to_string();
        assert!(
            message.contains("Emu3") && message.contains("--emu3"),
            "{message}"
        );
    }
}
