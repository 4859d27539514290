//! What decoding, convolutions and training have beside burn's own operations: [`cube`] for every device that burn drives
//! through CubeCL, without need of subgroups, [`flex`] for the CPU.
//!
//! On GPUs a transformer block decodes in five operations: a pass reads one token or a few, and as plain tensor
//! operations most of its time would go into starting them and into matrix products made for many rows. On the CPU
//! whole passes are plain code. [`DecodePath::of`] is the one place that decides.

#[cfg(feature = "gpu-kernels")]
pub(crate) mod cube;
#[cfg(feature = "cpu-kernels")]
pub(super) mod flex;

use super::cached::LayerCache;
use super::{DecodeShape, RotaryTable};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, DispatchDevice, backend_extension};
use burn::nn::RmsNorm;
use burn::tensor::{Device, Tensor};

/// The kernels as tensor operations. Rows follow each other, all is contiguous; matrices are `[d_in, d_out]`, laid
/// out by [`Kernels::matrix`].
#[backend_extension(Cube: cfg(feature = "gpu-kernels"))]
pub(super) trait DecodeKernels: Backend {
    /// Normalises rows, projects them to queries, keys and values and rotates them; keys and values go to their
    /// place in the cache. Gives the queries and the cache.
    ///
    /// # Shapes
    /// - x: `[batch * new, d_model]`
    /// - weight: `[d_model, 3 * d_model]`
    /// - cos, sin: `[1, new, 3 * heads, head_dim / 2]`
    /// - cache: `[batch, 2 * heads, head_dim, total]`, of which `filled` tokens are held
    /// - output: `[batch * new, d_model]` and the cache
    fn project_into_cache(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        cos: FloatTensor<Self>,
        sin: FloatTensor<Self>,
        cache: FloatTensor<Self>,
        filled: usize,
        epsilon: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// What queries of the last `new` of `filled` tokens read in the cache; `causal` if none of them may see
    /// those after it.
    ///
    /// # Shapes
    /// - q, output: `[batch * new, heads * head_dim]`
    /// - cache: `[batch, 2 * heads, head_dim, total]`
    fn attend(
        q: FloatTensor<Self>,
        cache: FloatTensor<Self>,
        filled: usize,
        causal: bool,
    ) -> FloatTensor<Self>;

    /// `x + input * weight`.
    ///
    /// # Shapes
    /// - x, output: `[rows, d_out]`
    /// - input: `[rows, d_in]`
    fn project_add(
        x: FloatTensor<Self>,
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    /// `silu(normalized(x) * gate) * (normalized(x) * up)`.
    ///
    /// # Shapes
    /// - x: `[rows, d_model]`
    /// - gate, up: `[d_model, d_hidden]`
    /// - output: `[rows, d_hidden]`
    fn project_swiglu(
        x: FloatTensor<Self>,
        gate: FloatTensor<Self>,
        up: FloatTensor<Self>,
        epsilon: f32,
    ) -> FloatTensor<Self>;

    /// RMS norm with a gain.
    ///
    /// # Shapes
    /// - x, output: `[rows, d_model]`
    /// - gain: `[d_model]`
    fn normalize(x: FloatTensor<Self>, gain: FloatTensor<Self>, epsilon: f32) -> FloatTensor<Self>;

    /// `x * weight`.
    ///
    /// # Shapes
    /// - x: `[rows, d_in]`
    /// - output: `[rows, d_out]`
    fn project(x: FloatTensor<Self>, weight: FloatTensor<Self>) -> FloatTensor<Self>;

    /// `x + silu(x * weight + ahead)` for every head.
    ///
    /// # Shapes
    /// - x: `[1, d_model]`
    /// - weight: `[d_model, heads * d_model]`
    /// - ahead, output: `[heads, d_model]`
    fn look_ahead(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        ahead: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
}

/// How a transformer decodes.
#[derive(Debug, Clone, Copy)]
pub(super) enum DecodePath {
    /// In tensor operations.
    Tensors,
    /// In kernels.
    Kernels(Kernels),
    /// In plain code for the CPU.
    #[cfg(feature = "cpu-kernels")]
    Flex,
}

impl DecodePath {
    /// The fastest that the device has for such shapes.
    pub(super) fn of(device: &Device, shape: DecodeShape) -> Self {
        match device.as_dispatch() {
            #[cfg(feature = "gpu-kernels")]
            DispatchDevice::Cube(device) if cube::fit(device, shape) => Self::Kernels(Kernels(())),
            #[cfg(feature = "cpu-kernels")]
            DispatchDevice::Flex(_) => Self::Flex,
            #[allow(unreachable_patterns)]
            _ => Self::Tensors,
        }
    }
}

/// The kernels, on a device and for shapes where they run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kernels(());

impl Kernels {
    /// [`DecodeKernels::project_into_cache`] of some new tokens.
    pub(super) fn project_into_cache(
        self,
        x: Tensor<2>,
        weight: Tensor<2>,
        rotary: &RotaryTable,
        cache: &mut LayerCache,
        epsilon: f64,
    ) -> Tensor<2> {
        let [_, new, _, _] = rotary.cos().dims();
        cache.extend_with(new, |cache, filled| {
            let (q, cache) = Dispatch::project_into_cache(
                x.into_dispatch(),
                weight.into_dispatch(),
                rotary.cos().into_dispatch(),
                rotary.sin().into_dispatch(),
                cache.into_dispatch(),
                filled,
                epsilon as f32,
            );
            (Tensor::from_dispatch(q), Tensor::from_dispatch(cache))
        })
    }

    /// [`DecodeKernels::attend`] in the cache.
    pub(super) fn attend(self, q: Tensor<2>, cache: &LayerCache, causal: bool) -> Tensor<2> {
        Tensor::from_dispatch(Dispatch::attend(
            q.into_dispatch(),
            cache.tensor().into_dispatch(),
            cache.filled(),
            causal,
        ))
    }

    /// [`DecodeKernels::project_add`].
    pub(super) fn project_add(
        self,
        x: Tensor<2>,
        input: Tensor<2>,
        weight: Tensor<2>,
    ) -> Tensor<2> {
        Tensor::from_dispatch(Dispatch::project_add(
            x.into_dispatch(),
            input.into_dispatch(),
            weight.into_dispatch(),
        ))
    }

    /// [`DecodeKernels::project_swiglu`].
    pub(super) fn project_swiglu(
        self,
        x: Tensor<2>,
        gate: Tensor<2>,
        up: Tensor<2>,
        epsilon: f64,
    ) -> Tensor<2> {
        Tensor::from_dispatch(Dispatch::project_swiglu(
            x.into_dispatch(),
            gate.into_dispatch(),
            up.into_dispatch(),
            epsilon as f32,
        ))
    }

    /// [`DecodeKernels::normalize`].
    pub(super) fn normalize(self, x: Tensor<2>, norm: &RmsNorm) -> Tensor<2> {
        Tensor::from_dispatch(Dispatch::normalize(
            x.into_dispatch(),
            norm.gamma.val().into_dispatch(),
            norm.epsilon as f32,
        ))
    }

    /// [`DecodeKernels::project`].
    pub(super) fn project(self, x: Tensor<2>, weight: Tensor<2>) -> Tensor<2> {
        Tensor::from_dispatch(Dispatch::project(x.into_dispatch(), weight.into_dispatch()))
    }

    /// [`DecodeKernels::look_ahead`].
    pub(super) fn look_ahead(self, x: Tensor<2>, weight: Tensor<2>, ahead: Tensor<2>) -> Tensor<2> {
        Tensor::from_dispatch(Dispatch::look_ahead(
            x.into_dispatch(),
            weight.into_dispatch(),
            ahead.into_dispatch(),
        ))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use burn::tensor::wgpu::wgpu::{Backends, DeviceType, Instance, InstanceDescriptor};
    use burn::tensor::{Device, DeviceKind};
    use futures_lite::future::block_on;

    /// The processor, and a GPU where there is one.
    pub(crate) fn devices() -> Vec<Device> {
        let cpu = cfg!(feature = "cpu-kernels").then(Device::flex);
        let gpu = cfg!(feature = "gpu-kernels").then(gpu).flatten();
        cpu.into_iter().chain(gpu).collect()
    }

    /// A GPU, simulated or not.
    fn gpu() -> Option<Device> {
        let instance = Instance::new(InstanceDescriptor::new_without_display_handle());
        let adapters = block_on(instance.enumerate_adapters(Backends::PRIMARY));
        let kinds: Vec<DeviceType> = (adapters.iter())
            .map(|adapter| adapter.get_info().device_type)
            .collect();
        let device = [
            (DeviceType::DiscreteGpu, DeviceKind::DiscreteGpu(0)),
            (DeviceType::IntegratedGpu, DeviceKind::IntegratedGpu(0)),
            (DeviceType::Cpu, DeviceKind::Cpu),
        ]
        .into_iter()
        .find(|(kind, _)| kinds.contains(kind))
        .map(|(_, device)| Device::wgpu(device));
        if device.is_none() {
            println!(
                "skipped: there is no Vulkan, Metal or DirectX 12 driver, not even a simulated one"
            );
        }
        device
    }
}
