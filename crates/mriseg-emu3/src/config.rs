//! Sizes of the tokenizer.

use mriseg::config::ConfigError;
use serde::{Deserialize, Serialize};

/// Groups of every group normalisation.
pub(crate) const GROUPS: usize = 32;

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
    pub fn validate(&self) -> Result<(), ConfigError> {
        let error = |message: String| Err(ConfigError(format!("Emu3 tokenizer: {message}")));
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
        if !self.ch.is_multiple_of(GROUPS) {
            return error(format!(
                "ch = {} must be a multiple of {}, the groups of its normalisations",
                self.ch, GROUPS
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
}
