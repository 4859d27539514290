//! What encoder and decoder are made of.

use crate::weights::Weights;
use burn::module::{Module, Param};
use burn::nn::conv::Conv2d;
use burn::nn::interpolate::{Interpolate2dConfig, InterpolateMode};
use burn::nn::{GroupNorm, Linear};
use burn::tensor::activation::{silu, softmax};
use burn::tensor::{Tensor, TensorData};
use mriseg::tensor_source::WeightsError;
use mriseg::vq::{grid_to_tokens, tokens_to_grid};
use mriseg_ops::convolution::convolve;

/// Group normalisation; in the decoder the codes set its scale and shift, place by place (MoVQ, eq. 5).
#[derive(Module, Debug)]
pub(crate) struct Norm {
    groups: GroupNorm,
    spatial: Option<Spatial>,
}

#[derive(Module, Debug)]
struct Spatial {
    scale: Conv2d,
    shift: Conv2d,
}

impl Norm {
    /// `code_dim` is that of the codes that set it, if any do.
    pub(crate) fn load(
        weights: &mut Weights<'_>,
        name: &str,
        channels: usize,
        code_dim: Option<usize>,
    ) -> Result<Self, WeightsError> {
        let Some(code_dim) = code_dim else {
            return Ok(Self {
                groups: weights.group_norm(name, channels)?,
                spatial: None,
            });
        };
        Ok(Self {
            groups: weights.group_norm(&format!("{name}.norm_layer"), channels)?,
            spatial: Some(Spatial {
                scale: weights.conv(&format!("{name}.conv_y"), [channels, code_dim], 1)?,
                shift: weights.conv(&format!("{name}.conv_b"), [channels, code_dim], 1)?,
            }),
        })
    }

    /// # Shapes
    /// - x, output: `[batch, channels, height, width]`
    /// - codes: `[batch, code_dim, rows, columns]`
    pub(crate) fn forward(&self, x: Tensor<4>, codes: Option<&Tensor<4>>) -> Tensor<4> {
        let [_, _, height, width] = x.dims();
        let x = self.groups.forward(x);
        match (&self.spatial, codes) {
            (Some(spatial), Some(codes)) => {
                // Pointwise, so that it may run before the codes are repeated.
                let scale = enlarged(convolve(&spatial.scale, codes.clone()), height, width);
                let shift = enlarged(convolve(&spatial.shift, codes.clone()), height, width);
                x * scale + shift
            }
            _ => x,
        }
    }
}

/// Every pixel repeated until the picture has this size.
fn enlarged(x: Tensor<4>, height: usize, width: usize) -> Tensor<4> {
    let [_, _, rows, columns] = x.dims();
    if (rows, columns) == (height, width) {
        return x;
    }
    Interpolate2dConfig::new()
        .with_output_size(Some([height, width]))
        .with_mode(InterpolateMode::Nearest)
        .init()
        .forward(x)
}

/// Twice the side, every pixel four times.
pub(crate) fn doubled(x: Tensor<4>) -> Tensor<4> {
    let [_, _, height, width] = x.dims();
    enlarged(x, 2 * height, 2 * width)
}

/// `shortcut(x) + conv2(silu(norm2(conv1(silu(norm1(x))))))`.
#[derive(Module, Debug)]
pub(crate) struct ResidualBlock {
    norm1: Norm,
    conv1: Conv2d,
    norm2: Norm,
    conv2: Conv2d,
    shortcut: Option<Conv2d>,
}

impl ResidualBlock {
    pub(crate) fn load(
        weights: &mut Weights<'_>,
        name: &str,
        [channels_in, channels_out]: [usize; 2],
        code_dim: Option<usize>,
    ) -> Result<Self, WeightsError> {
        let part = |part: &str| format!("{name}.{part}");
        Ok(Self {
            norm1: Norm::load(weights, &part("norm1"), channels_in, code_dim)?,
            conv1: weights.conv(&part("conv1"), [channels_out, channels_in], 3)?,
            norm2: Norm::load(weights, &part("norm2"), channels_out, code_dim)?,
            conv2: weights.conv(&part("conv2"), [channels_out, channels_out], 3)?,
            shortcut: (channels_in != channels_out)
                .then(|| weights.conv(&part("nin_shortcut"), [channels_out, channels_in], 1))
                .transpose()?,
        })
    }

