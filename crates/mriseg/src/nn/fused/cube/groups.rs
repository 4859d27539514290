//! The norm over groups of channels. A cube looks at one channel of one picture, so that there are cubes enough; what
//! concerns a group is put together from its channels wherever it is needed.

use super::Tensor;
use crate::nn::kernels::cube::grid::{cube_of_grid, cubes, cubes_of_units, unit_of_grid, units};
use crate::nn::kernels::cube::reduce::{UNITS, reduce};
use crate::nn::kernels::cube::sums::{sum_columns, sum_rows};
use crate::nn::kernels::cube::{dims, like, reshaped};
use burn::tensor::Shape;
use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;

/// A tensor `[batch, channels, height, width]` and what its channels add up to.
pub(super) struct Groups {
    x: Tensor,
    /// Of the numbers of every channel, `[1, batch * channels]`.
    sums: Tensor,
    /// Of the squared distances from the mean of the group, likewise.
    squares: Tensor,
    batch: usize,
    channels: usize,
    pixels: usize,
    /// Channels of a group.
    together: usize,
    epsilon: f32,
}

impl Groups {
    pub(super) fn new(x: Tensor, groups: usize, epsilon: f32) -> Self {
        let [batch, channels, height, width] = dims(&x);
        let (pixels, rows) = (height * width, batch * channels);
        let sums = sum_columns(&x, rows, pixels);
        let squares = like(&x, Shape::from([1, rows]));
        let together = channels / groups;
        squares_of_channel::launch(
            &x.client,
            cubes(rows),
            units(),
            x.clone().into_buffer_arg(),
            sums.clone().into_buffer_arg(),
            squares.clone().into_buffer_arg(),
            rows,
            pixels,
            together,
        );
        Self {
            x,
            sums,
            squares,
            batch,
            channels,
            pixels,
            together,
            epsilon,
        }
    }

    pub(super) fn normalize(self, gain: Tensor, bias: Tensor) -> Tensor {
        let out = like(&self.x, self.x.meta.shape().clone());
        let count = self.batch * self.channels * self.pixels;
        normalize::launch(
            &out.client,
            cubes_of_units(count),
            units(),
            self.x.into_buffer_arg(),
            self.sums.into_buffer_arg(),
            self.squares.into_buffer_arg(),
            gain.into_buffer_arg(),
            bias.into_buffer_arg(),
            out.clone().into_buffer_arg(),
            count,
            self.channels,
            self.pixels,
            self.together,
            self.epsilon,
        );
        out
    }

    /// Of the tensor, the gain and the bias.
    pub(super) fn gradients(self, gain: Tensor, grad: Tensor) -> [Tensor; 3] {
        let rows = self.batch * self.channels;
        let of_row = || like(&grad, Shape::from([self.batch, self.channels]));
        let (straight, along) = (of_row(), of_row());
        gradients_of_channel::launch(
            &grad.client,
            cubes(rows),
            units(),
            self.x.clone().into_buffer_arg(),
            self.sums.clone().into_buffer_arg(),
            self.squares.clone().into_buffer_arg(),
            grad.clone().into_buffer_arg(),
            straight.clone().into_buffer_arg(),
            along.clone().into_buffer_arg(),
            rows,
            self.pixels,
            self.together,
            self.epsilon,
        );
        let out = like(&grad, grad.meta.shape().clone());
        let count = rows * self.pixels;
        gradient::launch(
            &out.client,
            cubes_of_units(count),
            units(),
            self.x.into_buffer_arg(),
            self.sums.into_buffer_arg(),
            self.squares.into_buffer_arg(),
            gain.into_buffer_arg(),
            grad.into_buffer_arg(),
            straight.clone().into_buffer_arg(),
            along.clone().into_buffer_arg(),
            out.clone().into_buffer_arg(),
            count,
            self.channels,
            self.pixels,
            self.together,
            self.epsilon,
        );
        let of_channels = |x: &Tensor| {
            let sum = sum_rows(x, self.batch, self.channels);
            reshaped(sum, Shape::from([self.channels]))
        };
        [out, of_channels(&along), of_channels(&straight)]
    }
}

