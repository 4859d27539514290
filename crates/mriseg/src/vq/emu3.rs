//! Emu3's vision tokenizer (SBER-MoVQGAN), the paper's tokenizer of pictures and masks: 32 768 codes, one per
//! 8x8 pixels in its official size of 271 million parameters. It is made for video; for one picture every
//! convolution over time collapses to one over the plane, exactly (docs/METHOD.md, section 2.4), which is what is kept here.
//!
//! Its weights are not ours: [`Emu3Config::load`] reads the official safetensors file, or the one that the
//! `transformers` package writes, tensor by tensor.

mod layers;
mod network;
mod weights;

pub use weights::{RandomTensors, SafetensorsFile};

use super::blocks::{grid_to_tokens, tokens_to_grid};
use super::quantizer::{Quantizer, QuantizerConfig};
use crate::error::Error;
use crate::tensor_source::TensorSource;
use burn::module::Module;
use burn::nn::conv::Conv2d;
use burn::tensor::{Device, Int, Tensor};
use mriseg_ops::convolution::convolve;
use network::{Decoder, Encoder};
use serde::{Deserialize, Serialize};
use weights::Weights;

/// Sizes, by the names of the official `config.json`; those of `transformers` are understood too, and what only
/// video or training needs is ignored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Emu3Config {
    /// Codes.
    pub codebook_size: usize,
    /// Width of a codebook entry.
    pub embed_dim: usize,
    /// Channels of the picture between encoder and codebook.
    #[serde(alias = "latent_channels")]
    pub z_channels: usize,
    /// Channels of the picture that is read.
    pub in_channels: usize,
    /// Channels of the picture that is painted.
    pub out_channels: usize,
    /// Frames of a video that become one; 4.
    pub temporal_downsample_factor: usize,
    /// Channels at full size; a multiple of 32.
    #[serde(alias = "base_channels")]
    pub ch: usize,
    /// Channels of every level, in multiples of [`Self::ch`]; each level halves the side of the one before.
    #[serde(alias = "channel_multiplier")]
    pub ch_mult: Vec<usize>,
    /// Residual blocks of a level; the decoder has one more.
    pub num_res_blocks: usize,
    /// Levels with attention.
    #[serde(rename = "attn_resolutions")]
    pub attn_levels: Vec<usize>,
}

/// Encoder, codebook and decoder.
#[derive(Module, Debug)]
pub struct Emu3Tokenizer {
    encoder: Encoder,
    to_code: Conv2d,
    quantizer: Quantizer,
    from_code: Conv2d,
    decoder: Decoder,
    #[module(skip)]
    patch: usize,
    #[module(skip)]
    in_channels: usize,
}

impl Emu3Config {
    /// The size of the published weights.
    pub fn official() -> Self {
        Self {
            codebook_size: 32_768,
            embed_dim: 4,
            z_channels: 4,
            in_channels: 3,
            out_channels: 3,
            temporal_downsample_factor: 4,
            ch: 256,
            ch_mult: vec![1, 2, 2, 4],
            num_res_blocks: 2,
            attn_levels: vec![3],
        }
    }

    /// Side of the square of pixels that one code stands for.
    pub fn patch(&self) -> usize {
        1 << (self.ch_mult.len() - 1)
    }

    /// Rejects sizes that cannot be built, naming them.
    ///
    /// # Errors
    /// A size is 0, too large, or of a kind that is not supported.
    pub fn validate(&self) -> Result<(), Error> {
        let error = |message: String| Err(Error::Config(format!("Emu3 tokenizer: {message}")));
        for (name, value, most) in [
            ("codebook_size", self.codebook_size, 1 << 20),
            ("embed_dim", self.embed_dim, 1024),
            ("z_channels", self.z_channels, 1024),
            ("in_channels", self.in_channels, 16),
            ("out_channels", self.out_channels, 16),
            ("ch", self.ch, 4096),
            ("num_res_blocks", self.num_res_blocks, 16),
        ] {
            if value == 0 || value > most {
                return error(format!("{name} = {value} must lie between 1 and {most}"));
            }
        }
        if !self.ch.is_multiple_of(layers::GROUPS) {
            return error(format!(
                "ch = {} must be a multiple of {}, the groups of its normalisations",
                self.ch,
                layers::GROUPS
            ));
        }
        if !(1..=8).contains(&self.ch_mult.len())
            || self.ch_mult.iter().any(|m| !(1..=64).contains(m))
        {
            return error(format!(
                "ch_mult = {:?} must hold 1 to 8 factors between 1 and 64",
                self.ch_mult
            ));
        }
        if let Some(level) = self.attn_levels.iter().find(|&&l| l >= self.ch_mult.len()) {
            return error(format!(
                "attn_resolutions names level {level}, and ch_mult has {} levels, counted from 0",
                self.ch_mult.len()
            ));
        }
        if self.temporal_downsample_factor != 4 {
            return error(format!(
                "temporal_downsample_factor = {} is not supported: it must be 4",
                self.temporal_downsample_factor
            ));
        }
        // The decoder runs both through the same layers.
        if self.embed_dim != self.z_channels {
            return error(format!(
                "embed_dim = {} must equal z_channels = {}",
                self.embed_dim, self.z_channels
            ));
        }
        Ok(())
    }

