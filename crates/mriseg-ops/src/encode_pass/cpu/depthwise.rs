//! Rows of a depthwise convolution with ReLU6, channels last: a vector is the same pixel in several channels.

use crate::cpu::vector::{LANES, mul_add};
use crate::separable::formula::CEILING;
use wide::f32x8;

/// Channels that are computed together.
pub(super) const GROUP: usize = 2 * LANES;
/// Pixels of a row whose sums for a group of channels fit into the registers.
const TILE: usize = if cfg!(target_arch = "wasm32") { 2 } else { 4 };
/// Input pixels under a tile: of kernel 5 with stride 2.
const MOST_SEEN: usize = 2 * (TILE - 1) + 5;

/// Weights by groups of channels.
#[derive(Debug)]
pub(super) struct Depthwise {
    /// `[groups, 1 + kernel * kernel]`: the bias, then the taps.
    groups: Vec<[f32; GROUP]>,
    pub(super) channels: usize,
    pub(super) kernel: usize,
    pub(super) stride: usize,
}

impl Depthwise {
    /// `None` if there are no kernels for such sizes.
    ///
    /// # Shapes
    /// - weight: `[kernel, kernel, channels]`
    /// - bias: `[channels]`
    pub(super) fn new(weight: &[f32], bias: &[f32], kernel: usize, stride: usize) -> Option<Self> {
        let channels = bias.len();
        let fits = channels.is_multiple_of(GROUP) && matches!((kernel, stride), (3 | 5, 1 | 2));
        fits.then(|| {
            let of_group = |first: usize| {
                let taps = weight.chunks_exact(channels);
                [bias]
                    .into_iter()
                    .chain(taps)
                    .map(move |tap| std::array::from_fn(|i| tap[first + i]))
            };
            Self {
                groups: (0..channels).step_by(GROUP).flat_map(of_group).collect(),
                channels,
                kernel,
                stride,
            }
        })
    }

    /// One row of the output.
    ///
    /// # Shapes
    /// - rows: `kernel` rows of `step` numbers, with zeros left and right
    /// - out: `[columns, channels]`
    pub(super) fn row(&self, rows: &[f32], step: usize, out: &mut [f32]) {
        match (self.kernel, self.stride) {
            (3, 1) => self.tiles::<3, 1>(rows, step, out),
            (3, _) => self.tiles::<3, 2>(rows, step, out),
            (_, 1) => self.tiles::<5, 1>(rows, step, out),
            (_, _) => self.tiles::<5, 2>(rows, step, out),
        }
    }

    #[inline(always)]
    fn tiles<const KERNEL: usize, const STRIDE: usize>(
        &self,
        rows: &[f32],
        step: usize,
        out: &mut [f32],
    ) {
        let tiles = out.chunks_mut(TILE * self.channels);
        for (tile, out) in tiles.enumerate() {
            let rows = &rows[tile * TILE * STRIDE * self.channels..];
            match out.len() / self.channels {
                1 => self.tile::<KERNEL, STRIDE, 1>(rows, step, out),
                2 => self.tile::<KERNEL, STRIDE, 2>(rows, step, out),
                3 => self.tile::<KERNEL, STRIDE, 3>(rows, step, out),
                _ => self.tile::<KERNEL, STRIDE, TILE>(rows, step, out),
            }
        }
    }

    #[inline(always)]
    fn tile<const KERNEL: usize, const STRIDE: usize, const PIXELS: usize>(
        &self,
        rows: &[f32],
        step: usize,
        out: &mut [f32],
    ) {
        let seen = (PIXELS - 1) * STRIDE + KERNEL;
        let groups = self.groups.chunks_exact(1 + KERNEL * KERNEL);
        for (group, first) in groups.zip((0..).step_by(GROUP)) {
            let (bias, taps) = group.split_first().expect("a group begins with its bias");
            let mut sums = [vectors(bias); PIXELS];
            for (down, taps) in taps.chunks_exact(KERNEL).enumerate() {
                let row = &rows[down * step + first..];
                let mut inputs = [&[0.0; GROUP]; MOST_SEEN];
                for (i, input) in inputs[..seen].iter_mut().enumerate() {
                    *input = row[i * self.channels..]
                        .first_chunk()
                        .expect("zeros fill the row");
                }
                for (right, tap) in taps.iter().enumerate() {
                    let tap = vectors(tap);
                    for (pixel, sums) in sums.iter_mut().enumerate() {
                        let input = vectors(inputs[pixel * STRIDE + right]);
                        for i in 0..2 {
                            sums[i] = mul_add(input[i], tap[i], sums[i]);
                        }
                    }
                }
            }
            for (sums, pixel) in sums.iter().zip(out.chunks_exact_mut(self.channels)) {
                let (places, _) = pixel[first..].as_chunks_mut::<LANES>();
                for (place, sum) in places.iter_mut().zip(sums) {
                    *place = sum
                        .fast_max(f32x8::ZERO)
                        .fast_min(f32x8::splat(CEILING))
                        .to_array();
                }
            }
        }
    }
}

#[inline(always)]
fn vectors(floats: &[f32; GROUP]) -> [f32x8; 2] {
    let (vectors, _) = floats.as_chunks::<LANES>();
    [f32x8::new(vectors[0]), f32x8::new(vectors[1])]
}
