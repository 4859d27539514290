//! How pixels are stored (PS3.3, C.7.6.3.1).

use dicom_dictionary_std::tags;
use mriseg::image::MAX_PIXELS;

use crate::{error::Fault, file::Attributes};

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
    pub(super) planar: bool,
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

impl Layout {
    /// What the attributes of the image pixel module say, if it can be read.
    pub(super) fn read(attributes: Attributes<'_>) -> Result<Self, Fault> {
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

    /// Pixels of a frame.
    pub(crate) fn pixels(&self) -> usize {
        self.width * self.height
    }

    /// Values of a frame.
    pub(super) fn values(&self) -> usize {
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
    pub(super) fn codes(&self, mut values: Vec<u16>) -> Vec<u16> {
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
