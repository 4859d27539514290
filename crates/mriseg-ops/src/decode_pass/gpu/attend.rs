//! Attention of a few queries to a cache: a cube for every query and head.

use crate::gpu::reduce::{UNITS, reduce};
use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;

/// What every query reads in the cache `[batch, 2 * heads, head_dim, total]`, the keys of all heads before their
/// values: softmax over the tokens that it may see.
#[cube(launch)]
pub(super) fn attend(
    q: &[f32],
    cache: &[f32],
    out: &mut [f32],
    new: usize,
    filled: usize,
    total: usize,
    heads: usize,
    #[comptime] head_dim: usize,
    #[comptime] room: usize,
    #[comptime] causal: bool,
) {
    // Units that share the sum of one channel.
    let spread = comptime![UNITS / head_dim.next_power_of_two()];
    let unit = UNIT_POS as usize;
    let row = CUBE_POS_X as usize;
    let head = CUBE_POS_Y as usize;
    let batch = row / new;
    let mut visible = filled;
    if comptime![causal] {
        visible = filled - new + row % new + 1;
    }
    let of_row = (row * heads + head) * head_dim;
    let keys = (batch * 2 * heads + head) * head_dim * total;
    let values = keys + heads * head_dim * total;

    let mut query = Shared::<[f32]>::new_slice(head_dim);
    let mut scores = Shared::<[f32]>::new_slice(room);
    let mut partial = Shared::<[f32]>::new_slice(UNITS);
    if unit < head_dim {
        query[unit] = q[of_row + unit];
    }
    sync_cube();

    let mut most = f32::new(-1e30);
    let mut token = unit;
    while token < visible {
        let mut score = f32::new(0.0);
        for channel in 0..head_dim {
            score += query[channel] * cache[keys + channel * total + token];
        }
        scores[token] = score;
        most = most.max(score);
        token += UNITS;
    }
    let most = reduce(&mut partial, most, true);

    let mut mass = f32::new(0.0);
    let mut token = unit;
    while token < visible {
        let weight = (scores[token] - most).exp();
        scores[token] = weight;
        mass += weight;
        token += UNITS;
    }
    let mass = reduce(&mut partial, mass, false);

    let channel = unit / spread;
    let slice = unit % spread;
    let mut read = f32::new(0.0);
    if channel < head_dim {
        let mut token = slice;
        while token < visible {
            read += scores[token] * cache[values + channel * total + token];
            token += spread;
        }
    }
    partial[unit] = read;
    sync_cube();
    if slice == 0 && channel < head_dim {
        let mut sum = f32::new(0.0);
        for slice in 0..spread {
            sum += partial[unit + slice];
        }
        out[of_row + channel] = sum / mass;
    }
}
