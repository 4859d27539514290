//! Convolution without the copies of an unrolled input: with channels last, what a kernel row sees of a picture lies
//! together already.

use super::panels::{Lines, MOST_ROWS, PANEL, Sums, add_panel, finish, with_rows};
use super::{Tensor, dims, floats, tensor};
use crate::nn::convolution::ConvolutionKernels;
#[cfg(feature = "training")]
use crate::nn::convolution::{ConvolutionGradients, Steps};
use crate::threads::side_by_side;
use burn::backend::Flex;
#[cfg(feature = "training")]
use burn::backend::flex::Layout;
#[cfg(feature = "training")]
use burn::backend::ops::{ConvOptions, FloatTensorOps, ModuleOps};

impl ConvolutionKernels for Flex {
    fn convolve(x: Tensor, weight: Tensor, bias: Tensor, stride: usize, padding: usize) -> Tensor {
        let (x, weight) = (x.to_contiguous(), weight.to_contiguous());
        let [batch, d_in, height, width] = dims(&x);
        let shape = Shape::new(&x, &weight, stride, padding);
        let d_out = shape.d_out;
        let panels = shape.panels(floats(&weight));
        let mut out = Vec::with_capacity(batch * d_out * shape.rows * shape.columns);
        for picture in floats(&x).chunks_exact(d_in * height * width) {
            let pixels = shape.convolve(picture, &panels, floats(&bias));
            for channel in 0..d_out {
                out.extend(pixels[channel..].iter().step_by(d_out));
            }
        }
        tensor(out, [batch, d_out, shape.rows, shape.columns])
    }
}

#[cfg(feature = "training")]
impl ConvolutionGradients for Flex {
    /// With stride 1 a convolution itself, with the kernel turned round.
    fn convolve_x_backward(x: Tensor, weight: Tensor, steps: Steps, grad: Tensor) -> Tensor {
        let Steps { stride, padding } = steps;
        if stride > 1 {
            let options = ConvOptions::new([stride; 2], [padding; 2], [1; 2], 1);
            return Flex::conv2d_x_backward(x, weight, grad, options);
        }
        let [_, d_in, _, _] = dims(&x);
        let [_, _, kernel, _] = dims(&weight);
        let turned = Flex::float_flip(Flex::float_swap_dims(weight, 0, 1), &[2, 3]);
        let bias = tensor(vec![0.0; d_in], [d_in]);
        Flex::convolve(grad, turned, bias, 1, kernel - 1 - padding)
    }

    /// One product per kernel row and picture: in the padded picture, channels last, what a kernel row sees begins
    /// `stride * d_in` numbers after what it saw one pixel before, also across the ends of lines if the gradient has
    /// zeros there.
    fn convolve_weight_backward(x: Tensor, weight: Tensor, steps: Steps, grad: Tensor) -> Tensor {
        let (x, grad) = (x.to_contiguous(), grad.to_contiguous());
        let shape = Shape::new(&x, &weight, steps.stride, steps.padding);
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
}

#[derive(Debug, Clone, Copy)]
struct Shape {
    d_in: usize,
    d_out: usize,
    kernel: usize,
    stride: usize,
    padding: usize,
    height: usize,
    width: usize,
    rows: usize,
    columns: usize,
}

impl Shape {
    fn new(x: &Tensor, weight: &Tensor, stride: usize, padding: usize) -> Self {
        let [_, d_in, height, width] = dims(x);
        let [d_out, _, kernel, _] = dims(weight);
        let side = |side: usize| (side + 2 * padding - kernel) / stride + 1;
        Self {
            d_in,
            d_out,
            kernel,
            stride,
            padding,
            height,
            width,
            rows: side(height),
            columns: side(width),
        }
    }

    /// The weights in panels of output channels: by panel, kernel row, kernel column and input channel.
    fn panels(&self, weight: &[f32]) -> Vec<[f32; PANEL]> {
        let taps = self.kernel * self.kernel;
        let depth = taps * self.d_in;
        let mut panels = vec![[0.0; PANEL]; self.d_out.div_ceil(PANEL) * depth];
        for (panel, weight) in panels
            .chunks_exact_mut(depth)
            .zip(weight.chunks(PANEL * depth))
        {
            for d_in in 0..self.d_in {
                for tap in 0..taps {
                    let columns = weight[d_in * taps + tap..].iter().step_by(depth);
                    for (place, value) in panel[tap * self.d_in + d_in].iter_mut().zip(columns) {
                        *place = *value;
                    }
                }
            }
        }
        panels
    }

    /// The picture with its channels last and zeros around it.
    fn padded(&self, picture: &[f32]) -> Vec<f32> {
        let across = self.width + 2 * self.padding;
        let mut padded = vec![0.0; (self.height + 2 * self.padding) * across * self.d_in];
        for (row, padded) in padded
            .chunks_exact_mut(across * self.d_in)
            .skip(self.padding)
            .take(self.height)
            .enumerate()
        {
            let inside = &mut padded[self.padding * self.d_in..][..self.width * self.d_in];
            for (column, pixel) in inside.chunks_exact_mut(self.d_in).enumerate() {
                let at = row * self.width + column;
                let channels = picture[at..].iter().step_by(self.height * self.width);
                for (value, channel) in pixel.iter_mut().zip(channels) {
                    *value = *channel;
                }
            }
        }
        padded
    }

    /// All pixels, row by row, each with its channels.
    fn convolve(&self, picture: &[f32], panels: &[[f32; PANEL]], bias: &[f32]) -> Vec<f32> {
        let padded = self.padded(picture);
        let depth = self.kernel * self.kernel * self.d_in;
        let work = self.rows * self.columns * self.d_out * depth;
        side_by_side(
            self.rows,
            self.columns * self.d_out,
            MOST_ROWS,
            work,
            |rows, out| {
                for (panel, first) in panels.chunks_exact(depth).zip((0..).step_by(PANEL)) {
                    let lines = out.chunks_exact_mut(self.columns * self.d_out);
                    for (row, out) in rows.clone().zip(lines) {
                        self.line(&padded, row, panel, &bias[first..], &mut out[first..]);
                    }
                }
            },
        )
    }

    /// A panel of channels of a row of pixels.
    fn line(
        &self,
        padded: &[f32],
        row: usize,
        panel: &[[f32; PANEL]],
        bias: &[f32],
        out: &mut [f32],
    ) {
        let across = (self.width + 2 * self.padding) * self.d_in;
        let seen = self.kernel * self.d_in;
        let mut column = 0;
        while column < self.columns {
            let pixels = (self.columns - column).min(MOST_ROWS);
            let at = row * self.stride * across + column * self.stride * self.d_in;
            with_rows!(pixels, PIXELS => {
                let mut sums = Sums::<PIXELS>::default();
                for (line, weights) in panel.chunks_exact(seen).enumerate() {
                    let lines = Lines {
                        floats: &padded[at + line * across..],
                        step: self.stride * self.d_in,
                    };
                    sums = add_panel(sums, lines, weights);
                }
                let pixels = out[column * self.d_out..].chunks_mut(self.d_out);
                for (sums, pixel) in finish(sums).iter().zip(pixels) {
                    for ((value, sum), bias) in pixel.iter_mut().zip(sums).zip(bias) {
                        *value = sum + bias;
                    }
                }
            });
            column += pixels;
        }
    }
}
