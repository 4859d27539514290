use super::{Step, UpdateOp};
use crate::gpu::grid::{cubes_of_units, unit_of_grid, units};
use crate::gpu::like;
use burn_cubecl::CubeBackend;
use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;

type Tensor = CubeTensor;

impl UpdateOp for CubeBackend {
    fn adamw(
        weight: Tensor,
        gradient: Tensor,
        first: Tensor,
        second: Tensor,
        step: Step,
    ) -> (Tensor, Tensor, Tensor) {
        let count = weight.meta.shape().num_elements();
        let new = || like(&weight, weight.meta.shape().clone());
        let (moved, new_first, new_second) = (new(), new(), new());
        adamw::launch(
            &weight.client,
            cubes_of_units(count),
            units(),
            into_contiguous(weight.clone()).into_buffer_arg(),
            into_contiguous(gradient).into_buffer_arg(),
            into_contiguous(first).into_buffer_arg(),
            into_contiguous(second).into_buffer_arg(),
            moved.clone().into_buffer_arg(),
            new_first.clone().into_buffer_arg(),
            new_second.clone().into_buffer_arg(),
            count,
            step.rate,
            step.beta_1,
            step.beta_2,
            step.epsilon,
            step.decay,
            step.correction_1,
            step.correction_2,
        );
        (moved, new_first, new_second)
    }

    fn blend(average: Tensor, value: Tensor, share: f32) -> Tensor {
        let count = average.meta.shape().num_elements();
        let out = like(&average, average.meta.shape().clone());
        blend::launch(
            &average.client,
            cubes_of_units(count),
            units(),
            into_contiguous(average.clone()).into_buffer_arg(),
            into_contiguous(value).into_buffer_arg(),
            out.clone().into_buffer_arg(),
            count,
            share,
        );
        out
    }
}

#[cube(launch)]
fn adamw(
    weight: &[f32],
    gradient: &[f32],
    first: &[f32],
    second: &[f32],
    moved: &mut [f32],
    new_first: &mut [f32],
    new_second: &mut [f32],
    count: usize,
    rate: f32,
    beta_1: f32,
    beta_2: f32,
    epsilon: f32,
    decay: f32,
    correction_1: f32,
    correction_2: f32,
) {
    let place = unit_of_grid();
    if place < count {
        let gradient = gradient[place];
        let first = beta_1 * first[place] + (1.0 - beta_1) * gradient;
        let second = beta_2 * second[place] + (1.0 - beta_2) * gradient * gradient;
        let direction = first * correction_1 / ((second * correction_2).sqrt() + epsilon);
        moved[place] = weight[place] * decay - rate * direction;
        new_first[place] = first;
        new_second[place] = second;
    }
}

#[cube(launch)]
fn blend(average: &[f32], value: &[f32], out: &mut [f32], count: usize, share: f32) {
    let place = unit_of_grid();
    if place < count {
        out[place] = average[place] + share * (value[place] - average[place]);
    }
}
