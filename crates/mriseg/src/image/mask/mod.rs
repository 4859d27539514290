//! Masks.

mod marked;
mod rule;
#[cfg(test)]
mod tests;
mod values;

use super::gray::mirrored;
use super::levels::ImageError;
use super::png;
use marked::Marked;
pub use rule::{MaskRule, MaskValue};
use values::Values;

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
    /// What is marked.
    pub mask: Mask,
    /// Pixels of the file that lay between the two values and were cut at half; more than none means that the file is not
    /// a clean mask.
    pub intermediate_pixels: usize,
    /// What the file holds and how it was read, such as "0 and 2: 2 is read as marked"; `None` of black and white, of
    /// labels 0 and 1, and where a rule says what is marked and the file has it.
    pub reading: Option<String>,
    /// Whether an orientation tag turned or mirrored it.
    pub turned: bool,
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

    /// Reads a mask in any format of [`Levels::decode`](super::Levels::decode), turned by its orientation tag. `name` is
    /// what errors call the file. The values of the file tell what is marked:
    ///
    /// - of two values, the one that is not the background; background is black (0), or else the first colour of a palette;
    /// - of one value: black and label 0 are not marked, white and label 1 are;
    /// - blurred or compressed masks are cut at half: of white, or of the one other value, where all is darker or in colour.
    ///
    /// # Errors
    /// [`ImageError::UnclearMask`] when the values do not tell: two without black, a label map of three or more, one other
    /// value alone. Else as [`Levels::decode`](super::Levels::decode).
    pub fn decode(bytes: &[u8], name: &str) -> Result<DecodedMask, ImageError> {
        Self::decode_by(&MaskRule::default(), bytes, name)
    }

    /// The same, where `rule` may say what is marked: the pixels that have one of its values; in a file of lossy
    /// compression, those nearer to one of them than to the background.
    ///
    /// # Errors
    /// As [`Self::decode`], where the rule is the default.
    pub fn decode_by(rule: &MaskRule, bytes: &[u8], name: &str) -> Result<DecodedMask, ImageError> {
        let values = Values::read(bytes, name)?;
        let (width, height, turned) = (values.width, values.height, values.turned);
        let marked = Marked::of(values, name, rule)?;
        Ok(DecodedMask {
            mask: Self::new(width, height, marked.pixels),
            intermediate_pixels: marked.intermediate_pixels,
            reading: marked.reading,
            turned,
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
