//! The operations on the CPU.

mod attention;

use super::{FusedGradients, FusedOps};
use crate::nn::kernels::flex::{dims, floats, tensor};
use crate::rows::{dot, exponentials, largest, sigmoid, softmax, sum};
use attention::Heads;
use burn::backend::Flex;
use burn::backend::flex::FlexTensor;
use burn::backend::ops::FloatTensorOps;
use burn::backend::tensor::{FloatTensor, IntTensor};

type Tensor = FloatTensor<Flex>;

impl FusedOps for Flex {
    fn prefix_attention(qkv: Tensor, cos: Tensor, sin: Tensor, prefix: usize) -> Tensor {
        Heads::new(&qkv, &cos, &sin, prefix).attend()
    }

    fn project(x: Tensor, weight: Tensor) -> Tensor {
        Flex::float_matmul(x, weight)
    }

    fn embed(table: Tensor, indices: IntTensor<Self>) -> Tensor {
        Flex::float_select(table, 0, indices)
    }

    fn rms_norm(x: Tensor, gain: Tensor, epsilon: f32) -> Tensor {
        let x = x.to_contiguous();
        let gain = gain.to_contiguous();
        let gain = floats(&gain);
        let mut out = floats(&x).to_vec();
        for row in out.chunks_exact_mut(gain.len()) {
            let scale = inverse_rms(row, epsilon);
            for (x, gain) in row.iter_mut().zip(gain) {
                *x *= scale * gain;
            }
        }
        like(&x, out)
    }

    fn group_norm(x: Tensor, gain: Tensor, bias: Tensor, groups: usize, epsilon: f32) -> Tensor {
        let (x, gain, bias) = (
            x.to_contiguous(),
            gain.to_contiguous(),
            bias.to_contiguous(),
        );
        let [_, channels, height, width] = dims(&x);
        let pixels = height * width;
        let (gain, bias) = (floats(&gain), floats(&bias));
        let mut out = floats(&x).to_vec();
        for (i, group) in out.chunks_exact_mut(channels / groups * pixels).enumerate() {
            let scale = center(group, epsilon);
            let first = i % groups * channels / groups;
            for (channel, values) in (first..).zip(group.chunks_exact_mut(pixels)) {
                for value in values {
                    *value = *value * scale * gain[channel] + bias[channel];
                }
            }
        }
        like(&x, out)
    }

    fn swiglu(gate_up: Tensor) -> Tensor {
        let gate_up = gate_up.to_contiguous();
        let shape = gate_up.layout().shape();
        let width = shape[shape.num_dims() - 1];
        let d_hidden = width / 2;
        let floats = floats(&gate_up);
        let mut out = Vec::with_capacity(floats.len() / 2);
        for row in floats.chunks_exact(width) {
            let (gate, up) = row.split_at(d_hidden);
            let gates_and_ups = gate.iter().zip(up);
            out.extend(gates_and_ups.map(|(gate, up)| gate * sigmoid(*gate) * up));
        }
        let mut shape = shape.clone();
        let last = shape.num_dims() - 1;
        shape[last] = d_hidden;
        FlexTensor::from_data(burn::tensor::TensorData::new(out, shape))
    }

    fn cross_entropy(logits: Tensor, targets: IntTensor<Self>) -> Tensor {
        let logits = logits.to_contiguous();
        let [batch, positions, codes] = dims(&logits);
        let losses = (floats(&logits).chunks_exact(codes))
            .zip(indices(targets))
            .map(|(logits, target)| {
                let mut row = logits.to_vec();
                exponentials(&mut row).ln() + largest(logits) - logits[target]
            });
        tensor(losses.collect(), [batch, positions])
    }
}

impl FusedGradients for Flex {
    fn prefix_attention_backward(
        qkv: Tensor,
        cos: Tensor,
        sin: Tensor,
        prefix: usize,
        grad: Tensor,
    ) -> Tensor {
        Heads::new(&qkv, &cos, &sin, prefix).gradient(&grad.to_contiguous())
    }

    /// With `r = 1 / rms(x)` and `h = gain * grad`: `r h - x r^3 mean(h x)`, and the sum over rows of `r x grad`.
    fn project_backward(x: Tensor, weight: Tensor, grad: Tensor) -> [Tensor; 2] {
        let of_x = Flex::float_matmul(grad.clone(), weight.transpose(0, 1));
        [of_x, Flex::float_matmul(x.transpose(0, 1), grad)]
    }

    fn embed_backward(rows: usize, indices: IntTensor<Self>, grad: Tensor) -> Tensor {
        let grad = grad.to_contiguous();
        let [_, width] = dims(&grad);
        let mut out = vec![0.0; rows * width];
        for (row, grad) in self::indices(indices)
            .into_iter()
            .zip(floats(&grad).chunks_exact(width))
        {
            for (out, grad) in out[row * width..][..width].iter_mut().zip(grad) {
                *out += grad;
            }
        }
        tensor(out, [rows, width])
    }

