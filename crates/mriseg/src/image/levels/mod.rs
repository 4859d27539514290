//! Decodes a file to levels of grey and of colours. A file that is no usable picture is refused before anything large is
//! allocated.

mod kind;
#[cfg(test)]
mod tests;
#[cfg(feature = "extra-formats")]
mod tiff;

use std::io::Cursor;

use ::image::error::ImageError as Fault;
use ::image::metadata::Orientation;
use ::image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

use kind::{JpegHeader, READ, kind_of};

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
    #[error("{name}: {}not a {READ} picture ({bytes} bytes); {remedy}", kind.map(|kind| format!("{kind}, ")).unwrap_or_default())]
    UnknownFormat {
        /// The file as the caller calls it.
        name: String,
        /// Size of the file.
        bytes: usize,
        /// What the file is, such as "a PDF document", where its first bytes tell.
        kind: Option<&'static str>,
        /// What to do.
        remedy: &'static str,
    },
    /// A whole file of a known format, in a form that is not decoded here.
    #[error(
        "{name}: {what}, which is not decoded here; save it again as a PNG, or as a JPEG of 8 bits"
    )]
    Unsupported {
        /// The file as the caller calls it.
        name: String,
        /// Which form it is.
        what: String,
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
    /// The values of a mask do not tell which pixels are marked.
    #[error("{name}: the mask holds {values}, {problem}; {remedy}")]
    UnclearMask {
        /// The file as the caller calls it.
        name: String,
        /// The values, with their numbers of pixels.
        values: String,
        /// Why they do not tell.
        problem: &'static str,
        /// What to do.
        remedy: String,
    },
}

/// Levels as the file holds them, row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Levels {
    /// Pixels across.
    pub width: usize,
    /// Pixels down.
    pub height: usize,
    /// White: 255 for files of 8 bits; for files of 16 bits the least of 255, 1023, 4095, 16383 and 65535 that no value
    /// exceeds, since detectors fill 10, 12 or 14 of them.
    pub max: u16,
    /// Greys; of a colour picture its luma.
    pub values: Vec<u16>,
    /// Red, green and blue, where a pixel of them is not grey and they were asked for.
    pub colours: Option<[Vec<u16>; 3]>,
    /// Whether an orientation tag turned or mirrored the picture.
    pub turned: bool,
}

/// Largest difference between the channels of a grey pixel, in levels of 8 bits.
pub(super) const ROUNDING: u16 = 2;

/// Whether colours are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Red, green and blue, and their luma.
    Colours,
    /// The luma only.
    Greys,
}

/// A file as its format's decoder gives it.
pub(super) struct Decoded {
    /// Turned already.
    pub(super) picture: DynamicImage,
    pub(super) orientation: Orientation,
    /// Whether compression may have changed values.
    pub(super) lossy: bool,
}

