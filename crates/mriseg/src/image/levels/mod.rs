//! Decodes a file to levels of grey and of colours. A file that is no usable picture is refused before anything large is
//! allocated.

#[cfg(test)]
mod tests;

use std::io::Cursor;

use ::image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

/// Largest picture that is decoded, in pixels (64 megapixels; the largest radiographs have about 20).
pub const MAX_PIXELS: u64 = 64_000_000;

/// Why a file is not a usable picture. Every message names the file and says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    /// The file has no bytes.
    #[error("{name}: the file is empty (0 bytes); copy or download it again")]
    Empty {
        /// The file as the caller calls it.
        name: String,
    },
    /// The first bytes are those of no format that is read here.
    #[error("{name}: not a PNG, JPEG or WebP picture ({bytes} bytes); convert it to one of these")]
    UnknownFormat {
        /// The file as the caller calls it.
        name: String,
        /// Size of the file.
        bytes: usize,
    },
    /// The header announces more pixels than [`MAX_PIXELS`].
    #[error(
        "{name}: {width} x {height} pixels is more than the limit of {MAX_PIXELS} pixels; shrink the picture first"
    )]
    TooLarge {
        /// The file as the caller calls it.
        name: String,
        /// Pixels across, from the header.
        width: u32,
        /// Pixels down, from the header.
        height: u32,
    },
    /// The pixels could not be decoded: truncated or damaged.
    #[error(
        "{name}: cannot be decoded ({reason}); the file is cut off or damaged, copy or download it again"
    )]
    Damaged {
        /// The file as the caller calls it.
        name: String,
        /// What the decoder says.
        reason: String,
    },
}

/// Levels as the file holds them, row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Levels {
    /// Pixels across.
    pub width: usize,
    /// Pixels down.
    pub height: usize,
    /// White: 255 or 65535.
    pub max: u16,
    /// Greys; of a colour picture its luma.
    pub values: Vec<u16>,
    /// Red, green and blue, where a pixel of them is not grey and they were asked for.
    pub colours: Option<[Vec<u16>; 3]>,
}

/// Largest difference between the channels of a grey pixel, in levels of 8 bits.
const ROUNDING: u16 = 2;

/// Whether colours are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Red, green and blue, and their luma.
    Colours,
    /// The luma only.
    Greys,
}

impl Levels {
    /// Decodes a PNG, JPEG or WebP file, turned by a camera's orientation tag. `name` is what errors call the file.
    ///
    /// # Errors
    /// [`ImageError`] when the file is empty, of another format, too large or damaged.
    pub fn decode(bytes: &[u8], name: &str, keep: Keep) -> Result<Self, ImageError> {
        if bytes.is_empty() {
            return Err(ImageError::Empty {
                name: name.to_owned(),
            });
        }
        let damaged = |reason: String| ImageError::Damaged {
            name: name.to_owned(),
            reason,
        };
        let mut reader = ImageReader::new(Cursor::new(bytes))
            .with_guessed_format()
            .map_err(|error| damaged(error.to_string()))?;
        let Some(format @ (ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::WebP)) =
            reader.format()
        else {
            return Err(ImageError::UnknownFormat {
                name: name.to_owned(),
                bytes: bytes.len(),
            });
        };
        let too_large = |width: u32, height: u32| ImageError::TooLarge {
            name: name.to_owned(),
            width,
            height,
        };
        let exceeds = |width: u32, height: u32| u64::from(width) * u64::from(height) > MAX_PIXELS;
        // The PNG decoder gives up on a row too long for its memory limit before it tells the size.
        if let Some((width, height)) = png_size(bytes).filter(|&(w, h)| exceeds(w, h)) {
            return Err(too_large(width, height));
        }
        let mut limits = Limits::no_limits();
        limits.max_alloc = Some(MAX_PIXELS * 16);
        reader.limits(limits);

        let mut decoder = reader
            .into_decoder()
            .map_err(|error| damaged(error.to_string()))?;
        let (width, height) = decoder.dimensions();
        if exceeds(width, height) {
            return Err(too_large(width, height));
        }
        if format == ImageFormat::Jpeg && !jpeg_has_its_end(bytes) {
            return Err(damaged("the end marker is missing".to_owned()));
        }
        let orientation = decoder
            .orientation()
            .map_err(|error| damaged(error.to_string()))?;
        let mut picture =
            DynamicImage::from_decoder(decoder).map_err(|error| damaged(error.to_string()))?;
        picture.apply_orientation(orientation);
        Ok(Self::from_picture(&picture, keep))
    }

