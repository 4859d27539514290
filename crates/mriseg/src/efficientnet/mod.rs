//! EfficientNet-Lite0, a convolutional network that is small, quick and pretrained on ImageNet (Tan and Le 2019,
//! "EfficientNet", arXiv 1905.11946, without squeeze-and-excitation and with ReLU6), and image tokens made of what it
//! sees at three scales.

mod cells;
mod weights;

pub(crate) use cells::SCALE;
pub use cells::{EfficientNetEncoder, PreparedEncoder};

use crate::layers::{Depthwise, linear, pointwise};
use burn::module::Module;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{Linear, LinearConfig, PaddingConfig2d};
use burn::tensor::{Device, Tensor};
use mriseg_ops::capability::encode_pass;
use mriseg_ops::convolution::convolve;
use mriseg_ops::encode_pass::{AffineWeights, EncodePass, EncoderWeights, ResidualWeights};
use mriseg_ops::separable::relu6;
use std::sync::Arc;

/// The network without its head, batch norm folded into the convolutions. Sides of pictures are multiples of 32.
#[derive(Module, Debug)]
pub struct EfficientNetLite0 {
    /// 3x3, stride 2.
    stem: Conv2d,
    blocks: Vec<InvertedResidual>,
}

/// `x + project(depthwise(expand(x)))` (Sandler et al. 2018, "MobileNetV2", arXiv 1801.04381), without the sum where
/// the sizes differ.
#[derive(Module, Debug)]
struct InvertedResidual {
    expand: Option<Linear>,
    depthwise: Depthwise,
    project: Linear,
}

/// Blocks of the same size that follow each other.
struct Stage {
    kernel: usize,
    /// Of the first block; that of the others is 1.
    stride: usize,
    expansion: usize,
    channels: usize,
    blocks: usize,
}

const STEM: usize = 32;

const fn stage(
    kernel: usize,
    stride: usize,
    expansion: usize,
    channels: usize,
    blocks: usize,
) -> Stage {
    Stage {
        kernel,
        stride,
        expansion,
        channels,
        blocks,
    }
}

const STAGES: [Stage; 7] = [
    stage(3, 1, 1, 16, 1),
    stage(3, 2, 6, 24, 2),
    stage(5, 2, 6, 40, 2),
    stage(3, 2, 6, 80, 3),
    stage(5, 1, 6, 112, 3),
    stage(5, 2, 6, 192, 4),
    stage(3, 1, 6, 320, 1),
];

/// Channels of [`EfficientNetLite0::levels`], whose strides are 2, 4, 8, 16 and 32.
pub const LEVELS: [usize; 5] = [16, 24, 40, 112, 320];

/// Sizes of a block.
struct BlockShape {
    kernel: usize,
    stride: usize,
    d_in: usize,
    hidden: usize,
    d_out: usize,
}

fn block_shapes() -> impl Iterator<Item = BlockShape> {
    let mut before = STEM;
    STAGES.iter().flat_map(move |stage| {
        let d_in = before;
        before = stage.channels;
        (0..stage.blocks).map(move |i| {
            let d_in = if i == 0 { d_in } else { stage.channels };
            BlockShape {
                kernel: stage.kernel,
                stride: if i == 0 { stage.stride } else { 1 },
                d_in,
                hidden: d_in * stage.expansion,
                d_out: stage.channels,
            }
        })
    })
}

impl BlockShape {
    fn init(&self, device: &Device) -> InvertedResidual {
        let linear = |d_in, d_out| LinearConfig::new(d_in, d_out).init(device);
        InvertedResidual {
            expand: (self.hidden != self.d_in).then(|| linear(self.d_in, self.hidden)),
            depthwise: Depthwise::new(self.hidden, self.kernel, self.stride, device),
            project: linear(self.hidden, self.d_out),
        }
    }
}

impl InvertedResidual {
    /// # Shapes
    /// - x: `[batch, height, width, d_in]`
    /// - output: `[batch, height / stride, width / stride, d_out]`
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let hidden = match &self.expand {
            Some(expand) => pointwise(expand, x.clone()),
            None => x.clone(),
        };
        let hidden = self.depthwise.forward(hidden);
        let [batch, height, width, channels] = hidden.dims();
        let out = linear(
            &self.project,
            hidden.reshape([batch, height * width, channels]),
        );
        let [_, _, channels] = out.dims();
        let out = out.reshape([batch, height, width, channels]);
        if x.dims() == out.dims() { x + out } else { out }
    }
}

