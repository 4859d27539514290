//! Pretrained weights, by the names of the PyTorch port of Google's release (`efficientnet_lite_pytorch`).

use super::{BlockShape, EfficientNetLite0, InvertedResidual, STEM, block_shapes};
use crate::tensor_source::{TensorSource, WeightsError};
use burn::module::Param;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor, TensorData};

/// What batch norm adds to the variance before its root.
const EPSILON: f32 = 1e-3;

impl EfficientNetLite0 {
    /// The network with weights of `source`, for pictures of one channel or three. One channel counts as three equal
    /// ones.
    ///
    /// # Errors
    /// A tensor is missing, of another shape, or cannot be read.
    pub fn load(
        channels: usize,
        source: &mut dyn TensorSource,
        device: &Device,
    ) -> Result<Self, WeightsError> {
        const COLOURS: usize = 3;
        let mut net = Self::new(channels, device);
        let mut weights = Weights { source, device };
        let (mut stem, bias) = weights.convolution("_conv_stem", "_bn0", &[STEM, COLOURS, 3, 3])?;
        if channels == 1 {
            let taps = stem.chunks_exact(9).collect::<Vec<_>>();
            stem = taps
                .chunks_exact(COLOURS)
                .flat_map(|colours| (0..9).map(|tap| colours.iter().map(|c| c[tap]).sum()))
                .collect();
        }
        net.stem.weight = weights.param(stem, [STEM, channels, 3, 3]);
        net.stem.bias = Some(weights.param(bias, [STEM]));
        for (i, (block, shape)) in net.blocks.iter_mut().zip(block_shapes()).enumerate() {
            weights.fill(block, &shape, &format!("_blocks.{i}"))?;
        }
        weights.source.finish()?;
        Ok(net)
    }
}

/// Layers made of a [`TensorSource`].
struct Weights<'a> {
    source: &'a mut dyn TensorSource,
    device: &'a Device,
}

impl Weights<'_> {
    fn fill(
        &mut self,
        block: &mut InvertedResidual,
        shape: &BlockShape,
        name: &str,
    ) -> Result<(), WeightsError> {
        let BlockShape {
            kernel,
            d_in,
            hidden,
            d_out,
            ..
        } = *shape;
        let named = |part: &str| format!("{name}.{part}");
        if let Some(expand) = &mut block.expand {
            self.pointwise(
                expand,
                &named("_expand_conv"),
                &named("_bn0"),
                [d_in, hidden],
            )?;
        }
        let (weight, bias) = self.convolution(
            &named("_depthwise_conv"),
            &named("_bn1"),
            &[hidden, 1, kernel, kernel],
        )?;
        let weight = self.tensor(weight, [hidden, kernel, kernel]);
        block.depthwise.weight = Param::from_tensor(laid_out(weight.permute([1, 2, 0])));
        block.depthwise.bias = self.param(bias, [hidden]);
        let names = (named("_project_conv"), named("_bn2"));
        self.pointwise(&mut block.project, &names.0, &names.1, [hidden, d_out])
    }

    fn pointwise(
        &mut self,
        linear: &mut Linear,
        conv: &str,
        norm: &str,
        [d_in, d_out]: [usize; 2],
    ) -> Result<(), WeightsError> {
        let (weight, bias) = self.convolution(conv, norm, &[d_out, d_in, 1, 1])?;
        let weight = self.tensor(weight, [d_out, d_in]);
        linear.weight = Param::from_tensor(laid_out(weight.transpose()));
        linear.bias = Some(self.param(bias, [d_out]));
        Ok(())
    }

    /// Weights and biases of a convolution, with batch norm: `(W x - mean) / sqrt(variance + epsilon) * gain + bias`.
    fn convolution(
        &mut self,
        conv: &str,
        norm: &str,
        shape: &[usize],
    ) -> Result<(Vec<f32>, Vec<f32>), WeightsError> {
        let channels = shape[0];
        let mut weight = self.source.values(&format!("{conv}.weight"), shape)?;
        let mut of_norm = |part: &str| self.source.values(&format!("{norm}.{part}"), &[channels]);
        let (gain, mut bias) = (of_norm("weight")?, of_norm("bias")?);
        let (mean, variance) = (of_norm("running_mean")?, of_norm("running_var")?);
        let of_channel = weight.len() / channels;
        for (channel, weight) in weight.chunks_exact_mut(of_channel).enumerate() {
            let scale = gain[channel] / (variance[channel] + EPSILON).sqrt();
            for value in weight {
                *value *= scale;
            }
            bias[channel] -= mean[channel] * scale;
        }
        Ok((weight, bias))
    }

    fn tensor<const D: usize>(&self, values: Vec<f32>, shape: [usize; D]) -> Tensor<D> {
        Tensor::from_data(TensorData::new(values, shape), self.device)
    }

    fn param<const D: usize>(&self, values: Vec<f32>, shape: [usize; D]) -> Param<Tensor<D>> {
        Param::from_tensor(self.tensor(values, shape))
    }
}

/// The same numbers, laid out in the order of the dimensions.
fn laid_out<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    let device = x.device();
    Tensor::from_data(x.into_data(), &device)
}
