//! Convolutions: on the CPU, and in training on GPUs, with kernels of our own, elsewhere as burn has them.

#[cfg(any(feature = "cpu-kernels", feature = "training"))]
use super::has_operations;
#[cfg(feature = "training")]
use burn::backend::autodiff::{
    NodeId,
    checkpoint::{base::Checkpointer, strategy::CheckpointStrategy},
    grads::Gradients,
    ops::{Backward, Ops, OpsKind},
};
#[cfg(any(feature = "cpu-kernels", feature = "training"))]
use burn::backend::tensor::FloatTensor;
#[cfg(feature = "training")]
use burn::backend::{Autodiff, TensorMetadata};
#[cfg(any(feature = "cpu-kernels", feature = "training"))]
use burn::backend::{Backend, Dispatch, backend_extension};
#[cfg(any(feature = "cpu-kernels", feature = "training"))]
use burn::nn::PaddingConfig2d;
use burn::nn::conv::Conv2d;
use burn::tensor::Tensor;

/// Convolution as a tensor operation.
#[cfg(any(feature = "cpu-kernels", feature = "training"))]
#[backend_extension(
    Cube: cfg(all(feature = "gpu-kernels", feature = "training")),
    Flex: cfg(feature = "cpu-kernels"),
    Autodiff: cfg(feature = "training")
)]
pub(super) trait ConvolutionKernels: Backend {
    /// # Shapes
    /// - x: `[batch, d_in, height, width]`
    /// - weight: `[d_out, d_in, kernel, kernel]`
    /// - bias: `[d_out]`
    /// - output: `[batch, d_out, rows, columns]`
    fn convolve(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        stride: usize,
        padding: usize,
    ) -> FloatTensor<Self>;
}

/// What a convolution with a square kernel does beside its weights.
#[cfg(feature = "training")]
#[derive(Debug, Clone, Copy)]
pub(super) struct Steps {
    pub(super) stride: usize,
    pub(super) padding: usize,
}

/// Gradients of [`ConvolutionKernels::convolve`], given that of the output.
#[cfg(feature = "training")]
pub(super) trait ConvolutionGradients: Backend {
    /// Gradient of `x`.
    fn convolve_x_backward(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        steps: Steps,
        grad: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    /// Gradient of `weight`.
    fn convolve_weight_backward(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        steps: Steps,
        grad: FloatTensor<Self>,
    ) -> FloatTensor<Self>;

    /// Gradient of `bias`.
    fn convolve_bias_backward(grad: FloatTensor<Self>) -> FloatTensor<Self> {
        let of_pictures = Self::float_sum_dim(Self::float_sum_dim(grad, 3), 2);
        let grad = Self::float_sum_dim(of_pictures, 0);
        let channels = grad.shape()[1];
        Self::float_reshape(grad, [channels].into())
    }
}

#[cfg(feature = "training")]
impl<B, C> ConvolutionKernels for Autodiff<B, C>
where
    B: ConvolutionKernels + ConvolutionGradients,
    C: CheckpointStrategy,
{
    fn convolve(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        stride: usize,
        padding: usize,
    ) -> FloatTensor<Self> {
        #[derive(Debug)]
        struct Convolution;

        impl<B: ConvolutionGradients> Backward<B, 3> for Convolution {
            type State = (NodeId, NodeId, Steps);

            fn backward(
                self,
                ops: Ops<Self::State, 3>,
                grads: &mut Gradients,
                checkpointer: &mut Checkpointer,
            ) {
                let grad = grads.consume::<B>(&ops.node);
                let (x, weight, steps) = ops.state;
                let x: FloatTensor<B> = checkpointer.retrieve_node_output(x);
                let weight: FloatTensor<B> = checkpointer.retrieve_node_output(weight);
                let [of_x, of_weight, of_bias] = ops.parents;
                if let Some(node) = of_x {
                    let grad =
                        B::convolve_x_backward(x.clone(), weight.clone(), steps, grad.clone());
                    grads.register::<B>(node.id, grad);
                }
                if let Some(node) = of_weight {
                    let grad = B::convolve_weight_backward(x, weight, steps, grad.clone());
                    grads.register::<B>(node.id, grad);
                }
                if let Some(node) = of_bias {
                    grads.register::<B>(node.id, B::convolve_bias_backward(grad));
                }
            }
        }

        let nodes = [x.node(), weight.node(), bias.node()];
        match Convolution.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(mut prepared) => {
                let state = (
                    prepared.checkpoint(&x),
                    prepared.checkpoint(&weight),
                    Steps { stride, padding },
                );
                let output = B::convolve(
                    x.into_primitive(),
                    weight.into_primitive(),
                    bias.into_primitive(),
                    stride,
                    padding,
                );
                prepared.finish(state, output)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(B::convolve(
                x.into_primitive(),
                weight.into_primitive(),
                bias.into_primitive(),
                stride,
                padding,
            )),
        }
    }
}

/// `conv` of `x`; with a square kernel, one stride and one padding for both directions, a bias and no groups.
pub(crate) fn convolve(conv: &Conv2d, x: Tensor<4>) -> Tensor<4> {
    #[cfg(any(feature = "cpu-kernels", feature = "training"))]
    if let (true, Some(bias)) = (has_operations(&x), &conv.bias) {
        let [stride, _] = conv.stride;
        let padding = match conv.padding {
            PaddingConfig2d::Explicit(top, ..) => top,
            _ => 0,
        };
        return Tensor::from_dispatch(Dispatch::convolve(
            x.into_dispatch(),
            conv.weight.val().into_dispatch(),
            bias.val().into_dispatch(),
            stride,
            padding,
        ));
    }
    conv.forward(x)
}

#[cfg(all(test, any(feature = "cpu-kernels", feature = "training")))]
mod tests {
    use super::super::kernels::tests::devices;
    use super::*;
    use burn::nn::conv::Conv2dConfig;
    use burn::tensor::{Device, Distribution, TensorData, Tolerance};

