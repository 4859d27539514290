//! Attention of a few queries to the keys and values of what was read before, and to those of each other.

use crate::cpu::packed::{Lines, MOST_ROWS, PANEL, Sums, add_panel, finish, with_rows};
use crate::cpu::vector::{LANES, mul_add};
use crate::rows::{dot, exponentials};
use wide::f32x8;

/// Keys and values of one layer for one sequence.
#[derive(Debug, Clone)]
pub(super) struct LayerCache {
    heads: usize,
    head_dim: usize,
    /// `[heads, panels, head_dim, PANEL]`: a channel of as many tokens as a panel has columns lies together.
    keys: Vec<f32>,
    /// `[heads, total, width]`
    values: Vec<f32>,
    /// `head_dim` and room to fill the last vector.
    width: usize,
}

impl LayerCache {
    /// Room for `total` tokens.
    pub(super) fn new(heads: usize, head_dim: usize, total: usize) -> Self {
        let width = head_dim.next_multiple_of(LANES);
        Self {
            heads,
            head_dim,
            keys: vec![0.0; heads * head_dim * total.next_multiple_of(PANEL)],
            values: vec![0.0; heads * width * total],
            width,
        }
    }

    /// Puts tokens in their places from `first` on.
    ///
    /// # Shapes
    /// - qkv: `[tokens, 3 * heads * head_dim]`, of which the queries are not read
    pub(super) fn write(&mut self, qkv: &[f32], first: usize) {
        let (d_model, head_dim, width) = (self.heads * self.head_dim, self.head_dim, self.width);
        let (of_keys, of_values) = (self.keys.len() / self.heads, self.values.len() / self.heads);
        for (token, qkv) in (first..).zip(qkv.chunks_exact(3 * d_model)) {
            let (keys, values) = qkv[d_model..].split_at(d_model);
            let (at, column) = (token / PANEL * head_dim * PANEL, token % PANEL);
            for head in 0..self.heads {
                let range = head * head_dim..(head + 1) * head_dim;
                let (panel, _) = self.keys[head * of_keys + at..].as_chunks_mut::<PANEL>();
                for (channel, key) in panel.iter_mut().zip(&keys[range.clone()]) {
                    channel[column] = *key;
                }
                self.values[head * of_values + token * width..][..head_dim]
                    .copy_from_slice(&values[range]);
            }
        }
    }

    /// What queries read in the tokens that `seen` lets them see, and in `new_kv` ones, of which every query sees those up
    /// to its own, the last query all.
    ///
    /// # Shapes
    /// - qkv: `[queries, 3 * d_model]`, the queries scaled; `new_kv` has such rows too
    /// - out: `[queries, d_model]`
    pub(super) fn read(&self, qkv: &[f32], new_kv: &[&[f32]], seen: Seen, out: &mut [f32]) {
        let d_model = self.heads * self.head_dim;
        let queries = out.len() / d_model;
        let mut scores = Vec::new();
        for first in (0..queries).step_by(MOST_ROWS) {
            let count = (queries - first).min(MOST_ROWS);
            let block = Block {
                queries: &qkv[first * 3 * d_model..],
                seen: Seen {
                    first: seen.first + first * seen.more,
                    ..seen
                },
                new_kv,
                // The last query sees all.
                new_seen: new_kv.len().saturating_sub(queries - first - 1),
            };
            let out = &mut out[first * d_model..(first + count) * d_model];
            with_rows!(count, ROWS => self.read_block::<ROWS>(&block, &mut scores, out));
        }
    }

    #[inline(always)]
    fn read_block<const ROWS: usize>(
        &self,
        block: &Block<'_>,
        scores: &mut Vec<f32>,
        out: &mut [f32],
    ) {
        let &Block {
            queries,
            seen,
            new_kv,
            new_seen,
        } = block;
        let (d_model, head_dim) = (self.heads * self.head_dim, self.head_dim);
        let held = seen.first + (ROWS - 1) * seen.more;
        let old = held.next_multiple_of(PANEL);
        let stride = old + new_kv.len().next_multiple_of(LANES);
        scores.clear();
        scores.resize(ROWS * stride, f32::NEG_INFINITY);
        for head in 0..self.heads {
            let at = head * head_dim;
            let lines = Lines {
                floats: &queries[at..],
                step: 3 * d_model,
            };
            self.score::<ROWS>(head, lines, old, stride, scores);
            let mut sums = [0.0; ROWS];
            for (row, scores) in scores.chunks_exact_mut(stride).enumerate() {
                scores[seen.first + row * seen.more..].fill(f32::NEG_INFINITY);
                if !new_kv.is_empty() {
                    let query = &lines.floats[row * lines.step..][..head_dim];
                    for (score, token) in scores[old..].iter_mut().zip(&new_kv[..new_seen + row]) {
                        *score = dot(query, &token[d_model + at..][..head_dim]);
                    }
                }
                sums[row] = exponentials(scores);
            }
            let rows: [&[f32]; ROWS] =
                std::array::from_fn(|row| &scores[row * stride..(row + 1) * stride]);
            self.mix(head, rows.map(|scores| &scores[..held]), out);
            for row in 0..ROWS {
                let out = &mut out[row * d_model + at..][..head_dim];
                for (score, token) in rows[row][old..].iter().zip(new_kv) {
                    let values = &token[2 * d_model + at..][..head_dim];
                    for (out, value) in out.iter_mut().zip(values) {
                        *out += score * value;
                    }
                }
                let scale = sums[row].recip();
                for out in out {
                    *out *= scale;
                }
            }
        }
    }

