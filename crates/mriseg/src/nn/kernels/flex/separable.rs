//! Depthwise and pointwise convolutions: with channels last, a vector is the same pixel in several channels.

use super::panels::{Panels, store};
use super::{Tensor, dims, floats, tensor};
#[cfg(feature = "training")]
use crate::nn::separable::SeparableGradients;
use crate::nn::separable::{CEILING, SeparableKernels, padding};
use crate::rows::mul_add;
use crate::threads::side_by_side;
use burn::backend::Flex;
#[cfg(feature = "training")]
use burn::backend::ops::FloatTensorOps;
use std::ops::Range;

impl SeparableKernels for Flex {
    fn depthwise(x: Tensor, weight: Tensor, bias: Tensor, stride: usize) -> Tensor {
        let (x, weight, bias) = (
            x.to_contiguous(),
            weight.to_contiguous(),
            bias.to_contiguous(),
        );
        let shape = Shape::new(&x, &weight, stride);
        let (x, weight, bias) = (floats(&x), floats(&weight), floats(&bias));
        let width = shape.columns * shape.channels;
        let lines = shape.batch * shape.rows;
        let out = side_by_side(
            lines,
            width,
            1,
            lines * width * weight.len() / shape.channels,
            |lines, out| {
                for (line, out) in lines.zip(out.chunks_exact_mut(width)) {
                    shape.line(x, weight, bias, line, out);
                }
            },
        );
        tensor(
            out,
            [shape.batch, shape.rows, shape.columns, shape.channels],
        )
    }

    fn pointwise(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor {
        let (x, weight, bias) = (
            x.to_contiguous(),
            weight.to_contiguous(),
            bias.to_contiguous(),
        );
        let [rows, d_in] = dims(&x);
        let [_, d_out] = dims(&weight);
        let panels = Panels::new(floats(&weight), d_in, d_out);
        let (x, bias) = (floats(&x), floats(&bias));
        /// Rows whose inputs stay near while a panel passes over them.
        const UNIT: usize = 48;
        let out = side_by_side(rows, d_out, UNIT, rows * d_in * d_out, |rows, out| {
            let inputs = x[rows.start * d_in..rows.end * d_in].chunks(UNIT * d_in);
            for (inputs, out) in inputs.zip(out.chunks_mut(UNIT * d_out)) {
                panels.each(inputs, |row, columns, values| {
                    let mut values = *values;
                    for (value, bias) in values.iter_mut().zip(&bias[columns.clone()]) {
                        *value = relu6(*value + bias);
                    }
                    store(&values, &mut out[row * d_out..][columns]);
                });
            }
        });
        tensor(out, [rows, d_out])
    }
}

#[cfg(feature = "training")]
impl SeparableGradients for Flex {
    fn depthwise_backward(
        x: Tensor,
        weight: Tensor,
        stride: usize,
        output: Tensor,
        grad: Tensor,
    ) -> [Tensor; 3] {
        let (x, weight) = (x.to_contiguous(), weight.to_contiguous());
        let shape = Shape::new(&x, &weight, stride);
        let grad = through_relu6(&output, &grad);
        let mut of_x = vec![0.0; floats(&x).len()];
        let width = shape.width * shape.channels;
        for (line, out) in of_x.chunks_exact_mut(width).enumerate() {
            shape.line_backward(&grad, floats(&weight), line, out);
        }
        let of_weight = shape.weight_backward(floats(&x), &grad);
        let of_bias = column_sums(&grad, shape.channels);
        [
            tensor(
                of_x,
                [shape.batch, shape.height, shape.width, shape.channels],
            ),
            tensor(of_weight, [shape.kernel, shape.kernel, shape.channels]),
            tensor(of_bias, [shape.channels]),
        ]
    }

