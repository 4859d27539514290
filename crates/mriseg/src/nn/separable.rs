//! Depthwise separable convolutions with ReLU6, channels last (Howard et al. 2017, "MobileNets", arXiv 1704.04861): a
//! convolution of every channel by itself, then a matrix for every pixel. Batch norm is folded into both.

#[cfg(any(feature = "cpu-kernels", feature = "training"))]
use super::has_operations;
#[cfg(feature = "training")]
use burn::backend::Autodiff;
#[cfg(feature = "training")]
use burn::backend::autodiff::{
    NodeId,
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};
#[cfg(any(feature = "cpu-kernels", feature = "training"))]
use burn::backend::tensor::FloatTensor;
#[cfg(any(feature = "cpu-kernels", feature = "training"))]
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::module::{Module, Param};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Distribution, Tensor};

/// The highest value that ReLU6 lets through.
pub(super) const CEILING: f32 = 6.0;

/// Both as tensor operations.
#[cfg(any(feature = "cpu-kernels", feature = "training"))]
#[backend_extension(
    Cube: cfg(all(feature = "gpu-kernels", feature = "training")),
    Flex: cfg(feature = "cpu-kernels"),
    Autodiff: cfg(feature = "training")
)]
pub(super) trait SeparableKernels: Backend {
    /// `relu6(x * weight + bias)` with every channel by itself.
    ///
    /// # Shapes
    /// - x: `[batch, height, width, channels]`
    /// - weight: `[kernel, kernel, channels]`
    /// - bias: `[channels]`
    /// - output: `[batch, height / stride, width / stride, channels]`
    fn depthwise(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        stride: usize,
    ) -> FloatTensor<Self>;

    /// `relu6(x * weight + bias)` with every pixel by itself.
    ///
    /// # Shapes
    /// - x: `[pixels, d_in]`
    /// - weight: `[d_in, d_out]`
    /// - bias: `[d_out]`
    /// - output: `[pixels, d_out]`
    fn pointwise(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
}

/// Gradients of [`SeparableKernels`], given an output and its gradient.
#[cfg(feature = "training")]
pub(super) trait SeparableGradients: Backend {
    /// Gradients of `x`, `weight` and `bias`.
    fn depthwise_backward(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        stride: usize,
        output: FloatTensor<Self>,
        grad: FloatTensor<Self>,
    ) -> [FloatTensor<Self>; 3];

    /// Gradients of `x`, `weight` and `bias`.
    fn pointwise_backward(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        output: FloatTensor<Self>,
        grad: FloatTensor<Self>,
    ) -> [FloatTensor<Self>; 3];
}

#[cfg(feature = "training")]
impl<B, C> SeparableKernels for Autodiff<B, C>
where
    B: SeparableKernels + SeparableGradients,
    C: CheckpointStrategy,
{
    fn depthwise(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        stride: usize,
    ) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct Depthwise;

        impl<B: SeparableGradients> Backward<B, 3> for Depthwise {
            type State = (NodeId, NodeId, usize, FloatTensor<B>);

            fn backward(
                self,
                ops: Ops<Self::State, 3>,
                grads: &mut Gradients,
                checkpointer: &mut Checkpointer,
            ) {
                let grad = grads.consume::<B>(&ops.node);
                let (x, weight, stride, output) = ops.state;
                let x = checkpointer.retrieve_node_output(x);
                let weight = checkpointer.retrieve_node_output(weight);
                let of_inputs = B::depthwise_backward(x, weight, stride, output, grad);
                for (node, grad) in ops.parents.into_iter().zip(of_inputs) {
                    if let Some(node) = node {
                        grads.register::<B>(node.id, grad);
                    }
                }
            }
        }

        let nodes = [x.node(), weight.node(), bias.node()];
        match Depthwise.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(mut prepared) => {
                let (of_x, of_weight) = (prepared.checkpoint(&x), prepared.checkpoint(&weight));
                let output = B::depthwise(
                    x.into_primitive(),
                    weight.into_primitive(),
                    bias.into_primitive(),
                    stride,
                );
                prepared.finish((of_x, of_weight, stride, output.clone()), output)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(B::depthwise(
                x.into_primitive(),
                weight.into_primitive(),
                bias.into_primitive(),
                stride,
            )),
        }
    }

