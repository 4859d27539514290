//! Vector-quantized tokenizers: pictures and masks become grids of codes and back (paper: the
//! pretrained multimodal tokenizer; here trained by ourselves and sized by the config).

mod blocks;
mod image;
mod mask;
mod quantizer;

pub(crate) use blocks::depth_to_space;
pub use blocks::{grid_to_tokens, tokens_to_grid};
pub use image::{ImageReconstruction, ImageTokenizer};
pub use mask::{MaskReconstruction, MaskTokenizer};
pub use quantizer::{CodebookEma, Quantized, Quantizer, QuantizerConfig, straight_through};
