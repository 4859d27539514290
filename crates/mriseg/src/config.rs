//! Sizes of the model. Everything that a weight file depends on is here, and is saved with it.

use crate::sequence::SequenceLayout;
use serde::{Deserialize, Serialize};

/// A model configuration that cannot be built: which value, and why.
#[derive(Debug, thiserror::Error)]
#[error("model configuration: {0}")]
pub struct ConfigError(pub String);

/// What the sequence holds for an image cell (docs/METHOD.md, section 2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum ImageTokens {
    /// The quantized vector of the cell's code; the tokenizer is trained first and then frozen.
    Codes,
    /// The encoder's vector before quantization; the encoder is trained with the language model.
    #[default]
    Features,
    /// The cell's code, embedded as mask codes are: one tokenizer reads pictures and masks, as in the paper. It is
    /// not part of the model, and `image` and what `mask` says of networks are not used.
    MaskCodes,
}

/// What sees a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum ImageEncoderKind {
    /// Convolutions of our own, which halve the side once per entry of `channels`.
    #[default]
    Conv,
    /// EfficientNet-Lite0, pretrained on ImageNet ([`crate::efficientnet`]); `channels`, `blocks`, `codes` and `code_dim`
    /// are not used.
    EfficientnetLite0,
}

/// Image tokenizer, or an encoder alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageTokenizerConfig {
    /// What sees the picture.
    #[serde(default)]
    pub encoder: ImageEncoderKind,
    /// Side of the picture that the encoder reads, in pixels.
    pub size: usize,
    /// Channels of the picture: 1 (grey) or 3 (red, green, blue). A pretrained encoder takes grey for three equal ones.
    #[serde(default = "one")]
    pub input_channels: usize,
    /// Width of an image token made of several levels of a pretrained encoder.
    #[serde(default = "fused_dim")]
    pub fused_dim: usize,
    /// Channels per level; `size / 2^levels` is the side of the grid.
    pub channels: Vec<usize>,
    /// Residual blocks at the last level.
    pub blocks: usize,
    /// Codebook entries.
    pub codes: usize,
    /// Width of a codebook entry.
    pub code_dim: usize,
}

/// Mask tokenizer: one code per square patch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaskTokenizerConfig {
    /// Side of the mask that is encoded and decoded, in pixels.
    pub size: usize,
    /// Side of a patch, in pixels; `size / patch` is the side of the grid.
    pub patch: usize,
    /// Channels of encoder and decoder.
    pub channels: usize,
    /// Residual blocks of the decoder.
    pub blocks: usize,
    /// Codebook entries.
    pub codes: usize,
    /// Width of a codebook entry.
    pub code_dim: usize,
}

/// The decoder-only transformer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaskLmConfig {
    /// Width of the residual stream.
    pub d_model: usize,
    /// Transformer blocks.
    pub layers: usize,
    /// Attention heads; `d_model / heads` must be a multiple of 4 (two rotary axes).
    pub heads: usize,
    /// Hidden width of the SwiGLU feed-forward.
    pub d_hidden: usize,
    /// Text tokens in the sequence.
    pub text_tokens: usize,
    /// Entries of the text vocabulary.
    pub text_vocab: usize,
    /// What the sequence holds for an image cell.
    pub image_tokens: ImageTokens,
    /// Tokens that every mask position predicts (paper: the k of next-k token prediction), 1 to
    /// [`MOST_NEXT_TOKENS`]. Bundles of before this setting predict one.
    #[serde(default = "one")]
    pub next_tokens: usize,
    /// Whether the model tells, before it draws, if there is anything to draw (a no-target classifier: Liu et al. 2023,
    /// "GRES: Generalized referring expression segmentation"). Bundles of before this setting do not.
    #[serde(default)]
    pub presence: bool,
}

/// Largest [`MaskLmConfig::next_tokens`].
pub const MOST_NEXT_TOKENS: usize = 8;

fn one() -> usize {
    1
}

fn fused_dim() -> usize {
    192
}

/// The whole model: two tokenizers and the transformer between them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// Image tokenizer.
    pub image: ImageTokenizerConfig,
    /// Mask tokenizer.
    pub mask: MaskTokenizerConfig,
    /// Transformer.
    pub lm: MaskLmConfig,
}

impl ModelConfig {
    /// 64x64 pictures on an 8x8 grid; trains on a CPU in minutes.
    pub fn tiny() -> Self {
        Self::sized(64, 64, &[16, 32, 64], 96, 3, 256)
    }

    /// 224x224 masks on a 14x14 grid, pictures read at 112x112; about 7 million parameters, for the
    /// browser.
    pub fn small() -> Self {
        Self::sized(112, 224, &[32, 64, 128], 256, 8, 1024)
    }

