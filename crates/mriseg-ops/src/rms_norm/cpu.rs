use super::RmsNormOp;
use super::gradient::RmsNormGradient;
use crate::cpu::shapes::like;
use crate::cpu::{Tensor, floats, tensor};
use crate::rows::inverse_rms;
use burn::backend::Flex;

impl RmsNormOp for Flex {
    fn rms_norm(x: Tensor, gamma: Tensor, epsilon: f32) -> Tensor {
        let x = x.to_contiguous();
        let gamma = gamma.to_contiguous();
        let gamma = floats(&gamma);
        let mut out = floats(&x).to_vec();
        for row in out.chunks_exact_mut(gamma.len()) {
            let scale = inverse_rms(row, epsilon);
            for (x, gamma) in row.iter_mut().zip(gamma) {
                *x *= scale * gamma;
            }
        }
        like(&x, out)
    }
}

impl RmsNormGradient for Flex {
    fn rms_norm_backward(x: Tensor, gamma: Tensor, epsilon: f32, grad: Tensor) -> [Tensor; 2] {
        let (x, gamma, grad) = (
            x.to_contiguous(),
            gamma.to_contiguous(),
            grad.to_contiguous(),
        );
        let gamma = floats(&gamma);
        let width = gamma.len();
        let mut grad_x = floats(&grad).to_vec();
        let mut grad_gamma = vec![0.0; width];
        let rows = grad_x.chunks_exact_mut(width);
        for (grad, x) in rows.zip(floats(&x).chunks_exact(width)) {
            let scale = inverse_rms(x, epsilon);
            let mut mean = 0.0;
            for i in 0..width {
                grad_gamma[i] += grad[i] * x[i] * scale;
                grad[i] *= gamma[i];
                mean += grad[i] * x[i];
            }
            let mean = mean * scale * scale / width as f32;
            for i in 0..width {
                grad[i] = scale * (grad[i] - x[i] * mean);
            }
        }
        [like(&x, grad_x), tensor(grad_gamma, [width])]
    }
}
