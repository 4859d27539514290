//! Pictures as they come, made alike before a model reads them: frames are cut off, inverted grey values are turned
//! back, and what is not square is padded to a square.
//!
//! Trainer, command line and page all come through here, so the model never has to learn what this step undoes.

use serde::{Deserialize, Serialize};

use super::{GrayImage, Mask};

/// Longest side of a prepared picture. Every square picture that can be decoded is smaller than that; an oblong one
/// whose square would be larger is scaled to it.
const LONGEST_SIDE: usize = 8_000;

/// A part of a picture, in its pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Pixels to the left of it.
    pub x: usize,
    /// Pixels above it.
    pub y: usize,
    /// Pixels across.
    pub width: usize,
    /// Pixels down.
    pub height: usize,
}

/// What was done to a picture before the model reads it, and how to bring a mask back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preparation {
    /// What is left of the picture without its frame.
    pub window: Window,
    /// Whether black and white were exchanged.
    pub inverted: bool,
    /// Width of the picture as it came, in pixels.
    pub width: usize,
    /// Height of the picture as it came, in pixels.
    pub height: usize,
    /// Side of the square that the model reads, in pixels.
    pub side: usize,
    /// Where the window begins in the square, from its left side.
    pub left: usize,
    /// Where the window begins in the square, from its top.
    pub top: usize,
}

impl Preparation {
    /// Finds out what this picture needs. Without a `typical` picture its grey values stay as they are.
    pub fn of(image: &GrayImage, typical: Option<&Typical>) -> Self {
        let window = content(image);
        let inverted = typical.is_some_and(|typical| typical.is_inverted(image, window));
        Self::with(image.width, image.height, window, inverted)
    }

    /// Nothing but padding to a square.
    pub fn none(width: usize, height: usize) -> Self {
        Self::with(width, height, Window::whole(width, height), false)
    }

    fn with(width: usize, height: usize, window: Window, inverted: bool) -> Self {
        let (across, down) = scaled(window);
        let side = across.max(down);
        Self {
            window,
            inverted,
            width,
            height,
            side,
            left: (side - across) / 2,
            top: (side - down) / 2,
        }
    }

    /// Whether the model reads the picture exactly as it came.
    pub fn is_nothing(&self) -> bool {
        *self == Self::none(self.width, self.height) && self.width == self.height
    }

    /// The picture as the model reads it: without its frame, black and white the usual way round, and square, padded
    /// with the mean of its content.
    ///
    /// # Panics
    /// When the picture is not of the size that was prepared.
    pub fn picture(&self, image: &GrayImage) -> GrayImage {
        self.check(image.width, image.height);
        if self.is_nothing() {
            return image.clone();
        }
        let small;
        let (image, window) = if scaled(self.window) == (self.window.width, self.window.height) {
            (image, self.window)
        } else {
            small = self.cropped(image);
            (&small, Window::whole(small.width, small.height))
        };
        let turn = |value: f32| if self.inverted { 1.0 - value } else { value };
        let sum: f64 = window
            .rows(image.width)
            .map(|row| image.pixels[row].iter().copied().map(f64::from).sum::<f64>())
            .sum();
        let mean = turn((sum / window.area().max(1) as f64) as f32);
        let mut pixels = vec![mean; self.side * self.side];
        for (to, from) in self.placed().rows(self.side).zip(window.rows(image.width)) {
            for (to, &from) in pixels[to].iter_mut().zip(&image.pixels[from]) {
                *to = turn(from);
            }
        }
        GrayImage::new(self.side, self.side, pixels)
    }

    /// A mask of the picture as the model reads it: of the square's size, with nothing marked in the padding.
    ///
    /// # Panics
    /// When the mask is not of the size that was prepared.
    pub fn mask(&self, mask: &Mask) -> Mask {
        self.check(mask.width, mask.height);
        if self.is_nothing() {
            return mask.clone();
        }
        let window = self.window;
        let content: Vec<u8> = window
            .rows(mask.width)
            .flat_map(|row| mask.pixels[row].iter().copied())
            .collect();
        let placed = self.placed();
        let content =
            Mask::new(window.width, window.height, content).resized(placed.width, placed.height);
        let mut square = Mask::empty(self.side, self.side);
        let whole = Window::whole(placed.width, placed.height);
        for (to, from) in placed.rows(self.side).zip(whole.rows(placed.width)) {
            square.pixels[to].copy_from_slice(&content.pixels[from]);
        }
        square
    }

    /// A soft square mask of any size, with values from 0 to 1, back on the picture as it came: scaled to the
    /// square's size, freed from the padding, cut at one half, and put where the window lay.
    pub fn restore(&self, soft: &GrayImage) -> Mask {
        const FOREGROUND: f32 = 0.5;
        let soft = soft.resized(self.side, self.side);
        let (placed, window) = (self.placed(), self.window);
        let (soft, from) = if (placed.width, placed.height) == (window.width, window.height) {
            (soft, placed)
        } else {
            let content = placed.of(&soft).resized(window.width, window.height);
            (content, Window::whole(window.width, window.height))
        };
        let mut mask = Mask::empty(self.width, self.height);
        for (to, from) in window.rows(self.width).zip(from.rows(soft.width)) {
            for (to, &from) in mask.pixels[to].iter_mut().zip(&soft.pixels[from]) {
                *to = u8::from(from > FOREGROUND);
            }
        }
        mask
    }

