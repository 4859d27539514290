//! Encoder and decoder.

use crate::config::Emu3Config;
use crate::layers::{Attention, Norm, ResidualBlock, StillBlock, doubled};
use crate::weights::Weights;
use burn::module::Module;
use burn::nn::conv::Conv2d;
use burn::tensor::Tensor;
use burn::tensor::activation::silu;
use mriseg::tensor_source::WeightsError;
use mriseg_ops::convolution::convolve;

/// Pictures to vectors.
#[derive(Module, Debug)]
pub(crate) struct Encoder {
    conv_in: Conv2d,
    levels: Vec<Level>,
    middle: Middle,
    norm_out: Norm,
    conv_out: Conv2d,
    /// Four equal frames become two, then one: `[channels, 2 * channels]`, then back.
    over_time: [Conv2d; 2],
    still: Vec<StillBlock>,
}

/// Codes' vectors to pictures.
#[derive(Module, Debug)]
pub(crate) struct Decoder {
    still: Vec<StillBlock>,
    over_time: Vec<Conv2d>,
    conv_in: Conv2d,
    middle: Middle,
    /// The coarsest first.
    levels: Vec<Level>,
    norm_out: Norm,
    conv_out: Conv2d,
}

/// Blocks of one size of the picture, and the step to the next size.
#[derive(Module, Debug)]
struct Level {
    blocks: Vec<ResidualBlock>,
    /// One after every block, or none.
    attentions: Vec<Attention>,
    /// Halves (encoder) or comes after doubling (decoder).
    resize: Option<Conv2d>,
}

#[derive(Module, Debug)]
struct Middle {
    before: ResidualBlock,
    attention: Attention,
    after: ResidualBlock,
}

impl Encoder {
    pub(crate) fn load(
        config: &Emu3Config,
        weights: &mut Weights<'_>,
    ) -> Result<Self, WeightsError> {
        let (last, z) = (config.ch_mult.len() - 1, config.z_channels);
        let mut channels = config.ch;
        let conv_in = weights.conv("encoder.conv_in", [channels, config.in_channels], 3)?;
        let mut levels = Vec::new();
        for (level, factor) in config.ch_mult.iter().enumerate() {
            let name = format!("encoder.down.{level}");
            let sizes = LevelSizes {
                channels: [channels, factor * config.ch],
                blocks: config.num_res_blocks,
                attention: config.attn_levels.contains(&level),
                code_dim: None,
            };
            channels = factor * config.ch;
            let resize = (level != last)
                .then(|| weights.halving_conv(&format!("{name}.downsample.conv"), channels))
                .transpose()?;
            levels.push(Level::load(weights, &name, sizes, resize)?);
        }
        Ok(Self {
            conv_in,
            levels,
            middle: Middle::load(weights, "encoder.mid", channels, None)?,
            norm_out: Norm::load(weights, "encoder.norm_out", channels, None)?,
            conv_out: weights.conv("encoder.conv_out", [z, channels], 3)?,
            over_time: [
                weights.first_time_conv("encoder.time_conv.0.conv", z)?,
                weights.second_time_conv("encoder.time_conv.1.conv", z)?,
            ],
            still: still_blocks(config, "encoder", weights)?,
        })
    }

    /// # Shapes
    /// - pictures: `[batch, in_channels, height, width]`
    /// - output: `[batch, z_channels, height / patch, width / patch]`
    pub(crate) fn forward(&self, pictures: Tensor<4>) -> Tensor<4> {
        let mut x = convolve(&self.conv_in, pictures);
        for level in &self.levels {
            x = level.forward(x, None);
            if let Some(halve) = &level.resize {
                x = convolve(halve, x.pad((0, 1, 0, 1), 0.0));
            }
        }
        x = self.middle.forward(x, None);
        x = convolve(&self.conv_out, silu(self.norm_out.forward(x, None)));
        for conv in &self.over_time {
            x = silu(convolve(conv, x));
        }
        self.still.iter().fold(x, |x, block| block.forward(x))
    }
}

