//! Launches: how many workgroups of which kernel.

use super::ops::DecodeOps;
use super::{attend, normalize, project};
use crate::decode_pass::TransformerWeights;
use crate::gpu::{dims, like, reduce};
use burn::backend::cubecl::dtype_to_storage_type;
use burn::backend::tensor::FloatTensor;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;
use burn_cubecl::{CubeBackend, CubeDevice};

/// Most rows that one workgroup computes.
const MOST_ROWS: usize = 4;

/// Whether a workgroup of the device has room for what the kernels keep in shared memory.
pub(super) fn fit(device: &CubeDevice, weights: &TransformerWeights) -> bool {
    let client = device.client();
    let hardware = &client.properties().hardware;
    let bytes = |floats: usize| floats * size_of::<f32>();
    let head_dim = weights.head_dim();
    let d_hidden = weights
        .blocks
        .iter()
        .map(|block| block.down.dims()[0])
        .max();
    let widest = weights.d_model().max(d_hidden.unwrap_or_default());
    let project = bytes(widest + 2 * project::UNITS + project::SLICES);
    let attend = bytes(head_dim + weights.total + reduce::UNITS);
    project.max(attend) <= hardware.max_shared_memory_size
        && project::UNITS <= hardware.max_units_per_cube as usize
        && head_dim <= reduce::UNITS
        && head_dim.is_multiple_of(2)
}

/// To be written to: another tensor that shares the memory must not see it.
fn owned(tensor: CubeTensor) -> CubeTensor {
    let tensor = into_contiguous(tensor);
    if tensor.can_mut() {
        tensor
    } else {
        tensor.copy()
    }
}

/// Rows of a workgroup, as many as there are and as shared memory has room for: a power of two.
fn rows_of_cube(x: &CubeTensor, rows: usize, floats_per_row: usize) -> usize {
    let room = x.client.properties().hardware.max_shared_memory_size / size_of::<f32>();
    let mut of_cube = rows.next_power_of_two().min(MOST_ROWS);
    while of_cube > 1 && of_cube * floats_per_row > room {
        of_cube /= 2;
    }
    of_cube
}

fn project_cubes(columns: usize, rows: usize, of_cube: usize) -> (CubeCount, CubeDim) {
    let count = |size: usize, step: usize| size.div_ceil(step) as u32;
    (
        CubeCount::Static(count(columns, project::COLUMNS), count(rows, of_cube), 1),
        CubeDim::new_1d(project::UNITS as u32),
    )
}

impl DecodeOps for CubeBackend {
    fn project_into_cache(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        cos: FloatTensor<Self>,
        sin: FloatTensor<Self>,
        cache: FloatTensor<Self>,
        filled: usize,
        epsilon: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (x, weight) = (into_contiguous(x), into_contiguous(weight));
        let (cos, sin) = (into_contiguous(cos), into_contiguous(sin));
        let cache = owned(cache);
        let [rows, d_model] = dims(&x);
        let [batch, _, head_dim, total] = dims(&cache);
        let of_cube = rows_of_cube(&x, rows, d_model + 2 * project::UNITS + project::SLICES);
        let (count, dim) = project_cubes(3 * d_model / 2, rows, of_cube);
        let q = like(&x, [rows, d_model]);
        let dtype = dtype_to_storage_type(weight.dtype);
        project::project_into_cache::launch(
            &x.client.clone(),
            count,
            dim,
            of_cube,
            x.into_buffer_arg(),
            weight.into_buffer_arg(),
            cos.into_buffer_arg(),
            sin.into_buffer_arg(),
            q.clone().into_buffer_arg(),
            cache.clone().into_buffer_arg(),
            rows,
            rows / batch,
            filled,
            total,
            epsilon,
            d_model,
            head_dim,
            dtype,
        );
        (q, cache)
    }