    fn rms_norm_backward(x: Tensor, gain: Tensor, epsilon: f32, grad: Tensor) -> [Tensor; 2] {
        let (x, gain, grad) = (
            x.to_contiguous(),
            gain.to_contiguous(),
            grad.to_contiguous(),
        );
        let gain = floats(&gain);
        let width = gain.len();
        let mut of_x = floats(&grad).to_vec();
        let mut of_gain = vec![0.0; width];
        for (grad, x) in of_x
            .chunks_exact_mut(width)
            .zip(floats(&x).chunks_exact(width))
        {
            let scale = inverse_rms(x, epsilon);
            let mut common = 0.0;
            for i in 0..width {
                of_gain[i] += grad[i] * x[i] * scale;
                grad[i] *= gain[i];
                common += grad[i] * x[i];
            }
            let common = common * scale * scale / width as f32;
            for i in 0..width {
                grad[i] = scale * (grad[i] - x[i] * common);
            }
        }
        [like(&x, of_x), tensor(of_gain, [width])]
    }

    fn group_norm_backward(
        x: Tensor,
        gain: Tensor,
        groups: usize,
        epsilon: f32,
        grad: Tensor,
    ) -> [Tensor; 3] {
        let (x, gain, grad) = (
            x.to_contiguous(),
            gain.to_contiguous(),
            grad.to_contiguous(),
        );
        let [_, channels, height, width] = dims(&x);
        let pixels = height * width;
        let (of_gain, of_bias) = (&mut vec![0.0; channels], &mut vec![0.0; channels]);
        let gain = floats(&gain);
        let count = channels / groups * pixels;
        let mut out = floats(&grad).to_vec();
        let mut centered = floats(&x).to_vec();
        let pairs = (centered.chunks_exact_mut(count)).zip(out.chunks_exact_mut(count));
        for (i, (group, grad)) in pairs.enumerate() {
            let scale = center(group, epsilon);
            let first = i % groups * channels / groups;
            let (mut straight, mut along) = (0.0, 0.0);
            let values = group.chunks_exact(pixels);
            for (channel, (values, grad)) in (first..).zip(values.zip(grad.chunks_exact(pixels))) {
                let (of_channel, normal) = (sum(grad), dot(values, grad) * scale);
                of_bias[channel] += of_channel;
                of_gain[channel] += normal;
                straight += gain[channel] * of_channel;
                along += gain[channel] * normal;
            }
            let (straight, along) = (straight / count as f32, along / count as f32);
            let values = group.chunks_exact(pixels);
            for (channel, (values, grad)) in
                (first..).zip(values.zip(grad.chunks_exact_mut(pixels)))
            {
                for (value, grad) in values.iter().zip(grad) {
                    *grad = scale * (*grad * gain[channel] - straight - value * scale * along);
                }
            }
        }
        let of_channels = |values: &[f32]| tensor(values.to_vec(), [channels]);
        [like(&x, out), of_channels(of_gain), of_channels(of_bias)]
    }

    fn swiglu_backward(gate_up: Tensor, grad: Tensor) -> Tensor {
        let (gate_up, grad) = (gate_up.to_contiguous(), grad.to_contiguous());
        let shape = gate_up.layout().shape();
        let width = shape[shape.num_dims() - 1];
        let d_hidden = width / 2;
        let mut out = floats(&gate_up).to_vec();
        for (row, grad) in out
            .chunks_exact_mut(width)
            .zip(floats(&grad).chunks_exact(d_hidden))
        {
            let (gate, up) = row.split_at_mut(d_hidden);
            for ((gate, up), grad) in gate.iter_mut().zip(up).zip(grad) {
                let open = sigmoid(*gate);
                let silu = *gate * open;
                *gate = grad * *up * (open + silu * (1.0 - open));
                *up = grad * silu;
            }
        }
        like(&gate_up, out)
    }

    /// `(softmax(logits) - one_hot(target)) * grad`
    fn cross_entropy_backward(logits: Tensor, targets: IntTensor<Self>, grad: Tensor) -> Tensor {
        let (logits, grad) = (logits.to_contiguous(), grad.to_contiguous());
        let [_, _, codes] = dims(&logits);
        let mut out = floats(&logits).to_vec();
        let rows = out.chunks_exact_mut(codes);
        for ((row, target), &grad) in rows.zip(indices(targets)).zip(floats(&grad)) {
            softmax(row);
            row[target] -= 1.0;
            for value in row {
                *value *= grad;
            }
        }
        like(&logits, out)
    }
}

/// Moves the mean to zero. Gives the inverse of the deviation.
fn center(values: &mut [f32], epsilon: f32) -> f32 {
    let count = values.len() as f32;
    let mean = sum(values) / count;
    for value in values.iter_mut() {
        *value -= mean;
    }
    (dot(values, values) / count + epsilon).sqrt().recip()
}

fn inverse_rms(row: &[f32], epsilon: f32) -> f32 {
    (dot(row, row) / row.len() as f32 + epsilon).sqrt().recip()
}

fn indices(targets: IntTensor<Flex>) -> Vec<usize> {
    let targets = targets.into_data();
    targets
        .iter::<i64>()
        .map(|target| target as usize)
        .collect()
}

fn like(tensor: &Tensor, values: Vec<f32>) -> Tensor {
    let shape = tensor.layout().shape().clone();
    FlexTensor::from_data(burn::tensor::TensorData::new(values, shape))
}
