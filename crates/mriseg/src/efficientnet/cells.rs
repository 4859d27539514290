//! Image tokens of what the network sees: strides 8, 16 and 32, fused to the grid of cells. Of a level that is finer
//! than the grid, a cell has all its vectors; of a coarser one, the vector that it lies in.

use super::{EfficientNetLite0, LEVELS};
use crate::config::ImageTokenizerConfig;
use crate::layers::linear;
use crate::tensor_source::{TensorSource, WeightsError};
use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor, assert_shape};
use mriseg_ops::encode_pass::EncodePass;
use std::sync::Arc;

/// Levels that are fused, and their strides.
const FUSED: [(usize, usize); 3] = [(2, 8), (3, 16), (4, 32)];

/// Pictures have unit deviation; those that the network was trained on had half of that.
pub(crate) const SCALE: f32 = 0.5;

/// A pretrained network and what makes image tokens of its features.
#[derive(Module, Debug)]
pub struct EfficientNetEncoder {
    /// The network.
    pub net: EfficientNetLite0,
    fuse: Vec<Linear>,
    #[module(skip)]
    shape: Shape,
}

#[derive(Debug, Clone, Copy)]
struct Shape {
    channels: usize,
    size: usize,
    grid: usize,
}

impl EfficientNetEncoder {
    /// With random weights, for a grid of so many cells a side.
    pub fn new(config: &ImageTokenizerConfig, grid: usize, device: &Device) -> Self {
        let fuse = FUSED.iter().map(|&(level, stride)| {
            let finer = (config.size / stride / grid).max(1);
            LinearConfig::new(finer * finer * LEVELS[level], config.feature_dim()).init(device)
        });
        Self {
            net: EfficientNetLite0::new(config.input_channels, device),
            fuse: fuse.collect(),
            shape: Shape {
                channels: config.input_channels,
                size: config.size,
                grid,
            },
        }
    }

    /// Channels of the pictures that it reads.
    pub fn input_channels(&self) -> usize {
        self.shape.channels
    }

    /// With the network's weights from elsewhere.
    ///
    /// # Errors
    /// As [`EfficientNetLite0::load`].
    pub fn pretrained(
        self,
        source: &mut dyn TensorSource,
        device: &Device,
    ) -> Result<Self, WeightsError> {
        let net = EfficientNetLite0::load(self.shape.channels, source, device)?;
        Ok(Self { net, ..self })
    }

    /// With the weights of another, for pictures of our size. `None` when they differ in theirs.
    pub fn with_weights_of(self, other: &Self) -> Option<Self> {
        let sizes = |own: &Self| {
            let fuse = own.fuse.iter().map(|fuse| fuse.weight.dims());
            (own.shape.channels, fuse.collect::<Vec<_>>())
        };
        (sizes(&self) == sizes(other)).then(|| Self {
            shape: self.shape,
            ..other.clone()
        })
    }

    /// Image tokens for the language model.
    ///
    /// # Shapes
    /// - picture: `[batch, channels, size, size]`, zero mean and unit deviation each
    /// - output: `[batch, grid*grid, feature_dim]`
    pub fn tokens(&self, picture: Tensor<4>) -> Tensor<3> {
        let levels = self.net.levels(self.shape.scaled(picture));
        fused(&levels, &self.fuse, self.shape.grid)
    }

    /// The encoder in kernels of its device, with the weights that it has now; `None` where it has none.
    pub fn prepared(&self) -> Option<PreparedEncoder> {
        Some(PreparedEncoder {
            pass: self.net.prepared()?,
            fuse: self.fuse.clone(),
            shape: self.shape,
        })
    }
}

/// An [`EfficientNetEncoder`] made ready to see.
#[derive(Debug)]
pub struct PreparedEncoder {
    pass: Arc<dyn EncodePass>,
    fuse: Vec<Linear>,
    shape: Shape,
}

impl PreparedEncoder {
    /// Channels of the pictures that it reads.
    pub fn input_channels(&self) -> usize {
        self.shape.channels
    }

    /// Image tokens, see [`EfficientNetEncoder::tokens`].
    pub fn tokens(&self, picture: Tensor<4>) -> Tensor<3> {
        let levels = self.pass.levels(self.shape.scaled(picture));
        fused(&levels, &self.fuse, self.shape.grid)
    }
}

impl Shape {
    /// The picture as the network was trained on it.
    fn scaled(&self, picture: Tensor<4>) -> Tensor<4> {
        let &Self { channels, size, .. } = self;
        assert_shape!(picture, [_, channels, size, size]);
        picture.mul_scalar(SCALE)
    }
}

/// Sums of what the layers make of their levels: `[batch, grid*grid, feature_dim]`.
fn fused(levels: &[Tensor<4>], fuse: &[Linear], grid: usize) -> Tensor<3> {
    let mut parts = FUSED.iter().zip(fuse).map(|(&(level, _), fuse)| {
        at_cells(levels[level].clone(), grid, |vectors| linear(fuse, vectors))
    });
    let first = parts.next().expect("three levels are fused");
    parts.fold(first, |sum, part| sum + part)
}

/// What `map` makes of the vectors of cells: `[batch, side, side, channels]` to `[batch, grid*grid, width]`.
fn at_cells(level: Tensor<4>, grid: usize, map: impl Fn(Tensor<3>) -> Tensor<3>) -> Tensor<3> {
    let [batch, side, _, channels] = level.dims();
    if side >= grid {
        let finer = side / grid;
        let cells = level
            .reshape([batch, grid, finer, grid, finer, channels])
            .permute([0, 1, 3, 2, 4, 5]);
        return map(cells.reshape([batch, grid * grid, finer * finer * channels]));
    }
    let coarser = grid / side;
    let vectors = map(level.reshape([batch, side * side, channels]));
    let [_, _, width] = vectors.dims();
    vectors
        .reshape([batch, side, 1, side, 1, width])
        .expand([batch, side, coarser, side, coarser, width])
        .reshape([batch, grid * grid, width])
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Int;

    #[test]
    fn a_cell_has_its_own_vectors_of_a_finer_level_and_shares_that_of_a_coarser_one() {
        let device = Device::flex();
        let level = |side: usize| {
            let numbers = Tensor::<1, Int>::arange(0..(side * side) as i64, &device);
            numbers.float().reshape([1, side, side, 1])
        };
        let finer: Vec<f32> = at_cells(level(4), 2, |x| x).into_data().iter().collect();
        assert_eq!(finer[..8], [0.0, 1.0, 4.0, 5.0, 2.0, 3.0, 6.0, 7.0]);
        let coarser: Vec<f32> = at_cells(level(2), 4, |x| x).into_data().iter().collect();
        assert_eq!(coarser[..4], [0.0, 0.0, 1.0, 1.0]);
        assert_eq!(coarser[8..12], [2.0, 2.0, 3.0, 3.0]);
    }
}