    /// 224x224 on a 14x14 grid; for a GPU.
    pub fn base() -> Self {
        Self::sized(224, 224, &[32, 64, 128, 256], 384, 10, 1024)
    }

    /// 224x224 on a 14x14 grid; for a GPU.
    pub fn large() -> Self {
        Self::sized(224, 224, &[48, 96, 192, 384], 512, 12, 1024)
    }

    fn sized(
        image_size: usize,
        mask_size: usize,
        channels: &[usize],
        d_model: usize,
        layers: usize,
        mask_codes: usize,
    ) -> Self {
        let grid = image_size >> channels.len();
        Self {
            image: ImageTokenizerConfig {
                encoder: ImageEncoderKind::Conv,
                size: image_size,
                input_channels: 1,
                fused_dim: fused_dim(),
                channels: channels.to_vec(),
                blocks: 2,
                codes: 512,
                code_dim: 32,
            },
            mask: MaskTokenizerConfig {
                size: mask_size,
                patch: mask_size / grid,
                channels: 96,
                blocks: 2,
                codes: mask_codes,
                code_dim: 32,
            },
            lm: MaskLmConfig {
                d_model,
                layers,
                heads: d_model / 32,
                d_hidden: (d_model * 8 / 3).next_multiple_of(32),
                text_tokens: 64,
                text_vocab: 1024,
                image_tokens: ImageTokens::Features,
                next_tokens: 4,
                presence: false,
            },
        }
    }

    /// Side of the pictures that are read, in pixels.
    pub fn picture_size(&self) -> usize {
        match self.lm.image_tokens {
            ImageTokens::Codes | ImageTokens::Features => self.image.size,
            ImageTokens::MaskCodes => self.mask.size,
        }
    }

    /// Side of the grid shared by image and mask tokens, in cells.
    pub fn grid(&self) -> usize {
        self.mask.size / self.mask.patch
    }

    /// The sequence that this model reads and writes.
    pub fn layout(&self) -> SequenceLayout {
        SequenceLayout {
            text: self.lm.text_tokens,
            grid: self.grid(),
            codes: self.mask.codes,
        }
    }

    /// Width of an image token before it enters the transformer.
    pub fn image_token_dim(&self) -> usize {
        match self.lm.image_tokens {
            ImageTokens::Codes => self.image.code_dim,
            ImageTokens::Features => self.image.feature_dim(),
            ImageTokens::MaskCodes => self.lm.d_model,
        }
    }

    /// Rejects sizes that do not fit together, naming them.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.validate_ranges()?;
        let error = |message: String| Err(ConfigError(message));
        let (mask, lm) = (&self.mask, &self.lm);
        if mask.channels % 8 != 0 {
            return error(format!(
                "mask.channels = {} must be a multiple of 8",
                mask.channels
            ));
        }
        if !mask.size.is_multiple_of(mask.patch) {
            return error(format!(
                "mask.size = {} must be a multiple of mask.patch = {}",
                mask.size, mask.patch
            ));
        }
        self.validate_image()?;
        if !lm.d_model.is_multiple_of(lm.heads) || !(lm.d_model / lm.heads).is_multiple_of(4) {
            return error(format!(
                "lm.d_model = {} must be lm.heads = {} times a multiple of 4",
                lm.d_model, lm.heads
            ));
        }
        if lm.presence && lm.image_tokens == ImageTokens::MaskCodes {
            return error(
                "lm.presence = true is for models with tokenizers of their own: set it to false with image_tokens = mask_codes".to_owned(),
            );
        }
        let most = MOST_NEXT_TOKENS.min(self.layout().mask());
        if !(1..=most).contains(&lm.next_tokens) {
            return error(format!(
                "lm.next_tokens = {} must lie between 1 and {most}",
                lm.next_tokens
            ));
        }
        Ok(())
    }

    fn validate_ranges(&self) -> Result<(), ConfigError> {
        let (image, mask, lm) = (&self.image, &self.mask, &self.lm);
        for (name, value) in [
            ("image.size", image.size),
            ("image.codes", image.codes),
            ("image.code_dim", image.code_dim),
            ("image.fused_dim", image.fused_dim),
            ("mask.size", mask.size),
            ("mask.patch", mask.patch),
            ("mask.channels", mask.channels),
            ("mask.codes", mask.codes),
            ("mask.code_dim", mask.code_dim),
            ("lm.d_model", lm.d_model),
            ("lm.layers", lm.layers),
            ("lm.heads", lm.heads),
            ("lm.d_hidden", lm.d_hidden),
            ("lm.text_tokens", lm.text_tokens),
            ("lm.text_vocab", lm.text_vocab),
        ] {
            if value == 0 || value > 65_536 {
                let message = format!("{name} = {value} must lie between 1 and 65536");
                return Err(ConfigError(message));
            }
        }
        Ok(())
    }

    fn validate_image(&self) -> Result<(), ConfigError> {
        let error = |message: String| Err(ConfigError(message));
        let (image, lm) = (&self.image, &self.lm);
        if image.channels.is_empty() || image.channels.iter().any(|&c| c == 0 || c % 8 != 0) {
            return error(format!(
                "image.channels = {:?} must be multiples of 8",
                image.channels
            ));
        }
        let own_image = lm.image_tokens != ImageTokens::MaskCodes;
        if image.input_channels != 1 && image.input_channels != 3 {
            return error(format!(
                "image.input_channels = {} must be 1 (grey) or 3 (colour)",
                image.input_channels
            ));
        }
        if image.input_channels == 3 && image.encoder == ImageEncoderKind::Conv {
            return error(
                "image.input_channels = 3 needs image.encoder = \"efficientnet_lite0\": our own encoder reads grey"
                    .to_owned(),
            );
        }
        if own_image && image.encoder == ImageEncoderKind::EfficientnetLite0 {
            self.validate_pretrained()?;
        }
        let own_encoder = own_image && image.encoder == ImageEncoderKind::Conv;
        let side = 1 << image.channels.len().min(16);
        if own_encoder && !image.size.is_multiple_of(side) {
            return error(format!(
                "image.size = {} must be a multiple of {side}, as image.channels has {} levels",
                image.size,
                image.channels.len()
            ));
        }
        if own_encoder && image.size / side != self.grid() {
            return error(format!(
                "the image grid has {} cells a side and the mask grid {}: they must be equal",
                image.size / side,
                self.grid()
            ));
        }
        Ok(())
    }
}

