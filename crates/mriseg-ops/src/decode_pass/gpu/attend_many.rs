//! Attention of many queries to a cache in two kernels without shared memory: scores, then what they weigh. With so many
//! queries every unit has work of its own, and none waits for another.

use crate::gpu::rows::{unit, zeros};
use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;

/// A unit's queries of one head.
#[derive(CubeType, Clone, Copy)]
struct Queries {
    batch: usize,
    /// The first of them, among those of its batch.
    first: usize,
    head: usize,
    /// Which of the `across` units that share them.
    share: usize,
}

#[cube]
fn queries(across: usize, heads: usize, new: usize, #[comptime] of_unit: usize) -> Queries {
    let groups = new.div_ceil(of_unit);
    let group = unit() / across / heads;
    Queries {
        batch: group / groups,
        first: group % groups * of_unit,
        head: unit() / across % heads,
        share: unit() % across,
    }
}

/// Where a query lies among those of all heads; one past the last of its batch repeats that.
#[cube]
fn row_of_head(of: &Queries, query: usize, heads: usize, new: usize) -> usize {
    let row = of.batch * new + (of.first + query).min(new - 1);
    row * heads + of.head
}

/// Scores `[batch * new, heads, room]` of queries `[batch * new, heads * head_dim]` with the keys in the cache; lowest where
/// a query may not see. `across` vectors hold the `filled` tokens.
#[cube(launch)]
pub(super) fn score<V: Size>(
    q: &[Vector<f32, V>],
    cache: &[Vector<f32, V>],
    scores: &mut [Vector<f32, V>],
    batches: usize,
    new: usize,
    filled: usize,
    across: usize,
    heads: usize,
    #[comptime] head_dim: usize,
    #[comptime] room: usize,
    #[comptime] of_unit: usize,
    #[comptime] causal: bool,
) {
    let at_once = V::value().comptime();
    let width = comptime![head_dim / at_once];
    let of_row = comptime![room / at_once];
    let of = queries(across, heads, new, of_unit);
    if of.batch < batches {
        let keys = (of.batch * 2 * heads + of.head) * width * room;
        let mut sums = zeros::<V>(of_unit);
        for channel in 0..width {
            let mut factors = Array::<Vector<f32, V>>::new(of_unit);
            #[unroll]
            for query in 0..of_unit {
                factors[query] = q[row_of_head(&of, query, heads, new) * width + channel];
            }
            #[unroll]
            for i in 0..V::value() {
                let key = cache[keys + (channel * at_once + i) * of_row + of.share];
                #[unroll]
                for query in 0..of_unit {
                    sums[query] = fma(Vector::new(factors[query].extract(i)), key, sums[query]);
                }
            }
        }
        #[unroll]
        for query in 0..of_unit {
            if of.first + query < new {
                let mut visible = filled;
                if comptime![causal] {
                    visible = filled - new + of.first + query + 1;
                }
                let mut score = sums[query];
                #[unroll]
                for i in 0..V::value() {
                    if of.share * at_once + i >= visible {
                        score.insert(i, f32::new(-1e30));
                    }
                }
                scores[row_of_head(&of, query, heads, new) * of_row + of.share] = score;
            }
        }
    }
}

/// Values in the cache, weighed by the softmax of the scores.
#[cube(launch)]
pub(super) fn weigh<V: Size>(
    scores: &[Vector<f32, V>],
    cache: &[Vector<f32, V>],
    out: &mut [Vector<f32, V>],
    batches: usize,
    new: usize,
    vectors: usize,
    heads: usize,
    #[comptime] head_dim: usize,
    #[comptime] room: usize,
    #[comptime] of_unit: usize,
) {
    let at_once = V::value().comptime();
    let width = comptime![head_dim / at_once];
    let of_row = comptime![room / at_once];
    let of = queries(width.runtime(), heads, new, of_unit);
    if of.batch < batches {
        let values = (of.batch * 2 * heads + heads + of.head) * width * room;
        let mut most = Array::<Vector<f32, V>>::new(of_unit);
        #[unroll]
        for query in 0..of_unit {
            most[query] = scores[row_of_head(&of, query, heads, new) * of_row];
        }
        for tokens in 1..vectors {
            #[unroll]
            for query in 0..of_unit {
                let begin = row_of_head(&of, query, heads, new) * of_row;
                most[query] = most[query].max(scores[begin + tokens]);
            }
        }
        #[unroll]
        for query in 0..of_unit {
            let mut largest = most[query].extract(0usize);
            #[unroll]
            for i in 1..V::value() {
                largest = largest.max(most[query].extract(i));
            }
            most[query] = Vector::new(largest);
        }
        let mut sums = zeros::<V>(of_unit);
        let mut masses = zeros::<V>(of_unit);
        for tokens in 0..vectors {
            let mut weights = Array::<Vector<f32, V>>::new(of_unit);
            #[unroll]
            for query in 0..of_unit {
                let begin = row_of_head(&of, query, heads, new) * of_row;
                weights[query] = (scores[begin + tokens] - most[query]).exp();
                masses[query] += weights[query];
            }
            #[unroll]
            for i in 0..V::value() {
                let value = cache[values + (tokens * at_once + i) * width + of.share];
                #[unroll]
                for query in 0..of_unit {
                    let weight = Vector::new(weights[query].extract(i));
                    sums[query] = fma(weight, value, sums[query]);
                }
            }
        }
        #[unroll]
        for query in 0..of_unit {
            if of.first + query < new {
                let mut mass = f32::new(0.0);
                #[unroll]
                for i in 0..V::value() {
                    mass += masses[query].extract(i);
                }
                let place = row_of_head(&of, query, heads, new) * width + of.share;
                out[place] = sums[query] / Vector::new(mass);
            }
        }
    }
}
