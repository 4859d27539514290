//! Masks.

use super::gray::mirrored;
use super::levels::{ImageError, Keep, Levels};
use super::png;

/// A two-valued mask, row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mask {
    /// Pixels across.
    pub width: usize,
    /// Pixels down.
    pub height: usize,
    /// `width * height` values, 0 or 1.
    pub pixels: Vec<u8>,
}

/// A mask as read from a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodedMask {
    /// The mask after the threshold at half of the range.
    pub mask: Mask,
    /// Pixels of the file that were neither black nor white; more than none means that the file is not a clean mask.
    pub intermediate_pixels: usize,
}

impl Mask {
    /// A mask of the given pixels, each 0 or 1.
    ///
    /// # Panics
    /// When the number of pixels is not `width * height`.
    pub fn new(width: usize, height: usize, pixels: Vec<u8>) -> Self {
        assert_eq!(
            pixels.len(),
            width * height,
            "pixels of a {width} x {height} mask"
        );
        debug_assert!(
            pixels.iter().all(|&pixel| pixel <= 1),
            "a mask holds 0 and 1"
        );
        Self {
            width,
            height,
            pixels,
        }
    }

    /// A mask in which nothing is marked.
    pub fn empty(width: usize, height: usize) -> Self {
        Self {
            width,
            height,
            pixels: vec![0; width * height],
        }
    }

    /// Reads a mask in any format of [`GrayImage::decode`](super::GrayImage::decode): marked is what lies above half of the format's range.
    /// A file that holds only the labels 0 and 1 is read as such a mask, not as two nearly black greys.
    ///
    /// # Errors
    /// [`ImageError`] when the file is empty, of another format, too large or damaged.
    pub fn decode(bytes: &[u8], name: &str) -> Result<DecodedMask, ImageError> {
        let Levels {
            width,
            height,
            max,
            values,
            colours: _,
        } = Levels::decode(bytes, name, Keep::Greys)?;
        let max = if values.iter().all(|&value| value <= 1) {
            1
        } else {
            max
        };
        let intermediate_pixels = values
            .iter()
            .filter(|&&value| value != 0 && value != max)
            .count();
        let pixels = values
            .iter()
            .map(|&value| u8::from(value > max / 2))
            .collect();
        Ok(DecodedMask {
            mask: Self::new(width, height, pixels),
            intermediate_pixels,
        })
    }

    /// The mask at another size, each new pixel taken from the nearest old one.
    pub fn resized(&self, width: usize, height: usize) -> Self {
        if (width, height) == (self.width, self.height) {
            return self.clone();
        }
        let nearest = |i: usize, to: usize, from: usize| (2 * i + 1) * from / (2 * to);
        let columns: Vec<usize> = (0..width).map(|x| nearest(x, width, self.width)).collect();
        let pixels = (0..height)
            .flat_map(|y| {
                let row = nearest(y, height, self.height) * self.width;
                columns.iter().map(move |x| self.pixels[row + x])
            })
            .collect();
        Self::new(width, height, pixels)
    }

    /// The mirror image, left and right exchanged.
    pub fn flipped_horizontally(&self) -> Self {
        Self {
            pixels: mirrored(&self.pixels, self.width),
            ..*self
        }
    }

    /// Run lengths in COCO's uncompressed form: column by column from the left, each from the top, beginning with pixels
    /// that are not marked (0 of them where the first one is).
    pub fn run_lengths(&self) -> Vec<u32> {
        let (mut runs, mut value) = (vec![0], 0);
        let columns = (0..self.width).flat_map(|x| (0..self.height).map(move |y| (x, y)));
        for (x, y) in columns {
            let pixel = self.pixels[y * self.width + x];
            if pixel != value {
                runs.push(0);
                value = pixel;
            }
            *runs.last_mut().expect("one run at least") += 1;
        }
        runs
    }

    /// How many pixels are marked.
    pub fn area(&self) -> usize {
        self.pixels.iter().map(|&pixel| usize::from(pixel)).sum()
    }

    /// Whether no pixel is marked.
    pub fn is_empty(&self) -> bool {
        self.pixels.iter().all(|&pixel| pixel == 0)
    }

