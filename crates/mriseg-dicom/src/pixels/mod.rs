//! Pixel data of a DICOM file (PS3.3, C.7.6.3): frames of stored values or of colours.

mod colour;
mod fragments;
mod jpeg;
mod jpeg2000;
mod layout;
mod native;
mod palette;
mod rle;

use dicom_core::value::Value;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use crate::{
    error::Fault,
    file::{self, Attributes},
};
pub(crate) use layout::{Layout, Photometric};
use palette::Palette;

/// One decoded frame, row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Frame {
    /// Stored values as codes: 0 is the least value that the stored bits can hold, so that a code is an index of a table.
    Grey(Vec<u16>),
    /// Red, green and blue of every pixel in turn, 8 bits.
    Colour(Vec<u8>),
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