impl Decoder {
    pub(crate) fn load(
        config: &Emu3Config,
        weights: &mut Weights<'_>,
    ) -> Result<Self, WeightsError> {
        const HALVINGS_OF_TIME: usize = 2;
        let z = config.z_channels;
        let code_dim = Some(config.embed_dim);
        let mut channels = config.ch * config.ch_mult[config.ch_mult.len() - 1];
        let still = still_blocks(config, "decoder", weights)?;
        let over_time = (0..HALVINGS_OF_TIME)
            .map(|i| weights.still_conv(&format!("decoder.time_conv.{i}.conv"), [z, z], 3))
            .collect::<Result<_, _>>()?;
        let conv_in = weights.conv("decoder.conv_in", [channels, z], 3)?;
        let middle = Middle::load(weights, "decoder.mid", channels, code_dim)?;
        let mut levels = Vec::new();
        for (level, factor) in config.ch_mult.iter().enumerate().rev() {
            let name = format!("decoder.up.{level}");
            let sizes = LevelSizes {
                channels: [channels, factor * config.ch],
                blocks: config.num_res_blocks + 1,
                attention: config.attn_levels.contains(&level),
                code_dim,
            };
            channels = factor * config.ch;
            let resize = (level != 0)
                .then(|| weights.conv(&format!("{name}.upsample.conv"), [channels; 2], 3))
                .transpose()?;
            levels.push(Level::load(weights, &name, sizes, resize)?);
        }
        Ok(Self {
            still,
            over_time,
            conv_in,
            middle,
            levels,
            norm_out: Norm::load(weights, "decoder.norm_out", channels, code_dim)?,
            conv_out: weights.conv("decoder.conv_out", [config.out_channels, channels], 3)?,
        })
    }

    /// # Shapes
    /// - x: `[batch, z_channels, rows, columns]`
    /// - codes: the same, codebook entries
    /// - output: `[batch, out_channels, rows * patch, columns * patch]`
    pub(crate) fn forward(&self, x: Tensor<4>, codes: Tensor<4>) -> Tensor<4> {
        let codes = self.over_time(codes);
        let codes = Some(&codes);
        let mut x = convolve(&self.conv_in, self.over_time(x));
        x = self.middle.forward(x, codes);
        for level in &self.levels {
            x = level.forward(x, codes);
            if let Some(conv) = &level.resize {
                x = convolve(conv, doubled(x));
            }
        }
        convolve(&self.conv_out, silu(self.norm_out.forward(x, codes)))
    }

    /// The layers over time, as the first frame sees them.
    fn over_time(&self, x: Tensor<4>) -> Tensor<4> {
        let x = self.still.iter().fold(x, |x, block| block.forward(x));
        let convs = self.over_time.iter();
        convs.fold(x, |x, conv| silu(convolve(conv, x)))
    }
}

fn still_blocks(
    config: &Emu3Config,
    part: &str,
    weights: &mut Weights<'_>,
) -> Result<Vec<StillBlock>, WeightsError> {
    (0..config.num_res_blocks)
        .map(|i| {
            let name = format!("{part}.time_res_stack.{i}");
            StillBlock::load(weights, &name, config.z_channels)
        })
        .collect()
}

struct LevelSizes {
    /// Of the picture that comes in and of the one that goes out.
    channels: [usize; 2],
    blocks: usize,
    attention: bool,
    code_dim: Option<usize>,
}

impl Level {
    fn load(
        weights: &mut Weights<'_>,
        name: &str,
        sizes: LevelSizes,
        resize: Option<Conv2d>,
    ) -> Result<Self, WeightsError> {
        let [mut channels, out] = sizes.channels;
        let (mut blocks, mut attentions) = (Vec::new(), Vec::new());
        for i in 0..sizes.blocks {
            let block = format!("{name}.block.{i}");
            blocks.push(ResidualBlock::load(
                weights,
                &block,
                [channels, out],
                sizes.code_dim,
            )?);
            channels = out;
            if sizes.attention {
                let attention = format!("{name}.attn.{i}");
                attentions.push(Attention::load(weights, &attention, out, sizes.code_dim)?);
            }
        }
        Ok(Self {
            blocks,
            attentions,
            resize,
        })
    }

    /// All but the step to the next size.
    fn forward(&self, mut x: Tensor<4>, codes: Option<&Tensor<4>>) -> Tensor<4> {
        for (i, block) in self.blocks.iter().enumerate() {
            x = block.forward(x, codes);
            if let Some(attention) = self.attentions.get(i) {
                x = attention.forward(x, codes);
            }
        }
        x
    }
}

impl Middle {
    fn load(
        weights: &mut Weights<'_>,
        name: &str,
        channels: usize,
        code_dim: Option<usize>,
    ) -> Result<Self, WeightsError> {
        let mut block = |part: &str| {
            ResidualBlock::load(weights, &format!("{name}.{part}"), [channels; 2], code_dim)
        };
        let (before, after) = (block("block_1")?, block("block_2")?);
        Ok(Self {
            before,
            attention: Attention::load(weights, &format!("{name}.attn_1"), channels, code_dim)?,
            after,
        })
    }

    fn forward(&self, x: Tensor<4>, codes: Option<&Tensor<4>>) -> Tensor<4> {
        let x = self.attention.forward(self.before.forward(x, codes), codes);
        self.after.forward(x, codes)
    }
}