impl ModelConfig {
    /// The finest and the coarsest of the levels that are fused must fit the grid.
    fn validate_pretrained(&self) -> Result<(), ConfigError> {
        const COARSEST: usize = 32;
        let (image, grid) = (&self.image, self.grid());
        if self.lm.image_tokens != ImageTokens::Features {
            return Err(ConfigError(
                "image.encoder = efficientnet_lite0 goes with lm.image_tokens = features"
                    .to_owned(),
            ));
        }
        let fits = |side: usize| side.is_multiple_of(grid) || grid.is_multiple_of(side);
        let sides = [8, 16, COARSEST].map(|stride| image.size / stride);
        if !image.size.is_multiple_of(COARSEST) || !sides.into_iter().all(fits) {
            return Err(ConfigError(format!(
                "image.size = {} with a grid of {grid} cells: image.encoder = efficientnet_lite0 sees pictures at strides 8, 16 and {COARSEST}, whose sides must be multiples or parts of the grid; take 16 pixels a cell, or 8",
                image.size
            )));
        }
        Ok(())
    }
}

impl ImageTokenizerConfig {
    /// Width of the encoder's output.
    pub fn feature_dim(&self) -> usize {
        match self.encoder {
            ImageEncoderKind::Conv => self.channels.last().copied().unwrap_or(0),
            ImageEncoderKind::EfficientnetLite0 => self.fused_dim,
        }
    }
}

impl Default for ModelConfig {
    fn default() -> Self {
        Self::tiny()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_is_valid() {
        for config in [
            ModelConfig::tiny(),
            ModelConfig::small(),
            ModelConfig::base(),
            ModelConfig::large(),
        ] {
            config.validate().unwrap();
        }
        assert_eq!(ModelConfig::tiny().grid(), 8);
        assert_eq!(ModelConfig::small().layout().mask(), 196);
    }

    #[test]
    fn a_pretrained_encoder_fits_grids_of_16_and_8_pixels_a_cell() {
        let mut config = ModelConfig::base();
        config.image.encoder = ImageEncoderKind::EfficientnetLite0;
        config.validate().unwrap();
        assert_eq!(config.image_token_dim(), config.image.fused_dim);
        config.mask.patch = 8;
        config.validate().unwrap();
        config.mask.patch = 32;
        config.validate().unwrap();
        config.mask.patch = 14;
        let message = config.validate().unwrap_err().to_string();
        assert!(message.contains("grid of 16 cells"), "{message}");
        config.mask.patch = 16;
        config.lm.image_tokens = ImageTokens::Codes;
        let message = config.validate().unwrap_err().to_string();
        assert!(message.contains("image_tokens = features"), "{message}");
    }

    #[test]
    fn grids_that_differ_are_named() {
        let mut config = ModelConfig::tiny();
        config.mask.patch = 16;
        let message = config.validate().unwrap_err().to_string();
        assert!(
            message.contains("8 cells a side and the mask grid 4"),
            "{message}"
        );
    }
}
