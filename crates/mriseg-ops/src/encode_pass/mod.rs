//! Inverted residual blocks (Sandler et al. 2018, "MobileNetV2", arXiv 1801.04381) as inference runs them: a picture
//! becomes what the network sees at strides 2, 4, 8 and so on.
//!
//! A block is `x + project(depthwise(expand(x)))`, without the sum where the sizes differ, with ReLU6 after expansion and
//! depthwise convolution, and batch norm folded into all three. Weights are packed once; the CPU expands a strip of
//! rows at a time, so that what is six times as wide as the picture is never written to memory.

#[cfg(feature = "cpu")]
pub(crate) mod cpu;
#[cfg(all(test, feature = "gradients"))]
mod tests;

use burn::tensor::Tensor;
use std::fmt::Debug;

/// Weights of the network.
#[derive(Debug, Clone)]
pub struct EncoderWeights {
    /// Of a convolution of stride 2, followed by ReLU6: `[d_out, channels, kernel, kernel]`.
    pub stem: Tensor<4>,
    /// `[d_out]`
    pub stem_bias: Tensor<1>,
    /// The blocks, in their order.
    pub blocks: Vec<ResidualWeights>,
}

/// Weights of a block.
#[derive(Debug, Clone)]
pub struct ResidualWeights {
    /// `None` where the block convolves its input as it is.
    pub expand: Option<AffineWeights>,
    /// `[kernel, kernel, channels]`
    pub depthwise: Tensor<3>,
    /// `[channels]`
    pub depthwise_bias: Tensor<1>,
    /// Of the depthwise convolution.
    pub stride: usize,
    /// To the channels of the output.
    pub project: AffineWeights,
}

/// `x W + b` of every pixel.
#[derive(Debug, Clone)]
pub struct AffineWeights {
    /// `[d_in, d_out]`
    pub weight: Tensor<2>,
    /// `[d_out]`
    pub bias: Tensor<1>,
}

/// A network made ready to see.
pub trait EncodePass: Debug + Send + Sync {
    /// What it sees, channels last: what comes before each block of stride 2, and after the last block.
    ///
    /// # Shapes
    /// - pictures: `[batch, channels, height, width]`, sides multiples of the last level's stride
    /// - output: `[batch, height / stride, width / stride, d_out]` each
    fn levels(&self, pictures: Tensor<4>) -> Vec<Tensor<4>>;
}
