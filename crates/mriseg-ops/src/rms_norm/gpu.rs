use super::RmsNormOp;
use super::gradient::RmsNormGradient;
use crate::gpu::grid::{cube_of_grid, cubes, units};
use crate::gpu::like;
use crate::gpu::reduce::{UNITS, inverse_rms, reduce};
use crate::gpu::shapes::{reshaped, rows_of};
use crate::gpu::sums::sum_rows;
use burn_cubecl::CubeBackend;
use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;

impl RmsNormOp for CubeBackend {
    fn rms_norm(x: CubeTensor, gamma: CubeTensor, epsilon: f32) -> CubeTensor {
        let (x, gamma) = (into_contiguous(x), into_contiguous(gamma));
        let (rows, width) = rows_of(&x);
        let out = like(&x, x.meta.shape().clone());
        rms_norm::launch(
            &x.client,
            cubes(rows),
            units(),
            x.clone().into_buffer_arg(),
            gamma.into_buffer_arg(),
            out.clone().into_buffer_arg(),
            rows,
            width,
            epsilon,
        );
        out
    }
}

impl RmsNormGradient for CubeBackend {
    fn rms_norm_backward(
        x: CubeTensor,
        gamma: CubeTensor,
        epsilon: f32,
        grad: CubeTensor,
    ) -> [CubeTensor; 2] {
        let (x, gamma) = (into_contiguous(x), into_contiguous(gamma));
        let grad = into_contiguous(grad);
        let (rows, width) = rows_of(&x);
        let grad_x = like(&x, x.meta.shape().clone());
        let grad_gamma = like(&x, x.meta.shape().clone());
        rms_norm_backward::launch(
            &x.client,
            cubes(rows),
            units(),
            x.clone().into_buffer_arg(),
            gamma.clone().into_buffer_arg(),
            grad.into_buffer_arg(),
            grad_x.clone().into_buffer_arg(),
            grad_gamma.clone().into_buffer_arg(),
            rows,
            width,
            epsilon,
        );
        let sum = sum_rows(&grad_gamma, rows, width);
        [grad_x, reshaped(sum, gamma.meta.shape().clone())]
    }
}

#[cube(launch)]
fn rms_norm(x: &[f32], gamma: &[f32], out: &mut [f32], rows: usize, width: usize, epsilon: f32) {
    let row = cube_of_grid();
    if row < rows {
        let mut partial = Shared::<[f32]>::new_slice(UNITS);
        let first = row * width;
        let scale = inverse_rms(x, first, width, epsilon, &mut partial);
        let mut entry = UNIT_POS as usize;
        while entry < width {
            out[first + entry] = x[first + entry] * scale * gamma[entry];
            entry += UNITS;
        }
    }
}

/// `grad_gamma` has what each row adds: `r x grad`.
#[cube(launch)]
fn rms_norm_backward(
    x: &[f32],
    gamma: &[f32],
    grad: &[f32],
    grad_x: &mut [f32],
    grad_gamma: &mut [f32],
    rows: usize,
    width: usize,
    epsilon: f32,
) {
    let row = cube_of_grid();
    if row < rows {
        let mut partial = Shared::<[f32]>::new_slice(UNITS);
        let first = row * width;
        let scale = inverse_rms(x, first, width, epsilon, &mut partial);
        let mut mean = f32::new(0.0);
        let mut entry = UNIT_POS as usize;
        while entry < width {
            let place = first + entry;
            mean += grad[place] * gamma[entry] * x[place] * scale;
            entry += UNITS;
        }
        let mean = reduce(&mut partial, mean, false) / width as f32;
        let mut entry = UNIT_POS as usize;
        while entry < width {
            let place = first + entry;
            let normal = x[place] * scale;
            grad_x[place] = scale * (grad[place] * gamma[entry] - normal * mean);
            grad_gamma[place] = grad[place] * normal;
            entry += UNITS;
        }
    }
}
