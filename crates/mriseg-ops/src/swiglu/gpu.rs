use super::SwigluOp;
use super::gradient::SwigluGradient;
use crate::gpu::grid::{cubes_of_units, unit_of_grid, units};
use crate::gpu::like;
use crate::gpu::shapes::rows_of;
use burn_cubecl::CubeBackend;
use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;

impl SwigluOp for CubeBackend {
    fn swiglu(gate_up: CubeTensor) -> CubeTensor {
        let gate_up = into_contiguous(gate_up);
        let (rows, width) = rows_of(&gate_up);
        let mut shape = gate_up.meta.shape().clone();
        let last = shape.num_dims() - 1;
        shape[last] = width / 2;
        let out = like(&gate_up, shape);
        swiglu::launch(
            &gate_up.client,
            cubes_of_units(rows * width / 2),
            units(),
            gate_up.clone().into_buffer_arg(),
            out.clone().into_buffer_arg(),
            rows * width / 2,
            width / 2,
        );
        out
    }
}

impl SwigluGradient for CubeBackend {
    fn swiglu_backward(gate_up: CubeTensor, grad: CubeTensor) -> CubeTensor {
        let (gate_up, grad) = (into_contiguous(gate_up), into_contiguous(grad));
        let (rows, width) = rows_of(&gate_up);
        let out = like(&gate_up, gate_up.meta.shape().clone());
        swiglu_backward::launch(
            &gate_up.client,
            cubes_of_units(rows * width / 2),
            units(),
            gate_up.clone().into_buffer_arg(),
            grad.into_buffer_arg(),
            out.clone().into_buffer_arg(),
            rows * width / 2,
            width / 2,
        );
        out
    }
}

#[cube]
fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

#[cube(launch)]
fn swiglu(gate_up: &[f32], out: &mut [f32], count: usize, d_hidden: usize) {
    let place = unit_of_grid();
    if place < count {
        let at = place / d_hidden * d_hidden + place;
        let gate = gate_up[at];
        out[place] = gate * sigmoid(gate) * gate_up[at + d_hidden];
    }
}

#[cube(launch)]
fn swiglu_backward(gate_up: &[f32], grad: &[f32], out: &mut [f32], count: usize, d_hidden: usize) {
    let place = unit_of_grid();
    if place < count {
        let at = place / d_hidden * d_hidden + place;
        let gate = gate_up[at];
        let up = gate_up[at + d_hidden];
        let open = sigmoid(gate);
        out[at] = grad[place] * up * open * (1.0 + gate * (1.0 - open));
        out[at + d_hidden] = grad[place] * gate * open;
    }
}