    fn pointwise(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct Pointwise;

        impl<B: SeparableGradients> Backward<B, 3> for Pointwise {
            type State = (NodeId, NodeId, FloatTensor<B>);

            fn backward(
                self,
                ops: Ops<Self::State, 3>,
                grads: &mut Gradients,
                checkpointer: &mut Checkpointer,
            ) {
                let grad = grads.consume::<B>(&ops.node);
                let (x, weight, output) = ops.state;
                let x = checkpointer.retrieve_node_output(x);
                let weight = checkpointer.retrieve_node_output(weight);
                let of_inputs = B::pointwise_backward(x, weight, output, grad);
                for (node, grad) in ops.parents.into_iter().zip(of_inputs) {
                    if let Some(node) = node {
                        grads.register::<B>(node.id, grad);
                    }
                }
            }
        }

        let nodes = [x.node(), weight.node(), bias.node()];
        match Pointwise.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(mut prepared) => {
                let (of_x, of_weight) = (prepared.checkpoint(&x), prepared.checkpoint(&weight));
                let output = B::pointwise(
                    x.into_primitive(),
                    weight.into_primitive(),
                    bias.into_primitive(),
                );
                prepared.finish((of_x, of_weight, output.clone()), output)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(B::pointwise(
                x.into_primitive(),
                weight.into_primitive(),
                bias.into_primitive(),
            )),
        }
    }
}

/// Zeros before a row of pixels, such that stride 2 begins as TensorFlow's SAME has it for even sides.
pub(super) fn padding(kernel: usize, stride: usize) -> usize {
    (kernel - stride) / 2
}

/// A convolution of every channel by itself, and ReLU6.
#[derive(Module, Debug)]
pub(crate) struct Depthwise {
    /// `[kernel, kernel, channels]`
    pub(crate) weight: Param<Tensor<3>>,
    /// `[channels]`
    pub(crate) bias: Param<Tensor<1>>,
    #[module(skip)]
    stride: usize,
}

impl Depthwise {
    /// With random weights.
    pub(crate) fn new(channels: usize, kernel: usize, stride: usize, device: &Device) -> Self {
        let deviation = (2.0 / (kernel * kernel) as f64).sqrt();
        let weight = Tensor::random(
            [kernel, kernel, channels],
            Distribution::Normal(0.0, deviation),
            device,
        );
        Self {
            weight: Param::from_tensor(weight),
            bias: Param::from_tensor(Tensor::zeros([channels], device)),
            stride,
        }
    }

    /// # Shapes
    /// - x: `[batch, height, width, channels]`, of even sides with stride 2
    /// - output: `[batch, height / stride, width / stride, channels]`
    pub(crate) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        #[cfg(any(feature = "cpu-kernels", feature = "training"))]
        if has_operations(&x) {
            return Tensor::from_dispatch(Dispatch::depthwise(
                x.into_dispatch(),
                self.weight.val().into_dispatch(),
                self.bias.val().into_dispatch(),
                self.stride,
            ));
        }
        self.plain(x)
    }

    /// The same as burn composes it.
    fn plain(&self, x: Tensor<4>) -> Tensor<4> {
        let weight = self.weight.val();
        let [kernel, _, channels] = weight.dims();
        let before = padding(kernel, self.stride);
        let after = kernel - self.stride - before;
        let x = x
            .permute([0, 3, 1, 2])
            .pad((before, after, before, after), 0.0);
        let weight = weight.permute([2, 0, 1]).unsqueeze_dim(1);
        let options = ConvOptions::new([self.stride; 2], [0; 2], [1; 2], channels);
        let out = conv2d(x, weight, Some(self.bias.val()), options);
        relu6(out.permute([0, 2, 3, 1]))
    }
}

/// A matrix for every pixel, and ReLU6.
///
/// # Shapes
/// - x: `[batch, height, width, d_in]`
/// - output: `[batch, height, width, d_out]`
pub(crate) fn pointwise(linear: &Linear, x: Tensor<4>) -> Tensor<4> {
    let [batch, height, width, d_in] = x.dims();
    let [_, d_out] = linear.weight.dims();
    #[cfg(any(feature = "cpu-kernels", feature = "training"))]
    if let (true, Some(bias)) = (has_operations(&x), &linear.bias) {
        let rows: Tensor<2> = x.reshape([batch * height * width, d_in]);
        return Tensor::<2>::from_dispatch(Dispatch::pointwise(
            rows.into_dispatch(),
            linear.weight.val().into_dispatch(),
            bias.val().into_dispatch(),
        ))
        .reshape([batch, height, width, d_out]);
    }
    let rows: Tensor<2> = x.reshape([batch * height * width, d_in]);
    relu6(linear.forward(rows)).reshape([batch, height, width, d_out])
}

