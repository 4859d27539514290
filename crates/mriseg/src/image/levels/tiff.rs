//! TIFF files: greys and colours of 8 and 16 bits.
//!
//! On the `tiff` crate itself, in a version before 0.10: `image` takes a later one, which changes features of `half` and
//! with them all that burn is built on.

use std::io::Cursor;

use ::image::metadata::Orientation;
use ::image::{DynamicImage, ImageBuffer, Pixel};
use ::tiff::decoder::{Decoder, DecodingResult, Limits};
use ::tiff::tags::{PlanarConfiguration, Tag};
use ::tiff::{ColorType, TiffError, TiffFormatError, TiffUnsupportedError};

/// A TIFF file whose header is read.
pub(super) struct Tiff<'a> {
    decoder: Decoder<Cursor<&'a [u8]>>,
    pub(super) width: u32,
    pub(super) height: u32,
}

impl<'a> Tiff<'a> {
    /// The first picture of the file.
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, TiffError> {
        let mut decoder = Decoder::new(Cursor::new(bytes))?;
        let (width, height) = decoder.dimensions()?;
        Ok(Self {
            decoder,
            width,
            height,
        })
    }

    /// Its pixels, as they lie in the file, and how they are to be turned.
    ///
    /// # Errors
    /// The file is cut off, contradicts itself, or holds something else than greys or colours of 8 or 16 bits.
    pub(super) fn read(mut self) -> Result<(DynamicImage, Orientation), TiffError> {
        /// Of RGBA of 16 bits.
        const BYTES: usize = 8;
        let decoder = &mut self.decoder;
        let colours = decoder.colortype()?;
        let planes = decoder.find_tag_unsigned::<u16>(Tag::PlanarConfiguration)?;
        if planes == Some(PlanarConfiguration::Planar as u16)
            && !matches!(colours, ColorType::Gray(_))
        {
            let planar = Some(PlanarConfiguration::Planar);
            return Err(TiffUnsupportedError::UnsupportedPlanarConfig(planar).into());
        }
        // The decoder relies on there being as many parts as the size asks for.
        let (across, down) = decoder.chunk_dimensions();
        let parts = |length: u32, part: u32| u64::from(length).div_ceil(u64::from(part.max(1)));
        let parts = parts(self.width, across) * parts(self.height, down);
        let offsets = match decoder.find_tag_unsigned_vec::<u64>(Tag::TileOffsets)? {
            None => decoder.find_tag_unsigned_vec::<u64>(Tag::StripOffsets)?,
            tiles => tiles,
        };
        if offsets.is_none_or(|offsets| offsets.len() as u64 != parts) {
            return Err(broken("not as many strips or tiles as its size asks for"));
        }
        let orientation = decoder.find_tag_unsigned::<u16>(Tag::Orientation)?;
        let orientation = orientation.and_then(|tag| Orientation::from_exif(tag.try_into().ok()?));
        let mut limits = Limits::default();
        limits.decoding_buffer_size = self.width as usize * self.height as usize * BYTES;
        limits.intermediate_buffer_size = limits.decoding_buffer_size;
        let mut decoder = self.decoder.with_limits(limits);
        let size = (self.width, self.height);
        let picture = match (decoder.read_image()?, colours) {
            (DecodingResult::U8(samples), ColorType::Gray(8)) => {
                buffer(size, samples).map(DynamicImage::ImageLuma8)
            }
            (DecodingResult::U8(samples), ColorType::GrayA(8)) => {
                buffer(size, samples).map(DynamicImage::ImageLumaA8)
            }
            (DecodingResult::U8(samples), ColorType::RGB(8)) => {
                buffer(size, samples).map(DynamicImage::ImageRgb8)
            }
            (DecodingResult::U8(samples), ColorType::RGBA(8)) => {
                buffer(size, samples).map(DynamicImage::ImageRgba8)
            }
            (DecodingResult::U16(samples), ColorType::Gray(16)) => {
                buffer(size, samples).map(DynamicImage::ImageLuma16)
            }
            (DecodingResult::U16(samples), ColorType::GrayA(16)) => {
                buffer(size, samples).map(DynamicImage::ImageLumaA16)
            }
            (DecodingResult::U16(samples), ColorType::RGB(16)) => {
                buffer(size, samples).map(DynamicImage::ImageRgb16)
            }
            (DecodingResult::U16(samples), ColorType::RGBA(16)) => {
                buffer(size, samples).map(DynamicImage::ImageRgba16)
            }
            _ => return Err(TiffUnsupportedError::UnsupportedColorType(colours).into()),
        };
        let picture = picture.ok_or_else(|| broken("fewer samples than its size asks for"))?;
        Ok((picture, orientation.unwrap_or(Orientation::NoTransforms)))
    }
}

fn buffer<P: Pixel>(
    (width, height): (u32, u32),
    samples: Vec<P::Subpixel>,
) -> Option<ImageBuffer<P, Vec<P::Subpixel>>> {
    ImageBuffer::from_raw(width, height, samples)
}

fn broken(reason: &str) -> TiffError {
    TiffError::FormatError(TiffFormatError::Format(reason.to_owned()))
}
