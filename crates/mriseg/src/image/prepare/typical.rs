//! The typical picture of a data set, which tells a picture from its negative.

use serde::{Deserialize, Serialize};

use super::frame::content;
use super::window::Window;
use crate::image::GrayImage;

/// The mean thumbnail of a data set's pictures. It tells a picture from its negative.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<i8>", into = "Vec<i8>")]
pub struct Typical {
    /// [`GRID`] by [`GRID`] grey values, of any scale.
    levels: Vec<i8>,
}

/// Side of the thumbnails that are compared.
const GRID: usize = 16;

impl Typical {
    /// The mean of the pictures' thumbnails, each without its frame and at one contrast; `None` unless the pictures
    /// are so much alike that each can be told from its negative.
    pub fn learn(pictures: impl Iterator<Item = GrayImage>) -> Option<Self> {
        /// With fewer pictures it is chance that they are alike.
        const FEWEST: usize = 20;
        const ALIKE: f32 = 0.05;
        /// One picture in so many may be unlike the others.
        const UNLIKE: usize = 200;
        let thumbnails: Vec<Vec<f32>> = pictures
            .map(|picture| thumbnail(&picture, content(&picture)))
            .collect();
        if thumbnails.len() < FEWEST {
            return None;
        }
        let mut sum = vec![0.0; GRID * GRID];
        for thumbnail in &thumbnails {
            for (sum, value) in sum.iter_mut().zip(thumbnail) {
                *sum += value;
            }
        }
        // Each picture is compared with the others only.
        let unlike = thumbnails.iter().filter(|own| {
            let others: Vec<f32> = sum.iter().zip(*own).map(|(sum, own)| sum - own).collect();
            correlation(&others, own) <= ALIKE
        });
        if unlike.count() > thumbnails.len() / UNLIKE {
            return None;
        }
        let largest = sum
            .iter()
            .fold(0.0f32, |largest, value| largest.max(value.abs()));
        let scale = f32::from(i8::MAX) / largest;
        Some(Self {
            levels: sum
                .iter()
                .map(|value| (value * scale).round() as i8)
                .collect(),
        })
    }

    /// Whether this part of a picture looks more like a negative of the others than like them.
    pub(super) fn is_inverted(&self, image: &GrayImage, window: Window) -> bool {
        let levels: Vec<f32> = self.levels.iter().copied().map(f32::from).collect();
        correlation(&levels, &thumbnail(image, window)) < 0.0
    }
}

impl TryFrom<Vec<i8>> for Typical {
    type Error = String;

    fn try_from(levels: Vec<i8>) -> Result<Self, String> {
        if levels.len() == GRID * GRID {
            Ok(Self { levels })
        } else {
            let found = levels.len();
            Err(format!(
                "a typical picture has {} values, not {found}",
                GRID * GRID
            ))
        }
    }
}

impl From<Typical> for Vec<i8> {
    fn from(typical: Typical) -> Self {
        typical.levels
    }
}

/// Part of a picture as [`GRID`] by [`GRID`] cells, each minus the mean of the cells around it, with zero mean and unit
/// deviation; zeros where it is flat.
fn thumbnail(image: &GrayImage, window: Window) -> Vec<f32> {
    const FLAT: f32 = 1e-5;
    if window.area() == 0 {
        return vec![0.0; GRID * GRID];
    }
    let cells = cells(image, window);
    let along_rows = surroundings(&cells, |row, column| row * GRID + column);
    let light = surroundings(&along_rows, |column, row| row * GRID + column);
    let mut cells: Vec<f32> = cells
        .iter()
        .zip(light)
        .map(|(cell, light)| cell - light)
        .collect();
    let count = cells.len() as f32;
    let mean = cells.iter().sum::<f32>() / count;
    let deviation = (cells.iter().map(|cell| (cell - mean).powi(2)).sum::<f32>() / count).sqrt();
    let scale = if deviation > FLAT {
        deviation.recip()
    } else {
        0.0
    };
    for cell in &mut cells {
        *cell = (*cell - mean) * scale;
    }
    cells
}

/// Part of a picture in [`GRID`] by [`GRID`] cells, each the mean of its pixels.
fn cells(image: &GrayImage, window: Window) -> Vec<f32> {
    /// Pixels of a cell that are looked at, each way, at most.
    const SAMPLES: usize = 16;
    let pixels = |cell: usize, start: usize, length: usize| {
        let first = start + cell * length / GRID;
        let end = (start + (cell + 1) * length / GRID).max(first + 1);
        (first..end).step_by((end - first).div_ceil(SAMPLES))
    };
    let cell = |row: usize, column: usize| {
        let (mut sum, mut count) = (0.0, 0);
        for y in pixels(row, window.y, window.height) {
            for x in pixels(column, window.x, window.width) {
                sum += image.pixels[y * image.width + x];
                count += 1;
            }
        }
        sum / count as f32
    };
    (0..GRID)
        .flat_map(|row| (0..GRID).map(move |column| (row, column)))
        .map(|(row, column)| cell(row, column))
        .collect()
}

/// The mean of each cell and its neighbours in its line; `at` says where cell `(line, place)` is stored.
fn surroundings(cells: &[f32], at: impl Fn(usize, usize) -> usize) -> Vec<f32> {
    /// Neighbours on either side: so many that what is left of the light is hardly more than its shape.
    const REACH: usize = 7;
    let mut means = vec![0.0; cells.len()];
    for line in 0..GRID {
        for place in 0..GRID {
            let near = place.saturating_sub(REACH)..(place + REACH + 1).min(GRID);
            let count = near.len() as f32;
            let sum: f32 = near.map(|place| cells[at(line, place)]).sum();
            means[at(line, place)] = sum / count;
        }
    }
    means
}

/// Correlation of two thumbnails, from -1 to 1; 0 when one of them is flat.
fn correlation(a: &[f32], b: &[f32]) -> f32 {
    let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    let size = (product(a, a) * product(b, b)).sqrt();
    if size > 0.0 {
        product(a, b) / size
    } else {
        0.0
    }
}