/// The matrix of [`pointwise`], with random weights.
pub(crate) fn pointwise_linear(d_in: usize, d_out: usize, device: &Device) -> Linear {
    LinearConfig::new(d_in, d_out).init(device)
}

/// `min(max(x, 0), 6)`
pub(crate) fn relu6<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    x.clamp(0.0, CEILING)
}

#[cfg(all(test, any(feature = "cpu-kernels", feature = "training")))]
mod tests {
    use super::super::kernels::tests::devices;
    use super::*;
    use burn::tensor::Tolerance;

    fn random<const D: usize>(shape: [usize; D], device: &Device) -> Tensor<D> {
        Tensor::random(shape, Distribution::Normal(0.0, 1.5), device)
    }

    fn with_random_bias(mut depthwise: Depthwise) -> Depthwise {
        let bias = (depthwise.bias).map(|bias| bias.random_like(Distribution::Default));
        depthwise.bias = bias.set_require_grad(true);
        depthwise
    }

    fn equal<const D: usize>(a: Tensor<D>, b: Tensor<D>) {
        let tolerance = Tolerance::rel_abs(1e-4, 2e-4);
        a.into_data()
            .assert_approx_eq::<f32>(&b.into_data(), tolerance);
    }

    /// Kernel, stride, channels, height and width.
    const SHAPES: [[usize; 5]; 6] = [
        [3, 1, 32, 6, 4],
        [3, 2, 24, 8, 6],
        [5, 1, 61, 5, 7],
        [5, 2, 48, 8, 10],
        [3, 2, 7, 2, 2],
        [5, 1, 16, 1, 2],
    ];

    #[test]
    fn kernels_compute_what_burn_does() {
        for device in devices() {
            device.seed(5);
            if !has_operations(&Tensor::<1>::zeros([1], &device)) {
                continue;
            }
            for [kernel, stride, channels, height, width] in SHAPES {
                let conv = with_random_bias(Depthwise::new(channels, kernel, stride, &device));
                // Not contiguous.
                let x = random([2, channels, height, width], &device).permute([0, 2, 3, 1]);
                let out = conv.forward(x.clone());
                assert_eq!(out.dims(), [2, height / stride, width / stride, channels]);
                equal(out, conv.plain(x.clone()));
                let linear = pointwise_linear(channels, 2 * channels + 3, &device);
                let rows: Tensor<2> = x.clone().reshape([2 * height * width, channels]);
                let out = pointwise(&linear, x).reshape([2 * height * width, 2 * channels + 3]);
                equal(out, relu6(linear.forward(rows)));
            }
        }
    }

    #[cfg(feature = "training")]
    #[test]
    fn gradients_are_those_of_burn() {
        for device in devices() {
            device.seed(7);
            let device = device.autodiff();
            for [kernel, stride, channels, height, width] in SHAPES {
                let conv = with_random_bias(Depthwise::new(channels, kernel, stride, &device));
                let x = random([2, channels, height, width], &device).require_grad();
                assert!(has_operations(&x), "burn would be compared with itself");
                let seen = || x.clone().permute([0, 2, 3, 1]);
                let (found, expected) = (conv.forward(seen()), conv.plain(seen()));
                let weights = random(expected.dims(), &device);
                let gradients = |output: Tensor<4>| (output * weights.clone()).sum().backward();
                let (found, expected) = (gradients(found), gradients(expected));
                let both = [&found, &expected];
                let [a, b] = both.map(|gradients| x.grad(gradients).unwrap());
                equal(a, b);
                let [a, b] = both.map(|gradients| conv.weight.val().grad(gradients).unwrap());
                equal(a, b);
                let [a, b] = both.map(|gradients| conv.bias.val().grad(gradients).unwrap());
                equal(a, b);

                let linear = pointwise_linear(channels, channels + 3, &device);
                let pixels = 2 * height * width;
                let plain = relu6(linear.forward(seen().reshape([pixels, channels])));
                let weights = random(plain.dims(), &device);
                let gradients = |output: Tensor<2>| (output * weights.clone()).sum().backward();
                let found = pointwise(&linear, seen()).reshape([pixels, channels + 3]);
                let (found, expected) = (gradients(found), gradients(plain));
                let both = [&found, &expected];
                let [a, b] = both.map(|gradients| x.grad(gradients).unwrap());
                equal(a, b);
                let [a, b] = both.map(|gradients| linear.weight.val().grad(gradients).unwrap());
                equal(a, b);
                let bias = linear.bias.as_ref().unwrap();
                let [a, b] = both.map(|gradients| bias.val().grad(gradients).unwrap());
                equal(a, b);
            }
        }
    }
}
