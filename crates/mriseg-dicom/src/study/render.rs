//! Frames at the size of a screen, and as colours that a canvas takes.

use crate::pixels::Frame;

/// A picture that a canvas takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// Pixels across.
    pub width: usize,
    /// Pixels down.
    pub height: usize,
    /// Red, green, blue and opacity (255) of every pixel, row by row.
    pub rgba: Vec<u8>,
}

/// A frame at the size at which it was rendered last: window and level change often, the size seldom.
#[derive(Debug)]
pub(super) struct Scaled {
    index: usize,
    longest: usize,
    width: usize,
    height: usize,
    frame: Frame,
}

impl Scaled {
    /// Scales a frame to `longest` pixels on its longest side, unless it is smaller already.
    pub(super) fn new(
        frame: &Frame,
        index: usize,
        (width, height): (usize, usize),
        longest: usize,
    ) -> Self {
        let side = width.max(height);
        let wanted = longest.clamp(1, side);
        let fit = |length: usize| ((length * wanted + side / 2) / side).max(1);
        let size = (fit(width), fit(height));
        let frame = match frame {
            frame if size == (width, height) => frame.clone(),
            Frame::Grey(codes) => {
                Frame::Grey(averaged::<u16, 1>(codes, (width, height), size, |mean| {
                    mean as u16
                }))
            }
            Frame::Colour(rgb) => {
                Frame::Colour(averaged::<u8, 3>(rgb, (width, height), size, |mean| {
                    mean as u8
                }))
            }
        };
        Self {
            index,
            longest,
            width: size.0,
            height: size.1,
            frame,
        }
    }

    /// Whether this is frame `index` at this size.
    pub(super) fn is(&self, index: usize, longest: usize) -> bool {
        (self.index, self.longest) == (index, longest)
    }

    /// Each code, or level of a colour, as the grey that it has in `levels`, 0 to 1.
    pub(super) fn render(&self, levels: &[f64]) -> Rendered {
        const OPAQUE: u8 = 255;
        let table: Vec<u8> = levels
            .iter()
            .map(|level| (level * 255.0).round() as u8)
            .collect();
        let mut rgba = vec![OPAQUE; 4 * self.width * self.height];
        let pixels = rgba.chunks_exact_mut(4);
        match &self.frame {
            Frame::Grey(codes) => {
                for (pixel, &code) in pixels.zip(codes) {
                    let level = table[usize::from(code)];
                    pixel.copy_from_slice(&[level, level, level, OPAQUE]);
                }
            }
            Frame::Colour(rgb) => {
                for (pixel, rgb) in pixels.zip(rgb.chunks_exact(3)) {
                    for (to, &level) in pixel.iter_mut().zip(rgb) {
                        *to = table[usize::from(level)];
                    }
                }
            }
        }
        Rendered {
            width: self.width,
            height: self.height,
            rgba,
        }
    }
}

/// Smaller pixels of `CHANNELS` values, each the mean of those it covers.
fn averaged<T: Copy + Into<u64>, const CHANNELS: usize>(
    values: &[T],
    (width, height): (usize, usize),
    (across, down): (usize, usize),
    rounded: impl Fn(u64) -> T,
) -> Vec<T> {
    let edges: Vec<usize> = (0..=across).map(|x| x * width / across).collect();
    let mut small = Vec::with_capacity(across * down * CHANNELS);
    let mut sums = vec![0u64; across * CHANNELS];
    for y in 0..down {
        let rows = y * height / down..(y + 1) * height / down;
        sums.fill(0);
        for row in rows.clone() {
            let row = &values[row * width * CHANNELS..][..width * CHANNELS];
            for (sums, edge) in sums.chunks_exact_mut(CHANNELS).zip(edges.windows(2)) {
                for pixel in row[edge[0] * CHANNELS..edge[1] * CHANNELS].chunks_exact(CHANNELS) {
                    for (sum, &value) in sums.iter_mut().zip(pixel) {
                        *sum += value.into();
                    }
                }
            }
        }
        for (sums, edge) in sums.chunks_exact(CHANNELS).zip(edges.windows(2)) {
            let count = (rows.len() * (edge[1] - edge[0])) as u64;
            small.extend(sums.iter().map(|sum| rounded((sum + count / 2) / count)));
        }
    }
    small
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_smaller_frame_holds_means_and_a_larger_one_is_not_made() {
        let frame = Frame::Grey(vec![1, 3, 10, 20, 5, 7, 30, 40]);
        let half = Scaled::new(&frame, 0, (4, 2), 2);
        assert_eq!((half.width, half.height), (2, 1));
        assert_eq!(half.frame, Frame::Grey(vec![4, 25]));
        let same = Scaled::new(&frame, 0, (4, 2), 1000);
        assert_eq!(same.frame, frame);
        assert!(same.is(0, 1000) && !same.is(0, 999) && !same.is(1, 1000));
    }

    #[test]
    fn colours_keep_their_channels() {
        let frame = Frame::Colour(vec![10, 20, 30, 20, 40, 60]);
        let one = Scaled::new(&frame, 0, (2, 1), 1);
        let levels: Vec<f64> = (0..256).map(|level| f64::from(level) / 255.0).collect();
        assert_eq!(one.render(&levels).rgba, [15, 30, 45, 255]);
    }
}
