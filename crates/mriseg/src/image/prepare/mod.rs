//! Prepares a picture for the model: cuts off uniform frames ([`frame`]), turns inverted grey values back ([`typical`]),
//! pads to a square; and brings a mask back to the picture as it came.
//!
//! Trainer, command line and page all prepare pictures here, so the model never has to learn what this step undoes.

mod frame;
#[cfg(test)]
mod tests;
mod typical;
mod window;

use super::{GrayImage, Mask, Picture};
use frame::content;

pub use typical::Typical;
pub use window::Window;

/// Longest side of a prepared picture. Every square picture that can be decoded is smaller than that; an oblong one
/// whose square would be larger is scaled to it.
const LONGEST_SIDE: usize = 8_000;
/// The square of a picture has at most so many times its pixels, because the rest is padding...
const MOST_PADDING: usize = 4;
/// ... unless it is no longer than this.
const SHORT_SIDE: usize = 1_024;

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
    /// Finds out what a picture needs. Without a `typical` picture its grey values stay as they are, and colours stay in
    /// any case.
    pub fn of(picture: &Picture, typical: Option<&Typical>) -> Self {
        let typical = typical.filter(|_| picture.colours().is_none());
        Self::of_grey(picture.grey(), typical)
    }

    fn of_grey(image: &GrayImage, typical: Option<&Typical>) -> Self {
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
    pub fn picture(&self, picture: &Picture) -> Picture {
        picture.map(|plane| self.plane(plane))
    }

    /// One plane as the model reads it.
    fn plane(&self, image: &GrayImage) -> GrayImage {
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
            .map(|row| {
                image.pixels[row]
                    .iter()
                    .copied()
                    .map(f64::from)
                    .sum::<f64>()
            })
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
        let (placed, window) = (self.placed(), self.window);
        let mut content = self.content(soft, placed);
        if (placed.width, placed.height) != (window.width, window.height) {
            content = content.resized(window.width, window.height);
        }
        let mut mask = Mask::empty(self.width, self.height);
        let whole = Window::whole(window.width, window.height);
        for (to, from) in window.rows(self.width).zip(whole.rows(window.width)) {
            for (to, &from) in mask.pixels[to].iter_mut().zip(&content.pixels[from]) {
                *to = u8::from(from > FOREGROUND);
            }
        }
        mask
    }

    /// What a soft square mask says of the window: at the size that this has in the square, without the padding, which
    /// is never scaled.
    fn content(&self, soft: &GrayImage, placed: Window) -> GrayImage {
        let side = self.side;
        if placed.height < side {
            let tall = soft.resized(soft.width, side);
            let (x, width) = (0, tall.width);
            let rows = Window { x, width, ..placed }.of(&tall);
            rows.resized(side, placed.height)
        } else if placed.width < side {
            let wide = soft.resized(side, soft.height);
            let (y, height) = (0, wide.height);
            let columns = Window {
                y,
                height,
                ..placed
            }
            .of(&wide);
            columns.resized(placed.width, side)
        } else {
            soft.resized(side, side)
        }
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
            let sides = cut.join(", ");
            notes.push(format!("a uniform frame was cut off (in pixels: {sides})"));
        }
        if self.inverted {
            notes.push("inverted grey values were turned back".to_owned());
        }
        if window.width != window.height {
            let what = if cut.is_empty() {
                "the picture"
            } else {
                "what is left"
            };
            notes.push(format!("{what} is not square: it was padded, not squeezed"));
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
            "size of the picture that was prepared"
        );
    }
}

/// Width and height that a window has in its square.
fn scaled(window: Window) -> (usize, usize) {
    let longest = window.width.max(window.height);
    let padded = (MOST_PADDING * window.area()).isqrt().max(SHORT_SIDE);
    let side = padded.min(LONGEST_SIDE);
    if longest <= side {
        return (window.width, window.height);
    }
    let scale = |length: usize| (length * side / longest).max(1);
    (scale(window.width), scale(window.height))
}
