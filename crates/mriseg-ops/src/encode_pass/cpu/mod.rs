//! A block at a time, a strip of rows at a time: what is expanded never leaves the processor's cache.

mod depthwise;

use super::{AffineWeights, EncodePass, EncoderWeights, ResidualWeights};
use crate::cpu::convolution::{Panels, Shape};
use crate::cpu::numbers;
use crate::cpu::packed::{PANEL, PackedMatrix, store};
use crate::cpu::threads::{each, split_work};
use crate::separable::formula::{padding, relu6};
use burn::tensor::{Device, Tensor, TensorData};
use depthwise::Depthwise;
use std::ops::Range;

/// The network on a device.
#[derive(Debug)]
pub(crate) struct CpuEncoder {
    device: Device,
    stem: Stem,
    blocks: Vec<Block>,
}

/// A convolution of stride 2 and ReLU6.
#[derive(Debug)]
struct Stem {
    panels: Panels,
    bias: Vec<f32>,
    kernel: usize,
}

/// `x W + b`
#[derive(Debug)]
struct Affine {
    weight: PackedMatrix,
    bias: Vec<f32>,
}

#[derive(Debug)]
struct Block {
    expand: Option<Affine>,
    depthwise: Depthwise,
    project: Affine,
}

/// A picture in some channels, which come last.
#[derive(Debug, Clone)]
struct Map {
    floats: Vec<f32>,
    height: usize,
    width: usize,
}

/// Expanded numbers at a time: with the weights, they stay in the second cache of a processor.
const STRIP: usize = 96 * 1024;

impl CpuEncoder {
    /// Takes the weights as they are now; `None` if a block has sizes that the kernels do not take.
    pub(crate) fn new(weights: &EncoderWeights) -> Option<Self> {
        let [_, _, kernel, _] = weights.stem.dims();
        let stem = Stem {
            panels: Panels::new(weights.stem.dims(), &numbers(weights.stem.clone())),
            bias: numbers(weights.stem_bias.clone()),
            kernel,
        };
        Some(Self {
            device: weights.stem.device(),
            stem,
            blocks: weights
                .blocks
                .iter()
                .map(Block::new)
                .collect::<Option<_>>()?,
        })
    }

    fn tensor(&self, maps: Vec<Map>) -> Tensor<4> {
        let batch = maps.len();
        let Map { height, width, .. } = maps[0];
        let floats: Vec<f32> = match <[Map; 1]>::try_from(maps) {
            Ok([map]) => map.floats,
            Err(maps) => maps.into_iter().flat_map(|map| map.floats).collect(),
        };
        let channels = floats.len() / (batch * height * width);
        let data = TensorData::new(floats, [batch, height, width, channels]);
        Tensor::from_data(data, &self.device)
    }

    /// Levels of one picture.
    fn levels_of(&self, picture: &[f32], channels: usize, size: [usize; 2]) -> Vec<Map> {
        let mut map = self.stem.forward(picture, channels, size);
        let mut levels = Vec::new();
        for block in &self.blocks {
            let out = block.forward(&map);
            if block.depthwise.stride == 2 {
                levels.push(map);
            }
            map = out;
        }
        levels.push(map);
        levels
    }
}

impl EncodePass for CpuEncoder {
    fn levels(&self, pictures: Tensor<4>) -> Vec<Tensor<4>> {
        // Zeros as TensorFlow's SAME has them.
        let pictures = pictures.pad((0, 1, 0, 1), 0.0);
        let [_, channels, height, width] = pictures.dims();
        let floats = numbers(pictures);
        let pictures: Vec<&[f32]> = floats.chunks_exact(channels * height * width).collect();
        let seen = each(pictures.len(), |i| {
            self.levels_of(pictures[i], channels, [height, width])
        });
        let mut levels: Vec<Vec<Map>> = Vec::new();
        for maps in seen {
            levels.resize_with(maps.len(), Vec::new);
            for (level, map) in levels.iter_mut().zip(maps) {
                level.push(map);
            }
        }
        levels.into_iter().map(|level| self.tensor(level)).collect()
    }
}

impl Stem {
    fn forward(&self, picture: &[f32], d_in: usize, [height, width]: [usize; 2]) -> Map {
        let weight = [self.bias.len(), d_in, self.kernel, self.kernel];
        let shape = Shape::new([1, d_in, height, width], weight, 2, 0);
        let mut floats = shape.convolve(picture, &self.panels, &self.bias);
        for value in &mut floats {
            *value = relu6(*value);
        }
        Map {
            floats,
            height: shape.rows,
            width: shape.columns,
        }
    }
}

impl Affine {
    fn new(weights: &AffineWeights) -> Self {
        let [d_in, d_out] = weights.weight.dims();
        Self {
            weight: PackedMatrix::new(&numbers(weights.weight.clone()), d_in, d_out),
            bias: numbers(weights.bias.clone()),
        }
    }

    /// Hands on what it makes of rows: the row, the columns, and their values, of which the last panel has too many.
    #[inline(always)]
    fn for_each_panel(
        &self,
        rows: &[f32],
        mut take: impl FnMut(usize, Range<usize>, &mut [f32; PANEL]),
    ) {
        self.weight.for_each_panel(rows, |row, columns, values| {
            let mut values = *values;
            for (value, bias) in values.iter_mut().zip(&self.bias[columns.clone()]) {
                *value += bias;
            }
            take(row, columns, &mut values);
        });
    }
}

