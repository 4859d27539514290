//! The kernels on the CPU, natively and in the browser. Matrices lie in [`panels`], so that a product of few rows
//! streams through memory once, and what goes in and out of a product is computed where it is.

mod attend;
mod convolve;
mod panels;

use super::DecodeKernels;
use crate::rows::{dot, sigmoid};
use burn::backend::Flex;
use burn::backend::tensor::FloatTensor;
use burn::tensor::TensorData;
use panels::{MOST_ROWS, PANEL, Product, each_panel};
#[cfg(not(target_arch = "wasm32"))]
use rayon::prelude::*;
use std::ops::Range;

pub(super) use panels::in_panels;

type Tensor = FloatTensor<Flex>;

impl DecodeKernels for Flex {
    fn project_into_cache(
        x: Tensor,
        weight: Tensor,
        cos: Tensor,
        sin: Tensor,
        mut cache: Tensor,
        filled: usize,
        epsilon: f32,
    ) -> (Tensor, Tensor) {
        let [rows, d_model] = dims(&x);
        let [batch, both, head_dim, total] = dims(&cache);
        let (heads, new, half) = (both / 2, rows / batch, head_dim / 2);
        let normed = normalized(floats(&x), d_model, epsilon);
        let width = 3 * d_model;
        let mut qkv = multiply(&normed, d_model, floats(&weight), width);
        let (cos, sin) = (floats(&cos), floats(&sin));
        for (row, qkv) in qkv.chunks_exact_mut(width).enumerate() {
            let at = row % new * (width / 2);
            let angles = at..at + width / 2;
            let (cos, sin) = (&cos[angles.clone()], &sin[angles]);
            let heads = qkv.chunks_exact_mut(head_dim);
            for ((head, cos), sin) in heads
                .zip(cos.chunks_exact(half))
                .zip(sin.chunks_exact(half))
            {
                let (first, second) = head.split_at_mut(half);
                for (((a, b), cos), sin) in first.iter_mut().zip(second).zip(cos).zip(sin) {
                    (*a, *b) = (*a * cos - *b * sin, *a * sin + *b * cos);
                }
            }
        }
        let held = cache.storage_mut::<f32>();
        for (batch, qkv) in qkv.chunks_exact(new * width).enumerate() {
            for channel in 0..2 * heads * head_dim {
                let at = (batch * 2 * heads * head_dim + channel) * total + filled;
                let column = qkv[d_model + channel..].iter().step_by(width);
                for (place, value) in held[at..at + new].iter_mut().zip(column) {
                    *place = *value;
                }
            }
        }
        let q = (qkv.chunks_exact(width))
            .flat_map(|row| &row[..d_model])
            .copied()
            .collect();
        (tensor(q, [rows, d_model]), cache)
    }

    fn attend(q: Tensor, cache: Tensor, filled: usize, causal: bool) -> Tensor {
        let [rows, d_model] = dims(&q);
        let [batch, _, head_dim, total] = dims(&cache);
        let new = rows / batch;
        let queries = attend::Queries {
            values: floats(&q),
            d_model,
            head_dim,
            new,
        };
        let held = attend::Held {
            values: floats(&cache),
            total,
            filled,
            causal,
        };
        tensor(attend::attend(&queries, &held), [rows, d_model])
    }

    fn project_add(x: Tensor, input: Tensor, weight: Tensor) -> Tensor {
        let [rows, d_out] = dims(&x);
        let [_, d_in] = dims(&input);
        let mut sums = multiply(floats(&input), d_in, floats(&weight), d_out);
        for (sum, x) in sums.iter_mut().zip(floats(&x)) {
            *sum += x;
        }
        tensor(sums, [rows, d_out])
    }

    fn project_swiglu(
        x: Tensor,
        gate: Tensor,
        up: Tensor,
        d_hidden: usize,
        epsilon: f32,
    ) -> Tensor {
        let [rows, d_model] = dims(&x);
        let normed = normalized(floats(&x), d_model, epsilon);
        let (gate, up) = (floats(&gate), floats(&up));
        let out = side_by_side(rows, d_hidden, 2 * normed.len() * d_hidden, |rows, out| {
            let normed = &normed[rows.start * d_model..rows.end * d_model];
            let product = |weight| Product::new(normed, d_model, weight, d_hidden);
            each_panel(product(gate), |row, columns, values| {
                let values = silu(*values);
                out[row * d_hidden..][columns.clone()].copy_from_slice(&values[..columns.len()]);
            });
            each_panel(product(up), |row, columns, values| {
                let gates = &mut out[row * d_hidden..][columns];
                for (gate, value) in gates.iter_mut().zip(values) {
                    *gate *= value;
                }
            });
        });
        tensor(out, [rows, d_hidden])
    }

