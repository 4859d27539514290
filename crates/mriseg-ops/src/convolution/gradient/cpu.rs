use super::ConvolutionGradient;
use crate::convolution::{ConvolutionOp, ConvolutionOptions};
use crate::cpu::convolution::Shape;
use crate::cpu::{Tensor, dims, floats, tensor};
use burn::backend::Flex;
use burn::backend::flex::Layout;
use burn::backend::ops::{ConvOptions, FloatTensorOps, ModuleOps};

impl ConvolutionGradient for Flex {
    /// With stride 1 a convolution itself, with the kernel flipped.
    fn convolve_x_backward(
        x: Tensor,
        weight: Tensor,
        options: ConvolutionOptions,
        grad: Tensor,
    ) -> Tensor {
        let ConvolutionOptions { stride, padding } = options;
        if stride > 1 {
            let options = ConvOptions::new([stride; 2], [padding; 2], [1; 2], 1);
            return Flex::conv2d_x_backward(x, weight, grad, options);
        }
        let [_, d_in, _, _] = dims(&x);
        let [_, _, kernel, _] = dims(&weight);
        let flipped = Flex::float_flip(Flex::float_swap_dims(weight, 0, 1), &[2, 3]);
        let bias = tensor(vec![0.0; d_in], [d_in]);
        let options = ConvolutionOptions {
            stride: 1,
            padding: kernel - 1 - padding,
        };
        Flex::convolve(grad, flipped, bias, options)
    }

    /// One product per kernel row and picture: in the padded picture, channels last, what a kernel row sees begins
    /// `stride * d_in` numbers after what it saw one pixel before, also across the ends of lines if the gradient has
    /// zeros there.
    fn convolve_weight_backward(
        x: Tensor,
        weight: Tensor,
        options: ConvolutionOptions,
        grad: Tensor,
    ) -> Tensor {
        let (x, grad) = (x.to_contiguous(), grad.to_contiguous());
        let shape = Shape::new(dims(&x), dims(&weight), options.stride, options.padding);
        let Shape {
            d_in,
            d_out,
            kernel,
            stride,
            rows,
            columns,
            ..
        } = shape;
        let across = shape.width + 2 * shape.padding;
        let pixels = (rows - 1) * across + columns;
        let seen = kernel * d_in;
        // By kernel row, kernel column, input channel and output channel.
        let mut sums = vec![0.0; kernel * seen * d_out];
        let pictures = floats(&x).chunks_exact(d_in * shape.height * shape.width);
        let gradients = floats(&grad).chunks_exact(d_out * rows * columns);
        for (picture, gradient) in pictures.zip(gradients) {
            let padded = shape.padded(picture);
            let padded = tensor(padded, [(shape.height + 2 * shape.padding) * across * d_in]);
            let mut spread = vec![0.0; pixels * d_out];
            for (channel, gradient) in gradient.chunks_exact(rows * columns).enumerate() {
                for (row, gradient) in gradient.chunks_exact(columns).enumerate() {
                    let places = spread[row * across * d_out + channel..].iter_mut();
                    for (place, value) in places.step_by(d_out).zip(gradient) {
                        *place = *value;
                    }
                }
            }
            let spread = tensor(spread, [pixels, d_out]);
            for (row, sums) in sums.chunks_exact_mut(seen * d_out).enumerate() {
                let strides = vec![1, (stride * d_in) as isize];
                let layout = Layout::new([seen, pixels].into(), strides, row * across * d_in);
                let product =
                    Flex::float_matmul(padded.clone().with_layout(layout), spread.clone());
                for (sum, value) in sums.iter_mut().zip(floats(&product)) {
                    *sum += value;
                }
            }
        }
        let sums = tensor(sums, [kernel, kernel, d_in, d_out]);
        Flex::float_permute(sums, &[3, 2, 0, 1])
    }

    fn convolve_bias_backward(grad: Tensor) -> Tensor {
        let channels = dims::<4>(&grad)[1];
        let by_picture = Flex::float_sum_dim(Flex::float_sum_dim(grad, 3), 2);
        Flex::float_reshape(Flex::float_sum_dim(by_picture, 0), [channels].into())
    }
}
