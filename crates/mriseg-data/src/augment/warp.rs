//! Rotation, scale, shift and mirroring of a picture with its mask.

use mriseg::image::{GrayImage, Mask};

/// An affine change of a picture: for each pixel of the new picture, the point of the old one that it shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Warp {
    /// Coordinates in the old picture, in pixels: `[along x, along y, constant]`.
    x: [f32; 3],
    y: [f32; 3],
    width: f32,
    height: f32,
}

impl Warp {
    pub(super) fn new(
        width: usize,
        height: usize,
        angle: f32,
        scale: f32,
        shift: [f32; 2],
        flip: bool,
    ) -> Self {
        let (w, h) = (width as f32, height as f32);
        let (sin, cos) = angle.sin_cos();
        let (sin, cos) = (sin / scale, cos / scale);
        let mirror = if flip { -1.0 } else { 1.0 };
        // About the centre: undo the shift, the rotation and the scale, and then mirror.
        let centre = [(w - 1.0) / 2.0, (h - 1.0) / 2.0];
        let moved = [centre[0] + shift[0] * w, centre[1] + shift[1] * h];
        Self {
            x: [
                mirror * cos,
                mirror * sin,
                centre[0] - mirror * (cos * moved[0] + sin * moved[1]),
            ],
            y: [-sin, cos, centre[1] + sin * moved[0] - cos * moved[1]],
            width: w,
            height: h,
        }
    }

    /// No change, or left and right exchanged where `flip`, of a picture of `width` by `height` pixels.
    pub fn mirror(width: usize, height: usize, flip: bool) -> Self {
        Self::new(width, height, 0.0, 1.0, [0.0; 2], flip)
    }

    /// Exchanges top and bottom of the old picture as well.
    pub(super) fn upside_down(mut self) -> Self {
        let [along_x, along_y, constant] = self.y;
        self.y = [-along_x, -along_y, self.height - 1.0 - constant];
        self
    }

    /// Whether left and right were exchanged; rotations stay below 90 degrees.
    pub fn mirrored(&self) -> bool {
        self.x[0] < 0.0
    }

    /// The pixel of the old picture that is seen at `(column, row)` of the new one; it may lie outside.
    fn source(&self, column: f32, row: f32) -> (f32, f32) {
        (
            self.x[0] * column + self.x[1] * row + self.x[2],
            self.y[0] * column + self.y[1] * row + self.y[2],
        )
    }

    /// The cell of the old picture that is seen at the centre of a cell of the new one, both cut into
    /// `grid` by `grid` cells that are numbered row by row; `None` when it lies outside.
    pub fn source_cell(&self, cell: usize, grid: usize) -> Option<usize> {
        let pixel = |index: usize, length: f32| (index as f32 + 0.5) * length / grid as f32 - 0.5;
        let (x, y) = self.source(
            pixel(cell % grid, self.width),
            pixel(cell / grid, self.height),
        );
        let index = |at: f32, length: f32| {
            let index = ((at + 0.5) * grid as f32 / length).floor();
            (0.0..grid as f32)
                .contains(&index)
                .then_some(index as usize)
        };
        Some(index(y, self.height)? * grid + index(x, self.width)?)
    }

    /// The source of every pixel of the new picture, row by row.
    fn sources(&self, width: usize, height: usize) -> impl Iterator<Item = (f32, f32)> {
        let pixels = (0..height).flat_map(move |row| (0..width).map(move |column| (column, row)));
        pixels.map(|(column, row)| self.source(column as f32, row as f32))
    }

    /// The picture moved: interpolated between pixels, its edges repeated outside.
    pub(super) fn plane(&self, image: &GrayImage) -> GrayImage {
        let (width, height) = (image.width, image.height);
        let (right, bottom) = ((width - 1) as f32, (height - 1) as f32);
        let pixels = self.sources(width, height).map(|(x, y)| {
            let (x, y) = (x.clamp(0.0, right), y.clamp(0.0, bottom));
            let (left, top) = (x as usize, y as usize);
            let (tx, ty) = (x - left as f32, y - top as f32);
            let above = top * width;
            let below = (top + 1).min(height - 1) * width;
            let next = (left + 1).min(width - 1);
            let mix = |row: usize| {
                let (a, b) = (image.pixels[row + left], image.pixels[row + next]);
                a + (b - a) * tx
            };
            let (upper, lower) = (mix(above), mix(below));
            upper + (lower - upper) * ty
        });
        GrayImage::new(width, height, pixels.collect())
    }

    /// The mask moved: each pixel from the nearest one, empty outside.
    pub(super) fn mask(&self, mask: &Mask) -> Mask {
        let (width, height) = (mask.width, mask.height);
        let (right, bottom) = ((width - 1) as f32, (height - 1) as f32);
        let marked = self.sources(width, height).map(|(x, y)| {
            if x < -0.5 || y < -0.5 || x > right + 0.5 || y > bottom + 0.5 {
                return 0;
            }
            let (x, y) = (x.clamp(0.0, right), y.clamp(0.0, bottom));
            mask.pixels[(y + 0.5) as usize * width + (x + 0.5) as usize]
        });
        Mask::new(width, height, marked.collect())
    }
}
