//! Attention of a few queries to a cache: a cube for a few queries of a head. Its units split the tokens.

use crate::gpu::rows::zeros;
use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;

/// Units of a cube.
pub(super) const UNITS: usize = 32;

/// Numbers in shared memory for so many queries.
pub(super) fn shared(queries: usize, room: usize, at_once: usize) -> usize {
    queries * (room + (2 + at_once) * UNITS)
}

/// What every query reads in the cache `[batch, 2 * heads, head_dim * room]`, the keys of all heads before their
/// values: softmax over the tokens that it may see. Keys lie as `[head_dim, room]`, values as `[room, head_dim]`.
#[cube(launch)]
pub(super) fn attend<V: Size>(
    q: &[Vector<f32, V>],
    cache: &[Vector<f32, V>],
    out: &mut [Vector<f32, V>],
    new: usize,
    filled: usize,
    heads: usize,
    #[comptime] head_dim: usize,
    #[comptime] room: usize,
    #[comptime] of_cube: usize,
    #[comptime] causal: bool,
) {
    let at_once = V::value().comptime();
    let width = comptime![head_dim / at_once];
    let of_row = comptime![room / at_once];
    let unit = UNIT_POS as usize;
    let head = CUBE_POS_Y as usize;
    let groups = new.div_ceil(of_cube);
    let batch = CUBE_POS_X as usize / groups;
    let first = CUBE_POS_X as usize % groups * of_cube;
    let keys = (batch * 2 * heads + head) * width * room;
    let values = keys + heads * width * room;
    // What the last query may see.
    let mut seen = filled;
    if comptime![causal] {
        seen = filled - new + (first + of_cube).min(new);
    }
    let vectors = seen.div_ceil(at_once);

    let mut scores = Shared::<[Vector<f32, V>]>::new_slice(comptime![of_cube * of_row]);
    let mut partial = Shared::<[f32]>::new_slice(comptime![of_cube * UNITS]);
    let mut masses = Shared::<[f32]>::new_slice(comptime![of_cube * UNITS]);
    let mut reads = Shared::<[Vector<f32, V>]>::new_slice(comptime![of_cube * UNITS]);

    let mut most = Array::<f32>::new(of_cube);
    #[unroll]
    for query in 0..of_cube {
        most[query] = f32::new(-1e30);
    }
    let mut tokens = unit;
    while tokens < vectors {
        let mut sums = zeros::<V>(of_cube);
        for channel in 0..width {
            let mut queries = Array::<Vector<f32, V>>::new(of_cube);
            #[unroll]
            for query in 0..of_cube {
                let row = batch * new + (first + query).min(new - 1);
                queries[query] = q[(row * heads + head) * width + channel];
            }
            #[unroll]
            for i in 0..V::value() {
                let key = cache[keys + (channel * at_once + i) * of_row + tokens];
                #[unroll]
                for query in 0..of_cube {
                    sums[query] = fma(Vector::new(queries[query].extract(i)), key, sums[query]);
                }
            }
        }
        #[unroll]
        for query in 0..of_cube {
            let mut score = sums[query];
            let mut visible = filled;
            if comptime![causal] {
                visible = filled - new + first + query + 1;
            }
            #[unroll]
            for i in 0..V::value() {
                if tokens * at_once + i >= visible {
                    score.insert(i, f32::new(-1e30));
                }
                most[query] = most[query].max(score.extract(i));
            }
            scores[query * of_row + tokens] = score;
        }
        tokens += UNITS;
    }
    #[unroll]
    for query in 0..of_cube {
        partial[query * UNITS + unit] = most[query];
    }
    sync_cube();

    #[unroll]
    for query in 0..of_cube {
        let mut most = f32::new(-1e30);
        for other in 0..UNITS {
            most = most.max(partial[query * UNITS + other]);
        }
        let mut mass = Vector::<f32, V>::new(0.0);
        let mut tokens = unit;
        while tokens < vectors {
            let weight = (scores[query * of_row + tokens] - Vector::new(most)).exp();
            scores[query * of_row + tokens] = weight;
            mass += weight;
            tokens += UNITS;
        }
        let mut sum = f32::new(0.0);
        #[unroll]
        for i in 0..V::value() {
            sum += mass.extract(i);
        }
        masses[query * UNITS + unit] = sum;
    }
    sync_cube();

    // Units that share the sum of a vector of channels.
    let slices = comptime![UNITS / width];
    let slice = unit / width;
    let channel = unit % width;
    let mut sums = zeros::<V>(of_cube);
    if slice < slices {
        let mut tokens = slice;
        while tokens < vectors {
            #[unroll]
            for i in 0..V::value() {
                let value = cache[values + (tokens * at_once + i) * width + channel];
                #[unroll]
                for query in 0..of_cube {
                    let weight = scores[query * of_row + tokens].extract(i);
                    sums[query] = fma(Vector::new(weight), value, sums[query]);
                }
            }
            tokens += slices;
        }
    }
    #[unroll]
    for query in 0..of_cube {
        reads[query * UNITS + unit] = sums[query];
    }
    sync_cube();

    let mut place = unit;
    while place < of_cube * width {
        let query = place / width;
        let channel = place % width;
        if first + query < new {
            let mut read = Vector::<f32, V>::new(0.0);
            for slice in 0..slices {
                read += reads[query * UNITS + slice * width + channel];
            }
            let mut mass = f32::new(0.0);
            for other in 0..UNITS {
                mass += masses[query * UNITS + other];
            }
            let row = batch * new + first + query;
            out[(row * heads + head) * width + channel] = read / Vector::new(mass);
        }
        place += UNITS;
    }
}
