//! Pixel data of a DICOM file (PS3.3, C.7.6.3): frames of stored values or of colours.

mod colour;
mod fragments;
mod jpeg;
mod jpeg2000;
mod native;
mod palette;
mod rle;

use dicom_core::value::Value;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use mriseg::image::MAX_PIXELS;

use crate::{
    error::Fault,
    file::{self, Attributes},
};
use palette::Palette;

/// One decoded frame, row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Frame {
    /// Stored values as codes: 0 is the least value that the stored bits can hold, so that a code is an index of a table.
    Grey(Vec<u16>),
    /// Red, green and blue of every pixel in turn, 8 bits.
    Colour(Vec<u8>),
}

/// How pixels are stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// Values of a pixel: 1 or 3.
    pub(crate) samples: usize,
    pub(crate) bits_allocated: u32,
    pub(crate) bits_stored: u32,
    high_bit: u32,
    pub(crate) signed: bool,
    /// Whether all values of a colour stand together, in uncompressed data.
    planar: bool,
    pub(crate) photometric: Photometric,
}

/// Photometric interpretation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Photometric {
    Monochrome1,
    Monochrome2,
    Palette,
    Rgb,
    YbrFull,
    YbrFull422,
    /// Of JPEG 2000, whose decoder gives red, green and blue.
    YbrWavelet,
}

/// The pixels of a file, decoded frame by frame.
#[derive(Debug)]
pub(crate) struct Pixels {
    pub(crate) layout: Layout,
    pub(crate) frames: usize,
    palette: Option<Palette>,
    data: Data,
}

#[derive(Debug)]
enum Data {
    /// Little endian, all frames.
    Native(Vec<u8>),
    /// Each frame as its codec wrote it.
    Encoded(Codec, Vec<Vec<u8>>),
}

#[derive(Debug, Clone, Copy)]
enum Codec {
    Jpeg,
    Jpeg2000,
    Rle,
}

impl Pixels {
    /// Takes the pixels out of a data set. Nothing is decoded yet.
    pub(crate) fn take(object: &mut InMemDicomObject, syntax: &str) -> Result<Self, Fault> {
        let attributes = Attributes::new(object, 0);
        let sop_class = attributes.text(tags::SOP_CLASS_UID).unwrap_or_default();
        let has_pixels = [
            tags::PIXEL_DATA,
            tags::FLOAT_PIXEL_DATA,
            tags::DOUBLE_FLOAT_PIXEL_DATA,
        ]
        .into_iter()
        .any(|tag| attributes.get(tag).is_some());
        file::refuse_kind(&sop_class, has_pixels)?;
        let layout = Layout::read(attributes)?;
        let frames = match attributes.integer(tags::NUMBER_OF_FRAMES) {
            None | Some(0) => 1,
            Some(frames) => usize::try_from(frames)
                .map_err(|_| Fault::Damaged(format!("the number of frames is {frames}")))?,
        };
        let palette = (layout.photometric == Photometric::Palette)
            .then(|| Palette::read(attributes))
            .transpose()?;
        let element = object.take(tags::PIXEL_DATA).ok_or_else(|| {
            Fault::Refused(
                "its pixels are floating point numbers".to_owned(),
                "export it as whole numbers of 8 to 16 bits",
            )
        })?;
        let codec = match syntax {
            "1.2.840.10008.1.2.5" => Some(Codec::Rle),
            "1.2.840.10008.1.2.4.90" | "1.2.840.10008.1.2.4.91" => Some(Codec::Jpeg2000),
            _ if syntax.starts_with("1.2.840.10008.1.2.4.") => Some(Codec::Jpeg),
            _ => None,
        };
        let data = match (element.into_value(), codec) {
            (Value::PixelSequence(sequence), Some(codec)) => {
                Data::Encoded(codec, fragments::frames(sequence, frames)?)
            }
            (Value::Primitive(value), None) => {
                let bytes = value.to_bytes().into_owned();
                native::check(&layout, frames, bytes.len())?;
                Data::Native(bytes)
            }
            _ => {
                return Err(Fault::damaged(format!(
                    "the pixels are not encoded as the transfer syntax {syntax} says"
                )));
            }
        };
        Ok(Self {
            layout,
            frames,
            palette,
            data,
        })
    }

