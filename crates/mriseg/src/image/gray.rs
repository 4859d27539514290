//! Pictures of grey values.

use ::image::{ImageBuffer, Luma, imageops};

use super::levels::{ImageError, Keep, Levels};
use super::png;

/// A grey picture, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct GrayImage {
    /// Pixels across.
    pub width: usize,
    /// Pixels down.
    pub height: usize,
    /// `width * height` values, 0 is black and 1 is white.
    pub pixels: Vec<f32>,
}

impl GrayImage {
    /// A picture of the given pixels.
    ///
    /// # Panics
    /// When the number of pixels is not `width * height`.
    pub fn new(width: usize, height: usize, pixels: Vec<f32>) -> Self {
        assert_eq!(
            pixels.len(),
            width * height,
            "pixels of a {width} x {height} picture"
        );
        Self {
            width,
            height,
            pixels,
        }
    }

    /// Reads a picture of 8 or 16 bits in one of the formats of [`Levels::decode`]; colours become their luma (Rec. 709),
    /// transparency is ignored, a camera's orientation tag is applied. `name` is what errors call the file.
    ///
    /// # Errors
    /// As there.
    pub fn decode(bytes: &[u8], name: &str) -> Result<Self, ImageError> {
        let decoded = Levels::decode(bytes, name, Keep::Greys)?;
        let scale = 1.0 / f32::from(decoded.max);
        let pixels = decoded
            .values
            .iter()
            .map(|&value| f32::from(value) * scale)
            .collect();
        Ok(Self::new(decoded.width, decoded.height, pixels))
    }

    /// The picture at another size: each new pixel averages the area it covers, and is interpolated when growing.
    pub fn resized(&self, width: usize, height: usize) -> Self {
        if (width, height) == (self.width, self.height) {
            return self.clone();
        }
        let buffer = ImageBuffer::<Luma<f32>, &[f32]>::from_raw(
            self.width as u32,
            self.height as u32,
            &self.pixels[..],
        )
        .expect("a GrayImage holds width * height pixels");
        let resized = imageops::resize(
            &buffer,
            width as u32,
            height as u32,
            imageops::FilterType::Triangle,
        );
        Self::new(width, height, resized.into_raw())
    }

    /// The mirror image, left and right exchanged.
    pub fn flipped_horizontally(&self) -> Self {
        Self {
            pixels: mirrored(&self.pixels, self.width),
            ..*self
        }
    }

    /// Grey levels of 8 bits; values outside 0..=1 are clipped.
    pub fn to_gray8(&self) -> Vec<u8> {
        self.pixels.iter().copied().map(level8).collect()
    }

    /// The picture as an 8-bit grey PNG file; values outside 0..=1 are clipped.
    pub fn to_png(&self) -> Vec<u8> {
        png::grey(&self.to_gray8(), self.width, self.height)
    }
}

/// A value from 0 to 1 as a level of 8 bits; values outside are clipped.
pub(super) fn level8(value: f32) -> u8 {
    (value.clamp(0.0, 1.0) * 255.0).round() as u8
}

/// Rows of `width` pixels, each the other way round.
pub(super) fn mirrored<T: Copy>(pixels: &[T], width: usize) -> Vec<T> {
    pixels
        .chunks_exact(width.max(1))
        .flat_map(|row| row.iter().rev().copied())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shrinking_keeps_the_mean_and_growing_interpolates() {
        let checkers = GrayImage::new(8, 8, (0..64).map(|i| ((i + i / 8) % 2) as f32).collect());
        let small = checkers.resized(2, 2);
        assert!(
            small.pixels.iter().all(|v| (v - 0.5).abs() < 0.05),
            "{small:?}"
        );
        let ramp = GrayImage::new(2, 1, vec![0.0, 1.0]).resized(8, 1);
        assert!(
            ramp.pixels.windows(2).all(|pair| pair[0] <= pair[1]),
            "{ramp:?}"
        );
        assert!(ramp.pixels[3] > 0.2 && ramp.pixels[3] < 0.5, "{ramp:?}");
        assert_eq!(checkers.resized(8, 8), checkers);
    }
}
