//! Attention of a few queries to a cache in which a channel of all tokens lies together.

use super::panels::{LANES, Lines, MOST_ROWS, PANEL, Sums, add_columns, finish, with_rows};
use super::side_by_side;
use crate::rows::exponentials;
use std::ops::Range;
use wide::f32x8;

/// Queries, `[batch * new, d_model]`.
pub(super) struct Queries<'a> {
    pub(super) values: &'a [f32],
    pub(super) d_model: usize,
    pub(super) head_dim: usize,
    pub(super) new: usize,
}

/// A cache `[batch, 2 * heads, head_dim, total]` of which `filled` tokens are held. `total` is a multiple of
/// [`PANEL`].
pub(super) struct Held<'a> {
    pub(super) values: &'a [f32],
    pub(super) total: usize,
    pub(super) filled: usize,
    /// Whether a query must not see tokens after its own.
    pub(super) causal: bool,
}

pub(super) fn attend(queries: &Queries<'_>, held: &Held<'_>) -> Vec<f32> {
    let d_model = queries.d_model;
    let rows = queries.values.len() / d_model;
    let work = 2 * queries.values.len() * held.filled;
    side_by_side(rows, d_model, work, |rows, out| {
        attend_rows(queries, held, rows, out);
    })
}

/// Some rows of the queries, which may belong to several sequences.
fn attend_rows(queries: &Queries<'_>, held: &Held<'_>, rows: Range<usize>, out: &mut [f32]) {
    let &Queries {
        values,
        d_model,
        head_dim,
        new,
    } = queries;
    let heads = d_model / head_dim;
    let read = held.filled.next_multiple_of(PANEL);
    let mut scores = vec![0.0; MOST_ROWS * read];
    let head_floats = head_dim * held.total;
    let mut first = rows.start;
    while first < rows.end {
        let (batch, query) = (first / new, first % new);
        let count = (new - query).min(rows.end - first).min(MOST_ROWS);
        let scores = &mut scores[..count * read];
        for head in 0..heads {
            let at = (batch * 2 * heads + head) * head_floats;
            let keys = &held.values[at..at + head_floats];
            let of_tokens = &held.values[at + heads * head_floats..][..head_floats];
            let lines = Lines {
                floats: &values[first * d_model + head * head_dim..],
                step: d_model,
            };
            let mut sums = [0.0; MOST_ROWS];
            with_rows!(count, ROWS => score::<ROWS>(lines, keys, held.total, scores));
            for (row, scores) in scores.chunks_exact_mut(read).enumerate() {
                let visible = if held.causal {
                    held.filled - new + query + row + 1
                } else {
                    held.filled
                };
                scores[visible..].fill(f32::NEG_INFINITY);
                sums[row] = exponentials(scores);
            }
            let at = (first - rows.start) * d_model + head * head_dim;
            for (pair, of_tokens) in of_tokens.chunks_exact(2 * held.total).enumerate() {
                let (a, b) = of_tokens.split_at(held.total);
                let channels = [&a[..read], &b[..read]];
                let out = &mut out[at + 2 * pair..];
                with_rows!(count, ROWS => {
                    let products = products::<ROWS>(scores, channels);
                    for (row, (products, sum)) in products.iter().zip(sums).enumerate() {
                        let out = &mut out[row * d_model..][..2];
                        out[0] = products[0] / sum;
                        out[1] = products[1] / sum;
                    }
                });
            }
        }
        first += count;
    }
}

/// Products of some queries with the keys of the first tokens, a row of scores each.
#[inline(always)]
fn score<const ROWS: usize>(lines: Lines<'_>, keys: &[f32], total: usize, scores: &mut [f32]) {
    let read = scores.len() / ROWS;
    for first in (0..read).step_by(PANEL) {
        let sums = add_columns(Sums::<ROWS>::default(), lines, &keys[first..], total);
        let rows = scores.chunks_exact_mut(read);
        for (scores, sums) in rows.zip(finish(sums)) {
            scores[first..first + PANEL].copy_from_slice(&sums);
        }
    }
}

/// Products of rows of scores with two channels.
#[inline(always)]
fn products<const ROWS: usize>(scores: &[f32], channels: [&[f32]; 2]) -> [[f32; 2]; ROWS] {
    let read = scores.len() / ROWS;
    let mut rows: [&[[f32; LANES]]; ROWS] = [&[]; ROWS];
    for (row, scores) in rows.iter_mut().zip(scores.chunks_exact(read)) {
        *row = scores.as_chunks().0;
    }
    let [a, b] = channels;
    let (a, b) = (a.as_chunks::<LANES>().0, b.as_chunks::<LANES>().0);
    let mut sums = [[f32x8::ZERO; 2]; ROWS];
    for (i, (a, b)) in a.iter().zip(b).enumerate() {
        let (a, b) = (f32x8::new(*a), f32x8::new(*b));
        for row in 0..ROWS {
            let score = f32x8::new(rows[row][i]);
            sums[row][0] = score.mul_add(a, sums[row][0]);
            sums[row][1] = score.mul_add(b, sums[row][1]);
        }
    }
    let mut products = [[0.0; 2]; ROWS];
    for row in 0..ROWS {
        products[row] = [sums[row][0].reduce_add(), sums[row][1].reduce_add()];
    }
    products
}