impl Decoded {
    /// Decodes a file.
    ///
    /// # Errors
    /// As [`Levels::decode`].
    pub(super) fn read(bytes: &[u8], name: &str) -> Result<Self, ImageError> {
        let format = format_of(bytes, name)?;
        let name_of = || name.to_owned();
        let damaged = |reason: String| ImageError::Damaged {
            name: name_of(),
            reason,
        };
        let unsupported = |what: String| ImageError::Unsupported {
            name: name_of(),
            what,
        };
        let refused = |fault: Fault| match fault {
            Fault::Unsupported(fault) => unsupported(fault.to_string()),
            fault => damaged(fault.to_string()),
        };
        let size = |width: u32, height: u32| {
            let exceeds = u64::from(width) * u64::from(height) > MAX_PIXELS;
            if exceeds {
                return Err(ImageError::TooLarge {
                    name: name_of(),
                    width,
                    height,
                });
            }
            if width == 0 || height == 0 {
                return Err(damaged(format!("it has {width} x {height} pixels")));
            }
            Ok(())
        };
        // The PNG decoder gives up on a row too long for its memory limit before it tells the size.
        if let Some((width, height)) = png_size(bytes) {
            size(width, height)?;
        }
        #[cfg(feature = "extra-formats")]
        if format == ImageFormat::Tiff {
            let refused = |fault: ::tiff::TiffError| match fault {
                ::tiff::TiffError::UnsupportedError(fault) => {
                    unsupported(format!("a TIFF in a form of its own ({fault})"))
                }
                fault => damaged(fault.to_string()),
            };
            let tiff = tiff::Tiff::open(bytes).map_err(refused)?;
            size(tiff.width, tiff.height)?;
            let (picture, orientation) = tiff.read().map_err(refused)?;
            return Ok(Self::turned_by(orientation, picture, false));
        }
        let jpeg = (format == ImageFormat::Jpeg).then(|| JpegHeader::read(bytes));
        if let Some(process) = jpeg.as_ref().and_then(|header| header.unsupported) {
            return Err(unsupported(format!("a JPEG with {process}")));
        }
        let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
        let mut limits = Limits::no_limits();
        limits.max_alloc = Some(MAX_PIXELS * 16);
        reader.limits(limits);

        let mut decoder = reader.into_decoder().map_err(refused)?;
        let (width, height) = decoder.dimensions();
        size(width, height)?;
        if jpeg.is_some_and(|header| !header.has_end) {
            return Err(damaged("the end marker is missing".to_owned()));
        }
        let orientation = decoder.orientation().map_err(refused)?;
        let picture = DynamicImage::from_decoder(decoder).map_err(refused)?;
        let lossless_webp = |bytes: &[u8]| bytes.windows(4).take(64).any(|tag| tag == b"VP8L");
        let lossy = match format {
            ImageFormat::Jpeg => true,
            ImageFormat::WebP => !lossless_webp(bytes),
            _ => false,
        };
        Ok(Self::turned_by(orientation, picture, lossy))
    }

    fn turned_by(orientation: Orientation, mut picture: DynamicImage, lossy: bool) -> Self {
        picture.apply_orientation(orientation);
        Self {
            picture,
            orientation,
            lossy,
        }
    }

    /// Whether an orientation tag turned or mirrored it.
    pub(super) fn turned(&self) -> bool {
        self.orientation != Orientation::NoTransforms
    }

    /// How opaque its pixels are, 0 to 255, where it says so.
    pub(super) fn transparency(&self) -> Option<Vec<u16>> {
        let alpha = |picture: &DynamicImage| {
            let pixels = picture.to_luma_alpha8();
            pixels.pixels().map(|pixel| pixel.0[1].into()).collect()
        };
        self.picture
            .color()
            .has_alpha()
            .then(|| alpha(&self.picture))
    }

    /// Its levels. Pixels whose channels differ by at most `rounding` levels of 8 bits are grey.
    pub(super) fn levels(&self, keep: Keep, rounding: u16) -> Levels {
        match &self.picture {
            DynamicImage::ImageLuma8(buffer) => self.levels_of(buffer, 1, keep, rounding),
            DynamicImage::ImageLumaA8(buffer) => self.levels_of(buffer, 2, keep, rounding),
            DynamicImage::ImageRgb8(buffer) => self.levels_of(buffer, 3, keep, rounding),
            DynamicImage::ImageRgba8(buffer) => self.levels_of(buffer, 4, keep, rounding),
            DynamicImage::ImageLuma16(buffer) => self.levels_of(buffer, 1, keep, rounding),
            DynamicImage::ImageLumaA16(buffer) => self.levels_of(buffer, 2, keep, rounding),
            DynamicImage::ImageRgb16(buffer) => self.levels_of(buffer, 3, keep, rounding),
            DynamicImage::ImageRgba16(buffer) => self.levels_of(buffer, 4, keep, rounding),
            other => self.levels_of(&other.to_luma16(), 1, keep, rounding),
        }
    }