impl Block {
    fn new(weights: &ResidualWeights) -> Option<Self> {
        let [kernel, _, _] = weights.depthwise.dims();
        let taps = numbers(weights.depthwise.clone());
        let bias = numbers(weights.depthwise_bias.clone());
        Some(Self {
            expand: weights.expand.as_ref().map(Affine::new),
            depthwise: Depthwise::new(&taps, &bias, kernel, weights.stride)?,
            project: Affine::new(&weights.project),
        })
    }

    fn forward(&self, x: &Map) -> Map {
        let stride = self.depthwise.stride;
        let (height, width) = (x.height / stride, x.width / stride);
        let d_out = self.project.bias.len();
        let expanded = x.floats.len() * self.depthwise.channels;
        let work = expanded + height * width * self.depthwise.channels * d_out;
        let floats = split_work(height, width * d_out, 1, work, |rows, out| {
            Strip::new(self, x, rows.len()).run(rows, out);
        });
        Map {
            floats,
            height,
            width,
        }
    }
}

/// The rows that a block has expanded, and what its depthwise convolution makes of them.
struct Strip<'a> {
    block: &'a Block,
    x: &'a Map,
    /// Rows of the output that are computed at a time.
    rows: usize,
    /// Numbers of an expanded row: zeros, the pixels, zeros.
    step: usize,
    /// `[(rows - 1) * stride + kernel, step]`
    expanded: Vec<f32>,
    /// `[rows, columns, channels]`
    convolved: Vec<f32>,
}

impl<'a> Strip<'a> {
    /// For an output of so many rows.
    fn new(block: &'a Block, x: &'a Map, height: usize) -> Self {
        let Depthwise {
            channels,
            kernel,
            stride,
            ..
        } = block.depthwise;
        let columns = x.width / stride;
        let step = ((columns - 1) * stride + kernel) * channels;
        let rows = ((STRIP / step).saturating_sub(kernel) / stride + 1).min(height);
        Self {
            block,
            x,
            rows,
            step,
            expanded: vec![0.0; ((rows - 1) * stride + kernel) * step],
            convolved: vec![0.0; rows * columns * channels],
        }
    }

    /// Computes some rows of the output.
    fn run(mut self, rows: Range<usize>, out: &mut [f32]) {
        let Depthwise { kernel, stride, .. } = self.block.depthwise;
        let width = self.x.width / stride * self.block.project.bias.len();
        let before = padding(kernel, stride);
        let mut held = 0;
        for (out, first) in out
            .chunks_mut(self.rows * width)
            .zip(rows.step_by(self.rows))
        {
            let count = out.len() / width;
            let needed = (count - 1) * stride + kernel;
            // Row `i` of the strip is row `first * stride + i - before` of the input.
            for i in held..needed {
                self.expand(i, (first * stride + i).checked_sub(before));
            }
            self.convolve(count);
            self.project(first, count, out);
            held = kernel - stride;
            let kept = (needed - held) * self.step..needed * self.step;
            self.expanded.copy_within(kept, 0);
        }
    }

    /// Fills row `i` with what a row of the input becomes, or with zeros if there is none.
    fn expand(&mut self, i: usize, row: Option<usize>) {
        let Depthwise {
            channels,
            kernel,
            stride,
            ..
        } = self.block.depthwise;
        let line = &mut self.expanded[i * self.step..(i + 1) * self.step];
        let Some(row) = row.filter(|row| *row < self.x.height) else {
            line.fill(0.0);
            return;
        };
        let width = self.x.floats.len() / self.x.height;
        let pixels = &self.x.floats[row * width..(row + 1) * width];
        let line = &mut line[padding(kernel, stride) * channels..];
        match &self.block.expand {
            Some(expand) => expand.for_each_panel(pixels, |pixel, columns, values| {
                for value in values.iter_mut() {
                    *value = relu6(*value);
                }
                store(values, &mut line[pixel * channels..][columns]);
            }),
            None => line[..width].copy_from_slice(pixels),
        }
    }

    fn convolve(&mut self, count: usize) {
        let Depthwise {
            channels, stride, ..
        } = self.block.depthwise;
        let width = self.x.width / stride * channels;
        let lines = self.convolved.chunks_exact_mut(width).take(count);
        for (i, out) in lines.enumerate() {
            let rows = &self.expanded[i * stride * self.step..];
            self.block.depthwise.row(rows, self.step, out);
        }
    }

    fn project(&self, first: usize, count: usize, out: &mut [f32]) {
        let Depthwise {
            channels, stride, ..
        } = self.block.depthwise;
        let (columns, d_out) = (self.x.width / stride, self.block.project.bias.len());
        let pixels = count * columns;
        let residual = &self.x.floats[..];
        let adds = stride == 1 && self.x.floats.len() == self.x.height * self.x.width * d_out;
        let residual = if adds {
            &residual[first * columns * d_out..][..pixels * d_out]
        } else {
            &[]
        };
        let convolved = &self.convolved[..pixels * channels];
        self.block
            .project
            .for_each_panel(convolved, |pixel, panel, values| {
                if let Some(x) =
                    residual.get(pixel * d_out + panel.start..pixel * d_out + panel.end)
                {
                    for (value, x) in values.iter_mut().zip(x) {
                        *value += x;
                    }
                }
                store(values, &mut out[pixel * d_out..][panel]);
            });
    }
}