impl InvertedResidual {
    fn weights(&self, shape: &BlockShape) -> ResidualWeights {
        ResidualWeights {
            expand: self.expand.as_ref().map(affine_weights),
            depthwise: self.depthwise.weight.val(),
            depthwise_bias: self.depthwise.bias.val(),
            stride: shape.stride,
            project: affine_weights(&self.project),
        }
    }
}

fn affine_weights(layer: &Linear) -> AffineWeights {
    let bias = layer.bias.as_ref().expect("folded batch norm is a bias");
    AffineWeights {
        weight: layer.weight.val(),
        bias: bias.val(),
    }
}

impl EfficientNetLite0 {
    /// With random weights, for pictures of so many channels.
    pub fn new(channels: usize, device: &Device) -> Self {
        Self {
            stem: Conv2dConfig::new([channels, STEM], [3, 3])
                .with_stride([2, 2])
                .with_padding(PaddingConfig2d::Valid)
                .init(device),
            blocks: block_shapes().map(|shape| shape.init(device)).collect(),
        }
    }

    /// The network in kernels of its device, with the weights that it has now; `None` where it has none.
    fn prepared(&self) -> Option<Arc<dyn EncodePass>> {
        let blocks = self.blocks.iter().zip(block_shapes());
        let bias = self.stem.bias.as_ref()?;
        encode_pass(&EncoderWeights {
            stem: self.stem.weight.val(),
            stem_bias: bias.val(),
            blocks: blocks.map(|(block, shape)| block.weights(&shape)).collect(),
        })
    }

    /// What it sees at strides 2, 4, 8, 16 and 32, channels last: what the last block of each has.
    ///
    /// # Shapes
    /// - picture: `[batch, channels, height, width]`
    /// - output: `[batch, height / stride, width / stride, channels]`, see [`LEVELS`]
    pub fn levels(&self, picture: Tensor<4>) -> [Tensor<4>; 5] {
        // Zeros as TensorFlow's SAME has them.
        let picture = picture.pad((0, 1, 0, 1), 0.0);
        let mut x = relu6(convolve(&self.stem, picture)).permute([0, 2, 3, 1]);
        let mut levels = Vec::with_capacity(LEVELS.len());
        for (block, shape) in self.blocks.iter().zip(block_shapes()) {
            if shape.stride == 2 {
                levels.push(x.clone());
            }
            x = block.forward(x);
        }
        levels.push(x);
        levels.try_into().expect("strides are 2 four times")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Distribution;

    #[test]
    fn the_prepared_network_sees_what_the_other_does() {
        let device = Device::flex();
        device.seed(5);
        for channels in [1, 3] {
            let net = EfficientNetLite0::new(channels, &device);
            let shape = [2, channels, 96, 64];
            let picture = Tensor::random(shape, Distribution::Normal(0.0, 1.0), &device);
            let expected = net.levels(picture.clone());
            let found = net.prepared().unwrap().levels(picture);
            assert_eq!(found.len(), expected.len());
            for (found, expected) in found.into_iter().zip(expected) {
                let deviation = expected.clone().square().mean().sqrt().into_scalar::<f32>();
                let off = (found - expected).abs().max().into_scalar::<f32>();
                assert!(off < 1e-4 * deviation, "{off} of {deviation}");
            }
        }
    }

    #[test]
    fn levels_have_the_channels_and_strides_of_the_paper() {
        let device = Device::flex();
        let net = EfficientNetLite0::new(1, &device);
        let levels = net.levels(Tensor::ones([2, 1, 64, 96], &device));
        for ((level, channels), stride) in levels.iter().zip(LEVELS).zip([2, 4, 8, 16, 32]) {
            assert_eq!(level.dims(), [2, 64 / stride, 96 / stride, channels]);
        }
        // 4.65 million of the whole network, less 1.28 of its classifier, .41 of its last convolution, and what batch norm
        // has beside a bias.
        assert_eq!(net.num_params() / 10_000, 293);
    }
}
