//! What stands between pixels and tokens.

use crate::image::Picture;
use burn::tensor::{Device, Int, Tensor};
use std::fmt::Debug;
use std::sync::Arc;

/// Pictures to image tokens, masks to codes and back. The model's own tokenizers are one; a pretrained tokenizer that is
/// not part of the model is another.
pub trait VisionTokenizer: Debug + Send + Sync {
    /// Channels of a picture that are read: 1 (grey) or 3.
    fn input_channels(&self) -> usize;

    /// Whether pictures are prepared before they are read: frames cut off, inverted grey values turned back, padded to a
    /// square.
    fn reads_prepared(&self) -> bool;

    /// A picture as it is read, scaled to `size` by `size` pixels: `[1, channels, size, size]`.
    fn picture(&self, picture: &Picture, size: usize, device: &Device) -> Tensor<4>;

    /// Image tokens of pictures, as the language model reads them.
    ///
    /// # Shapes
    /// - pictures: `[batch, channels, size, size]`, see [`Self::picture`]
    /// - output: `[batch, image, token_dim]`
    fn image_tokens(&self, pictures: Tensor<4>) -> Tensor<3>;

    /// Image tokens of codes that were made before; `None` where image tokens are no codes.
    ///
    /// # Shapes
    /// - codes: `[batch, image]`
    /// - output: `[batch, image, token_dim]`
    fn tokens_of_codes(&self, codes: Tensor<2, Int>) -> Option<Tensor<3>>;

    /// Codes of masks, 0 or 1.
    ///
    /// # Shapes
    /// - masks: `[batch, 1, size, size]`
    /// - output: `[batch, mask]`
    fn mask_codes(&self, masks: Tensor<4>) -> Tensor<2, Int>;

    /// How surely each pixel is foreground, 0 to 1.
    ///
    /// # Shapes
    /// - codes: `[batch, mask]`
    /// - output: `[batch, 1, size, size]`
    fn foreground(&self, codes: Tensor<2, Int>) -> Tensor<4>;

    /// The same of the first `rows` rows of cells only, for less work.
    ///
    /// # Shapes
    /// - codes: `[batch, grid * grid]`
    /// - output: `[batch, 1, rows * size / grid, size]`
    fn foreground_of_rows(&self, codes: Tensor<2, Int>, rows: usize) -> Tensor<4> {
        let [_, cells] = codes.dims();
        let foreground = self.foreground(codes);
        let [_, _, size, _] = foreground.dims();
        foreground.slice_dim(2, 0..rows * size / cells.isqrt())
    }

    /// What codes draw by themselves; `None` where that depends on their neighbours.
    fn code_patches(&self) -> Option<CodePatches>;

    /// Pictures or masks that go through it together, of `count`.
    fn batch(&self, count: usize) -> usize;
}

/// The model was trained on the codes of a tokenizer that is not part of it.
#[derive(Debug, thiserror::Error)]
#[error(
    "this model reads pictures with a pretrained vision tokenizer (Emu3's), which is not part of its bundle and too large for a browser: name its folder with --emu3, or take another model"
)]
pub struct NoTokenizers;

/// What codes draw by themselves.
#[derive(Debug, Clone)]
pub struct CodePatches {
    /// Foreground probability of every pixel that a code draws: `[codes, patch * patch]`.
    pub patches: Tensor<2>,
    /// Codes of a mask without foreground: `[1, mask]`.
    pub empty: Tensor<2, Int>,
}

/// A tokenizer that many share.
pub type Vision = Arc<dyn VisionTokenizer>;

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
