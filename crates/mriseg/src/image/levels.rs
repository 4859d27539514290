//! Decodes a file to levels of grey and of colours. A file that is no usable picture is refused before anything large is
//! allocated.

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

/// Levels as the file holds them.
pub(super) struct Levels {
    pub(super) width: usize,
    pub(super) height: usize,
    /// White: 255 or 65535.
    pub(super) max: u16,
    /// Greys; of a colour picture its luma.
    pub(super) values: Vec<u16>,
    /// Red, green and blue, where a pixel of them is not grey and they were asked for.
    pub(super) colours: Option<[Vec<u16>; 3]>,
}

/// Largest difference between the channels of a grey pixel, in levels of 8 bits.
const ROUNDING: u16 = 2;

/// Whether colours are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    Colours,
    Greys,
}

impl Levels {
    pub(super) fn decode(bytes: &[u8], name: &str, keep: Keep) -> Result<Self, ImageError> {
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

#[cfg(test)]
mod tests {
    use ::image::{GrayImage as Gray8, ImageBuffer, Luma, RgbaImage};

    use super::*;
    use crate::image::GrayImage;

    fn encoded(picture: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        picture
            .into()
            .write_to(&mut bytes, format)
            .expect("writing to memory");
        bytes.into_inner()
    }

    fn gradient(width: u32, height: u32) -> Gray8 {
        Gray8::from_fn(width, height, |x, y| Luma([(x * 3 + y * 5) as u8]))
    }

    fn png_header(width: u32, height: u32) -> Vec<u8> {
        // The header chunk of a real 1 x 1 file with its size replaced and its checksum made good.
        let mut bytes = encoded(Gray8::new(1, 1), ImageFormat::Png);
        bytes[16..20].copy_from_slice(&width.to_be_bytes());
        bytes[20..24].copy_from_slice(&height.to_be_bytes());
        let crc = bytes[12..29].iter().fold(u32::MAX, |crc, &byte| {
            (0..8).fold(crc ^ u32::from(byte), |crc, _| {
                (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg())
            })
        });
        bytes[29..33].copy_from_slice(&(!crc).to_be_bytes());
        bytes
    }

    #[test]
    fn eight_bit_png_and_webp_keep_every_level() {
        let picture = gradient(16, 9);
        for format in [ImageFormat::Png, ImageFormat::WebP] {
            let decoded = GrayImage::decode(&encoded(picture.clone(), format), "a").unwrap();
            assert_eq!((decoded.width, decoded.height), (16, 9));
            for (value, level) in decoded.pixels.iter().zip(picture.iter()) {
                assert!((value * 255.0 - f32::from(*level)).abs() < 1e-3);
            }
        }
    }

    #[test]
    fn jpeg_is_close_to_its_source() {
        let picture = gradient(24, 24);
        let decoded =
            GrayImage::decode(&encoded(picture.clone(), ImageFormat::Jpeg), "a.jpg").unwrap();
        let error: f32 = decoded
            .pixels
            .iter()
            .zip(picture.iter())
            .map(|(v, l)| (v * 255.0 - f32::from(*l)).abs())
            .sum();
        assert!(
            error / 576.0 < 6.0,
            "mean error of {} levels",
            error / 576.0
        );
    }

    #[test]
    fn sixteen_bit_values_are_divided_by_65535() {
        let picture: ImageBuffer<Luma<u16>, _> =
            ImageBuffer::from_raw(3, 1, vec![0u16, 257 * 100, 65535]).unwrap();
        let decoded = GrayImage::decode(&encoded(picture, ImageFormat::Png), "a.png").unwrap();
        assert_eq!(decoded.pixels, [0.0, 100.0 / 255.0, 1.0]);
    }

    #[test]
    fn colours_become_their_luma_and_transparency_is_ignored() {
        let colours = vec![255, 0, 0, 255, 0, 255, 0, 0, 77, 77, 77, 128];
        let picture = RgbaImage::from_raw(3, 1, colours).unwrap();
        let decoded = GrayImage::decode(&encoded(picture, ImageFormat::Png), "a.png").unwrap();
        assert_eq!(
            decoded
                .pixels
                .iter()
                .map(|v| (v * 255.0).round() as u8)
                .collect::<Vec<_>>(),
            [54, 182, 77]
        );
    }

    #[test]
    fn an_empty_file_is_named() {
        let error = GrayImage::decode(&[], "scans/17.png").unwrap_err();
        assert_eq!(
            error.to_string(),
            "scans/17.png: the file is empty (0 bytes); copy or download it again"
        );
    }

    #[test]
    fn another_format_is_refused_with_the_ones_that_are_read() {
        for bytes in [
            &b"%PDF-1.4 ..."[..],
            b"BM~~~~~~~~~~~~",
            b"\xff",
            b"GIF89a......",
        ] {
            let error = GrayImage::decode(bytes, "report.pdf").unwrap_err();
            assert!(
                error
                    .to_string()
                    .contains("report.pdf: not a PNG, JPEG or WebP"),
                "{error}"
            );
        }
    }

    #[test]
    fn truncated_files_of_every_format_are_errors() {
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
            let whole = encoded(gradient(64, 64), format);
            assert!(GrayImage::decode(&whole, "whole").is_ok(), "{format:?}");
            for part in [whole.len() / 2, whole.len() * 9 / 10, 20] {
                let error = GrayImage::decode(&whole[..part], "half.img").unwrap_err();
                assert!(
                    matches!(error, ImageError::Damaged { .. }),
                    "{format:?} {part}: {error}"
                );
                assert!(error.to_string().contains("half.img"), "{error}");
            }
        }
    }

    #[test]
    fn a_header_of_20000_x_20000_is_refused_by_its_size() {
        let error = GrayImage::decode(&png_header(20_000, 20_000), "bomb.png").unwrap_err();
        assert!(
            matches!(
                error,
                ImageError::TooLarge {
                    width: 20_000,
                    height: 20_000,
                    ..
                }
            ),
            "{error}"
        );
        assert!(error.to_string().contains("20000 x 20000"), "{error}");
        let widest =
            GrayImage::decode(&png_header(0x7FFF_FFFF, 0x7FFF_FFFF), "bomb.png").unwrap_err();
        assert!(matches!(widest, ImageError::TooLarge { .. }), "{widest}");
        let honest = GrayImage::decode(&png_header(1, 1), "one.png").unwrap();
        assert_eq!(honest.pixels, [0.0]);
    }
}
