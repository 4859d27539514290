//! Convolutional pieces shared by the two tokenizers.

use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{GroupNorm, GroupNormConfig, PaddingConfig2d};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};
use mriseg_ops::convolution::convolve;
use mriseg_ops::group_norm::group_norm;

/// Channels that share their statistics in a group normalisation.
const GROUP: usize = 8;

/// Convolution that keeps the side: kernel 3, padding 1.
pub(super) fn conv3(channels_in: usize, channels_out: usize, device: &Device) -> Conv2d {
    Conv2dConfig::new([channels_in, channels_out], [3, 3])
        .with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1))
        .init(device)
}

/// Convolution that halves the side: kernel 4, stride 2, padding 1.
pub(super) fn conv_down(channels_in: usize, channels_out: usize, device: &Device) -> Conv2d {
    Conv2dConfig::new([channels_in, channels_out], [4, 4])
        .with_stride([2, 2])
        .with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1))
        .init(device)
}

/// Pointwise convolution.
pub(super) fn conv1(channels_in: usize, channels_out: usize, device: &Device) -> Conv2d {
    Conv2dConfig::new([channels_in, channels_out], [1, 1]).init(device)
}

/// `x + conv(relu(conv(relu(norm(x)))))`: a pre-activation residual block.
#[derive(Module, Debug)]
pub(super) struct ResidualBlock {
    norm: GroupNorm,
    first: Conv2d,
    second: Conv2d,
}

impl ResidualBlock {
    pub(super) fn new(channels: usize, device: &Device) -> Self {
        Self {
            norm: GroupNormConfig::new(channels / GROUP, channels).init(device),
            first: conv3(channels, channels, device),
            second: conv3(channels, channels, device),
        }
    }

    /// # Shapes
    /// - x, output: `[batch, channels, height, width]`
    pub(super) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let hidden = convolve(&self.first, relu(group_norm(&self.norm, x.clone())));
        x + convolve(&self.second, relu(hidden))
    }

    /// The first `rows` rows of [`Self::forward`]. Each convolution reads a row more than it gives; the row at its lower
    /// edge, which lacks one, is dropped.
    ///
    /// # Shapes
    /// - x: `[batch, channels, height, width]`
    /// - output: `[batch, channels, rows, width]`
    pub(super) fn forward_rows(&self, x: Tensor<4>, rows: usize) -> Tensor<4> {
        let [_, _, height, _] = x.dims();
        let first = |x: Tensor<4>, rows: usize| x.slice_dim(2, 0..rows.min(height));
        let normed = first(group_norm(&self.norm, x.clone()), rows + 2);
        let hidden = first(convolve(&self.first, relu(normed)), rows + 1);
        first(x, rows) + first(convolve(&self.second, relu(hidden)), rows)
    }
}

/// Splits a picture into patches: `[batch, channels, grid*p, grid*p]` to `[batch, channels*p*p, grid, grid]`.
pub(super) fn space_to_depth(x: Tensor<4>, patch: usize) -> Tensor<4> {
    let [batch, channels, height, width] = x.dims();
    let (rows, columns) = (height / patch, width / patch);
    x.reshape([batch, channels, rows, patch, columns, patch])
        .permute([0, 1, 3, 5, 2, 4])
        .reshape([batch, channels * patch * patch, rows, columns])
}

/// Undoes [`space_to_depth`].
pub(crate) fn depth_to_space(x: Tensor<4>, patch: usize) -> Tensor<4> {
    let [batch, depth, rows, columns] = x.dims();
    let channels = depth / (patch * patch);
    x.reshape([batch, channels, patch, patch, rows, columns])
        .permute([0, 1, 4, 2, 5, 3])
        .reshape([batch, channels, rows * patch, columns * patch])
}

/// `[batch, channels, rows, columns]` to `[batch, rows*columns, channels]`.
pub fn grid_to_tokens(x: Tensor<4>) -> Tensor<3> {
    let [batch, channels, rows, columns] = x.dims();
    x.reshape([batch, channels, rows * columns]).swap_dims(1, 2)
}

/// `[batch, rows*columns, channels]` to `[batch, channels, rows, columns]`.
pub fn tokens_to_grid(x: Tensor<3>, [rows, columns]: [usize; 2]) -> Tensor<4> {
    let [batch, _, channels] = x.dims();
    x.swap_dims(1, 2).reshape([batch, channels, rows, columns])
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Int;

    #[test]
    fn patches_are_cut_and_put_back() {
        let device = Device::flex();
        let x = Tensor::<1, Int>::arange(0..32, &device)
            .float()
            .reshape([2, 1, 4, 4]);
        let patches = space_to_depth(x.clone(), 2);
        let first: Vec<f32> = patches
            .clone()
            .slice([0..1, 0..4, 0..1, 1..2])
            .into_data()
            .try_to_vec()
            .unwrap();
        assert_eq!(first, [2.0, 3.0, 6.0, 7.0]);
        assert_eq!(depth_to_space(patches, 2).into_data(), x.into_data());
    }
}