    fn normalize(x: Tensor, gain: Tensor, epsilon: f32) -> Tensor {
        let [rows, d_model] = dims(&x);
        let mut normed = normalized(floats(&x), d_model, epsilon);
        for row in normed.chunks_exact_mut(d_model) {
            for (value, gain) in row.iter_mut().zip(floats(&gain)) {
                *value *= gain;
            }
        }
        tensor(normed, [rows, d_model])
    }

    fn project(x: Tensor, weight: Tensor, columns: usize) -> Tensor {
        let [rows, d_in] = dims(&x);
        let out = multiply(floats(&x), d_in, floats(&weight), columns);
        tensor(out, [rows, columns])
    }

    fn look_ahead(x: Tensor, weight: Tensor, ahead: Tensor) -> Tensor {
        let [heads, d_model] = dims(&ahead);
        let width = heads * d_model;
        let (x, ahead) = (floats(&x), floats(&ahead));
        let mut out = vec![0.0; width];
        let product = Product::new(x, d_model, floats(&weight), width);
        each_panel(product, |_, columns, values| {
            let mut mixed = *values;
            for (mixed, ahead) in mixed.iter_mut().zip(&ahead[columns.clone()]) {
                *mixed += ahead;
            }
            let mixed = silu(mixed);
            for (column, mixed) in columns.zip(mixed) {
                out[column] = x[column % d_model] + mixed;
            }
        });
        tensor(out, [heads, d_model])
    }
}

/// Rows times a matrix in panels.
fn multiply(rows: &[f32], depth: usize, panels: &[f32], width: usize) -> Vec<f32> {
    let work = rows.len() * width;
    side_by_side(rows.len() / depth, width, work, |range, out| {
        let rows = &rows[range.start * depth..range.end * depth];
        each_panel(
            Product::new(rows, depth, panels, width),
            |row, columns, values| {
                out[row * width..][columns.clone()].copy_from_slice(&values[..columns.len()]);
            },
        );
    })
}

/// `rows` times `width` numbers that `compute` gives for a range of rows; on several threads where that is worth it.
/// `work` is the number of products.
fn side_by_side(
    rows: usize,
    width: usize,
    work: usize,
    compute: impl Fn(Range<usize>, &mut [f32]) + Sync,
) -> Vec<f32> {
    let mut out = vec![0.0; rows * width];
    let of_part = rows.div_ceil(threads(work)).next_multiple_of(MOST_ROWS);
    if of_part >= rows {
        compute(0..rows, &mut out);
        return out;
    }
    #[cfg(not(target_arch = "wasm32"))]
    out.par_chunks_mut(of_part * width)
        .enumerate()
        .for_each(|(part, out)| {
            let first = part * of_part;
            compute(first..first + out.len() / width, out);
        });
    out
}

#[cfg(not(target_arch = "wasm32"))]
fn threads(work: usize) -> usize {
    /// Products that take much longer than waking a thread.
    const WORTH_A_THREAD: usize = 1 << 24;
    (work / WORTH_A_THREAD).clamp(1, rayon::current_num_threads())
}

#[cfg(target_arch = "wasm32")]
fn threads(_work: usize) -> usize {
    1
}

/// Rows divided by their root mean square.
fn normalized(x: &[f32], width: usize, epsilon: f32) -> Vec<f32> {
    let mut normed = x.to_vec();
    for row in normed.chunks_exact_mut(width) {
        let scale = (dot(row, row) / width as f32 + epsilon).sqrt().recip();
        for value in row {
            *value *= scale;
        }
    }
    normed
}

/// `x * sigmoid(x)`
fn silu(mut values: [f32; PANEL]) -> [f32; PANEL] {
    for x in &mut values {
        *x *= sigmoid(*x);
    }
    values
}

pub(in crate::nn) fn dims<const D: usize>(tensor: &Tensor) -> [usize; D] {
    let shape: &[usize] = tensor.layout().shape();
    shape
        .try_into()
        .expect("ranks are those of the documentation")
}

pub(in crate::nn) fn floats(tensor: &Tensor) -> &[f32] {
    tensor
        .as_slice()
        .expect("contiguous, as the documentation asks for")
}

pub(in crate::nn) fn tensor<const D: usize>(values: Vec<f32>, shape: [usize; D]) -> Tensor {
    Tensor::from_data(TensorData::new(values, shape))
}
