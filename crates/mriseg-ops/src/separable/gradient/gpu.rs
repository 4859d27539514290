//! An invocation for every number, neighbours in neighbouring channels.

use super::SeparableGradient;
use crate::gpu::grid::{cubes_of_units, unit_of_grid, units};
use crate::gpu::sums::sum_rows;
use crate::gpu::{dims, like};
use crate::linear::gradient::LinearGradient;
use crate::precision::Precision;
use crate::separable::formula::CEILING;
use crate::separable::gpu::{Depthwise, Geometry, Tensor};
use burn::backend::ops::FloatTensorOps;
use burn::tensor::Shape;
use burn_cubecl::CubeBackend;
use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::kernel::into_contiguous;

impl SeparableGradient for CubeBackend {
    fn depthwise_backward(
        x: Tensor,
        weight: Tensor,
        stride: usize,
        output: Tensor,
        grad: Tensor,
    ) -> [Tensor; 3] {
        let (x, weight) = (into_contiguous(x), into_contiguous(weight));
        let shape = Depthwise::new(&x, &weight, stride);
        let grad = through_relu6(output, grad);
        let grad_x = like(&x, x.meta.shape().clone());
        let count = grad_x.meta.shape().num_elements();
        depthwise_x::launch(
            &x.client,
            cubes_of_units(count),
            units(),
            grad.clone().into_buffer_arg(),
            weight.clone().into_buffer_arg(),
            grad_x.clone().into_buffer_arg(),
            count,
            shape.launch(),
        );
        let lines = shape.batch * shape.rows;
        let of_line = shape.kernel * shape.kernel * shape.channels;
        let of_lines = like(&x, Shape::from([lines, of_line]));
        depthwise_weight::launch(
            &of_lines.client,
            cubes_of_units(lines * of_line),
            units(),
            x.into_buffer_arg(),
            grad.clone().into_buffer_arg(),
            of_lines.clone().into_buffer_arg(),
            lines * of_line,
            shape.launch(),
        );
        let grad_weight = sum_rows(&of_lines, lines, of_line);
        let grad_bias = sum_rows(&grad, lines * shape.columns, shape.channels);
        [
            grad_x,
            Self::float_reshape(grad_weight, weight.meta.shape().clone()),
            Self::float_reshape(grad_bias, Shape::from([shape.channels])),
        ]
    }

    fn pointwise_backward(
        x: Tensor,
        weight: Tensor,
        output: Tensor,
        grad: Tensor,
        precision: Precision,
    ) -> [Tensor; 3] {
        let [rows, width] = dims(&output);
        let grad = through_relu6(output, grad);
        let grad_bias = sum_rows(&grad, rows, width);
        let [grad_x, grad_weight] = Self::product_backward(x, weight, grad, precision);
        let grad_bias = Self::float_reshape(grad_bias, Shape::from([width]));
        [grad_x, grad_weight, grad_bias]
    }
}

/// The gradient where ReLU6 let its input through as it was, zeros elsewhere.
fn through_relu6(output: Tensor, grad: Tensor) -> Tensor {
    let (output, grad) = (into_contiguous(output), into_contiguous(grad));
    let out = like(&grad, grad.meta.shape().clone());
    let count = out.meta.shape().num_elements();
    relu6_backward::launch(
        &out.client,
        cubes_of_units(count),
        units(),
        output.into_buffer_arg(),
        grad.into_buffer_arg(),
        out.clone().into_buffer_arg(),
        count,
    );
    out
}

#[cube(launch)]
fn depthwise_x(grad: &[f32], weight: &[f32], out: &mut [f32], count: usize, shape: &Geometry) {
    let place = unit_of_grid();
    if place < count {
        let channel = place % shape.channels;
        let pixel = place / shape.channels;
        let column = pixel % shape.width + shape.padding;
        let row = pixel / shape.width % shape.height + shape.padding;
        let picture = pixel / shape.width / shape.height;
        let mut sum = f32::new(0.0);
        let mut down = row % shape.stride;
        while down < shape.kernel {
            if row >= down && (row - down) / shape.stride < shape.rows {
                let line = picture * shape.rows + (row - down) / shape.stride;
                let mut right = column % shape.stride;
                while right < shape.kernel {
                    if column >= right && (column - right) / shape.stride < shape.columns {
                        let at = line * shape.columns + (column - right) / shape.stride;
                        let tap = down * shape.kernel + right;
                        sum += grad[at * shape.channels + channel]
                            * weight[tap * shape.channels + channel];
                    }
                    right += shape.stride;
                }
            }
            down += shape.stride;
        }
        out[place] = sum;
    }
}

/// What a row of the output says about the weights.
#[cube(launch)]
fn depthwise_weight(x: &[f32], grad: &[f32], out: &mut [f32], count: usize, shape: &Geometry) {
    let place = unit_of_grid();
    if place < count {
        let channel = place % shape.channels;
        let tap = place / shape.channels % (shape.kernel * shape.kernel);
        let line = place / shape.channels / (shape.kernel * shape.kernel);
        let y = line % shape.rows * shape.stride + tap / shape.kernel;
        let mut sum = f32::new(0.0);
        if y >= shape.padding && y < shape.height + shape.padding {
            let grad_x = (line / shape.rows * shape.height + y - shape.padding) * shape.width;
            for column in 0..shape.columns {
                let x_at = column * shape.stride + tap % shape.kernel;
                if x_at >= shape.padding && x_at < shape.width + shape.padding {
                    let at = grad_x + x_at - shape.padding;
                    let of_grad = line * shape.columns + column;
                    sum +=
                        x[at * shape.channels + channel] * grad[of_grad * shape.channels + channel];
                }
            }
        }
        out[place] = sum;
    }
}

#[cube(launch)]
fn relu6_backward(output: &[f32], grad: &[f32], out: &mut [f32], count: usize) {
    let place = unit_of_grid();
    if place < count {
        let y = output[place];
        let mut through = f32::new(0.0);
        if y > 0.0 && y < CEILING {
            through = grad[place];
        }
        out[place] = through;
    }
}
