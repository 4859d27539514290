//! An invocation for every number, neighbours in neighbouring channels.

use super::gradient::SeparableGradient;
use super::{CEILING, SeparableOp, padding};
use crate::gpu::grid::{cubes_of_units, unit_of_grid, units};
use crate::gpu::matmul::{matmul, matmul_transposed};
use crate::gpu::sums::sum_rows;
use crate::gpu::{dims, like};
use burn::backend::ops::FloatTensorOps;
use burn::tensor::Shape;
use burn_cubecl::CubeBackend;
use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;

type Tensor = CubeTensor;

impl SeparableOp for CubeBackend {
    fn depthwise(x: Tensor, weight: Tensor, bias: Tensor, stride: usize) -> Tensor {
        let (x, weight) = (into_contiguous(x), into_contiguous(weight));
        let shape = Depthwise::new(&x, &weight, stride);
        let out = like(&x, shape.output());
        let count = out.meta.shape().num_elements();
        depthwise::launch(
            &out.client,
            cubes_of_units(count),
            units(),
            x.into_buffer_arg(),
            weight.into_buffer_arg(),
            into_contiguous(bias).into_buffer_arg(),
            out.clone().into_buffer_arg(),
            count,
            shape.launch(),
        );
        out
    }

    fn pointwise(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor {
        let out = into_contiguous(matmul(x, weight));
        let [rows, width] = dims(&out);
        add_bias_relu6::launch(
            &out.client,
            cubes_of_units(rows * width),
            units(),
            out.clone().into_buffer_arg(),
            into_contiguous(bias).into_buffer_arg(),
            rows * width,
            width,
        );
        out
    }
}

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

    fn pointwise_backward(x: Tensor, weight: Tensor, output: Tensor, grad: Tensor) -> [Tensor; 3] {
        let [rows, width] = dims(&output);
        let grad = through_relu6(output, grad);
        let grad_bias = sum_rows(&grad, rows, width);
        [
            matmul(grad.clone(), Self::float_swap_dims(weight, 0, 1)),
            matmul_transposed(x, grad),
            Self::float_reshape(grad_bias, Shape::from([width])),
        ]
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

#[derive(Debug, Clone, Copy)]
struct Depthwise {
    batch: usize,
    height: usize,
    width: usize,
    channels: usize,
    kernel: usize,
    stride: usize,
    rows: usize,
    columns: usize,
}

impl Depthwise {
    fn new(x: &Tensor, weight: &Tensor, stride: usize) -> Self {
        let [batch, height, width, channels] = dims(x);
        let [kernel, _, _] = dims(weight);
        Self {
            batch,
            height,
            width,
            channels,
            kernel,
            stride,
            rows: height / stride,
            columns: width / stride,
        }
    }

    fn output(self) -> Shape {
        Shape::from([self.batch, self.rows, self.columns, self.channels])
    }

    fn launch(self) -> GeometryLaunch {
        GeometryLaunch::new(
            self.height,
            self.width,
            self.channels,
            self.kernel,
            self.stride,
            padding(self.kernel, self.stride),
            self.rows,
            self.columns,
        )
    }
}

/// [`Depthwise`] in a kernel.
#[derive(CubeType, CubeLaunch, Clone, Copy)]
struct Geometry {
    height: usize,
    width: usize,
    channels: usize,
    kernel: usize,
    stride: usize,
    padding: usize,
    rows: usize,
    columns: usize,
}

#[cube]
fn relu6(x: f32) -> f32 {
    x.clamp(0.0, CEILING)
}

#[cube(launch)]
fn depthwise(
    x: &[f32],
    weight: &[f32],
    bias: &[f32],
    out: &mut [f32],
    count: usize,
    shape: &Geometry,
) {
    let place = unit_of_grid();
    if place < count {
        let channel = place % shape.channels;
        let pixel = place / shape.channels;
        let column = pixel % shape.columns * shape.stride;
        let row = pixel / shape.columns % shape.rows * shape.stride;
        let picture = pixel / shape.columns / shape.rows;
        let mut sum = bias[channel];
        for down in 0..shape.kernel {
            let y = row + down;
            if y >= shape.padding && y < shape.height + shape.padding {
                let line = picture * shape.height + y - shape.padding;
                for right in 0..shape.kernel {
                    let x_at = column + right;
                    if x_at >= shape.padding && x_at < shape.width + shape.padding {
                        let at = line * shape.width + x_at - shape.padding;
                        let tap = down * shape.kernel + right;
                        sum += x[at * shape.channels + channel]
                            * weight[tap * shape.channels + channel];
                    }
                }
            }
        }
        out[place] = relu6(sum);
    }
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
fn add_bias_relu6(out: &mut [f32], bias: &[f32], count: usize, width: usize) {
    let place = unit_of_grid();
    if place < count {
        out[place] = relu6(out[place] + bias[place % width]);
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