    fn pointwise_backward(x: Tensor, weight: Tensor, output: Tensor, grad: Tensor) -> [Tensor; 3] {
        let [rows, d_out] = dims(&output);
        let grad = through_relu6(&output, &grad);
        let of_bias = tensor(column_sums(&grad, d_out), [d_out]);
        let grad = tensor(grad, [rows, d_out]);
        let of_x = Flex::float_matmul(grad.clone(), weight.transpose(0, 1));
        let of_weight = Flex::float_matmul(x.transpose(0, 1), grad);
        [of_x, of_weight, of_bias]
    }
}

#[inline(always)]
fn relu6(x: f32) -> f32 {
    let x = if x > 0.0 { x } else { 0.0 };
    if x < CEILING { x } else { CEILING }
}

/// The gradient where ReLU6 let its input through as it was, zeros elsewhere.
#[cfg(feature = "training")]
fn through_relu6(output: &Tensor, grad: &Tensor) -> Vec<f32> {
    let (output, grad) = (output.to_contiguous(), grad.to_contiguous());
    let pairs = floats(&output).iter().zip(floats(&grad));
    let through = |(&y, &grad): (&f32, &f32)| if y > 0.0 && y < CEILING { grad } else { 0.0 };
    pairs.map(through).collect()
}

#[cfg(feature = "training")]
fn column_sums(rows: &[f32], width: usize) -> Vec<f32> {
    let mut sums = vec![0.0; width];
    for row in rows.chunks_exact(width) {
        for (sum, value) in sums.iter_mut().zip(row) {
            *sum += value;
        }
    }
    sums
}

#[derive(Debug, Clone, Copy)]
struct Shape {
    batch: usize,
    height: usize,
    width: usize,
    channels: usize,
    kernel: usize,
    stride: usize,
    padding: usize,
    rows: usize,
    columns: usize,
}

/// Channels that have their sums in registers.
const MANY: usize = 32;
const SOME: usize = 16;
const FEW: usize = 8;

/// Runs `$body` for all channels, as many at a time as there are left: `$first` of them, a constant `$count`.
macro_rules! in_chunks {
    ($channels:expr, $first:ident, $count:ident => $body:expr) => {
        let mut $first = 0;
        while $first < $channels {
            let left = $channels - $first;
            if left >= MANY {
                const $count: usize = MANY;
                $body
                $first += $count;
            } else if left >= SOME {
                const $count: usize = SOME;
                $body
                $first += $count;
            } else if left >= FEW {
                const $count: usize = FEW;
                $body
                $first += $count;
            } else {
                const $count: usize = 1;
                $body
                $first += $count;
            }
        }
    };
}

impl Shape {
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
            padding: padding(kernel, stride),
            rows: height / stride,
            columns: width / stride,
        }
    }

    /// Rows (or columns) of the kernel that lie inside, for an output at `at` and a side of `side`.
    fn inside(&self, at: usize, side: usize) -> Range<usize> {
        let first = at * self.stride;
        let start = self.padding.saturating_sub(first);
        start..self.kernel.min(side + self.padding - first)
    }

    /// A row of the output.
    fn line(&self, x: &[f32], weight: &[f32], bias: &[f32], line: usize, out: &mut [f32]) {
        let (picture, row) = (line / self.rows, line % self.rows);
        let x = &x[picture * self.height * self.width * self.channels..];
        let down = self.inside(row, self.height);
        for (column, out) in out.chunks_exact_mut(self.channels).enumerate() {
            let right = self.inside(column, self.width);
            let before = (row * self.stride, column * self.stride);
            in_chunks!(self.channels, first, COUNT => {
                let mut sums = [0.0; COUNT];
                sums.copy_from_slice(&bias[first..first + COUNT]);
                for down in down.clone() {
                    let y = before.0 + down - self.padding;
                    for right in right.clone() {
                        let at = y * self.width + before.1 + right - self.padding;
                        let tap = down * self.kernel + right;
                        add_products(
                            &mut sums,
                            &x[at * self.channels + first..],
                            &weight[tap * self.channels + first..],
                        );
                    }
                }
                for (out, sum) in out[first..first + COUNT].iter_mut().zip(sums) {
                    *out = relu6(sum);
                }
            });
        }
    }

    /// Taps through which an output sees the input at `at`, of `outputs` outputs: tap and output.
    #[cfg(feature = "training")]
    fn seen_by(&self, at: usize, outputs: usize) -> impl Iterator<Item = (usize, usize)> + Clone {
        let (padded, stride) = (at + self.padding, self.stride);
        (padded % stride..self.kernel.min(padded + 1))
            .step_by(stride)
            .map(move |tap| (tap, (padded - tap) / stride))
            .filter(move |&(_, output)| output < outputs)
    }

    /// A row of the gradient of the input.
    #[cfg(feature = "training")]
    fn line_backward(&self, grad: &[f32], weight: &[f32], line: usize, out: &mut [f32]) {
        let (picture, row) = (line / self.height, line % self.height);
        let grad = &grad[picture * self.rows * self.columns * self.channels..];
        let down: Vec<(usize, usize)> = self.seen_by(row, self.rows).collect();
        let mut right = Vec::with_capacity(self.kernel);
        for (column, out) in out.chunks_exact_mut(self.channels).enumerate() {
            right.clear();
            right.extend(self.seen_by(column, self.columns));
            in_chunks!(self.channels, first, COUNT => {
                let mut sums = [0.0; COUNT];
                for &(down, row) in &down {
                    for &(right, column) in &right {
                        let at = row * self.columns + column;
                        let tap = down * self.kernel + right;
                        add_products(
                            &mut sums,
                            &grad[at * self.channels + first..],
                            &weight[tap * self.channels + first..],
                        );
                    }
                }
                out[first..first + COUNT].copy_from_slice(&sums);
            });
        }
    }

    /// The gradient of the weights. The sums of a row of the kernel stay in registers along a row of pixels.
    #[cfg(feature = "training")]
    fn weight_backward(&self, x: &[f32], grad: &[f32]) -> Vec<f32> {
        let mut sums = vec![0.0; self.kernel * self.kernel * self.channels];
        let of_picture = self.height * self.width * self.channels;
        let across = self.width + self.kernel - self.stride;
        let mut padded = vec![0.0; across * self.channels];
        let width = self.columns * self.channels;
        for (line, grad) in grad.chunks_exact(width).enumerate() {
            let (picture, row) = (line / self.rows, line % self.rows);
            for down in self.inside(row, self.height) {
                let y = row * self.stride + down - self.padding;
                let from = picture * of_picture + y * self.width * self.channels;
                padded[self.padding * self.channels..][..self.width * self.channels]
                    .copy_from_slice(&x[from..from + self.width * self.channels]);
                let sums = &mut sums[down * self.kernel * self.channels..];
                match self.kernel {
                    3 => self.add_line::<3>(&padded, grad, sums),
                    5 => self.add_line::<5>(&padded, grad, sums),
                    _ => {
                        for right in 0..self.kernel {
                            let padded = &padded[right * self.channels..];
                            self.add_line::<1>(padded, grad, &mut sums[right * self.channels..]);
                        }
                    }
                }
            }
        }
        sums
    }

    /// What a row of the gradient says about the first `TAPS` weights of a row of the kernel.
    #[cfg(feature = "training")]
    #[inline(always)]
    fn add_line<const TAPS: usize>(&self, padded: &[f32], grad: &[f32], out: &mut [f32]) {
        let step = self.stride * self.channels;
        in_chunks!(self.channels, first, COUNT => {
            // Half of a large chunk: the taps share the registers.
            for first in (first..first + COUNT).step_by(COUNT.min(SOME)) {
                const HALF: usize = if COUNT < SOME { COUNT } else { SOME };
                let mut sums = [[0.0; HALF]; TAPS];
                for (column, grad) in grad.chunks_exact(self.channels).enumerate() {
                    for (tap, sums) in sums.iter_mut().enumerate() {
                        let x = &padded[column * step + tap * self.channels + first..];
                        add_products(sums, x, &grad[first..]);
                    }
                }
                for (tap, sums) in sums.iter().enumerate() {
                    let out = &mut out[tap * self.channels + first..][..HALF];
                    for (out, sum) in out.iter_mut().zip(sums) {
                        *out += sum;
                    }
                }
            }
        });
    }
}

#[inline(always)]
fn add_products<const COUNT: usize>(sums: &mut [f32; COUNT], a: &[f32], b: &[f32]) {
    let (a, b) = (&a[..COUNT], &b[..COUNT]);
    for i in 0..COUNT {
        sums[i] = mul_add(a[i], b[i], sums[i]);
    }
}
