//! Decoding in few operations, a transformer block in five. A pass reads one token or a few, and as plain tensor
//! operations most of its time would go into starting them and into matrix products made for many rows.
//!
//! [`cube`] is for every device that burn drives through CubeCL and needs no subgroups, [`flex`] for the CPU;
//! [`Kernels::of`] is the one place that decides.

#[cfg(feature = "gpu-kernels")]
pub(crate) mod cube;
#[cfg(feature = "cpu-kernels")]
pub(super) mod flex;

use super::{DecodeShape, KvCache, RotaryTable};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, DispatchDevice, backend_extension};
use burn::nn::RmsNorm;
use burn::tensor::{Device, Tensor};

/// The kernels as tensor operations. Rows follow each other, all is contiguous; matrices are `[d_in, d_out]`, laid
/// out by [`Kernels::matrix`].
#[backend_extension(
    Cube: cfg(feature = "gpu-kernels"),
    Flex: cfg(feature = "cpu-kernels")
)]
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
        d_hidden: usize,
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
    fn project(x: FloatTensor<Self>, weight: FloatTensor<Self>, d_out: usize) -> FloatTensor<Self>;

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

/// The kernels, on a device and for shapes where they run.
#[derive(Debug, Clone, Copy)]
pub struct Kernels {
    /// Whether matrices lie in panels of columns.
    #[cfg_attr(not(feature = "cpu-kernels"), allow(dead_code))]
    in_panels: bool,
}

/// A matrix, laid out for the kernels or, where there are none, for tensor operations.
#[derive(Debug, Clone)]
pub(super) struct Matrix {
    values: Tensor<2>,
    columns: usize,
}

impl Matrix {
    /// # Shapes
    /// - matrix: `[d_in, d_out]`
    pub(super) fn new(matrix: Tensor<2>, kernels: Option<Kernels>) -> Self {
        let [_, columns] = matrix.dims();
        let values = match kernels {
            #[cfg(feature = "cpu-kernels")]
            Some(Kernels { in_panels: true }) => flex::in_panels(matrix),
            _ => matrix,
        };
        Self { values, columns }
    }

    /// `[d_in, d_out]`, where there are no kernels.
    pub(super) fn plain(&self) -> Tensor<2> {
        self.values.clone()
    }
}

impl Kernels {
    /// `None` where decoding is left to plain tensor operations.
    pub fn of(device: &Device, shape: DecodeShape) -> Option<Self> {
        match device.as_dispatch() {
            #[cfg(feature = "gpu-kernels")]
            DispatchDevice::Cube(device) => {
                cube::fit(device, shape).then_some(Self { in_panels: false })
            }
            #[cfg(feature = "cpu-kernels")]
            DispatchDevice::Flex(_) => {
                (shape.head_dim.is_multiple_of(2)).then_some(Self { in_panels: true })
            }
            #[allow(unreachable_patterns)]
            _ => None,
        }
    }