/// Mean of what the channels of a group, of which `row` is one, add up to.
#[cube]
fn mean(sums: &[f32], row: usize, pixels: usize, together: usize) -> f32 {
    let first = row / together * together;
    let mut sum = f32::new(0.0);
    for channel in 0..together {
        sum += sums[first + channel];
    }
    sum / (together * pixels) as f32
}

#[cube]
fn inverse_deviation(
    squares: &[f32],
    row: usize,
    pixels: usize,
    together: usize,
    epsilon: f32,
) -> f32 {
    1.0 / (mean(squares, row, pixels, together) + epsilon).sqrt()
}

#[cube(launch)]
fn squares_of_channel(
    x: &[f32],
    sums: &[f32],
    squares: &mut [f32],
    rows: usize,
    pixels: usize,
    together: usize,
) {
    let row = cube_of_grid();
    if row < rows {
        let mut partial = Shared::<[f32]>::new_slice(UNITS);
        let mean = mean(sums, row, pixels, together);
        let mut sum = f32::new(0.0);
        let mut pixel = UNIT_POS as usize;
        while pixel < pixels {
            let distance = x[row * pixels + pixel] - mean;
            sum += distance * distance;
            pixel += UNITS;
        }
        let sum = reduce(&mut partial, sum, false);
        if UNIT_POS == 0 {
            squares[row] = sum;
        }
    }
}

#[cube(launch)]
fn normalize(
    x: &[f32],
    sums: &[f32],
    squares: &[f32],
    gain: &[f32],
    bias: &[f32],
    out: &mut [f32],
    count: usize,
    channels: usize,
    pixels: usize,
    together: usize,
    epsilon: f32,
) {
    let place = unit_of_grid();
    if place < count {
        let row = place / pixels;
        let scale = inverse_deviation(squares, row, pixels, together, epsilon);
        let normal = (x[place] - mean(sums, row, pixels, together)) * scale;
        out[place] = normal * gain[row % channels] + bias[row % channels];
    }
}

/// Sums, over a channel, of the gradient and of its product with the normalised numbers.
#[cube(launch)]
fn gradients_of_channel(
    x: &[f32],
    sums: &[f32],
    squares: &[f32],
    grad: &[f32],
    straight: &mut [f32],
    along: &mut [f32],
    rows: usize,
    pixels: usize,
    together: usize,
    epsilon: f32,
) {
    let row = cube_of_grid();
    if row < rows {
        let mut partial = Shared::<[f32]>::new_slice(UNITS);
        let mean = mean(sums, row, pixels, together);
        let scale = inverse_deviation(squares, row, pixels, together, epsilon);
        let mut sum = f32::new(0.0);
        let mut product = f32::new(0.0);
        let mut pixel = UNIT_POS as usize;
        while pixel < pixels {
            let place = row * pixels + pixel;
            sum += grad[place];
            product += grad[place] * (x[place] - mean);
            pixel += UNITS;
        }
        let sum = reduce(&mut partial, sum, false);
        let product = reduce(&mut partial, product, false);
        if UNIT_POS == 0 {
            straight[row] = sum;
            along[row] = product * scale;
        }
    }
}

/// As that of the RMS norm, and without the mean of the gradient.
#[cube(launch)]
fn gradient(
    x: &[f32],
    sums: &[f32],
    squares: &[f32],
    gain: &[f32],
    grad: &[f32],
    straight: &[f32],
    along: &[f32],
    out: &mut [f32],
    count: usize,
    channels: usize,
    pixels: usize,
    together: usize,
    epsilon: f32,
) {
    let place = unit_of_grid();
    if place < count {
        let row = place / pixels;
        let scale = inverse_deviation(squares, row, pixels, together, epsilon);
        let normal = (x[place] - mean(sums, row, pixels, together)) * scale;
        let first = row / together * together;
        let mut of_means = f32::new(0.0);
        let mut of_products = f32::new(0.0);
        for channel in first..first + together {
            of_means += gain[channel % channels] * straight[channel];
            of_products += gain[channel % channels] * along[channel];
        }
        let numbers = (together * pixels) as f32;
        let spread = (of_means + normal * of_products) / numbers;
        out[place] = scale * (grad[place] * gain[row % channels] - spread);
    }
}