    fn convolution(channels: [usize; 2], kernel: usize, stride: usize, device: &Device) -> Conv2d {
        let padding = (kernel - 1) / 2;
        Conv2dConfig::new(channels, [kernel; 2])
            .with_stride([stride; 2])
            .with_padding(PaddingConfig2d::Explicit(
                padding, padding, padding, padding,
            ))
            .init(device)
    }

    #[test]
    fn the_kernel_computes_what_burn_does() {
        for device in devices() {
            device.seed(5);
            if has_operations(&Tensor::<1>::zeros([1], &device)) {
                compare_with_burn(&device);
            }
        }
    }

    fn compare_with_burn(device: &Device) {
        for (d_in, d_out, kernel, stride, height, width) in [
            (1, 24, 4, 2, 18, 14),
            (24, 24, 3, 1, 9, 13),
            (3, 70, 3, 1, 7, 6),
            (40, 33, 1, 1, 5, 1),
            (5, 1, 3, 1, 4, 8),
            (96, 96, 3, 1, 14, 14),
        ] {
            let conv = convolution([d_in, d_out], kernel, stride, device);
            let shape = [2, d_in, width, height];
            let x = Tensor::random(shape, Distribution::Normal(0.0, 1.0), device);
            // Not contiguous, as convolutions between permutations get it.
            let x = x.swap_dims(2, 3);
            convolve(&conv, x.clone())
                .into_data()
                .assert_approx_eq::<f32>(
                    &conv.forward(x).into_data(),
                    Tolerance::rel_abs(1e-4, 1e-4),
                );
        }
    }

    #[cfg(feature = "training")]
    #[test]
    fn gradients_are_those_of_burn() {
        for device in devices() {
            device.seed(7);
            compare_gradients(&device.autodiff());
        }
    }

    #[cfg(feature = "training")]
    fn compare_gradients(device: &Device) {
        for (d_in, d_out, kernel, stride, height, width) in [
            (1, 16, 4, 2, 8, 12),
            (5, 7, 3, 1, 5, 6),
            (16, 40, 4, 2, 14, 10),
            (33, 34, 3, 1, 9, 4),
            (6, 9, 1, 1, 3, 5),
        ] {
            let conv = convolution([d_in, d_out], kernel, stride, device);
            let random = |shape| Tensor::<4>::random(shape, Distribution::Normal(0.0, 1.0), device);
            let x = random([3, d_in, width, height]).require_grad();
            assert!(has_operations(&x), "burn would be compared with itself");
            let seen = || x.clone().swap_dims(2, 3);
            let output = conv.forward(seen());
            let weights = random(output.dims());
            let gradients = |output: Tensor<4>| (output * weights.clone()).sum().backward();
            let expected = gradients(output);
            let found = gradients(convolve(&conv, seen()));
            let equal = |found: TensorData, expected: TensorData| {
                found.assert_approx_eq::<f32>(&expected, Tolerance::rel_abs(1e-4, 1e-3));
            };
            let of = |gradients| x.grad(gradients).unwrap().into_data();
            equal(of(&found), of(&expected));
            let of = |gradients| conv.weight.val().grad(gradients).unwrap().into_data();
            equal(of(&found), of(&expected));
            let bias = conv.bias.as_ref().unwrap();
            let of = |gradients| bias.val().grad(gradients).unwrap().into_data();
            equal(of(&found), of(&expected));
        }
    }
}