    /// What was done, each in one short sentence for the user; empty when nothing was.
    pub fn notes(&self) -> Vec<String> {
        let window = self.window;
        let sides = [
            (window.x, "left"),
            (self.width - window.x - window.width, "right"),
            (window.y, "above"),
            (self.height - window.y - window.height, "below"),
        ];
        let cut: Vec<String> = sides
            .into_iter()
            .filter(|&(pixels, _)| pixels > 0)
            .map(|(pixels, side)| format!("{pixels} {side}"))
            .collect();
        let mut notes = Vec::new();
        if !cut.is_empty() {
            notes.push(format!(
                "a uniform frame was cut off (pixels: {})",
                cut.join(", ")
            ));
        }
        if self.inverted {
            notes.push("inverted grey values were turned back".to_owned());
        }
        if window.width != window.height {
            notes.push("the picture is not square: it was padded, not squeezed".to_owned());
        }
        notes
    }

    /// Where the window lies in the square.
    fn placed(&self) -> Window {
        let (width, height) = scaled(self.window);
        Window {
            x: self.left,
            y: self.top,
            width,
            height,
        }
    }

    /// The window alone, at the size it has in the square.
    fn cropped(&self, image: &GrayImage) -> GrayImage {
        let (width, height) = scaled(self.window);
        self.window.of(image).resized(width, height)
    }

    fn check(&self, width: usize, height: usize) {
        assert_eq!(
            (width, height),
            (self.width, self.height),
            "size of a picture that was prepared"
        );
    }
}

/// Width and height that a window has in its square.
fn scaled(window: Window) -> (usize, usize) {
    let longest = window.width.max(window.height);
    if longest <= LONGEST_SIDE {
        return (window.width, window.height);
    }
    let scale = |length: usize| (length * LONGEST_SIDE / longest).max(1);
    (scale(window.width), scale(window.height))
}

impl Window {
    fn whole(width: usize, height: usize) -> Self {
        Self {
            x: 0,
            y: 0,
            width,
            height,
        }
    }

    fn area(&self) -> usize {
        self.width * self.height
    }

    /// Its rows, as ranges of the pixels of a picture that is `stride` pixels wide.
    fn rows(self, stride: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
        (self.y..self.y + self.height).map(move |y| {
            let start = y * stride + self.x;
            start..start + self.width
        })
    }

    /// This part of a picture.
    fn of(self, image: &GrayImage) -> GrayImage {
        let pixels = self
            .rows(image.width)
            .flat_map(|row| image.pixels[row].iter().copied())
            .collect();
        GrayImage::new(self.width, self.height, pixels)
    }

    /// One line of pixels at its edge, as indices into a picture that is `stride` pixels wide.
    fn edge(&self, edge: Edge, stride: usize) -> impl Iterator<Item = usize> + Clone + use<> {
        let first = self.y * stride + self.x;
        let (start, step, length) = match edge {
            Edge::Left => (first, stride, self.height),
            Edge::Right => (first + self.width - 1, stride, self.height),
            Edge::Top => (first, 1, self.width),
            Edge::Bottom => (first + (self.height - 1) * stride, 1, self.width),
        };
        (0..length).map(move |i| start + i * step)
    }

