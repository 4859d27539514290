//! Mask tokenizer: a binary mask becomes one code per patch; the decoder sees neighbouring codes, so
//! that contours are smooth across patch borders (docs/METHOD.md, section 2.2).
//!
//! The encoder sees one patch at a time. Equal patches have equal codes, so "empty" and "full", which are
//! most cells of a mask, are one code each, and no part of the codebook tells apart what looks the same.

use super::blocks::{
    ResidualBlock, conv1, depth_to_space, grid_to_tokens, space_to_depth, tokens_to_grid,
};
use super::quantizer::{Quantizer, QuantizerConfig};
use crate::config::MaskTokenizerConfig;
use burn::module::Module;
use burn::nn::conv::Conv2d;
use burn::tensor::activation::{relu, sigmoid};
use burn::tensor::{Device, Int, Tensor, assert_shape};
use mriseg_ops::convolution::convolve;

/// Encoder, codebook and decoder of binary masks.
#[derive(Module, Debug)]
pub struct MaskTokenizer {
    patch_embed: Conv2d,
    patch_hidden: Conv2d,
    to_code: Conv2d,
    /// The codebook (public to the training loop, which moves it by averages).
    pub quantizer: Quantizer,
    from_code: Conv2d,
    blocks: Vec<ResidualBlock>,
    to_patch: Conv2d,
    #[module(skip)]
    size: usize,
    #[module(skip)]
    patch: usize,
}

/// A mask after its way through the codes.
#[derive(Debug, Clone)]
pub struct MaskReconstruction {
    /// Foreground logits: `[batch, 1, size, size]`.
    pub logits: Tensor<4>,
    /// Vectors before quantization: `[batch, grid*grid, code_dim]`.
    pub vectors: Tensor<3>,
    /// Codes: `[batch, grid*grid]`.
    pub ids: Tensor<2, Int>,
    /// Commitment loss: `[1]`.
    pub commitment: Tensor<1>,
}

impl MaskTokenizerConfig {
    /// Sizes of the codebook.
    pub fn quantizer(&self) -> QuantizerConfig {
        QuantizerConfig {
            codes: self.codes,
            code_dim: self.code_dim,
        }
    }

    /// A tokenizer with random weights.
    pub fn init(&self, device: &Device) -> MaskTokenizer {
        let pixels = self.patch * self.patch;
        let channels = self.channels;
        MaskTokenizer {
            patch_embed: conv1(pixels, channels, device),
            patch_hidden: conv1(channels, channels, device),
            to_code: conv1(channels, self.code_dim, device),
            quantizer: self.quantizer().init(device),
            from_code: conv1(self.code_dim, channels, device),
            blocks: (0..self.blocks)
                .map(|_| ResidualBlock::new(channels, device))
                .collect(),
            to_patch: conv1(channels, pixels, device),
            size: self.size,
            patch: self.patch,
        }
    }
}

impl MaskTokenizer {
    /// The same networks for masks of another size: they see patches, however many there are.
    ///
    /// # Panics
    /// When the size is no multiple of the patch.
    pub fn with_size(self, size: usize) -> Self {
        assert!(
            size.is_multiple_of(self.patch),
            "{size} pixels are no whole patches of {}",
            self.patch
        );
        Self { size, ..self }
    }

    /// Encodes, quantizes and decodes.
    ///
    /// # Shapes
    /// - mask: `[batch, 1, size, size]`, values 0 or 1
    pub fn forward(&self, mask: Tensor<4>) -> MaskReconstruction {
        let vectors = self.vectors(mask);
        let quantized = self.quantizer.forward(vectors.clone());
        MaskReconstruction {
            logits: self.decode_vectors(quantized.values),
            vectors,
            ids: quantized.ids,
            commitment: quantized.commitment,
        }
    }

    /// Codes of a mask.
    ///
    /// # Shapes
    /// - mask: `[batch, 1, size, size]`, values 0 or 1
    /// - output: `[batch, grid*grid]`
    pub fn encode(&self, mask: Tensor<4>) -> Tensor<2, Int> {
        self.quantizer.nearest(self.vectors(mask))
    }

    /// Codes of a mask without foreground: `[1, grid*grid]`.
    pub fn encode_empty(&self) -> Tensor<2, Int> {
        let device = self.from_code.weight.device();
        self.encode(Tensor::zeros([1, 1, self.size, self.size], &device))
    }

    /// Foreground logits of codes.
    ///
    /// # Shapes
    /// - ids: `[batch, grid*grid]`
    /// - output: `[batch, 1, size, size]`
    pub fn decode(&self, ids: Tensor<2, Int>) -> Tensor<4> {
        self.decode_vectors(self.quantizer.entries(ids))
    }

    /// The first `rows` rows of cells of [`Self::decode`], for less work. Norms see the whole mask, so the last block alone
    /// is spared what lies below.
    ///
    /// # Shapes
    /// - ids: `[batch, grid*grid]`
    /// - output: `[batch, 1, rows*patch, size]`
    pub fn decode_rows(&self, ids: Tensor<2, Int>, rows: usize) -> Tensor<4> {
        let grid = self.size / self.patch;
        let values = tokens_to_grid(self.quantizer.entries(ids), [grid; 2]);
        let mut hidden = convolve(&self.from_code, values);
        let Some((last, before)) = self.blocks.split_last() else {
            let hidden = hidden.slice_dim(2, 0..rows);
            return depth_to_space(convolve(&self.to_patch, hidden), self.patch);
        };
        for block in before {
            hidden = block.forward(hidden);
        }
        let hidden = last.forward_rows(hidden, rows);
        depth_to_space(convolve(&self.to_patch, hidden), self.patch)
    }