    /// A tokenizer with the weights of `source`, which is told every tensor that it needs, one by one, and must
    /// not have others.
    ///
    /// # Errors
    /// The sizes are impossible, or a tensor is absent, has another shape, cannot be read or is left over.
    pub fn load(
        &self,
        source: &mut dyn TensorSource,
        device: &Device,
    ) -> Result<Emu3Tokenizer, Error> {
        self.validate()?;
        let mut weights = Weights::new(source, device);
        let codebook = weights.tensor(
            "quantize.embedding.weight",
            [self.codebook_size, self.embed_dim],
        )?;
        let quantizer = QuantizerConfig {
            codes: self.codebook_size,
            code_dim: self.embed_dim,
        };
        let tokenizer = Emu3Tokenizer {
            encoder: Encoder::load(self, &mut weights)?,
            to_code: weights.still_conv("quant_conv", [self.embed_dim, self.z_channels], 1)?,
            quantizer: quantizer.init(device).with_codebook(codebook),
            from_code: weights.still_conv(
                "post_quant_conv",
                [self.z_channels, self.embed_dim],
                1,
            )?,
            decoder: Decoder::load(self, &mut weights)?,
            patch: self.patch(),
            in_channels: self.in_channels,
        };
        source.finish()?;
        Ok(tokenizer)
    }
}

impl Emu3Tokenizer {
    /// Codes of pictures whose sides are multiples of [`Emu3Config::patch`].
    ///
    /// # Shapes
    /// - pictures: `[batch, 3, height, width]`, values from -1 (black) to 1 (white)
    /// - output: `[batch, height / patch, width / patch]`
    pub fn encode(&self, pictures: Tensor<4>) -> Tensor<3, Int> {
        /// Distances that are held at a time.
        const DISTANCES: usize = 1 << 24;
        let [batch, channels, height, width] = pictures.dims();
        assert_eq!(channels, self.in_channels, "channels of a picture");
        assert!(
            height.is_multiple_of(self.patch) && width.is_multiple_of(self.patch),
            "{width}x{height} pixels are no multiple of {}",
            self.patch
        );
        let vectors = convolve(&self.to_code, self.encoder.forward(pictures));
        let [_, code_dim, rows, columns] = vectors.dims();
        let vectors = grid_to_tokens(vectors).reshape([1, batch * rows * columns, code_dim]);
        let at_once = (DISTANCES / self.quantizer.codes()).max(1);
        let codes = vectors
            .split(at_once, 1)
            .into_iter()
            .map(|vectors| self.quantizer.nearest(vectors))
            .collect();
        Tensor::cat(codes, 1).reshape([batch, rows, columns])
    }

    /// Pictures of codes.
    ///
    /// # Shapes
    /// - codes: `[batch, rows, columns]`
    /// - output: `[batch, 3, rows * patch, columns * patch]`, around -1 (black) to 1 (white)
    pub fn decode(&self, codes: Tensor<3, Int>) -> Tensor<4> {
        let [batch, rows, columns] = codes.dims();
        let codes = codes.reshape([batch, rows * columns]);
        let entries = tokens_to_grid(self.quantizer.entries(codes), [rows, columns]);
        self.decoder
            .forward(convolve(&self.from_code, entries.clone()), entries)
    }

    /// Grey pictures, or masks, as the tokenizer reads them: the grey in every channel.
    ///
    /// # Shapes
    /// - grey: `[batch, 1, height, width]`, 0 to 1
    /// - output: `[batch, 3, height, width]`
    pub fn read(&self, grey: Tensor<4>) -> Tensor<4> {
        let scaled = grey.mul_scalar(2.0).sub_scalar(1.0);
        scaled.repeat_dim(1, self.in_channels)
    }
}

#[cfg(test)]
mod tests;