    fn levels_of<S: Copy + Into<u16>>(
        &self,
        samples: &[S],
        channels: usize,
        keep: Keep,
        rounding: u16,
    ) -> Levels {
        /// White of detectors, in files of 16 bits.
        const WHITES: [u16; 5] = [0xFF, 0x3FF, 0xFFF, 0x3FFF, 0xFFFF];
        // Transparency comes last.
        let opaque = if channels < 3 { 1 } else { 3 };
        let pixels = || samples.chunks_exact(channels).map(|pixel| &pixel[..opaque]);
        let largest = pixels().flatten().map(|&value| value.into()).max();
        let fits = |white: &u16| largest.is_none_or(|largest| largest <= *white);
        let max = WHITES.into_iter().find(fits).unwrap_or(u16::MAX);
        // JPEG and lossy WebP round greys apart.
        let rounding = rounding * (max / u16::from(u8::MAX));
        let is_grey = |pixel: &[S]| {
            let [r, g, b] = [0, 1, 2].map(|channel| pixel[channel].into());
            r.max(g).max(b) - r.min(g).min(b) <= rounding
        };
        let colours = (keep == Keep::Colours && opaque == 3 && !pixels().all(is_grey)).then(|| {
            [0, 1, 2].map(|channel| pixels().map(|pixel| pixel[channel].into()).collect())
        });
        let values = match opaque {
            1 => pixels().map(|pixel| pixel[0].into()).collect(),
            _ => pixels()
                .map(|pixel| luma([0, 1, 2].map(|c| pixel[c].into())))
                .collect(),
        };
        Levels {
            width: self.picture.width() as usize,
            height: self.picture.height() as usize,
            max,
            values,
            colours,
            turned: self.turned(),
        }
    }
}

impl Levels {
    /// Decodes a PNG, JPEG or WebP file, and with the feature `extra-formats` a TIFF, BMP or GIF file (its first picture),
    /// turned by a camera's orientation tag. `name` is what errors call the file.
    ///
    /// Memory: at most 16 bytes a pixel at any time, 3 for greys of 8 bits, beside the file itself and what its decoder
    /// needs (up to 6 bytes a pixel for a progressive JPEG); at most [`MAX_PIXELS`] pixels.
    ///
    /// # Errors
    /// [`ImageError`] when the file is empty, of another format, in a form that is not decoded, too large or damaged.
    pub fn decode(bytes: &[u8], name: &str, keep: Keep) -> Result<Self, ImageError> {
        Decoded::read(bytes, name).map(|decoded| decoded.levels(keep, ROUNDING))
    }
}

/// The format of a file, where it is one that is read.
fn format_of(bytes: &[u8], name: &str) -> Result<ImageFormat, ImageError> {
    if bytes.is_empty() {
        return Err(ImageError::Empty {
            name: name.to_owned(),
        });
    }
    let format = ::image::guess_format(bytes).ok().filter(is_read);
    format.ok_or_else(|| {
        let known = kind_of(bytes, name);
        ImageError::UnknownFormat {
            name: name.to_owned(),
            bytes: bytes.len(),
            kind: known.map(|(kind, _)| kind),
            remedy: known.map_or("convert it to one of these", |(_, remedy)| remedy),
        }
    })
}

fn is_read(format: &ImageFormat) -> bool {
    use ImageFormat::{Bmp, Gif, Jpeg, Png, Tiff, WebP};
    let is_extra = matches!(format, Tiff | Bmp | Gif);
    matches!(format, Png | Jpeg | WebP) || (is_extra && cfg!(feature = "extra-formats"))
}

/// Rec. 709 luma, rounded; grey stays exactly as it is.
fn luma(rgb: [u16; 3]) -> u16 {
    let [red, green, blue] = rgb.map(u32::from);
    ((2126 * red + 7152 * green + 722 * blue + 5000) / 10_000) as u16
}

/// Width and height as a PNG file's first chunk states them.
fn png_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let number = |at: usize| Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    bytes.starts_with(b"\x89PNG\r\n\x1a\n").then_some(())?;
    number(16).zip(number(20))
}
