//! Where the weights come from, one tensor at a time: no more than one is held beside the network.

use crate::config::GROUPS;
use burn::module::Param;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{GroupNorm, GroupNormConfig, Linear, LinearConfig, PaddingConfig2d};
use burn::store::bridge::to_data;
use burn::store::{ModuleStore, SafetensorsStore, SafetensorsStoreError};
use burn::tensor::{Device, Tensor, TensorData};
use mriseg::tensor_source::{TensorSource, WeightsError};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeSet;
use std::path::Path;

/// Random weights for tests and timing, of a variance large enough that different pictures get different codes.
#[derive(Debug)]
pub struct RandomTensors(ChaCha8Rng);

impl RandomTensors {
    /// The same weights for the same seed.
    pub fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }
}

impl TensorSource for RandomTensors {
    fn values(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, WeightsError> {
        let count: usize = shape.iter().product();
        if name.ends_with("running_var") {
            return Ok(vec![1.0; count]);
        }
        let (middle, reach) = match shape {
            [_] if name.contains("norm") && name.ends_with(".weight") => (1.0, 0.1),
            [_] => (0.0, 0.1),
            _ if name == "quantize.embedding.weight" => (0.0, 0.5),
            [_, inputs @ ..] => {
                let fan_in: usize = inputs.iter().product();
                let few_channels = ["time_", "quant_conv", "conv_out"];
                let gain = if few_channels.iter().any(|part| name.contains(part)) {
                    27.0
                } else {
                    6.0
                };
                (0.0, (gain / fan_in as f32).sqrt())
            }
            [] => (0.0, 0.0),
        };
        Ok((0..count)
            .map(|_| middle + reach * (2.0 * self.0.random::<f32>() - 1.0))
            .collect())
    }
}

/// A safetensors file with the official names, or with those that the `transformers` package gives its own
/// version of the network (`Emu3VQVAE`); f32, f16 or bf16. It is mapped into memory, not read at once.
pub struct SafetensorsFile {
    store: SafetensorsStore,
    file: String,
    unused: BTreeSet<String>,
    renamed: bool,
}

impl SafetensorsFile {
    /// Reads the list of tensors.
    ///
    /// # Errors
    /// It cannot be read, is no safetensors file, or has been cut short.
    pub fn open(path: &Path) -> Result<Self, WeightsError> {
        let file = path.display().to_string();
        let mut store = SafetensorsStore::from_file(path);
        let mut unused: BTreeSet<String> = match store.keys() {
            Ok(names) => names.into_iter().collect(),
            Err(error) => {
                let reason = match error {
                    SafetensorsStoreError::Io(error) => format!("cannot be read ({error})"),
                    error => format!(
                        "is no safetensors file, or was cut short ({error}); download it again"
                    ),
                };
                return Err(WeightsError { file, reason });
            }
        };
        unused.retain(|name| !name.ends_with(".num_batches_tracked"));
        Ok(Self {
            renamed: unused.iter().any(|name| name.contains("_block.")),
            store,
            file,
            unused,
        })
    }