    pub(crate) fn forward(&self, x: Tensor<4>, codes: Option<&Tensor<4>>) -> Tensor<4> {
        let hidden = convolve(&self.conv1, silu(self.norm1.forward(x.clone(), codes)));
        let hidden = convolve(&self.conv2, silu(self.norm2.forward(hidden, codes)));
        match &self.shortcut {
            Some(shortcut) => convolve(shortcut, x) + hidden,
            None => x + hidden,
        }
    }
}

/// `x + out(attention(norm(x)))`, one head, every place sees every place.
#[derive(Module, Debug)]
pub(crate) struct Attention {
    norm: Norm,
    query: Linear,
    key: Linear,
    value: Linear,
    out: Linear,
}

impl Attention {
    pub(crate) fn load(
        weights: &mut Weights<'_>,
        name: &str,
        channels: usize,
        code_dim: Option<usize>,
    ) -> Result<Self, WeightsError> {
        let part = |part: &str| format!("{name}.{part}");
        Ok(Self {
            norm: Norm::load(weights, &part("norm"), channels, code_dim)?,
            query: weights.pointwise(&part("q"), channels)?,
            key: weights.pointwise(&part("k"), channels)?,
            value: weights.pointwise(&part("v"), channels)?,
            out: weights.pointwise(&part("proj_out"), channels)?,
        })
    }

    pub(crate) fn forward(&self, x: Tensor<4>, codes: Option<&Tensor<4>>) -> Tensor<4> {
        let [_, channels, height, width] = x.dims();
        let places = grid_to_tokens(self.norm.forward(x.clone(), codes));
        let query = self.query.forward(places.clone());
        let key = self.key.forward(places.clone());
        let scores = query
            .matmul(key.swap_dims(1, 2))
            .mul_scalar((channels as f64).powf(-0.5));
        let seen = softmax(scores, 2).matmul(self.value.forward(places));
        let seen = self.out.forward(seen);
        x + tokens_to_grid(seen, [height, width])
    }
}

/// A residual block over time, as one frame sees it: `x + conv2(silu(norm2(conv1(silu(norm1(x))))))`.
#[derive(Module, Debug)]
pub(crate) struct StillBlock {
    norm1: FrozenNorm,
    conv1: Conv2d,
    norm2: FrozenNorm,
    conv2: Conv2d,
}

impl StillBlock {
    pub(crate) fn load(
        weights: &mut Weights<'_>,
        name: &str,
        channels: usize,
    ) -> Result<Self, WeightsError> {
        let part = |part: &str| format!("{name}.{part}");
        Ok(Self {
            norm1: FrozenNorm::load(weights, &part("norm1"), channels)?,
            conv1: weights.still_conv(&part("conv1"), [channels, channels], 3)?,
            norm2: FrozenNorm::load(weights, &part("norm2"), channels)?,
            conv2: weights.still_conv(&part("conv2"), [channels, channels], 3)?,
        })
    }

    pub(crate) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let hidden = convolve(&self.conv1, silu(self.norm1.forward(x.clone())));
        x + convolve(&self.conv2, silu(self.norm2.forward(hidden)))
    }
}

/// Batch normalisation with the statistics of training: one scale and one shift per channel.
#[derive(Module, Debug)]
struct FrozenNorm {
    /// `[1, channels, 1, 1]`
    scale: Param<Tensor<4>>,
    /// The same.
    shift: Param<Tensor<4>>,
}

impl FrozenNorm {
    const EPSILON: f32 = 1e-5;

    fn load(weights: &mut Weights<'_>, name: &str, channels: usize) -> Result<Self, WeightsError> {
        let mut part = |part: &str| weights.values(&format!("{name}.{part}"), &[channels]);
        let (gamma, beta) = (part("weight")?, part("bias")?);
        let (mean, variance) = (part("running_mean")?, part("running_var")?);
        let scale: Vec<f32> = gamma
            .iter()
            .zip(&variance)
            .map(|(gamma, variance)| gamma / (variance + Self::EPSILON).sqrt())
            .collect();
        let shift: Vec<f32> = beta
            .iter()
            .zip(&mean)
            .zip(&scale)
            .map(|((beta, mean), scale)| beta - mean * scale)
            .collect();
        let param = |values| {
            let data = TensorData::new(values, [1, channels, 1, 1]);
            Param::from_data(data, weights.device())
        };
        Ok(Self {
            scale: param(scale),
            shift: param(shift),
        })
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        x * self.scale.val() + self.shift.val()
    }
}