    /// The mask as an 8-bit grey PNG file of 0 and 255.
    pub fn to_png(&self) -> Vec<u8> {
        let levels: Vec<u8> = self.pixels.iter().map(|&pixel| pixel * 255).collect();
        png::grey(&levels, self.width, self.height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::GrayImage;
    use ::image::{ExtendedColorType, ImageEncoder, codecs::png::PngEncoder};

    #[test]
    fn flips_exchange_left_and_right_only() {
        let picture = GrayImage::new(3, 2, vec![0.1, 0.2, 0.3, 0.4, 0.5, 0.6]);
        assert_eq!(
            picture.flipped_horizontally().pixels,
            [0.3, 0.2, 0.1, 0.6, 0.5, 0.4]
        );
        let mask = Mask::new(3, 2, vec![1, 0, 0, 1, 1, 0]);
        assert_eq!(mask.flipped_horizontally().pixels, [0, 0, 1, 0, 1, 1]);
        assert_eq!(mask.flipped_horizontally().flipped_horizontally(), mask);
    }

    #[test]
    fn a_mask_that_is_not_two_valued_is_thresholded_and_counted() {
        let file = png::grey(&[0, 127, 128, 255, 3], 5, 1);
        let decoded = Mask::decode(&file, "m.png").unwrap();
        assert_eq!(decoded.mask.pixels, [0, 0, 1, 1, 0]);
        assert_eq!(decoded.intermediate_pixels, 3);
    }

    #[test]
    fn a_mask_of_labels_0_and_1_is_a_mask_in_8_and_16_bits() {
        let eight = png::grey(&[0, 1, 1], 3, 1);
        let mut sixteen = Vec::new();
        let labels: Vec<u8> = [0u16, 1, 1]
            .into_iter()
            .flat_map(u16::to_ne_bytes)
            .collect();
        PngEncoder::new(&mut sixteen)
            .write_image(&labels, 3, 1, ExtendedColorType::L16)
            .unwrap();
        let files = [eight, sixteen];
        for decoded in files
            .iter()
            .map(|bytes| Mask::decode(bytes, "m.png").unwrap())
        {
            assert_eq!(
                (decoded.mask.pixels, decoded.intermediate_pixels),
                (vec![0, 1, 1], 0)
            );
        }
    }

    #[test]
    fn pictures_and_masks_survive_their_png() {
        let picture = GrayImage::new(2, 2, vec![0.0, 0.2, 0.6, 1.0]);
        let read = GrayImage::decode(&picture.to_png(), "p").unwrap();
        assert!(
            read.pixels
                .iter()
                .zip(&picture.pixels)
                .all(|(a, b)| (a - b).abs() < 0.003)
        );
        let mask = Mask::new(2, 2, vec![0, 1, 1, 0]);
        let read = Mask::decode(&mask.to_png(), "m").unwrap();
        assert_eq!(
            read,
            DecodedMask {
                mask,
                intermediate_pixels: 0
            }
        );
    }

    #[test]
    fn run_lengths_go_down_the_columns_and_begin_with_what_is_not_marked() {
        let runs =
            |width, height, pixels: &[u8]| Mask::new(width, height, pixels.to_vec()).run_lengths();
        assert_eq!(runs(3, 2, &[0, 1, 0, 1, 1, 0]), [1, 3, 2]);
        assert_eq!(runs(2, 2, &[1, 0, 0, 1]), [0, 1, 2, 1]);
        assert_eq!(runs(2, 1, &[1, 1]), [0, 2]);
        assert_eq!(runs(2, 1, &[0, 0]), [2]);
    }

    #[test]
    fn masks_are_resized_to_the_nearest_pixel_and_know_their_area() {
        let mask = Mask::new(2, 2, vec![1, 0, 0, 1]);
        let large = mask.resized(4, 4);
        assert_eq!(
            large.pixels,
            [1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 1, 1, 0, 0, 1, 1]
        );
        assert_eq!(large.resized(2, 2), mask);
        assert_eq!((mask.area(), mask.is_empty()), (2, false));
        assert!(Mask::empty(3, 3).is_empty());
    }
}
