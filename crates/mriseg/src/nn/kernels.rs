//! A transformer block in five dispatches, for decoding on a GPU. A pass reads one token or a few, and as plain
//! tensor operations most of its time would go into starting kernels and into matrix products made for many
//! rows.
//!
//! Kernels are written in CubeCL and run on every device that burn drives through it; [`runs_on`] is the one
//! place that decides. They need no subgroups.

mod attend;
mod launch;
mod project;

use super::cached::KvCache;
use super::rotary::RotaryTable;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, DispatchDevice, backend_extension};
use burn::tensor::{Device, Tensor};

/// The kernels as tensor operations. Matrices are `[d_in, d_out]`, rows follow each other, all contiguous.
#[backend_extension(Cube)]
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
}

/// Whether kernels run blocks of this shape on this device.
pub(super) fn runs_on(device: &Device, shape: launch::BlockShape) -> bool {
    match device.as_dispatch() {
        DispatchDevice::Cube(device) => launch::fits(device, shape),
        #[allow(unreachable_patterns)]
        _ => false,
    }
}

pub(super) use launch::BlockShape;

/// [`DecodeKernels::project_into_cache`] of some new tokens.
pub(super) fn project_into_cache(
    x: Tensor<2>,
    weight: &Tensor<2>,
    rotary: &RotaryTable,
    cache: &mut KvCache,
    epsilon: f64,
) -> Tensor<2> {
    let [_, new, _, _] = rotary.cos().dims();
    cache.extend_with(new, |cache, filled| {
        let (q, cache) = Dispatch::project_into_cache(
            x.into_dispatch(),
            weight.clone().into_dispatch(),
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
pub(super) fn attend(q: Tensor<2>, cache: &KvCache, causal: bool) -> Tensor<2> {
    Tensor::from_dispatch(Dispatch::attend(
        q.into_dispatch(),
        cache.tensor().into_dispatch(),
        cache.filled(),
        causal,
    ))
}

/// [`DecodeKernels::project_add`].
pub(super) fn project_add(x: Tensor<2>, input: Tensor<2>, weight: &Tensor<2>) -> Tensor<2> {
    Tensor::from_dispatch(Dispatch::project_add(
        x.into_dispatch(),
        input.into_dispatch(),
        weight.clone().into_dispatch(),
    ))
}

/// [`DecodeKernels::project_swiglu`].
pub(super) fn project_swiglu(
    x: Tensor<2>,
    gate: &Tensor<2>,
    up: &Tensor<2>,
    epsilon: f64,
) -> Tensor<2> {
    Tensor::from_dispatch(Dispatch::project_swiglu(
        x.into_dispatch(),
        gate.clone().into_dispatch(),
        up.clone().into_dispatch(),
        epsilon as f32,
    ))
}

#[cfg(test)]
mod tests {
    use super::super::{CachedBlock, KvCache, RotaryTable, TransformerBlockConfig, causal_bias};
    use burn::tensor::wgpu::wgpu::{Backends, DeviceType, Instance, InstanceDescriptor};
    use burn::tensor::{Device, DeviceKind, Distribution, Tensor, Tolerance};
    use futures_lite::future::block_on;

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

    #[derive(Debug)]
    struct Shape {
        batch: usize,
        heads: usize,
        head_dim: usize,
        d_hidden: usize,
        prefix: usize,
        steps: Vec<usize>,
    }

    /// What a block makes of a prefix and of some steps.
    fn outputs(block: &CachedBlock, shape: &Shape, inputs: &[Tensor<3>]) -> Vec<Vec<f32>> {
        let device = inputs[0].device();
        let total = shape.prefix + shape.steps.iter().sum::<usize>() + 3;
        let positions: Vec<(f32, f32)> = (0..total)
            .map(|i| ((i / 5) as f32, (i % 5) as f32))
            .collect();
        let rotary = RotaryTable::new(&positions, shape.head_dim, &device)
            .of_queries_keys_values(shape.heads);
        let mut cache = KvCache::new(shape.batch, shape.heads, total, shape.head_dim, &device);
        let mut outputs = Vec::new();
        for (i, x) in inputs.iter().enumerate() {
            let [batch, new, d_model] = x.dims();
            let x = x.clone().reshape([batch * new, d_model]);
            let before = cache.filled();
            let rotary = rotary.at(before..before + new);
            let output = if i == 0 {
                block.prefill(x, &mut cache, &rotary)
            } else {
                let bias = causal_bias(before, new, &device);
                block.step(x, &mut cache, &rotary, Some(&bias))
            };
            outputs.push(output.into_data().iter::<f32>().collect());
        }
        outputs
    }

    #[test]
    fn kernels_compute_what_tensor_operations_do() {
        let Some(device) = gpu() else { return };
        device.seed(3);
        let shapes = [
            (1, 2, 16, 40, 9, vec![1, 1, 2]),
            (2, 3, 8, 24, 5, vec![1, 3, 4]),
            (1, 2, 48, 256, 33, vec![1, 4, 1]),
            (3, 1, 20, 33, 2, vec![2, 1]),
            (1, 4, 64, 700, 130, vec![1, 3]),
            (1, 2, 4, 7, 1, vec![5, 8, 1]),
        ];
        for (batch, heads, head_dim, d_hidden, prefix, steps) in shapes {
            let shape = Shape {
                batch,
                heads,
                head_dim,
                d_hidden,
                prefix,
                steps,
            };
            let d_model = heads * head_dim;
            let total = shape.prefix + shape.steps.iter().sum::<usize>() + 3;
            let block = TransformerBlockConfig {
                d_model,
                heads,
                d_hidden,
            }
            .init(&device);
            let by_kernels = CachedBlock::new(&block, total);
            assert!(by_kernels.by_kernels, "{shape:?}");
            let mut plain = by_kernels.clone();
            plain.by_kernels = false;
            let inputs: Vec<Tensor<3>> = std::iter::once(shape.prefix)
                .chain(shape.steps.iter().copied())
                .map(|new| {
                    Tensor::random(
                        [batch, new, d_model],
                        Distribution::Normal(0.0, 2.0),
                        &device,
                    )
                })
                .collect();
            let expected = outputs(&plain, &shape, &inputs);
            let found = outputs(&by_kernels, &shape, &inputs);
            for (call, (found, expected)) in found.iter().zip(&expected).enumerate() {
                let worst = (found.iter().zip(expected))
                    .map(|(a, b)| (a - b).abs() / (1.0 + b.abs()))
                    .fold(0.0, f32::max);
                assert!(worst < 1e-4, "{shape:?}, call {call}: off by {worst}");
            }
        }
    }
}
