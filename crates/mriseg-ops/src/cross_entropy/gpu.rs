use super::CrossEntropyOp;
use super::gradient::CrossEntropyGradient;
use crate::gpu::grid::{cube_of_grid, cubes, units};
use crate::gpu::like;
use crate::gpu::reduce::{UNITS, reduce};
use crate::gpu::shapes::{indices, rows_of};
use burn::backend::tensor::IntTensor;
use burn_cubecl::CubeBackend;
use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;

impl CrossEntropyOp for CubeBackend {
    fn cross_entropy(logits: CubeTensor, targets: IntTensor<Self>) -> CubeTensor {
        let (logits, targets) = (into_contiguous(logits), indices(targets));
        let (rows, codes) = rows_of(&logits);
        let out = like(&logits, targets.meta.shape().clone());
        cross_entropy::launch(
            &logits.client,
            cubes(rows),
            units(),
            logits.clone().into_buffer_arg(),
            targets.into_buffer_arg(),
            out.clone().into_buffer_arg(),
            rows,
            codes,
        );
        out
    }
}

impl CrossEntropyGradient for CubeBackend {
    fn cross_entropy_backward(
        logits: CubeTensor,
        targets: IntTensor<Self>,
        grad: CubeTensor,
    ) -> CubeTensor {
        let (logits, targets) = (into_contiguous(logits), indices(targets));
        let (rows, codes) = rows_of(&logits);
        let out = like(&logits, logits.meta.shape().clone());
        cross_entropy_backward::launch(
            &logits.client,
            cubes(rows),
            units(),
            logits.clone().into_buffer_arg(),
            targets.into_buffer_arg(),
            into_contiguous(grad).into_buffer_arg(),
            out.clone().into_buffer_arg(),
            rows,
            codes,
        );
        out
    }
}

/// `Σ exp(x − most)` over one row; `most` is its largest entry.
#[cube]
fn exponentials(
    x: &[f32],
    first: usize,
    width: usize,
    most: f32,
    partial: &mut Shared<[f32]>,
) -> f32 {
    let mut mass = f32::new(0.0);
    let mut entry = UNIT_POS as usize;
    while entry < width {
        mass += (x[first + entry] - most).exp();
        entry += UNITS;
    }
    reduce(partial, mass, false)
}

#[cube]
fn largest(x: &[f32], first: usize, width: usize, partial: &mut Shared<[f32]>) -> f32 {
    let mut most = f32::new(-1e30);
    let mut entry = UNIT_POS as usize;
    while entry < width {
        most = most.max(x[first + entry]);
        entry += UNITS;
    }
    reduce(partial, most, true)
}

#[cube(launch)]
fn cross_entropy(logits: &[f32], targets: &[i32], out: &mut [f32], rows: usize, codes: usize) {
    let row = cube_of_grid();
    if row < rows {
        let mut partial = Shared::<[f32]>::new_slice(UNITS);
        let first = row * codes;
        let most = largest(logits, first, codes, &mut partial);
        let mass = exponentials(logits, first, codes, most, &mut partial);
        if UNIT_POS == 0 {
            out[row] = mass.ln() + most - logits[first + targets[row] as usize];
        }
    }
}

#[cube(launch)]
fn cross_entropy_backward(
    logits: &[f32],
    targets: &[i32],
    grad: &[f32],
    out: &mut [f32],
    rows: usize,
    codes: usize,
) {
    let row = cube_of_grid();
    if row < rows {
        let mut partial = Shared::<[f32]>::new_slice(UNITS);
        let first = row * codes;
        let most = largest(logits, first, codes, &mut partial);
        let mass = exponentials(logits, first, codes, most, &mut partial);
        let grad = grad[row];
        let target = targets[row] as usize;
        let mut code = UNIT_POS as usize;
        while code < codes {
            let mut value = (logits[first + code] - most).exp() / mass;
            if code == target {
                value -= 1.0;
            }
            out[first + code] = grad * value;
            code += UNITS;
        }
    }
}
