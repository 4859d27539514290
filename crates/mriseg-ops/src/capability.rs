//! What a device can run: the one place that decides, and the one file whose bodies know of features.

#[cfg(feature = "cpu")]
use crate::decode_pass::cpu::CpuPass;
#[cfg(feature = "gpu")]
use crate::decode_pass::gpu::GpuPass;
use crate::decode_pass::{DecodePass, TransformerWeights};
#[cfg(feature = "cpu")]
use crate::encode_pass::cpu::CpuEncoder;
use crate::encode_pass::{EncodePass, EncoderWeights};
use crate::precision::Precision;
#[cfg(any(feature = "cpu", feature = "gpu"))]
use burn::backend::DispatchDevice;
use burn::tensor::{Device, Tensor};
use std::sync::Arc;

/// The kernels of this crate that a device can run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Capability {
    /// None: operations are composed of burn's.
    Reference,
    /// Those of the CPU.
    Cpu,
    /// Those of GPUs.
    Gpu {
        /// Whether a workgroup has room for the tiles of matrix products, on which training rests; false in builds
        /// without gradients, which have none.
        tiles: bool,
    },
}

impl Capability {
    /// What `device` can run, whether or not it differentiates.
    pub fn of(device: &Device) -> Self {
        match device.clone().without_autodiff().as_dispatch() {
            #[cfg(feature = "cpu")]
            DispatchDevice::Flex(_) => Self::Cpu,
            #[cfg(feature = "gpu")]
            DispatchDevice::Cube(device) => Self::Gpu {
                #[cfg(feature = "gradients")]
                tiles: crate::gpu::matmul::has_tiles(device),
                #[cfg(not(feature = "gradients"))]
                tiles: false,
            },
            #[allow(unreachable_patterns)]
            _ => Self::Reference,
        }
    }

    /// Whether training's operations have kernels with gradients.
    pub fn trains(self) -> bool {
        cfg!(feature = "gradients") && !matches!(self, Self::Reference | Self::Gpu { tiles: false })
    }

    /// Whether products of matrices have kernels, on GPUs without training too.
    pub fn multiplies(self) -> bool {
        self.trains() || cfg!(not(feature = "gradients")) && matches!(self, Self::Gpu { .. })
    }

    /// Whether convolutions of single channels and of single pixels have kernels.
    pub fn separates(self) -> bool {
        self == Self::Cpu || self.multiplies()
    }

    /// Whether other convolutions have kernels. On GPUs they come with training; inference leaves them to burn.
    pub fn convolves(self) -> bool {
        self == Self::Cpu || self.trains()
    }
}

/// How a device computes products of factors of 16 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MixedPrecision {
    /// On matrix units: faster than of 32 bits.
    MatrixUnits,
    /// Of rounded factors of 32 bits: the same numbers, no faster.
    Rounded,
    /// Not at all.
    Missing,
}

impl MixedPrecision {
    /// Of products in `precision` on `device`, whether or not it differentiates.
    pub fn of(device: &Device, precision: Precision) -> Self {
        match device.clone().without_autodiff().as_dispatch() {
            #[cfg(all(feature = "gpu", feature = "gradients"))]
            DispatchDevice::Cube(device) => match precision.half() {
                Some(half) => match crate::gpu::mixed::support(device, half) {
                    (_, true) => Self::MatrixUnits,
                    (true, _) => Self::Rounded,
                    (false, _) => Self::Missing,
                },
                None => Self::Rounded,
            },
            #[cfg(all(feature = "cpu", feature = "gradients"))]
            DispatchDevice::Flex(_) => Self::Rounded,
            #[allow(unreachable_patterns)]
            _ if precision == Precision::F32 => Self::Rounded,
            #[allow(unreachable_patterns)]
            _ => Self::Missing,
        }
    }
}

/// [`Capability::multiplies`] of the device of `x`.
pub(crate) fn multiplies<const D: usize>(x: &Tensor<D>) -> bool {
    Capability::of(&x.device()).multiplies()
}

/// [`Capability::separates`] of the device of `x`.
pub(crate) fn separates<const D: usize>(x: &Tensor<D>) -> bool {
    Capability::of(&x.device()).separates()
}

/// [`Capability::trains`] of the device of `x`.
pub(crate) fn trains<const D: usize>(x: &Tensor<D>) -> bool {
    Capability::of(&x.device()).trains()
}

/// [`Capability::convolves`] of the device of `x`.
pub(crate) fn convolves<const D: usize>(x: &Tensor<D>) -> bool {
    Capability::of(&x.device()).convolves()
}

/// The decode pass in kernels on the device of the weights; `None` where it has none that fit.
pub fn decode_pass(weights: &TransformerWeights) -> Option<Arc<dyn DecodePass>> {
    match weights.unembedding.device().as_dispatch() {
        #[cfg(feature = "cpu")]
        DispatchDevice::Flex(_) => Some(Arc::new(CpuPass::new(weights))),
        #[cfg(feature = "gpu")]
        DispatchDevice::Cube(device) => Some(Arc::new(GpuPass::new(weights, device)?)),
        #[allow(unreachable_patterns)]
        _ => None,
    }
}

/// A network of inverted residuals in kernels on the device of the weights; `None` where it has none that fit.
pub fn encode_pass(weights: &EncoderWeights) -> Option<Arc<dyn EncodePass>> {
    match weights.stem.device().as_dispatch() {
        #[cfg(feature = "cpu")]
        DispatchDevice::Flex(_) => Some(Arc::new(CpuEncoder::new(weights)?)),
        #[allow(unreachable_patterns)]
        _ => None,
    }
}
