use super::SeparableGradient;
use crate::cpu::{Tensor, dims, floats, tensor};
use crate::linear::gradient::LinearGradient;
use crate::precision::Precision;
use crate::separable::cpu::{FEW, MANY, SOME, Shape, add_products, in_chunks};
use crate::separable::formula::CEILING;
use burn::backend::Flex;

impl SeparableGradient for Flex {
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
        let mut grad_x = vec![0.0; floats(&x).len()];
        let width = shape.width * shape.channels;
        for (line, out) in grad_x.chunks_exact_mut(width).enumerate() {
            shape.line_backward(&grad, floats(&weight), line, out);
        }
        let grad_weight = shape.weight_backward(floats(&x), &grad);
        let grad_bias = column_sums(&grad, shape.channels);
        [
            tensor(
                grad_x,
                [shape.batch, shape.height, shape.width, shape.channels],
            ),
            tensor(grad_weight, [shape.kernel, shape.kernel, shape.channels]),
            tensor(grad_bias, [shape.channels]),
        ]
    }

    fn pointwise_backward(
        x: Tensor,
        weight: Tensor,
        output: Tensor,
        grad: Tensor,
        precision: Precision,
    ) -> [Tensor; 3] {
        let [rows, d_out] = dims(&output);
        let grad = through_relu6(&output, &grad);
        let grad_bias = tensor(column_sums(&grad, d_out), [d_out]);
        let grad = tensor(grad, [rows, d_out]);
        let [grad_x, grad_weight] = Flex::product_backward(x, weight, grad, precision);
        [grad_x, grad_weight, grad_bias]
    }
}

/// The gradient where ReLU6 let its input through as it was, zeros elsewhere.
fn through_relu6(output: &Tensor, grad: &Tensor) -> Vec<f32> {
    let (output, grad) = (output.to_contiguous(), grad.to_contiguous());
    let pairs = floats(&output).iter().zip(floats(&grad));
    let through = |(&y, &grad): (&f32, &f32)| if y > 0.0 && y < CEILING { grad } else { 0.0 };
    pairs.map(through).collect()
}

fn column_sums(rows: &[f32], width: usize) -> Vec<f32> {
    let mut sums = vec![0.0; width];
    for row in rows.chunks_exact(width) {
        for (sum, value) in sums.iter_mut().zip(row) {
            *sum += value;
        }
    }
    sums
}

impl Shape {
    /// Taps through which an output sees the input at `at`, of `outputs` outputs: tap and output.
    fn seen_by(&self, at: usize, outputs: usize) -> impl Iterator<Item = (usize, usize)> + Clone {
        let (padded, stride) = (at + self.padding, self.stride);
        (padded % stride..self.kernel.min(padded + 1))
            .step_by(stride)
            .map(move |tap| (tap, (padded - tap) / stride))
            .filter(move |&(_, output)| output < outputs)
    }

    /// A row of the gradient of the input.
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
