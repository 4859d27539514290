//! Convolution without the copies of an unrolled input: with channels last, what a kernel row sees of a picture lies
//! together already.

use super::packed::{Lines, MOST_ROWS, PANEL, Sums, add_panel, finish, with_rows};
use super::threads::split_work;

/// Weights in panels of output channels: by panel, kernel row, kernel column and input channel.
#[derive(Debug)]
pub(crate) struct Panels(Vec<[f32; PANEL]>);

impl Panels {
    pub(crate) fn new([d_out, d_in, kernel, _]: [usize; 4], weight: &[f32]) -> Self {
        let taps = kernel * kernel;
        let depth = taps * d_in;
        let mut panels = vec![[0.0; PANEL]; d_out.div_ceil(PANEL) * depth];
        for (panel, weight) in panels
            .chunks_exact_mut(depth)
            .zip(weight.chunks(PANEL * depth))
        {
            for channel in 0..d_in {
                for tap in 0..taps {
                    let columns = weight[channel * taps + tap..].iter().step_by(depth);
                    for (place, value) in panel[tap * d_in + channel].iter_mut().zip(columns) {
                        *place = *value;
                    }
                }
            }
        }
        Self(panels)
    }
}

/// Sizes of a convolution.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) d_in: usize,
    pub(crate) d_out: usize,
    pub(crate) kernel: usize,
    pub(crate) stride: usize,
    pub(crate) padding: usize,
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) rows: usize,
    pub(crate) columns: usize,
}

impl Shape {
    /// Of pictures `[batch, d_in, height, width]` and weights `[d_out, d_in, kernel, kernel]`.
    pub(crate) fn new(
        [_, d_in, height, width]: [usize; 4],
        [d_out, _, kernel, _]: [usize; 4],
        stride: usize,
        padding: usize,
    ) -> Self {
        let side = |side: usize| (side + 2 * padding - kernel) / stride + 1;
        Self {
            d_in,
            d_out,
            kernel,
            stride,
            padding,
            height,
            width,
            rows: side(height),
            columns: side(width),
        }
    }

    /// The picture with its channels last and zeros around it.
    pub(crate) fn padded(&self, picture: &[f32]) -> Vec<f32> {
        let across = self.width + 2 * self.padding;
        let mut padded = vec![0.0; (self.height + 2 * self.padding) * across * self.d_in];
        for (row, padded) in padded
            .chunks_exact_mut(across * self.d_in)
            .skip(self.padding)
            .take(self.height)
            .enumerate()
        {
            let inside = &mut padded[self.padding * self.d_in..][..self.width * self.d_in];
            for (column, pixel) in inside.chunks_exact_mut(self.d_in).enumerate() {
                let at = row * self.width + column;
                let channels = picture[at..].iter().step_by(self.height * self.width);
                for (value, channel) in pixel.iter_mut().zip(channels) {
                    *value = *channel;
                }
            }
        }
        padded
    }

    /// All pixels, row by row, each with its channels.
    pub(crate) fn convolve(&self, picture: &[f32], panels: &Panels, bias: &[f32]) -> Vec<f32> {
        let padded = self.padded(picture);
        let depth = self.kernel * self.kernel * self.d_in;
        let work = self.rows * self.columns * self.d_out * depth;
        split_work(
            self.rows,
            self.columns * self.d_out,
            MOST_ROWS,
            work,
            |rows, out| {
                for (panel, first) in panels.0.chunks_exact(depth).zip((0..).step_by(PANEL)) {
                    let lines = out.chunks_exact_mut(self.columns * self.d_out);
                    for (row, out) in rows.clone().zip(lines) {
                        self.line(&padded, row, panel, &bias[first..], &mut out[first..]);
                    }
                }
            },
        )
    }

    /// A panel of channels of a row of pixels.
    fn line(
        &self,
        padded: &[f32],
        row: usize,
        panel: &[[f32; PANEL]],
        bias: &[f32],
        out: &mut [f32],
    ) {
        let across = (self.width + 2 * self.padding) * self.d_in;
        let seen = self.kernel * self.d_in;
        let mut column = 0;
        while column < self.columns {
            let pixels = (self.columns - column).min(MOST_ROWS);
            let at = row * self.stride * across + column * self.stride * self.d_in;
            with_rows!(pixels, PIXELS => {
                let mut sums = Sums::<PIXELS>::default();
                for (line, weights) in panel.chunks_exact(seen).enumerate() {
                    let lines = Lines {
                        floats: &padded[at + line * across..],
                        step: self.stride * self.d_in,
                    };
                    sums = add_panel(sums, lines, weights);
                }
                let pixels = out[column * self.d_out..].chunks_mut(self.d_out);
                for (sums, pixel) in finish(sums).iter().zip(pixels) {
                    for ((value, sum), bias) in pixel.iter_mut().zip(sums).zip(bias) {
                        *value = sum + bias;
                    }
                }
            });
            column += pixels;
        }
    }
}