    /// Foreground logits of the expected codebook entries: differentiable where [`Self::decode`] is not.
    ///
    /// # Shapes
    /// - probabilities: `[batch, grid*grid, codes]`
    /// - output: `[batch, 1, size, size]`
    pub fn decode_expected(&self, probabilities: Tensor<3>) -> Tensor<4> {
        self.decode_vectors(self.quantizer.expected_entries(probabilities))
    }

    /// Foreground probabilities of the patch of every code, as it looks among its like: `[codes, patch*patch]`.
    pub fn patches(&self) -> Tensor<2> {
        const SIDE: usize = 3;
        let codes = self.quantizer.codes();
        let device = self.from_code.weight.device();
        let ids = Tensor::<1, Int>::arange(0..codes as i64, &device)
            .reshape([codes, 1])
            .repeat_dim(1, SIDE * SIDE);
        let logits = self.decode_grid(self.quantizer.entries(ids), SIDE);
        let middle = self.patch..2 * self.patch;
        sigmoid(logits.slice([0..codes, 0..1, middle.clone(), middle]))
            .reshape([codes, self.patch * self.patch])
    }

    fn vectors(&self, mask: Tensor<4>) -> Tensor<3> {
        assert_shape!(mask, [_, 1, self.size, self.size]);
        let patches = space_to_depth(mask.mul_scalar(2.0).sub_scalar(1.0), self.patch);
        let hidden = convolve(&self.patch_embed, patches);
        let hidden = hidden.clone() + relu(convolve(&self.patch_hidden, relu(hidden)));
        grid_to_tokens(convolve(&self.to_code, hidden))
    }

    fn decode_vectors(&self, values: Tensor<3>) -> Tensor<4> {
        self.decode_grid(values, self.size / self.patch)
    }

    fn decode_grid(&self, values: Tensor<3>, grid: usize) -> Tensor<4> {
        let mut hidden = convolve(&self.from_code, tokens_to_grid(values, [grid; 2]));
        for block in &self.blocks {
            hidden = block.forward(hidden);
        }
        depth_to_space(convolve(&self.to_patch, hidden), self.patch)
    }
}

#[cfg(test)]
mod tests {
    use crate::config::ModelConfig;
    use burn::tensor::{Device, Tensor, TensorData};

    #[test]
    fn a_certain_expectation_decodes_like_its_codes() {
        let device = Device::flex();
        let config = ModelConfig::tiny().mask;
        let tokenizer = config.init(&device);
        let mask = Tensor::<4>::random(
            [1, 1, config.size, config.size],
            burn::tensor::Distribution::Bernoulli(0.5),
            &device,
        );
        let ids = tokenizer.encode(mask);
        let certain = ids.clone().one_hot::<3>(config.codes).float();
        tokenizer
            .decode_expected(certain)
            .into_data()
            .assert_approx_eq::<f32>(
                &tokenizer.decode(ids).into_data(),
                burn::tensor::Tolerance::absolute(1e-4),
            );
    }

    #[test]
    fn rows_decode_as_in_the_whole_mask() {
        let device = Device::flex();
        let config = ModelConfig::tiny().mask;
        let tokenizer = config.init(&device);
        let shape = [2, 1, config.size, config.size];
        let mask = Tensor::random(shape, burn::tensor::Distribution::Bernoulli(0.5), &device);
        let ids = tokenizer.encode(mask);
        let whole = tokenizer.decode(ids.clone());
        for rows in 1..=config.size / config.patch {
            let expected = whole.clone().slice_dim(2, 0..rows * config.patch);
            let decoded = tokenizer.decode_rows(ids.clone(), rows);
            decoded.into_data().assert_approx_eq::<f32>(
                &expected.into_data(),
                burn::tensor::Tolerance::absolute(1e-4),
            );
        }
    }

    #[test]
    fn equal_patches_have_equal_codes_whatever_surrounds_them() {
        let device = Device::flex();
        let config = ModelConfig::tiny().mask;
        let tokenizer = config.init(&device);
        let (size, patch) = (config.size, config.patch);
        let mut pixels = vec![0.0; size * size];
        for row in patch..2 * patch {
            pixels[row * size + 2 * patch..row * size + 4 * patch].fill(1.0);
        }
        let mask = Tensor::from_data(TensorData::new(pixels, [1, 1, size, size]), &device);
        let ids: Vec<u32> = tokenizer.encode(mask).into_data().iter::<u32>().collect();
        let full = size / patch + 2;
        assert_eq!(ids[full], ids[full + 1]);
        let others = ids
            .iter()
            .enumerate()
            .filter(|&(i, _)| i != full && i != full + 1);
        assert!(others.map(|(_, &id)| id).all(|id| id == ids[0]));
    }

    #[test]
    fn codes_of_a_mask_decode_to_its_reconstruction() {
        let device = Device::flex();
        let config = ModelConfig::tiny().mask;
        let tokenizer = config.init(&device);
        let mask = Tensor::<4>::ones([2, 1, config.size, config.size], &device);
        let reconstruction = tokenizer.forward(mask.clone());
        let ids = tokenizer.encode(mask);
        assert_eq!(ids.dims(), [2, 64]);
        assert_eq!(
            ids.clone().into_data(),
            reconstruction.ids.into_data(),
            "encode and forward choose the same codes"
        );
        tokenizer.decode(ids).into_data().assert_approx_eq::<f32>(
            &reconstruction.logits.into_data(),
            burn::tensor::Tolerance::absolute(1e-4),
        );
    }
}
