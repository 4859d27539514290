//! Encoder, codebook and decoder: 32 768 codes, one per 8x8 pixels, in the official size of 271 million parameters. The
//! network is made for video; for one picture every convolution over time collapses to one over the plane, exactly
//! (docs/METHOD.md, section 2.4), which is what is kept here.

use crate::config::Emu3Config;
use crate::network::{Decoder, Encoder};
use crate::weights::Weights;
use burn::module::Module;
use burn::nn::conv::Conv2d;
use burn::tensor::{Device, Int, Tensor};
use mriseg::tensor_source::{TensorSource, WeightsError};
use mriseg::vq::{Quantizer, QuantizerConfig, grid_to_tokens, tokens_to_grid};
use mriseg_ops::convolution::convolve;

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

impl Emu3Tokenizer {
    /// The tokenizer with the weights of `source`, which is told every tensor that it needs, one by one, and must
    /// not have others.
    ///
    /// # Errors
    /// The sizes are impossible, or a tensor is absent, has another shape, cannot be read or is left over.
    pub fn load(
        config: &Emu3Config,
        source: &mut dyn TensorSource,
        device: &Device,
    ) -> Result<Self, WeightsError> {
        let mut weights = Weights::new(source, device);
        let codebook = weights.tensor(
            "quantize.embedding.weight",
            [config.codebook_size, config.embed_dim],
        )?;
        let quantizer = QuantizerConfig {
            codes: config.codebook_size,
            code_dim: config.embed_dim,
        };
        let tokenizer = Self {
            encoder: Encoder::load(config, &mut weights)?,
            to_code: weights.still_conv("quant_conv", [config.embed_dim, config.z_channels], 1)?,
            quantizer: quantizer.init(device).with_codebook(codebook),
            from_code: weights.still_conv(
                "post_quant_conv",
                [config.z_channels, config.embed_dim],
                1,
            )?,
            decoder: Decoder::load(config, &mut weights)?,
            patch: config.patch(),
            in_channels: config.in_channels,
        };
        source.finish()?;
        Ok(tokenizer)
    }

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
#[path = "tests.rs"]
mod tests;
