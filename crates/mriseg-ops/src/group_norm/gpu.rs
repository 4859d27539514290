//! A workgroup reduces one channel of one picture, so that there are workgroups enough; statistics of a group are summed
//! from those of its channels wherever they are needed.

use super::GroupNormOp;
use super::gradient::GroupNormGradient;
use crate::gpu::grid::{cube_of_grid, cubes, cubes_of_units, unit_of_grid, units};
use crate::gpu::reduce::{UNITS, reduce};
use crate::gpu::shapes::reshaped;
use crate::gpu::sums::{sum_columns, sum_rows};
use crate::gpu::{dims, like};
use burn::tensor::Shape;
use burn_cubecl::CubeBackend;
use burn_cubecl::cubecl;
use burn_cubecl::cubecl::prelude::*;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;

type Tensor = CubeTensor;

impl GroupNormOp for CubeBackend {
    fn group_norm(x: Tensor, gamma: Tensor, beta: Tensor, groups: usize, epsilon: f32) -> Tensor {
        let groups = Groups::new(into_contiguous(x), groups, epsilon);
        groups.normalize(into_contiguous(gamma), into_contiguous(beta))
    }
}

impl GroupNormGradient for CubeBackend {
    fn group_norm_backward(
        x: Tensor,
        gamma: Tensor,
        groups: usize,
        epsilon: f32,
        grad: Tensor,
    ) -> [Tensor; 3] {
        let groups = Groups::new(into_contiguous(x), groups, epsilon);
        groups.gradients(into_contiguous(gamma), into_contiguous(grad))
    }
}

/// A tensor `[batch, channels, height, width]` with sums over its channels.
struct Groups {
    x: Tensor,
    /// Sum of every channel, `[1, batch * channels]`.
    sums: Tensor,
    /// Sum of the squared distances from the mean of the group, likewise.
    squares: Tensor,
    batch: usize,
    channels: usize,
    pixels: usize,
    /// Channels of a group.
    group_size: usize,
    epsilon: f32,
}

impl Groups {
    fn new(x: Tensor, groups: usize, epsilon: f32) -> Self {
        let [batch, channels, height, width] = dims(&x);
        let (pixels, rows) = (height * width, batch * channels);
        let sums = sum_columns(&x, rows, pixels);
        let squares = like(&x, Shape::from([1, rows]));
        let group_size = channels / groups;
        squares_of_channel::launch(
            &x.client,
            cubes(rows),
            units(),
            x.clone().into_buffer_arg(),
            sums.clone().into_buffer_arg(),
            squares.clone().into_buffer_arg(),
            rows,
            pixels,
            group_size,
        );
        Self {
            x,
            sums,
            squares,
            batch,
            channels,
            pixels,
            group_size,
            epsilon,
        }
    }

    fn normalize(self, gamma: Tensor, beta: Tensor) -> Tensor {
        let out = like(&self.x, self.x.meta.shape().clone());
        let count = self.batch * self.channels * self.pixels;
        normalize::launch(
            &out.client,
            cubes_of_units(count),
            units(),
            self.x.into_buffer_arg(),
            self.sums.into_buffer_arg(),
            self.squares.into_buffer_arg(),
            gamma.into_buffer_arg(),
            beta.into_buffer_arg(),
            out.clone().into_buffer_arg(),
            count,
            self.channels,
            self.pixels,
            self.group_size,
            self.epsilon,
        );
        out
    }

    /// Gradients of `x`, `γ` and `β`.
    fn gradients(self, gamma: Tensor, grad: Tensor) -> [Tensor; 3] {
        let rows = self.batch * self.channels;
        let of_row = || like(&grad, Shape::from([self.batch, self.channels]));
        let (grad_sums, grad_normal_sums) = (of_row(), of_row());
        gradients_of_channel::launch(
            &grad.client,
            cubes(rows),
            units(),
            self.x.clone().into_buffer_arg(),
            self.sums.clone().into_buffer_arg(),
            self.squares.clone().into_buffer_arg(),
            grad.clone().into_buffer_arg(),
            grad_sums.clone().into_buffer_arg(),
            grad_normal_sums.clone().into_buffer_arg(),
            rows,
            self.pixels,
            self.group_size,
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
            gamma.into_buffer_arg(),
            grad.into_buffer_arg(),
            grad_sums.clone().into_buffer_arg(),
            grad_normal_sums.clone().into_buffer_arg(),
            out.clone().into_buffer_arg(),
            count,
            self.channels,
            self.pixels,
            self.group_size,
            self.epsilon,
        );
        let of_channels = |x: &Tensor| {
            let sum = sum_rows(x, self.batch, self.channels);
            reshaped(sum, Shape::from([self.channels]))
        };
        [out, of_channels(&grad_normal_sums), of_channels(&grad_sums)]
    }
}

