//! With channels last, a vector is the same pixel in several channels.

use super::SeparableOp;
use super::formula::{padding, relu6};
use crate::cpu::packed::{PackedMatrix, store};
#[cfg(feature = "gradients")]
use crate::cpu::shapes::rounded;
use crate::cpu::threads::split_work;
use crate::cpu::{Tensor, dims, floats, tensor};
use crate::precision::Precision;
use crate::rows::mul_add;
use burn::backend::Flex;
use std::ops::Range;

impl SeparableOp for Flex {
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
        let out = split_work(
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

    fn pointwise(x: Tensor, weight: Tensor, bias: Tensor, precision: Precision) -> Tensor {
        #[cfg(feature = "gradients")]
        let [x, weight] = [x, weight].map(|x| rounded(x, precision));
        let (x, weight, bias) = (
            x.to_contiguous(),
            weight.to_contiguous(),
            bias.to_contiguous(),
        );
        let [rows, d_in] = dims(&x);
        let [_, d_out] = dims(&weight);
        let panels = PackedMatrix::new(floats(&weight), d_in, d_out);
        let (x, bias) = (floats(&x), floats(&bias));
        /// Rows whose inputs stay near while a panel passes over them.
        const UNIT: usize = 48;
        let out = split_work(rows, d_out, UNIT, rows * d_in * d_out, |rows, out| {
            let inputs = x[rows.start * d_in..rows.end * d_in].chunks(UNIT * d_in);
            for (inputs, out) in inputs.zip(out.chunks_mut(UNIT * d_out)) {
                panels.for_each_panel(inputs, |row, columns, values| {
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

#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub(super) batch: usize,
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) channels: usize,
    pub(super) kernel: usize,
    pub(super) stride: usize,
    pub(super) padding: usize,
    pub(super) rows: usize,
    pub(super) columns: usize,
}

/// Channels that have their sums in registers.
pub(super) const MANY: usize = 32;
pub(super) const SOME: usize = 16;
pub(super) const FEW: usize = 8;

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

#[cfg(feature = "gradients")]
pub(super) use in_chunks;

impl Shape {
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
            padding: padding(kernel, stride),
            rows: height / stride,
            columns: width / stride,
        }
    }

    /// Rows (or columns) of the kernel that lie inside, for an output at `at` and a side of `side`.
    pub(super) fn inside(&self, at: usize, side: usize) -> Range<usize> {
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
}

#[inline(always)]
pub(super) fn add_products<const COUNT: usize>(sums: &mut [f32; COUNT], a: &[f32], b: &[f32]) {
    let (a, b) = (&a[..COUNT], &b[..COUNT]);
    for i in 0..COUNT {
        sums[i] = mul_add(a[i], b[i], sums[i]);
    }
}
