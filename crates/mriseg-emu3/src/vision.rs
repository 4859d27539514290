//! How a model that was trained on Emu3's codes reads pictures and draws masks.

use crate::tokenizer::Emu3Tokenizer;
use burn::tensor::{Device, Int, Tensor, TensorData};
use mriseg::image::Picture;
use mriseg::model::Model;
use mriseg::vision::{CodePatches, VisionTokenizer, code_vectors};
use std::sync::Arc;

/// Emu3's tokenizer and the code embeddings of a language model. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Emu3Vision {
    tokenizer: Arc<Emu3Tokenizer>,
    /// See [`MaskLm::code_table`](mriseg::mask_lm::MaskLm::code_table).
    table: Tensor<2>,
}

impl Emu3Vision {
    /// What `model` was trained with. It takes its embeddings as they are now.
    pub fn new(tokenizer: Arc<Emu3Tokenizer>, model: &Model) -> Self {
        Self {
            tokenizer,
            table: model.lm.code_table(),
        }
    }
}

impl VisionTokenizer for Emu3Vision {
    fn input_channels(&self) -> usize {
        1
    }

    fn reads_prepared(&self) -> bool {
        false
    }

    /// Grey values, in every channel.
    fn picture(&self, picture: &Picture, size: usize, device: &Device) -> Tensor<4> {
        let pixels = picture.grey().resized(size, size).pixels;
        let grey = Tensor::from_data(TensorData::new(pixels, [1, 1, size, size]), device);
        self.tokenizer.read(grey)
    }

    fn image_tokens(&self, pictures: Tensor<4>) -> Tensor<3> {
        code_vectors(self.table.clone(), cells(self.tokenizer.encode(pictures)))
    }

    fn tokens_of_codes(&self, codes: Tensor<2, Int>) -> Option<Tensor<3>> {
        Some(code_vectors(self.table.clone(), codes))
    }

    fn mask_codes(&self, masks: Tensor<4>) -> Tensor<2, Int> {
        cells(self.tokenizer.encode(self.tokenizer.read(masks)))
    }

    /// The grey that the codes paint.
    fn foreground(&self, codes: Tensor<2, Int>) -> Tensor<4> {
        let [batch, mask] = codes.dims();
        let side = mask.isqrt();
        let painted = self.tokenizer.decode(codes.reshape([batch, side, side]));
        let grey = painted.mean_dim(1).add_scalar(1.0).div_scalar(2.0);
        grey.clamp(0.0, 1.0)
    }

    fn code_patches(&self) -> Option<CodePatches> {
        None
    }

    /// One: each takes hundreds of megabytes on its way, and keeps all cores busy.
    fn batch(&self, _count: usize) -> usize {
        1
    }
}

fn cells(codes: Tensor<3, Int>) -> Tensor<2, Int> {
    codes.flatten(1, 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Emu3Config;
    use crate::weights::RandomTensors;
    use burn::tensor::TensorData;
    use mriseg::config::{ImageTokens, ModelConfig};
    use mriseg::image::GrayImage;

    fn emu3(device: &Device) -> Arc<Emu3Tokenizer> {
        let config = Emu3Config {
            codebook_size: 64,
            ch: 32,
            ch_mult: vec![1, 1, 1, 1],
            num_res_blocks: 1,
            ..Emu3Config::official()
        };
        Arc::new(Emu3Tokenizer::load(&config, &mut RandomTensors::new(1), device).unwrap())
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
        let vision = Emu3Vision::new(tokenizer.clone(), &model);
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
        let masks = vision.mask_codes(Tensor::from_data(
            TensorData::new(pixels, [1, 1, 64, 64]),
            &device,
        ));
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
}