    /// Products of queries with the keys of the first `old` tokens, a row of scores each.
    #[inline(always)]
    fn score<const ROWS: usize>(
        &self,
        head: usize,
        lines: Lines<'_>,
        old: usize,
        stride: usize,
        scores: &mut [f32],
    ) {
        let of_head = self.keys.len() / self.heads;
        let (keys, _) = self.keys[head * of_head..].as_chunks::<PANEL>();
        for (panel, first) in keys
            .chunks_exact(self.head_dim)
            .zip((0..old).step_by(PANEL))
        {
            let sums = finish(add_panel(Sums::<ROWS>::default(), lines, panel));
            for (scores, sums) in scores.chunks_exact_mut(stride).zip(sums) {
                scores[first..first + PANEL].copy_from_slice(&sums);
            }
        }
    }

    /// Sums of the values of the first tokens, each times its score.
    #[inline(always)]
    fn mix<const ROWS: usize>(&self, head: usize, scores: [&[f32]; ROWS], out: &mut [f32]) {
        let tokens = scores[0].len();
        let of_head = self.values.len() / self.heads;
        let values = &self.values[head * of_head..][..tokens * self.width];
        let mut first = 0;
        while first < self.width {
            let most = most_vectors(ROWS).min((self.width - first) / LANES);
            let at = head * self.head_dim + first;
            let channels = (self.head_dim - first).min(most * LANES);
            macro_rules! sums {
                ($vectors:literal) => {
                    for (row, sums) in
                        mix_vectors::<ROWS, $vectors>(scores, values, self.width, first)
                            .iter()
                            .enumerate()
                    {
                        out[row * self.heads * self.head_dim + at..][..channels]
                            .copy_from_slice(&sums.as_flattened()[..channels]);
                    }
                };
            }
            match most {
                1 => sums!(1),
                2 => sums!(2),
                3 => sums!(3),
                _ => sums!(4),
            }
            first += most * LANES;
        }
    }
}

/// How many of the tokens that are held queries see.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    /// The first query.
    pub(super) first: usize,
    /// Each query more than the one before it.
    pub(super) more: usize,
}

/// A block of queries and the new keys they may attend to: query `i` sees the first `new_seen + i` of them.
struct Block<'a> {
    queries: &'a [f32],
    seen: Seen,
    new_kv: &'a [&'a [f32]],
    new_seen: usize,
}

/// Vectors whose sums for so many rows fit into the registers.
const fn most_vectors(rows: usize) -> usize {
    match (cfg!(target_arch = "wasm32"), rows) {
        (true, 1) | (false, 1..=3) => 4,
        (false, 4) => 3,
        (true, 2) | (false, _) => 2,
        (true, _) => 1,
    }
}

#[inline(always)]
fn mix_vectors<const ROWS: usize, const VECTORS: usize>(
    scores: [&[f32]; ROWS],
    values: &[f32],
    width: usize,
    first: usize,
) -> [[[f32; LANES]; VECTORS]; ROWS] {
    let mut sums = [[f32x8::ZERO; VECTORS]; ROWS];
    for (token, values) in values.chunks_exact(width).enumerate() {
        let (values, _) = values[first..first + VECTORS * LANES].as_chunks::<LANES>();
        let mut vectors = [f32x8::ZERO; VECTORS];
        for i in 0..VECTORS {
            vectors[i] = f32x8::new(values[i]);
        }
        for row in 0..ROWS {
            let score = f32x8::splat(scores[row][token]);
            for i in 0..VECTORS {
                sums[row][i] = mul_add(vectors[i], score, sums[row][i]);
            }
        }
    }
    sums.map(|sums| sums.map(|sum| sum.to_array()))
}