    /// [`DecodeKernels::project_into_cache`] of some new tokens.
    pub(super) fn project_into_cache(
        self,
        x: Tensor<2>,
        weight: &Matrix,
        rotary: &RotaryTable,
        cache: &mut KvCache,
        epsilon: f64,
    ) -> Tensor<2> {
        let [_, new, _, _] = rotary.cos().dims();
        cache.extend_with(new, |cache, filled| {
            let (q, cache) = Dispatch::project_into_cache(
                x.into_dispatch(),
                weight.values.clone().into_dispatch(),
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
    pub(super) fn attend(self, q: Tensor<2>, cache: &KvCache, causal: bool) -> Tensor<2> {
        Tensor::from_dispatch(Dispatch::attend(
            q.into_dispatch(),
            cache.tensor().into_dispatch(),
            cache.filled(),
            causal,
        ))
    }

    /// [`DecodeKernels::project_add`].
    pub(super) fn project_add(self, x: Tensor<2>, input: Tensor<2>, weight: &Matrix) -> Tensor<2> {
        Tensor::from_dispatch(Dispatch::project_add(
            x.into_dispatch(),
            input.into_dispatch(),
            weight.values.clone().into_dispatch(),
        ))
    }

    /// [`DecodeKernels::project_swiglu`].
    pub(super) fn project_swiglu(
        self,
        x: Tensor<2>,
        gate: &Matrix,
        up: &Matrix,
        epsilon: f64,
    ) -> Tensor<2> {
        Tensor::from_dispatch(Dispatch::project_swiglu(
            x.into_dispatch(),
            gate.values.clone().into_dispatch(),
            up.values.clone().into_dispatch(),
            gate.columns,
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
    pub(super) fn project(self, x: Tensor<2>, weight: &Matrix) -> Tensor<2> {
        Tensor::from_dispatch(Dispatch::project(
            x.into_dispatch(),
            weight.values.clone().into_dispatch(),
            weight.columns,
        ))
    }

    /// [`DecodeKernels::look_ahead`].
    pub(super) fn look_ahead(self, x: Tensor<2>, weight: &Matrix, ahead: Tensor<2>) -> Tensor<2> {
        Tensor::from_dispatch(Dispatch::look_ahead(
            x.into_dispatch(),
            weight.values.clone().into_dispatch(),
            ahead.into_dispatch(),
        ))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::{
        CachedBlock, CachedHead, DecodeShape, KvCache, LookAhead, LookAheads, RotaryTable,
        TransformerBlockConfig, causal_bias,
    };
    use super::Kernels;
    use crate::mask_lm::tests::randomize;
    use burn::nn::RmsNormConfig;
    use burn::tensor::wgpu::wgpu::{Backends, DeviceType, Instance, InstanceDescriptor};
    use burn::tensor::{Device, DeviceKind, Distribution, Tensor};
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

    #[derive(Debug)]
    struct Shape {
        batch: usize,
        heads: usize,
        head_dim: usize,
        prefix: usize,
        steps: Vec<usize>,
    }

    impl Shape {
        fn total(&self) -> usize {
            self.prefix + self.steps.iter().sum::<usize>() + 3
        }

        fn of_model(&self, d_hidden: usize) -> DecodeShape {
            DecodeShape {
                d_model: self.heads * self.head_dim,
                d_hidden,
                head_dim: self.head_dim,
                total: self.total(),
            }
        }
    }

    /// The largest difference, relative to `1 + |expected|`.
    fn worst(found: &[f32], expected: &[f32]) -> f32 {
        assert_eq!(found.len(), expected.len());
        (found.iter().zip(expected))
            .map(|(a, b)| (a - b).abs() / (1.0 + b.abs()))
            .fold(0.0, f32::max)
    }

    /// What a block makes of a prefix and of some steps.
    fn outputs(block: &CachedBlock, shape: &Shape, inputs: &[Tensor<3>]) -> Vec<Vec<f32>> {
        let device = inputs[0].device();
        let total = shape.total();
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
        for device in devices() {
            compare_blocks(&device);
        }
    }

    fn compare_blocks(device: &Device) {
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
                prefix,
                steps,
            };
            let d_model = heads * head_dim;
            let block = TransformerBlockConfig {
                d_model,
                heads,
                d_hidden,
            }
            .init(device);
            let kernels = Kernels::of(device, shape.of_model(d_hidden));
            assert!(kernels.is_some(), "{shape:?}");
            let inputs: Vec<Tensor<3>> = std::iter::once(shape.prefix)
                .chain(shape.steps.iter().copied())
                .map(|new| {
                    Tensor::random(
                        [batch, new, d_model],
                        Distribution::Normal(0.0, 2.0),
                        device,
                    )
                })
                .collect();
            let expected = outputs(&CachedBlock::new(&block, None), &shape, &inputs);
            let found = outputs(&CachedBlock::new(&block, kernels), &shape, &inputs);
            for (call, (found, expected)) in found.iter().zip(&expected).enumerate() {
                let worst = worst(found, expected);
                assert!(worst < 1e-4, "{shape:?}, call {call}: off by {worst}");
            }
        }
    }

    #[test]
    fn the_end_of_the_model_and_its_heads_too() {
        for device in devices() {
            compare_ends(&device);
        }
    }

    fn compare_ends(device: &Device) {
        device.seed(4);
        let random =
            |shape: [usize; 2]| Tensor::<2>::random(shape, Distribution::Normal(0.0, 1.0), device);
        let values = |x: Tensor<2>| -> Vec<f32> { x.into_data().iter().collect() };
        for (d_model, codes, rows, ahead) in [(32, 256, 1, 3), (192, 1000, 4, 7), (20, 5, 3, 1)] {
            let norm = randomize(RmsNormConfig::new(d_model).init(device));
            let heads: Vec<LookAhead> = (0..ahead)
                .map(|_| randomize(LookAhead::new(d_model, device)))
                .collect();
            let shape = DecodeShape {
                d_model,
                d_hidden: d_model,
                head_dim: 4,
                total: 8,
            };
            let kernels = Kernels::of(device, shape);
            assert!(kernels.is_some());
            let (x, unembedding) = (random([rows, d_model]) * 3.0, random([codes, d_model]));
            let anchors = random([9, d_model]).unsqueeze_dim(0);
            let outputs = |kernels| {
                let head = CachedHead::new(&norm, unembedding.clone(), kernels);
                let heads = LookAheads::new(&heads, kernels).unwrap();
                let hidden = head.normalize(x.clone());
                let ahead = heads.ahead(anchors.clone()).slice_dim(0, 2..3);
                let drafts = heads.forward(hidden.clone().slice_dim(0, 0..1), ahead);
                [hidden.clone(), head.logits(hidden), drafts].map(values)
            };
            for (found, expected) in outputs(kernels).iter().zip(&outputs(None)) {
                assert!(worst(found, expected) < 1e-4, "{d_model}, {codes}, {rows}");
            }
        }
    }
}
