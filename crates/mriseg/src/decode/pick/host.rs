//! The same of one cell off the device, with work for the codes that count only.

use mriseg_ops::rows::sum;

/// Codes less probable than this do not count for the expected error of a cell.
pub(super) const NEGLIGIBLE: f32 = 1e-4;

/// Certainty of a code weighs as much as this many pixels: enough to decide between codes that draw the same,
/// of which "empty" has many.
pub(super) const TIE_PIXELS: f32 = 1.0;

/// What every code draws, off the device.
#[derive(Debug)]
pub(super) struct HostPatches {
    /// By code, a bit a pixel; the last word of a patch may have some to spare.
    bits: Vec<Word>,
    /// Words of a patch.
    words: usize,
    areas: Vec<f32>,
    threshold: f32,
    /// Codes by the area of their patches.
    by_area: Vec<usize>,
}

/// Pixels of a byte.
const BYTE: usize = u8::BITS as usize;
/// Bytes of pixels that are looked at together.
const BYTES: usize = 4;
/// Pixels of those.
const PIXELS: usize = BYTES * BYTE;

type Word = [u8; BYTES];

impl HostPatches {
    pub(super) fn new(pixels: &[f32], codes: usize, threshold: f32) -> Self {
        let of_patch = pixels.len() / codes;
        let patches = pixels.chunks_exact(of_patch);
        let areas: Vec<f32> = patches.clone().map(sum).collect();
        let mut by_area: Vec<usize> = (0..codes).collect();
        by_area.sort_by(|&a, &b| areas[a].total_cmp(&areas[b]));
        Self {
            bits: (patches.flat_map(|patch| patch.chunks(PIXELS)))
                .map(|pixels| packed(pixels.iter().map(|&pixel| pixel > 0.0)))
                .collect(),
            words: of_patch.div_ceil(PIXELS),
            areas,
            threshold,
            by_area,
        }
    }

    /// `likely` is the most probable code.
    pub(super) fn least_error(&self, probabilities: &[f32], likely: usize) -> usize {
        /// Room for rounding, in pixels.
        const ROUNDING: f32 = 0.01;
        let counting: Vec<(usize, f32)> = (probabilities.iter().copied().enumerate())
            .filter(|&(_, p)| p >= NEGLIGIBLE)
            .collect();
        let mass: f32 = counting.iter().map(|(_, p)| p).sum();
        let errors = Errors::new(&self.expected(&counting), mass, self.threshold);
        let certainty = |code: usize| {
            let p = probabilities[code];
            if p < NEGLIGIBLE { 0.0 } else { p * TIE_PIXELS }
        };
        let of_likely = errors.beyond_least(self.patch(likely), f32::INFINITY);
        let (mut best, mut least) = (likely, of_likely - certainty(likely));
        // Of two codes one is wrong in every pixel in which they differ, at the lower cost at least.
        let cost = 2.0 * self.threshold.min(1.0 - self.threshold) * mass;
        let reach = (2.0 * (errors.least + of_likely) + ROUNDING) / cost;
        for code in self.codes_of_area(self.areas[likely], reach) {
            let certainty = certainty(code);
            let error = errors.beyond_least(self.patch(code), least + certainty) - certainty;
            if error < least || (error == least && code < best) {
                (best, least) = (code, error);
            }
        }
        best
    }

    /// Sums of patches, each times the probability of its code.
    fn expected(&self, probabilities: &[(usize, f32)]) -> Vec<[f32; PIXELS]> {
        let sums = (0..self.words).map(|word| {
            let mut sums = [0.0; PIXELS];
            for &(code, p) in probabilities {
                let bits = u32::from_le_bytes(self.patch(code)[word]);
                for (i, sum) in sums.iter_mut().enumerate() {
                    *sum += if bits & 1 << i != 0 { p } else { 0.0 };
                }
            }
            sums
        });
        sums.collect()
    }

    fn patch(&self, code: usize) -> &[Word] {
        &self.bits[code * self.words..][..self.words]
    }

    /// Codes whose area differs by at most `reach`: those of others draw more pixels than that differently.
    fn codes_of_area(&self, area: f32, reach: f32) -> impl Iterator<Item = usize> {
        let first = (self.by_area).partition_point(|&code| self.areas[code] < area - reach);
        let from = self.by_area[first..].iter().copied();
        from.take_while(move |&code| self.areas[code] <= area + reach)
    }
}

/// Bits as they lie in a [`Word`].
fn packed(bits: impl Iterator<Item = bool>) -> Word {
    let word: u32 = bits.enumerate().map(|(i, bit)| u32::from(bit) << i).sum();
    word.to_le_bytes()
}

/// Error to expect of a patch: that of the best that could be drawn, and of every pixel drawn otherwise some more.
struct Errors {
    /// Of the best patch, whether a code draws it or not.
    least: f32,
    /// What is drawn there.
    best: Vec<Word>,
    /// What pixels drawn otherwise add, by the byte that they are in.
    beyond: Vec<[[f32; 1 << BYTE]; BYTES]>,
}

impl Errors {
    /// Of pixels that are foreground with a probability of `expected / mass`.
    fn new(expected: &[[f32; PIXELS]], mass: f32, threshold: f32) -> Self {
        let cut = threshold * mass;
        let least = (expected.as_flattened().iter())
            .map(|x| 2.0 * (threshold * (mass - x)).min((1.0 - threshold) * x));
        let beyond = |word: &[f32; PIXELS]| {
            let mut sums = [[0.0; 1 << BYTE]; BYTES];
            for (pixels, sums) in word.chunks_exact(BYTE).zip(&mut sums) {
                for (i, expected) in pixels.iter().enumerate() {
                    let (without, with) = sums.split_at_mut(1 << i);
                    let more = 2.0 * (cut - expected).abs();
                    for (with, without) in with.iter_mut().zip(without) {
                        *with = *without + more;
                    }
                }
            }
            sums
        };
        Self {
            least: least.sum(),
            best: (expected.iter())
                .map(|word| packed(word.iter().map(|&x| x > cut)))
                .collect(),
            beyond: expected.iter().map(beyond).collect(),
        }
    }

    /// What a patch adds to the least error; something above `limit` when it is more than that.
    fn beyond_least(&self, patch: &[Word], limit: f32) -> f32 {
        let mut error = 0.0;
        for ((patch, best), beyond) in patch.iter().zip(&self.best).zip(&self.beyond) {
            let of = |i: usize| beyond[i][usize::from(patch[i] ^ best[i])];
            error += (of(0) + of(1)) + (of(2) + of(3));
            if error > limit {
                break;
            }
        }
        error
    }
}
