//! The operations on GPUs.

mod attention;
mod groups;
mod rows;

use super::{FusedGradients, FusedOps};
use crate::nn::kernels::cube::grid::{cubes, cubes_of_units, units};
use crate::nn::kernels::cube::like;
use crate::nn::kernels::cube::product::{matmul, matmul_of_rows};
use crate::nn::kernels::cube::sums::sum_rows;
use attention::Heads;
use burn::backend::ops::{FloatTensorOps, IntTensorOps};
use burn::backend::tensor::IntTensor;
use burn::tensor::{IntDType, Shape};
use burn_cubecl::CubeBackend;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;
use groups::Groups;

type Tensor = CubeTensor;

impl FusedOps for CubeBackend {
    fn prefix_attention(qkv: Tensor, cos: Tensor, sin: Tensor, prefix: usize) -> Tensor {
        Heads::new(qkv, cos, sin, prefix).attend()
    }

    fn project(x: Tensor, weight: Tensor) -> Tensor {
        matmul(x, weight)
    }

    fn embed(table: Tensor, indices: IntTensor<Self>) -> Tensor {
        Self::float_select(table, 0, indices)
    }

    fn rms_norm(x: Tensor, gain: Tensor, epsilon: f32) -> Tensor {
        let (x, gain) = (into_contiguous(x), into_contiguous(gain));
        let (rows, width) = rows_of(&x);
        let out = like(&x, x.meta.shape().clone());
        rows::rms_norm::launch(
            &x.client,
            cubes(rows),
            units(),
            x.clone().into_buffer_arg(),
            gain.into_buffer_arg(),
            out.clone().into_buffer_arg(),
            rows,
            width,
            epsilon,
        );
        out
    }

    fn group_norm(x: Tensor, gain: Tensor, bias: Tensor, groups: usize, epsilon: f32) -> Tensor {
        let groups = Groups::new(into_contiguous(x), groups, epsilon);
        groups.normalize(into_contiguous(gain), into_contiguous(bias))
    }

    fn swiglu(gate_up: Tensor) -> Tensor {
        let gate_up = into_contiguous(gate_up);
        let (rows, width) = rows_of(&gate_up);
        let mut shape = gate_up.meta.shape().clone();
        let last = shape.num_dims() - 1;
        shape[last] = width / 2;
        let out = like(&gate_up, shape);
        rows::swiglu::launch(
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

    fn cross_entropy(logits: Tensor, targets: IntTensor<Self>) -> Tensor {
        let (logits, targets) = (into_contiguous(logits), indices(targets));
        let (rows, codes) = rows_of(&logits);
        let out = like(&logits, targets.meta.shape().clone());
        rows::cross_entropy::launch(
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

impl FusedGradients for CubeBackend {
    fn prefix_attention_backward(
        qkv: Tensor,
        cos: Tensor,
        sin: Tensor,
        prefix: usize,
        grad: Tensor,
    ) -> Tensor {
        Heads::new(qkv, cos, sin, prefix).gradient(into_contiguous(grad))
    }

    fn project_backward(x: Tensor, weight: Tensor, grad: Tensor) -> [Tensor; 2] {
        let of_x = matmul(grad.clone(), Self::float_swap_dims(weight, 0, 1));
        [of_x, matmul_of_rows(x, grad)]
    }

    /// As a product: most rows are never taken, some thousands of times.
    fn embed_backward(rows: usize, indices: IntTensor<Self>, grad: Tensor) -> Tensor {
        let indices = self::indices(indices);
        let taken = indices.meta.shape().num_elements();
        let one_hot = like(&grad, Shape::from([taken, rows]));
        rows::one_hot::launch(
            &grad.client,
            cubes_of_units(taken * rows),
            units(),
            indices.into_buffer_arg(),
            one_hot.clone().into_buffer_arg(),
            taken * rows,
            rows,
        );
        matmul_of_rows(one_hot, grad)
    }

    fn rms_norm_backward(x: Tensor, gain: Tensor, epsilon: f32, grad: Tensor) -> [Tensor; 2] {
        let (x, gain) = (into_contiguous(x), into_contiguous(gain));
        let grad = into_contiguous(grad);
        let (rows, width) = rows_of(&x);
        let of_x = like(&x, x.meta.shape().clone());
        let of_gain = like(&x, x.meta.shape().clone());
        rows::rms_norm_backward::launch(
            &x.client,
            cubes(rows),
            units(),
            x.clone().into_buffer_arg(),
            gain.clone().into_buffer_arg(),
            grad.into_buffer_arg(),
            of_x.clone().into_buffer_arg(),
            of_gain.clone().into_buffer_arg(),
            rows,
            width,
            epsilon,
        );
        let of_gain = sum_rows(&of_gain, rows, width);
        [
            of_x,
            Self::float_reshape(of_gain, gain.meta.shape().clone()),
        ]
    }

    fn group_norm_backward(
        x: Tensor,
        gain: Tensor,
        groups: usize,
        epsilon: f32,
        grad: Tensor,
    ) -> [Tensor; 3] {
        let groups = Groups::new(into_contiguous(x), groups, epsilon);
        groups.gradients(into_contiguous(gain), into_contiguous(grad))
    }

    fn swiglu_backward(gate_up: Tensor, grad: Tensor) -> Tensor {
        let (gate_up, grad) = (into_contiguous(gate_up), into_contiguous(grad));
        let (rows, width) = rows_of(&gate_up);
        let out = like(&gate_up, gate_up.meta.shape().clone());
        rows::swiglu_backward::launch(
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

    fn cross_entropy_backward(logits: Tensor, targets: IntTensor<Self>, grad: Tensor) -> Tensor {
        let (logits, targets) = (into_contiguous(logits), indices(targets));
        let (rows, codes) = rows_of(&logits);
        let out = like(&logits, logits.meta.shape().clone());
        rows::cross_entropy_backward::launch(
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

/// Rows and their width, whatever stands before the last dimension.
fn rows_of(x: &Tensor) -> (usize, usize) {
    let shape = x.meta.shape();
    let width = shape[shape.num_dims() - 1];
    (shape.num_elements() / width, width)
}

/// As the kernels read them.
fn indices(targets: IntTensor<CubeBackend>) -> Tensor {
    into_contiguous(CubeBackend::int_cast(targets, IntDType::I32))
}