    /// Decodes a frame, counted from 0.
    pub(crate) fn frame(&self, index: usize) -> Result<Frame, Fault> {
        if index >= self.frames {
            return Err(Fault::OutOfRange(format!(
                "frame {index} does not exist; the frames are 0 to {}",
                self.frames - 1
            )));
        }
        let layout = &self.layout;
        let (values, is_rgb) = match &self.data {
            Data::Native(bytes) => (native::frame(layout, bytes, index)?, false),
            Data::Encoded(codec, frames) => {
                let encoded = &frames[index];
                match codec {
                    Codec::Rle => (rle::decode(layout, encoded)?, false),
                    Codec::Jpeg => (jpeg::decode(layout, encoded)?, true),
                    Codec::Jpeg2000 => (jpeg2000::decode(layout, encoded)?, true),
                }
            }
        };
        debug_assert_eq!(values.len(), layout.values(), "values of a frame");
        if layout.samples == 3 {
            return Ok(Frame::Colour(colour::to_rgb8(layout, &values, is_rgb)));
        }
        let codes = layout.codes(values);
        Ok(match &self.palette {
            Some(palette) => Frame::Colour(palette.colours(layout, &codes)),
            None => Frame::Grey(codes),
        })
    }
}

impl Layout {
    fn read(attributes: Attributes<'_>) -> Result<Self, Fault> {
        let refused = |what: String| {
            Err(Fault::Refused(
                what,
                "export it as grey values of 8 to 16 bits or as RGB",
            ))
        };
        let height: u16 = attributes.required(tags::ROWS, "the number of rows")?;
        let width: u16 = attributes.required(tags::COLUMNS, "the number of columns")?;
        if width == 0 || height == 0 {
            return Err(Fault::damaged(format!("it has {width} x {height} pixels")));
        }
        if u64::from(width) * u64::from(height) > MAX_PIXELS {
            return Err(Fault::TooLarge(width.into(), height.into()));
        }
        let text = attributes.text(tags::PHOTOMETRIC_INTERPRETATION);
        let photometric = match text.as_deref().unwrap_or("MONOCHROME2") {
            "MONOCHROME1" => Photometric::Monochrome1,
            "MONOCHROME2" => Photometric::Monochrome2,
            "PALETTE COLOR" => Photometric::Palette,
            "RGB" => Photometric::Rgb,
            "YBR_FULL" => Photometric::YbrFull,
            "YBR_FULL_422" => Photometric::YbrFull422,
            "YBR_RCT" | "YBR_ICT" => Photometric::YbrWavelet,
            other => {
                return refused(format!(
                    "its colours are of the kind '{other}', which is not read"
                ));
            }
        };
        let samples = attributes.integer(tags::SAMPLES_PER_PIXEL).unwrap_or(1);
        let expected = match photometric {
            Photometric::Monochrome1 | Photometric::Monochrome2 | Photometric::Palette => 1,
            _ => 3,
        };
        if samples != expected {
            return Err(Fault::damaged(format!(
                "{samples} values a pixel of {text:?}, which has {expected}"
            )));
        }
        let bits_allocated = attributes.required(tags::BITS_ALLOCATED, "bits allocated")?;
        let bits_stored = attributes.integer(tags::BITS_STORED);
        let bits_stored = bits_stored.unwrap_or(i64::from(bits_allocated));
        let high_bit = attributes.integer(tags::HIGH_BIT);
        let high_bit = high_bit.unwrap_or(bits_stored - 1);
        if !matches!(bits_allocated, 8 | 16) {
            return refused(format!("its pixels have {bits_allocated} bits"));
        }
        if !(1..=i64::from(bits_allocated)).contains(&bits_stored)
            || !(bits_stored - 1..i64::from(bits_allocated)).contains(&high_bit)
        {
            return Err(Fault::damaged(format!(
                "{bits_stored} bits up to bit {high_bit} of {bits_allocated}"
            )));
        }
        Ok(Self {
            width: width.into(),
            height: height.into(),
            samples: samples as usize,
            bits_allocated,
            bits_stored: bits_stored as u32,
            high_bit: high_bit as u32,
            signed: attributes.integer(tags::PIXEL_REPRESENTATION) == Some(1),
            planar: attributes.integer(tags::PLANAR_CONFIGURATION) == Some(1),
            photometric,
        })
    }

    pub(crate) fn pixels(&self) -> usize {
        self.width * self.height
    }

    fn values(&self) -> usize {
        self.pixels() * self.samples
    }

    /// The stored value of code 0.
    pub(crate) fn least(&self) -> i32 {
        if self.signed {
            -(1 << (self.bits_stored - 1))
        } else {
            0
        }
    }

    /// How many codes there are.
    pub(crate) fn code_count(&self) -> usize {
        1 << self.bits_stored
    }

    /// Values as stored, in `bits_allocated` bits, as codes.
    fn codes(&self, mut values: Vec<u16>) -> Vec<u16> {
        let shift = self.high_bit + 1 - self.bits_stored;
        let mask = (self.code_count() - 1) as u16;
        // Two's complement with its sign bit turned over is the value less the least value.
        let sign = if self.signed {
            1 << (self.bits_stored - 1)
        } else {
            0
        };
        for value in &mut values {
            *value = ((*value >> shift) & mask) ^ sign;
        }
        values
    }
}