    fn attend(
        q: FloatTensor<Self>,
        cache: FloatTensor<Self>,
        filled: usize,
        causal: bool,
    ) -> FloatTensor<Self> {
        let q = into_contiguous(q);
        let [rows, d_model] = dims(&q);
        let [batch, _, head_dim, total] = dims(&cache);
        let heads = d_model / head_dim;
        let out = like(&q, [rows, d_model]);
        attend::attend::launch(
            &q.client.clone(),
            CubeCount::Static(rows as u32, heads as u32, 1),
            CubeDim::new_1d(reduce::UNITS as u32),
            q.into_buffer_arg(),
            cache.into_buffer_arg(),
            out.clone().into_buffer_arg(),
            rows / batch,
            filled,
            total,
            heads,
            head_dim,
            total,
            causal,
        );
        out
    }

    fn project_add(
        x: FloatTensor<Self>,
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let (input, weight) = (into_contiguous(input), into_contiguous(weight));
        let out = owned(x);
        launch_project(input, weight, out.clone(), true);
        out
    }

    fn project_swiglu(
        x: FloatTensor<Self>,
        gate: FloatTensor<Self>,
        up: FloatTensor<Self>,
        epsilon: f32,
    ) -> FloatTensor<Self> {
        let (x, gate, up) = (
            into_contiguous(x),
            into_contiguous(gate),
            into_contiguous(up),
        );
        let [rows, d_model] = dims(&x);
        let [_, d_hidden] = dims(&gate);
        let of_cube = rows_of_cube(&x, rows, d_model + 2 * project::UNITS + project::SLICES);
        let (count, dim) = project_cubes(d_hidden, rows, of_cube);
        let out = like(&x, [rows, d_hidden]);
        let dtype = dtype_to_storage_type(gate.dtype);
        project::project_swiglu::launch(
            &x.client.clone(),
            count,
            dim,
            of_cube,
            x.into_buffer_arg(),
            gate.into_buffer_arg(),
            up.into_buffer_arg(),
            out.clone().into_buffer_arg(),
            rows,
            d_hidden,
            epsilon,
            d_model,
            dtype,
        );
        out
    }

    fn normalize(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        epsilon: f32,
    ) -> FloatTensor<Self> {
        let (x, gamma) = (into_contiguous(x), into_contiguous(gamma));
        let [rows, d_model] = dims(&x);
        let out = like(&x, [rows, d_model]);
        normalize::normalize::launch(
            &x.client.clone(),
            CubeCount::Static(rows as u32, 1, 1),
            CubeDim::new_1d(reduce::UNITS as u32),
            x.into_buffer_arg(),
            gamma.into_buffer_arg(),
            out.clone().into_buffer_arg(),
            d_model,
            epsilon,
        );
        out
    }

    fn project(x: FloatTensor<Self>, weight: FloatTensor<Self>) -> FloatTensor<Self> {
        let (x, weight) = (into_contiguous(x), into_contiguous(weight));
        let ([rows, _], [_, d_out]) = (dims(&x), dims(&weight));
        let out = like(&x, [rows, d_out]);
        launch_project(x, weight, out.clone(), false);
        out
    }

    fn look_ahead(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        ahead: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let (x, weight) = (into_contiguous(x), into_contiguous(weight));
        let ahead = into_contiguous(ahead);
        let [heads, d_model] = dims(&ahead);
        let out = like(&x, [heads, d_model]);
        let (count, dim) = project_cubes(heads * d_model, 1, 1);
        let dtype = dtype_to_storage_type(weight.dtype);
        project::look_ahead::launch(
            &x.client.clone(),
            count,
            dim,
            x.into_buffer_arg(),
            weight.into_buffer_arg(),
            ahead.into_buffer_arg(),
            out.clone().into_buffer_arg(),
            heads,
            d_model,
            dtype,
        );
        out
    }
}

fn launch_project(input: CubeTensor, weight: CubeTensor, out: CubeTensor, add: bool) {
    let [rows, d_in] = dims(&input);
    let [_, d_out] = dims(&weight);
    let of_cube = rows_of_cube(&input, rows, d_in + project::UNITS);
    let (count, dim) = project_cubes(d_out, rows, of_cube);
    let dtype = dtype_to_storage_type(weight.dtype);
    project::project::launch(
        &input.client.clone(),
        count,
        dim,
        of_cube,
        input.into_buffer_arg(),
        weight.into_buffer_arg(),
        out.into_buffer_arg(),
        rows,
        d_out,
        d_in,
        add,
        dtype,
    );
}