    fn from_picture(picture: &DynamicImage, keep: Keep) -> Self {
        let widened = |values: &[u8]| values.iter().map(|&value| u16::from(value)).collect();
        let (max, channels, values): (u16, usize, Vec<u16>) = match picture {
            DynamicImage::ImageLuma8(buffer) => (255, 1, widened(buffer)),
            DynamicImage::ImageLumaA8(buffer) => (255, 2, widened(buffer)),
            DynamicImage::ImageRgb8(buffer) => (255, 3, widened(buffer)),
            DynamicImage::ImageRgba8(buffer) => (255, 4, widened(buffer)),
            DynamicImage::ImageLuma16(buffer) => (u16::MAX, 1, buffer.to_vec()),
            DynamicImage::ImageLumaA16(buffer) => (u16::MAX, 2, buffer.to_vec()),
            DynamicImage::ImageRgb16(buffer) => (u16::MAX, 3, buffer.to_vec()),
            DynamicImage::ImageRgba16(buffer) => (u16::MAX, 4, buffer.to_vec()),
            other => (u16::MAX, 1, other.to_luma16().into_raw()),
        };
        // JPEG and lossy WebP round greys apart.
        let rounding = ROUNDING * (max / u16::from(u8::MAX));
        let is_grey = |pixel: &[u16]| {
            let (least, most) = (pixel[..3].iter().min(), pixel[..3].iter().max());
            most.zip(least)
                .is_some_and(|(most, least)| most - least <= rounding)
        };
        let plane = |channel: usize| values.iter().skip(channel).step_by(channels).copied();
        let colours =
            (keep == Keep::Colours && channels >= 3 && !values.chunks_exact(channels).all(is_grey))
                .then(|| [0, 1, 2].map(|channel| plane(channel).collect()));
        let values = match channels {
            1 | 2 => plane(0).collect(),
            _ => values.chunks_exact(channels).map(luma).collect(),
        };
        Self {
            width: picture.width() as usize,
            height: picture.height() as usize,
            max,
            values,
            colours,
        }
    }
}

/// Rec. 709 luma, rounded; grey stays exactly as it is.
fn luma(rgb: &[u16]) -> u16 {
    let [red, green, blue] = [rgb[0], rgb[1], rgb[2]].map(u32::from);
    ((2126 * red + 7152 * green + 722 * blue + 5000) / 10_000) as u16
}

/// Width and height as a PNG file's first chunk states them.
fn png_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let number = |at: usize| Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    bytes.starts_with(b"\x89PNG\r\n\x1a\n").then_some(())?;
    number(16).zip(number(20))
}

/// Whether an end marker follows the header segments. The decoder fills the missing part of a truncated JPEG with
/// grey and says nothing, which would train on and segment half a picture.
fn jpeg_has_its_end(bytes: &[u8]) -> bool {
    const START_OF_SCAN: u8 = 0xDA;
    let mut at = 2;
    while let Some(&[0xFF, marker, high, low]) = bytes.get(at..at + 4) {
        if marker == START_OF_SCAN {
            return bytes[at..].windows(2).any(|pair| pair == [0xFF, 0xD9]);
        }
        // Fill bytes may stand before a marker.
        at += if marker == 0xFF {
            1
        } else {
            2 + usize::from(u16::from_be_bytes([high, low]))
        };
    }
    false
}
