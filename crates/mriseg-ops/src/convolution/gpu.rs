//! Convolutions and their gradients as products of matrices: what every pixel of the output sees of a picture is
//! copied to a row of its own (im2col). burn's convolution without autotuning computes every pixel by itself, and its
//! gradient of the weights is a convolution with a kernel as large as the picture.

use super::gradient::ConvolutionGradient;
use super::{ConvolutionOp, ConvolutionOptions};
use crate::gpu::grid::{cubes_of_units, unit_of_grid, units};
use crate::gpu::matmul::{Sizes, StridedMatrix, Strides, multiply};
use crate::gpu::shapes::largest_buffer;
use crate::gpu::sums::{sum_columns, sum_rows};
use crate::gpu::{dims, like};
use burn::backend::ops::{ConvOptions, FloatTensorOps, ModuleOps};
use burn_cubecl::CubeBackend;
use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;

type Tensor = CubeTensor;

impl ConvolutionOp for CubeBackend {
    fn convolve(x: Tensor, weight: Tensor, bias: Tensor, options: ConvolutionOptions) -> Tensor {
        let shape = Convolution::new(&x, &weight, options);
        if shape.is_large() {
            return Self::conv2d(x, weight, Some(bias), shape.burn_options());
        }
        let (x, weight) = (into_contiguous(x), into_contiguous(weight));
        let pixels = shape.rows * shape.columns;
        let out = like(&x, [shape.batch, shape.d_out, shape.rows, shape.columns]);
        for (first, pictures) in shape.groups() {
            let seen = shape.copies(&x, first, pictures);
            let sizes = Sizes::new(pictures, shape.d_out, pixels, shape.seen());
            multiply(
                sizes,
                StridedMatrix::new(&weight, Strides::rows(shape.seen())),
                StridedMatrix::new(&seen, Strides::matrices(pixels, shape.seen()).transposed()),
                StridedMatrix::new(&out, shape.of_output(first)),
            );
        }
        add_bias::launch(
            &out.client,
            cubes_of_units(shape.batch * shape.d_out * pixels),
            units(),
            out.clone().into_buffer_arg(),
            into_contiguous(bias).into_buffer_arg(),
            shape.batch * shape.d_out * pixels,
            pixels,
            shape.d_out,
        );
        out
    }
}

impl ConvolutionGradient for CubeBackend {
    fn convolve_x_backward(
        x: Tensor,
        weight: Tensor,
        options: ConvolutionOptions,
        grad: Tensor,
    ) -> Tensor {
        let shape = Convolution::new(&x, &weight, options);
        if shape.is_large() {
            return Self::conv2d_x_backward(x, weight, grad, shape.burn_options());
        }
        let (weight, grad) = (into_contiguous(weight), into_contiguous(grad));
        let pixels = shape.rows * shape.columns;
        let out = like(&grad, x.meta.shape().clone());
        for (first, pictures) in shape.groups() {
            let seen = like(&grad, [pictures, pixels, shape.seen()]);
            let sizes = Sizes::new(pictures, pixels, shape.seen(), shape.d_out);
            multiply(
                sizes,
                StridedMatrix::new(&grad, shape.of_output(first).transposed()),
                StridedMatrix::new(&weight, Strides::rows(shape.seen())),
                StridedMatrix::new(&seen, Strides::matrices(pixels, shape.seen())),
            );
            let of_picture = shape.d_in * shape.height * shape.width;
            gather::launch(
                &out.client,
                cubes_of_units(pictures * of_picture),
                units(),
                seen.into_buffer_arg(),
                out.clone().into_buffer_arg(),
                pictures * of_picture,
                first * of_picture,
                shape.launch(),
            );
        }
        out
    }

    fn convolve_weight_backward(
        x: Tensor,
        weight: Tensor,
        options: ConvolutionOptions,
        grad: Tensor,
    ) -> Tensor {
        let shape = Convolution::new(&x, &weight, options);
        if shape.is_large() {
            return Self::conv2d_weight_backward(x, weight, grad, shape.burn_options());
        }
        let (x, grad) = (into_contiguous(x), into_contiguous(grad));
        let pixels = shape.rows * shape.columns;
        let of_weight = shape.d_out * shape.seen();
        let partial = like(&x, [shape.batch, of_weight]);
        for (first, pictures) in shape.groups() {
            let seen = shape.copies(&x, first, pictures);
            let sizes = Sizes::new(pictures, shape.d_out, shape.seen(), pixels);
            multiply(
                sizes,
                StridedMatrix::new(&grad, shape.of_output(first)),
                StridedMatrix::new(&seen, Strides::matrices(pixels, shape.seen())),
                StridedMatrix::new(
                    &partial,
                    Strides {
                        first: first * of_weight,
                        ..Strides::matrices(shape.d_out, shape.seen())
                    },
                ),
            );
        }
        let sum = sum_rows(&partial, shape.batch, of_weight);
        Self::float_reshape(sum, weight.meta.shape().clone())
    }

    fn convolve_bias_backward(grad: Tensor) -> Tensor {
        let grad = into_contiguous(grad);
        let [batch, channels, rows, columns] = dims(&grad);
        let of_pictures = sum_columns(&grad, batch * channels, rows * columns);
        let sum = sum_rows(&of_pictures, batch, channels);
        Self::float_reshape(sum, [channels].into())
    }
}