    fn wrong(&self, reason: String) -> WeightsError {
        WeightsError {
            file: self.file.clone(),
            reason,
        }
    }
}

impl TensorSource for SafetensorsFile {
    fn values(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, WeightsError> {
        let name = if self.renamed {
            transformers_name(name)
        } else {
            name.to_owned()
        };
        // What is a convolution of one pixel there is a matrix here.
        let shape = match shape {
            [rows, columns, 1, 1] if self.renamed && name.contains("_proj.") => &[*rows, *columns],
            shape => shape,
        };
        let Ok(Some(tensor)) = self.store.get_tensor(&name) else {
            return Err(self.wrong(format!(
                "lacks the tensor `{name}`: it is not an Emu3 vision tokenizer of these sizes"
            )));
        };
        let data = to_data(tensor);
        let data =
            data.map_err(|error| self.wrong(format!("cannot read the tensor `{name}` ({error})")))?;
        if data.shape().as_slice() != shape {
            return Err(self.wrong(format!(
                "the tensor `{name}` has the shape {:?}, the configuration asks for {shape:?}",
                data.shape().as_slice()
            )));
        }
        if !data.dtype().is_float() {
            return Err(self.wrong(format!(
                "the tensor `{name}` holds {:?}; floating-point numbers can be read",
                data.dtype()
            )));
        }
        self.unused.remove(&name);
        let values: Vec<f32> = data
            .convert::<f32>()
            .try_to_vec()
            .expect("converted to f32");
        match values.iter().position(|value| !value.is_finite()) {
            Some(at) => Err(self.wrong(format!(
                "the tensor `{name}` holds {} at {at}: the file is damaged",
                values[at]
            ))),
            None => Ok(values),
        }
    }

    fn finish(&mut self) -> Result<(), WeightsError> {
        const NAMED: usize = 5;
        if self.unused.is_empty() {
            return Ok(());
        }
        let first: Vec<&str> = self.unused.iter().take(NAMED).map(String::as_str).collect();
        Err(self.wrong(format!(
            "has {} tensors that an Emu3 vision tokenizer of these sizes does not: {}{}",
            self.unused.len(),
            first.join(", "),
            if self.unused.len() > NAMED {
                ", …"
            } else {
                ""
            }
        )))
    }
}

/// The name that `transformers` gives an official tensor.
fn transformers_name(official: &str) -> String {
    let mut parts: Vec<String> = official.split('.').map(str::to_owned).collect();
    match parts[1].as_str() {
        "down" => parts[1] = "down_block.down".to_owned(),
        "up" => parts[1] = "up_block.up".to_owned(),
        "mid" => parts[1] = "middle_block".to_owned(),
        _ => {}
    }
    if let Some(at) = parts
        .iter()
        .position(|part| part == "attn" || part == "attn_1")
    {
        // `attn.N.norm` or `attn_1.norm`.
        let inner = at + if parts[at] == "attn" { 2 } else { 1 };
        match parts[inner].as_str() {
            "norm" => {
                parts[at] = if parts[at] == "attn" {
                    "attn_norms"
                } else {
                    "attn_norm"
                }
                .to_owned();
                parts.remove(inner);
            }
            "proj_out" => parts[inner] = "out_proj".to_owned(),
            _ => parts[inner] += "_proj",
        }
    }
    parts.join(".")
}

/// Layers made of a [`TensorSource`].
pub(crate) struct Weights<'a> {
    source: &'a mut dyn TensorSource,
    device: &'a Device,
}

impl<'a> Weights<'a> {
    pub(crate) fn new(source: &'a mut dyn TensorSource, device: &'a Device) -> Self {
        Self { source, device }
    }

    pub(crate) fn device(&self) -> &Device {
        self.device
    }

