//! Launches: how many workgroups of which kernel.

use super::ops::DecodeOps;
use super::{attend, attend_many, inputs, normalize, project};
use crate::decode_pass::TransformerWeights;
use crate::gpu::rows::{self, at_once, grid_of_rows, rows_of_unit};
use crate::gpu::shapes::indices;
use crate::gpu::{dims, grid, like, reduce};
use burn::backend::cubecl::dtype_to_storage_type;
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::tensor::{DType, Shape};
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;
use burn_cubecl::{CubeBackend, CubeDevice};

/// Most queries of a workgroup, and of a unit where there are as many or more.
const MOST_QUERIES: usize = 4;
/// Most scores that are kept at once.
const MOST_SCORES: usize = 1 << 23;

/// Whether a workgroup of the device has room for what the kernels keep in shared memory.
pub(super) fn fit(device: &CubeDevice, weights: &TransformerWeights, room: usize) -> bool {
    let client = device.client();
    let hardware = &client.properties().hardware;
    let head_dim = weights.head_dim();
    let vectors = head_dim / at_once(head_dim);
    let numbers = attend::shared(1, room, at_once(head_dim)).max(reduce::UNITS);
    numbers * size_of::<f32>() <= hardware.max_shared_memory_size
        && reduce::UNITS <= hardware.max_units_per_cube as usize
        && vectors <= attend::UNITS
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

/// Queries of a workgroup, as many as there are and as shared memory has room for.
fn queries_of_cube(q: &CubeTensor, new: usize, room: usize, at_once: usize) -> usize {
    let most = q.client.properties().hardware.max_shared_memory_size / size_of::<f32>();
    let mut queries = new.next_power_of_two().min(MOST_QUERIES);
    while queries > 1 && attend::shared(queries, room, at_once) > most {
        queries /= 2;
    }
    queries
}

fn attend_units() -> CubeDim {
    CubeDim::new_1d(attend::UNITS as u32)
}

/// [`DecodeOps::attend`] of many queries, scores first.
fn attend_many(q: CubeTensor, cache: CubeTensor, filled: usize, causal: bool) -> CubeTensor {
    let ([rows, d_model], [batch, _, head_dim, room]) = (dims(&q), dims(&cache));
    let (new, heads, width) = (rows / batch, d_model / head_dim, at_once(head_dim));
    let vectors = filled.div_ceil(width);
    let scores = like(&q, [rows * heads, room]);
    let out = like(&q, [rows, d_model]);
    let groups = batch * new.div_ceil(MOST_QUERIES);
    let (count, dim) = grid_of_rows(groups, 1, heads * vectors);
    attend_many::score::launch(
        &q.client.clone(),
        count,
        dim,
        width,
        q.into_buffer_arg(),
        cache.clone().into_buffer_arg(),
        scores.clone().into_buffer_arg(),
        batch,
        new,
        filled,
        vectors,
        heads,
        head_dim,
        room,
        MOST_QUERIES,
        causal,
    );
    let (count, dim) = grid_of_rows(groups, 1, heads * head_dim / width);
    attend_many::weigh::launch(
        &out.client.clone(),
        count,
        dim,
        width,
        scores.into_buffer_arg(),
        cache.into_buffer_arg(),
        out.clone().into_buffer_arg(),
        batch,
        new,
        vectors,
        heads,
        head_dim,
        room,
        MOST_QUERIES,
    );
    out
}

impl DecodeOps for CubeBackend {
    fn embed(
        table: FloatTensor<Self>,
        ids: IntTensor<Self>,
        places: FloatTensor<Self>,
        at: usize,
    ) -> FloatTensor<Self> {
        let (table, places) = (into_contiguous(table), into_contiguous(places));
        let ([batch, new], [_, mask, d_model]) = (dims(&ids), dims(&places));
        let (rows, columns) = (batch * new, at_once(d_model));
        let width = d_model / columns;
        let out = like(&table, [rows, d_model]);
        inputs::embed::launch(
            &table.client.clone(),
            grid::cubes_of_units(rows * width),
            grid::units(),
            columns,
            table.into_buffer_arg(),
            indices(ids).into_buffer_arg(),
            places.into_buffer_arg(),
            out.clone().into_buffer_arg(),
            rows,
            new,
            mask,
            at,
            width,
        );
        out
    }

    fn pick(
        logits: FloatTensor<Self>,
        others: FloatTensor<Self>,
        pairs: FloatTensor<Self>,
        kept: f32,
        cell: usize,
        row: usize,
    ) -> (IntTensor<Self>, FloatTensor<Self>) {
        let (logits, others) = (into_contiguous(logits), into_contiguous(others));
        let pairs = owned(pairs);
        let [_, codes] = dims(&logits);
        let (client, device) = (logits.client.clone(), logits.device.clone());
        let handle = client.empty(size_of::<i32>());
        let id = CubeTensor::new_contiguous(
            client.clone(),
            device,
            Shape::from([1, 1]),
            handle,
            DType::I32,
        );
        inputs::pick::launch(
            &client,
            CubeCount::Static(1, 1, 1),
            attend_units(),
            logits.into_buffer_arg(),
            others.into_buffer_arg(),
            id.clone().into_buffer_arg(),
            pairs.clone().into_buffer_arg(),
            codes,
            kept,
            cell,
            row,
            kept < 1.0,
        );
        (id, pairs)
    }

    fn project_into_cache(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        rotary: FloatTensor<Self>,
        cache: FloatTensor<Self>,
        filled: usize,
        epsilon: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (x, gamma) = (into_contiguous(x), into_contiguous(gamma));
        let (weight, rotary) = (into_contiguous(weight), into_contiguous(rotary));
        let cache = owned(cache);
        let [rows, d_model] = dims(&x);
        let [batch, _, head_dim, room] = dims(&cache);
        let [_, total, _, _] = dims(&rotary);
        let (of_unit, columns) = (rows_of_unit(rows), at_once(head_dim / 2));
        let q = like(&x, [rows, d_model]);
        let (count, dim) = grid_of_rows(rows, of_unit, 3 * d_model / 2 / columns);
        let element = dtype_to_storage_type(weight.dtype);
        project::project_into_cache::launch(
            &x.client.clone(),
            count,
            dim,
            at_once(d_model),
            columns,
            x.into_buffer_arg(),
            gamma.into_buffer_arg(),
            weight.into_buffer_arg(),
            rotary.into_buffer_arg(),
            q.clone().into_buffer_arg(),
            cache.clone().into_buffer_arg(),
            rows,
            rows / batch,
            total,
            filled,
            room,
            epsilon,
            d_model,
            head_dim,
            of_unit,
            element,
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
        let [batch, _, head_dim, room] = dims(&cache);
        let (new, heads, width) = (rows / batch, d_model / head_dim, at_once(head_dim));
        if new >= MOST_QUERIES && rows * heads * room <= MOST_SCORES {
            return attend_many(q, cache, filled, causal);
        }
        let of_cube = queries_of_cube(&q, new, room, width);
        let out = like(&q, [rows, d_model]);
        attend::attend::launch(
            &q.client.clone(),
            CubeCount::Static((batch * new.div_ceil(of_cube)) as u32, heads as u32, 1),
            attend_units(),
            width,
            q.into_buffer_arg(),
            cache.into_buffer_arg(),
            out.clone().into_buffer_arg(),
            new,
            filled,
            heads,
            head_dim,
            room,
            of_cube,
            causal,
        );
        out
    }

    fn project_add(
        x: FloatTensor<Self>,
        input: FloatTensor<Self>,
        weight: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let out = owned(x);
        rows::add_product(input, weight, out.clone());
        out
    }

    fn project_swiglu(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        gate: FloatTensor<Self>,
        up: FloatTensor<Self>,
        epsilon: f32,
    ) -> FloatTensor<Self> {
        let (x, gamma) = (into_contiguous(x), into_contiguous(gamma));
        let (gate, up) = (into_contiguous(gate), into_contiguous(up));
        let ([rows, d_model], [_, d_hidden]) = (dims(&x), dims(&gate));
        let (of_unit, columns) = (rows_of_unit(rows), at_once(d_hidden));
        let out = like(&x, [rows, d_hidden]);
        let (count, dim) = grid_of_rows(rows, of_unit, d_hidden / columns);
        let element = dtype_to_storage_type(gate.dtype);
        project::project_swiglu::launch(
            &x.client.clone(),
            count,
            dim,
            at_once(d_model),
            columns,
            x.into_buffer_arg(),
            gamma.into_buffer_arg(),
            gate.into_buffer_arg(),
            up.into_buffer_arg(),
            out.clone().into_buffer_arg(),
            rows,
            d_model,
            d_hidden / columns,
            epsilon,
            of_unit,
            element,
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
        rows::product(x, weight)
    }

    fn look_ahead(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        ahead: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        let (x, weight) = (into_contiguous(x), into_contiguous(weight));
        let ahead = into_contiguous(ahead);
        let [heads, d_model] = dims(&ahead);
        let columns = at_once(d_model);
        let across = heads * d_model / columns;
        let out = like(&x, [heads, d_model]);
        let (count, dim) = grid_of_rows(1, 1, across);
        let element = dtype_to_storage_type(weight.dtype);
        project::look_ahead::launch(
            &x.client.clone(),
            count,
            dim,
            columns,
            x.into_buffer_arg(),
            weight.into_buffer_arg(),
            ahead.into_buffer_arg(),
            out.clone().into_buffer_arg(),
            d_model,
            across,
            element,
        );
        out
    }
}