    /// The window without one line of pixels.
    fn without(self, edge: Edge) -> Self {
        let (x, y, width, height) = match edge {
            Edge::Left => (1, 0, 1, 0),
            Edge::Right => (0, 0, 1, 0),
            Edge::Top => (0, 1, 0, 1),
            Edge::Bottom => (0, 0, 0, 1),
        };
        Self {
            x: self.x + x,
            y: self.y + y,
            width: self.width - width,
            height: self.height - height,
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Edge {
    Left,
    Right,
    Top,
    Bottom,
}

impl Edge {
    const ALL: [Self; 4] = [Self::Left, Self::Right, Self::Top, Self::Bottom];
}

/// The picture without its frames.
fn content(image: &GrayImage) -> Window {
    /// Frames may lie in each other.
    const ROUNDS: usize = 8;
    const SMALLEST_SIDE: usize = 8;
    /// One part in so many of the picture is the least that can be its content.
    const SMALLEST_SHARE: usize = 50;
    let whole = Window::whole(image.width, image.height);
    let mut window = whole;
    for _ in 0..ROUNDS {
        if window.width.min(window.height) < SMALLEST_SIDE {
            return whole;
        }
        let next = peeled(image, window, TOLERANCE() * grey_range(image, window));
        if next == window {
            break;
        }
        window = next;
    }
    if window.width.min(window.height) < SMALLEST_SIDE
        || window.area() * SMALLEST_SHARE < whole.area()
    {
        return whole;
    }
    window
}

#[allow(non_snake_case)]
fn TOLERANCE() -> f32 {
    std::env::var("TOL").map_or(0.06, |t| t.parse().unwrap())
}

/// The window without the lines at its edges whose grey values all lie within `tolerance`. Which edge comes first does
/// not matter: a line of one grey stays one when it becomes shorter.
fn peeled(image: &GrayImage, mut window: Window, tolerance: f32) -> Window {
    let mut left = Edge::ALL.len();
    for edge in Edge::ALL.into_iter().cycle() {
        if left == 0 {
            break;
        }
        left -= 1;
        while window.area() > 0 && is_uniform(image, window, edge, tolerance) {
            window = window.without(edge);
            left = Edge::ALL.len() - 1;
        }
    }
    window
}

fn is_uniform(image: &GrayImage, window: Window, edge: Edge, tolerance: f32) -> bool {
    let mut line = window.edge(edge, image.width).map(|at| image.pixels[at]);
    let (mut least, mut most) = (f32::INFINITY, f32::NEG_INFINITY);
    line.all(|value| {
        (least, most) = (least.min(value), most.max(value));
        most - least <= tolerance
    })
}

/// How far the grey values in the middle of a window reach, but for the few brightest and darkest.
fn grey_range(image: &GrayImage, window: Window) -> f32 {
    /// Lines and columns that are looked at, at most.
    const SAMPLES: usize = 64;
    /// One value in so many is left out at either end.
    const EXTREMES: usize = 50;
    let middle = Window {
        x: window.x + window.width / 4,
        y: window.y + window.height / 4,
        width: window.width.div_ceil(2),
        height: window.height.div_ceil(2),
    };
    let (across, down) = (
        middle.width.div_ceil(SAMPLES),
        middle.height.div_ceil(SAMPLES),
    );
    let mut values: Vec<f32> = middle
        .rows(image.width)
        .step_by(down)
        .flat_map(|row| image.pixels[row].iter().copied().step_by(across))
        .collect();
    let last = values.len() - 1;
    let skipped = values.len() / EXTREMES;
    let mut nth = |index: usize| *values.select_nth_unstable_by(index, f32::total_cmp).1;
    nth(last - skipped) - nth(skipped)
}

/// What the pictures of a data set have in common, seen from afar: tells a picture from its negative.
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
        let largest = sum.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
        let scale = f32::from(i8::MAX) / largest;
        Some(Self {
            levels: sum.iter().map(|value| (value * scale).round() as i8).collect(),
        })
    }

    /// Whether this part of a picture looks more like a negative.
    fn is_inverted(&self, image: &GrayImage, window: Window) -> bool {
        self.likeness(image, window) < 0.0
    }

    fn likeness(&self, image: &GrayImage, window: Window) -> f32 {
        let levels: Vec<f32> = self.levels.iter().copied().map(f32::from).collect();
        correlation(&levels, &thumbnail(image, window))
    }
}

impl TryFrom<Vec<i8>> for Typical {
    type Error = String;

    fn try_from(levels: Vec<i8>) -> Result<Self, String> {
        if levels.len() == GRID * GRID {
            Ok(Self { levels })
        } else {
            let found = levels.len();
            Err(format!("a typical picture has {} values, not {found}", GRID * GRID))
        }
    }
}

impl From<Typical> for Vec<i8> {
    fn from(typical: Typical) -> Self {
        typical.levels
    }
}

/// Part of a picture in [`GRID`] by [`GRID`] cells, with zero mean and unit deviation; zeros where it is flat.
fn thumbnail(image: &GrayImage, window: Window) -> Vec<f32> {
    /// Pixels of a cell that are looked at, each way, at most.
    const SAMPLES: usize = 16;
    const FLAT: f32 = 1e-4;
    if window.area() == 0 {
        return vec![0.0; GRID * GRID];
    }
    let pixels = |cell: usize, start: usize, length: usize| {
        let first = start + cell * length / GRID;
        let end = (start + (cell + 1) * length / GRID).max(first + 1);
        (first..end).step_by((end - first).div_ceil(SAMPLES))
    };
    let mut cells = Vec::with_capacity(GRID * GRID);
    for row in 0..GRID {
        for column in 0..GRID {
            let (mut sum, mut count) = (0.0, 0);
            for y in pixels(row, window.y, window.height) {
                for x in pixels(column, window.x, window.width) {
                    sum += image.pixels[y * image.width + x];
                    count += 1;
                }
            }
            cells.push(sum / count as f32);
        }
    }
    let count = cells.len() as f32;
    let mean = cells.iter().sum::<f32>() / count;
    let variance = cells.iter().map(|cell| (cell - mean).powi(2)).sum::<f32>() / count;
    let scale = if variance > FLAT * FLAT { variance.sqrt().recip() } else { 0.0 };
    cells.iter().map(|cell| (cell - mean) * scale).collect()
}

/// Correlation of two thumbnails, from -1 to 1; 0 when one of them is flat.
fn correlation(a: &[f32], b: &[f32]) -> f32 {
    let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    let size = (product(a, a) * product(b, b)).sqrt();
    if size > 0.0 { product(a, b) / size } else { 0.0 }
}

/// debug
pub fn debug_likeness(t: &Typical, image: &GrayImage) -> f32 { t.likeness(image, content(image)) }
