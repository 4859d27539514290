//! A pixel by a matrix as [`rows`] has products; depthwise, an invocation for a few channels of a pixel.

use super::SeparableOp;
use super::formula::{CEILING, padding};
use crate::gpu::grid::{cubes_of_units, unit_of_grid, units};
use crate::gpu::product::few;
use crate::gpu::rows::{self, at_once, relu6};
use crate::gpu::{dims, like};
use crate::linear::LinearOp;
use crate::precision::Precision;
use burn::tensor::Shape;
use burn_cubecl::CubeBackend;
use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;

pub(super) type Tensor = CubeTensor;

impl SeparableOp for CubeBackend {
    fn depthwise(x: Tensor, weight: Tensor, bias: Tensor, stride: usize) -> Tensor {
        let (x, weight) = (into_contiguous(x), into_contiguous(weight));
        let shape = Depthwise::new(&x, &weight, stride);
        let out = like(&x, shape.output());
        let channels = at_once(shape.channels);
        let count = out.meta.shape().num_elements() / channels;
        depthwise::launch(
            &out.client,
            cubes_of_units(count),
            units(),
            channels,
            x.into_buffer_arg(),
            weight.into_buffer_arg(),
            into_contiguous(bias).into_buffer_arg(),
            out.clone().into_buffer_arg(),
            count,
            shape.launch(),
        );
        out
    }

    fn pointwise(x: Tensor, weight: Tensor, bias: Tensor, precision: Precision) -> Tensor {
        let [rows, _] = dims(&x);
        if few(rows) && precision == Precision::F32 {
            return rows::product_relu6(x, weight, bias);
        }
        let out = CubeBackend::product(x, weight, precision);
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

#[derive(Debug, Clone, Copy)]
pub(super) struct Depthwise {
    pub(super) batch: usize,
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) channels: usize,
    pub(super) kernel: usize,
    pub(super) stride: usize,
    pub(super) rows: usize,
    pub(super) columns: usize,
}

impl Depthwise {
    pub(super) fn new(x: &Tensor, weight: &Tensor, stride: usize) -> Self {
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

    pub(super) fn launch(self) -> GeometryLaunch {
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
pub(super) struct Geometry {
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) channels: usize,
    pub(super) kernel: usize,
    pub(super) stride: usize,
    pub(super) padding: usize,
    pub(super) rows: usize,
    pub(super) columns: usize,
}

#[cube(launch)]
fn depthwise<V: Size>(
    x: &[Vector<f32, V>],
    weight: &[Vector<f32, V>],
    bias: &[Vector<f32, V>],
    out: &mut [Vector<f32, V>],
    count: usize,
    shape: &Geometry,
) {
    let place = unit_of_grid();
    if place < count {
        let channels = shape.channels / V::value();
        let channel = place % channels;
        let pixel = place / channels;
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
                        let pixel = x[at * channels + channel];
                        sum = fma(pixel, weight[tap * channels + channel], sum);
                    }
                }
            }
        }
        out[place] = relu6::<V>(sum);
    }
}

#[cube(launch)]
fn add_bias_relu6(out: &mut [f32], bias: &[f32], count: usize, width: usize) {
    let place = unit_of_grid();
    if place < count {
        out[place] = (out[place] + bias[place % width]).clamp(0.0, CEILING);
    }
}