#[derive(Debug, Clone, Copy)]
struct Convolution {
    batch: usize,
    d_in: usize,
    height: usize,
    width: usize,
    d_out: usize,
    rows: usize,
    columns: usize,
    kernel: usize,
    options: ConvolutionOptions,
    /// Most numbers of copies.
    room: usize,
}

impl Convolution {
    fn new(x: &Tensor, weight: &Tensor, options: ConvolutionOptions) -> Self {
        let [batch, d_in, height, width] = dims(x);
        let [d_out, _, kernel, _] = dims(weight);
        let out = |size: usize| (size + 2 * options.padding - kernel) / options.stride + 1;
        Self {
            batch,
            d_in,
            height,
            width,
            d_out,
            rows: out(height),
            columns: out(width),
            kernel,
            options,
            room: largest_buffer(x),
        }
    }

    /// Numbers that a pixel of the output sees.
    fn seen(self) -> usize {
        self.d_in * self.kernel * self.kernel
    }

    /// Whether the copies of a single picture are too many: burn's convolution makes none.
    fn is_large(self) -> bool {
        self.of_picture() > self.room
    }

    fn burn_options(self) -> ConvOptions<2> {
        let ConvolutionOptions { stride, padding } = self.options;
        ConvOptions::new([stride; 2], [padding; 2], [1; 2], 1)
    }

    /// Numbers that the copies of one picture have.
    fn of_picture(self) -> usize {
        self.rows * self.columns * self.seen()
    }

    /// First picture and number of pictures of groups whose copies fit.
    fn groups(self) -> impl Iterator<Item = (usize, usize)> {
        let most = (self.room / self.of_picture()).max(1);
        (0..self.batch)
            .step_by(most)
            .map(move |first| (first, most.min(self.batch - first)))
    }

    /// `[pictures, rows * columns, seen]`
    fn copies(self, x: &Tensor, first: usize, pictures: usize) -> Tensor {
        let pixels = self.rows * self.columns;
        let seen = like(x, [pictures, pixels, self.seen()]);
        let count = pictures * pixels * self.seen();
        copy::launch(
            &x.client,
            cubes_of_units(count),
            units(),
            x.clone().into_buffer_arg(),
            seen.clone().into_buffer_arg(),
            count,
            first * self.d_in * self.height * self.width,
            self.launch(),
        );
        seen
    }

    /// The channels of a picture of the output, `[d_out, rows * columns]`.
    fn of_output(self, first: usize) -> Strides {
        let pixels = self.rows * self.columns;
        Strides {
            first: first * self.d_out * pixels,
            ..Strides::matrices(self.d_out, pixels)
        }
    }

    fn launch(self) -> GeometryLaunch {
        GeometryLaunch::new(
            self.d_in,
            self.height,
            self.width,
            self.rows,
            self.columns,
            self.kernel,
            self.options.stride,
            self.options.padding,
        )
    }
}

/// [`Convolution`] in a kernel.
#[derive(CubeType, CubeLaunch, Clone, Copy)]
struct Geometry {
    d_in: usize,
    height: usize,
    width: usize,
    rows: usize,
    columns: usize,
    kernel: usize,
    stride: usize,
    padding: usize,
}

#[cube(launch)]
fn copy(x: &[f32], seen: &mut [f32], count: usize, first: usize, shape: &Geometry) {
    let place = unit_of_grid();
    if place < count {
        let kernel = shape.kernel;
        let of_pixel = place / (shape.d_in * kernel * kernel);
        let column = place % kernel + of_pixel % shape.columns * shape.stride;
        let row = place / kernel % kernel + of_pixel / shape.columns % shape.rows * shape.stride;
        let channel = place / (kernel * kernel) % shape.d_in;
        let picture = of_pixel / (shape.columns * shape.rows);
        let mut value = f32::new(0.0);
        let inside = row >= shape.padding
            && row < shape.height + shape.padding
            && column >= shape.padding
            && column < shape.width + shape.padding;
        if inside {
            let line = (picture * shape.d_in + channel) * shape.height + row - shape.padding;
            value = x[first + line * shape.width + column - shape.padding];
        }
        seen[place] = value;
    }
}

/// Sums what all pixels of the output say about a pixel of the input.
#[cube(launch)]
fn gather(seen: &[f32], out: &mut [f32], count: usize, first: usize, shape: &Geometry) {
    let place = unit_of_grid();
    if place < count {
        let kernel = shape.kernel;
        let column = place % shape.width + shape.padding;
        let row = place / shape.width % shape.height + shape.padding;
        let channel = place / (shape.width * shape.height) % shape.d_in;
        let picture = place / (shape.width * shape.height) / shape.d_in;
        let width = shape.d_in * kernel * kernel;
        let mut sum = f32::new(0.0);
        let mut down = row % shape.stride;
        while down < kernel {
            if row >= down && (row - down) / shape.stride < shape.rows {
                let line = picture * shape.rows + (row - down) / shape.stride;
                let mut right = column % shape.stride;
                while right < kernel {
                    if column >= right && (column - right) / shape.stride < shape.columns {
                        let pixel = line * shape.columns + (column - right) / shape.stride;
                        sum += seen[pixel * width + (channel * kernel + down) * kernel + right];
                    }
                    right += shape.stride;
                }
            }
            down += shape.stride;
        }
        out[first + place] = sum;
    }
}

#[cube(launch)]
fn add_bias(out: &mut [f32], bias: &[f32], count: usize, pixels: usize, channels: usize) {
    let place = unit_of_grid();
    if place < count {
        out[place] += bias[place / pixels % channels];
    }
}
