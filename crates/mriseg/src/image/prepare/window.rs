//! Rectangles of a picture, and the lines of pixels at their edges.

use crate::image::GrayImage;

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

impl Window {
    pub(super) fn whole(width: usize, height: usize) -> Self {
        Self {
            x: 0,
            y: 0,
            width,
            height,
        }
    }

    pub(super) fn area(&self) -> usize {
        self.width * self.height
    }

    /// Its rows, as ranges of the pixels of a picture that is `stride` pixels wide.
    pub(super) fn rows(self, stride: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
        (self.y..self.y + self.height).map(move |y| {
            let start = y * stride + self.x;
            start..start + self.width
        })
    }

    /// This part of a picture.
    pub(super) fn of(self, image: &GrayImage) -> GrayImage {
        let pixels = self
            .rows(image.width)
            .flat_map(|row| image.pixels[row].iter().copied())
            .collect();
        GrayImage::new(self.width, self.height, pixels)
    }

    /// The line of pixels at one of its edges.
    pub(super) fn line(self, edge: Edge) -> Line {
        let (right, bottom) = (self.x + self.width - 1, self.y + self.height - 1);
        let (x, y, upright) = match edge {
            Edge::Left => (self.x, self.y, true),
            Edge::Right => (right, self.y, true),
            Edge::Top => (self.x, self.y, false),
            Edge::Bottom => (self.x, bottom, false),
        };
        let length = if upright { self.height } else { self.width };
        Line {
            x,
            y,
            upright,
            length,
        }
    }

    /// Where one of its edges lies, in pixels from the left or the top.
    pub(super) fn place(self, edge: Edge) -> usize {
        match edge {
            Edge::Left => self.x,
            Edge::Right => self.x + self.width,
            Edge::Top => self.y,
            Edge::Bottom => self.y + self.height,
        }
    }

    /// The window without the line of pixels at one of its edges.
    pub(super) fn without(mut self, edge: Edge) -> Self {
        match edge {
            Edge::Left => (self.x, self.width) = (self.x + 1, self.width - 1),
            Edge::Right => self.width -= 1,
            Edge::Top => (self.y, self.height) = (self.y + 1, self.height - 1),
            Edge::Bottom => self.height -= 1,
        }
        self
    }

    /// The window with one more line of pixels at one of its edges.
    pub(super) fn with(mut self, edge: Edge) -> Self {
        match edge {
            Edge::Left => (self.x, self.width) = (self.x - 1, self.width + 1),
            Edge::Right => self.width += 1,
            Edge::Top => (self.y, self.height) = (self.y - 1, self.height + 1),
            Edge::Bottom => self.height += 1,
        }
        self
    }

    /// Whether this is enough of a picture to be its content.
    pub(super) fn is_enough_of(self, whole: Self) -> bool {
        const SMALLEST_SIDE: usize = 8;
        /// One part in so many of the picture.
        const SMALLEST_SHARE: usize = 50;
        self.width.min(self.height) >= SMALLEST_SIDE && self.area() * SMALLEST_SHARE >= whole.area()
    }
}

/// A line of pixels, across or upright.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    x: usize,
    y: usize,
    upright: bool,
    pub(super) length: usize,
}

impl Line {
    pub(super) fn values(self, image: &GrayImage) -> impl Iterator<Item = f32> {
        let start = self.y * image.width + self.x;
        let step = if self.upright { image.width } else { 1 };
        let values = image.pixels[start..].iter().step_by(step);
        values.take(self.length).copied()
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Edge {
    Left,
    Right,
    Top,
    Bottom,
}

impl Edge {
    pub(super) const ALL: [Self; 4] = [Self::Left, Self::Right, Self::Top, Self::Bottom];
}