/// Mean over the group to which the channel `row` belongs, of sums by channel.
#[cube]
fn mean(sums: &[f32], row: usize, pixels: usize, group_size: usize) -> f32 {
    let first = row / group_size * group_size;
    let mut sum = f32::new(0.0);
    for channel in 0..group_size {
        sum += sums[first + channel];
    }
    sum / (group_size * pixels) as f32
}

#[cube]
fn inverse_deviation(
    squares: &[f32],
    row: usize,
    pixels: usize,
    group_size: usize,
    epsilon: f32,
) -> f32 {
    1.0 / (mean(squares, row, pixels, group_size) + epsilon).sqrt()
}

#[cube(launch)]
fn squares_of_channel(
    x: &[f32],
    sums: &[f32],
    squares: &mut [f32],
    rows: usize,
    pixels: usize,
    group_size: usize,
) {
    let row = cube_of_grid();
    if row < rows {
        let mut partial = Shared::<[f32]>::new_slice(UNITS);
        let mean = mean(sums, row, pixels, group_size);
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
    gamma: &[f32],
    beta: &[f32],
    out: &mut [f32],
    count: usize,
    channels: usize,
    pixels: usize,
    group_size: usize,
    epsilon: f32,
) {
    let place = unit_of_grid();
    if place < count {
        let row = place / pixels;
        let scale = inverse_deviation(squares, row, pixels, group_size, epsilon);
        let normal = (x[place] - mean(sums, row, pixels, group_size)) * scale;
        out[place] = normal * gamma[row % channels] + beta[row % channels];
    }
}

/// Sums over a channel: of `grad`, and of `grad x̂`.
#[cube(launch)]
fn gradients_of_channel(
    x: &[f32],
    sums: &[f32],
    squares: &[f32],
    grad: &[f32],
    grad_sums: &mut [f32],
    grad_normal_sums: &mut [f32],
    rows: usize,
    pixels: usize,
    group_size: usize,
    epsilon: f32,
) {
    let row = cube_of_grid();
    if row < rows {
        let mut partial = Shared::<[f32]>::new_slice(UNITS);
        let mean = mean(sums, row, pixels, group_size);
        let scale = inverse_deviation(squares, row, pixels, group_size, epsilon);
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
            grad_sums[row] = sum;
            grad_normal_sums[row] = product * scale;
        }
    }
}

/// `r (h − mean(h) − x̂ mean(h x̂))` with `h = γ grad`.
#[cube(launch)]
fn gradient(
    x: &[f32],
    sums: &[f32],
    squares: &[f32],
    gamma: &[f32],
    grad: &[f32],
    grad_sums: &[f32],
    grad_normal_sums: &[f32],
    out: &mut [f32],
    count: usize,
    channels: usize,
    pixels: usize,
    group_size: usize,
    epsilon: f32,
) {
    let place = unit_of_grid();
    if place < count {
        let row = place / pixels;
        let scale = inverse_deviation(squares, row, pixels, group_size, epsilon);
        let normal = (x[place] - mean(sums, row, pixels, group_size)) * scale;
        let first = row / group_size * group_size;
        let mut of_means = f32::new(0.0);
        let mut of_products = f32::new(0.0);
        for channel in first..first + group_size {
            of_means += gamma[channel % channels] * grad_sums[channel];
            of_products += gamma[channel % channels] * grad_normal_sums[channel];
        }
        let numbers = (group_size * pixels) as f32;
        let spread = (of_means + normal * of_products) / numbers;
        out[place] = scale * (grad[place] * gamma[row % channels] - spread);
    }
}