    pub(crate) fn values(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, WeightsError> {
        self.source.values(name, shape)
    }

    pub(crate) fn tensor<const D: usize>(
        &mut self,
        name: &str,
        shape: [usize; D],
    ) -> Result<Tensor<D>, WeightsError> {
        let values = self.values(name, &shape)?;
        Ok(Tensor::from_data(
            TensorData::new(values, shape),
            self.device,
        ))
    }

    fn param<const D: usize>(
        &mut self,
        name: &str,
        shape: [usize; D],
    ) -> Result<Param<Tensor<D>>, WeightsError> {
        Ok(Param::from_tensor(self.tensor(name, shape)?).set_require_grad(false))
    }

    /// Convolution that keeps the side.
    pub(crate) fn conv(
        &mut self,
        name: &str,
        [channels_out, channels_in]: [usize; 2],
        kernel: usize,
    ) -> Result<Conv2d, WeightsError> {
        let weight = self.tensor(
            &format!("{name}.weight"),
            [channels_out, channels_in, kernel, kernel],
        )?;
        self.conv_of(name, weight, channels_out, [1, kernel / 2])
    }

    /// Convolution that halves the side of a picture with one row and one column of zeros more.
    pub(crate) fn halving_conv(
        &mut self,
        name: &str,
        channels: usize,
    ) -> Result<Conv2d, WeightsError> {
        let weight = self.tensor(&format!("{name}.weight"), [channels, channels, 3, 3])?;
        self.conv_of(name, weight, channels, [2, 0])
    }

    /// Convolution over three frames and the plane, as the first frame sees it: the two before it are zeros.
    pub(crate) fn still_conv(
        &mut self,
        name: &str,
        [channels_out, channels_in]: [usize; 2],
        kernel: usize,
    ) -> Result<Conv2d, WeightsError> {
        let name = format!("{name}.conv");
        let frames = self.frames(&name, [channels_out, channels_in, 3, kernel, kernel])?;
        self.conv_of(&name, frames[2].clone(), channels_out, [1, kernel / 2])
    }

    /// Convolution over four frames in steps of two, of four equal frames after two of zeros. What it makes of
    /// them are two frames, here one after the other in the channels.
    pub(crate) fn first_time_conv(
        &mut self,
        name: &str,
        channels: usize,
    ) -> Result<Conv2d, WeightsError> {
        let name = format!("{name}.conv");
        let frames = self.frames(&name, [channels, channels, 4, 3, 3])?;
        let [a, b, c, d] = [0, 1, 2, 3].map(|i| frames[i].clone());
        let early = c + d;
        let weight = Tensor::cat(vec![early.clone(), a + b + early], 0);
        let mut conv = self.conv_of(&name, weight, channels, [1, 1])?;
        conv.bias = conv.bias.map(|bias| bias.map(|bias| bias.repeat_dim(0, 2)));
        Ok(conv)
    }

    /// The same of the two frames that [`Self::first_time_conv`] gives: one frame.
    pub(crate) fn second_time_conv(
        &mut self,
        name: &str,
        channels: usize,
    ) -> Result<Conv2d, WeightsError> {
        let name = format!("{name}.conv");
        let frames = self.frames(&name, [channels, channels, 4, 3, 3])?;
        let weight = Tensor::cat(frames[2..].to_vec(), 1);
        self.conv_of(&name, weight, channels, [1, 1])
    }

    /// A convolution over time and plane, frame by frame.
    fn frames(&mut self, name: &str, shape: [usize; 5]) -> Result<Vec<Tensor<4>>, WeightsError> {
        let weight = self.tensor(&format!("{name}.weight"), shape)?;
        Ok((0..shape[2])
            .map(|frame| weight.clone().slice_dim(2, frame..frame + 1).squeeze_dim(2))
            .collect())
    }

    /// `weight`: `[d_out, d_in, kernel, kernel]`; the bias has `channels` values.
    fn conv_of(
        &mut self,
        name: &str,
        weight: Tensor<4>,
        channels: usize,
        [stride, padding]: [usize; 2],
    ) -> Result<Conv2d, WeightsError> {
        let [d_out, d_in, kernel, _] = weight.dims();
        let mut conv = Conv2dConfig::new([d_in, d_out], [kernel, kernel])
            .with_stride([stride, stride])
            .with_padding(PaddingConfig2d::Explicit(
                padding, padding, padding, padding,
            ))
            .init(self.device);
        conv.weight = Param::from_tensor(weight).set_require_grad(false);
        conv.bias = Some(self.param(&format!("{name}.bias"), [channels])?);
        Ok(conv)
    }

    /// A convolution of one pixel that is used as a matrix.
    pub(crate) fn pointwise(
        &mut self,
        name: &str,
        channels: usize,
    ) -> Result<Linear, WeightsError> {
        let weight = self.tensor(&format!("{name}.weight"), [channels, channels, 1, 1])?;
        let mut linear = LinearConfig::new(channels, channels).init(self.device);
        let weight = weight.reshape([channels, channels]).transpose();
        linear.weight = Param::from_tensor(weight).set_require_grad(false);
        linear.bias = Some(self.param(&format!("{name}.bias"), [channels])?);
        Ok(linear)
    }

    pub(crate) fn group_norm(
        &mut self,
        name: &str,
        channels: usize,
    ) -> Result<GroupNorm, WeightsError> {
        const EPSILON: f64 = 1e-6;
        let mut norm = GroupNormConfig::new(GROUPS, channels)
            .with_epsilon(EPSILON)
            .init(self.device);
        norm.gamma = Some(self.param(&format!("{name}.weight"), [channels])?);
        norm.beta = Some(self.param(&format!("{name}.bias"), [channels])?);
        Ok(norm)
    }
}
