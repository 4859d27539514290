//! JPEG 2000, lossless or not.

use hayro_jpeg2000::{DecodeSettings, DecoderContext, Image};

use super::layout::Layout;
use crate::error::Fault;

/// The values of a frame, pixel by pixel; colours are red, green and blue.
pub(super) fn decode(layout: &Layout, encoded: &[u8]) -> Result<Vec<u16>, Fault> {
    let settings = DecodeSettings {
        resolve_palette_indices: false,
        strict: true,
        ..DecodeSettings::default()
    };
    let header = Size::read(encoded)?;
    if (header.width, header.height, header.components)
        != (layout.width, layout.height, layout.samples)
    {
        return Err(Fault::Damaged(format!(
            "JPEG 2000 of {} x {} pixels with {} values each, and the file says {} x {} with {}",
            header.width,
            header.height,
            header.components,
            layout.width,
            layout.height,
            layout.samples
        )));
    }
    let image = Image::new(encoded, &settings).map_err(Fault::damaged)?;
    let mut context = DecoderContext::default();
    let decoded = image.decode(&mut context).map_err(Fault::damaged)?;
    let planes = decoded.components();
    let mut values = vec![0; layout.values()];
    for (channel, plane) in planes.iter().enumerate().take(layout.samples) {
        let samples = plane.samples();
        if samples.len() != layout.pixels() || u32::from(plane.bit_depth()) > layout.bits_allocated
        {
            return Err(Fault::Damaged(format!(
                "JPEG 2000 holds {} values of {} bits, and the file says {} of {}",
                samples.len(),
                plane.bit_depth(),
                layout.pixels(),
                layout.bits_allocated
            )));
        }
        // The decoder adds half of the range to all values; signed ones are stored without.
        let shift = match header.signed {
            true => 1 << (plane.bit_depth() - 1),
            false => 0,
        };
        let most = (1 << plane.bit_depth()) - 1;
        let pixels = values.iter_mut().skip(channel).step_by(layout.samples);
        for (value, &sample) in pixels.zip(samples) {
            let sample = (sample.round() as i32).clamp(0, most);
            *value = (sample - shift) as u16;
        }
    }
    Ok(values)
}

/// What the SIZ segment of the codestream says (ISO/IEC 15444-1, A.5.1), for the limits.
struct Size {
    width: usize,
    height: usize,
    components: usize,
    signed: bool,
}

impl Size {
    fn read(encoded: &[u8]) -> Result<Self, Fault> {
        const MARKER: [u8; 4] = [0xFF, 0x4F, 0xFF, 0x51];
        let none = || Fault::damaged("JPEG 2000 without a header");
        // A codestream may stand in a JP2 file, though DICOM does not allow that.
        let start = encoded.windows(4).position(|window| window == MARKER);
        let segment = &encoded[start.ok_or_else(none)? + 4..];
        let number = |at: usize| -> Option<u64> {
            let field = segment.get(at..at + 4)?;
            Some(u32::from_be_bytes(field.try_into().ok()?).into())
        };
        let side = |end: usize, begin: usize| number(end)?.checked_sub(number(begin)?);
        let components = segment.get(36..38).ok_or_else(none)?;
        let depth = *segment.get(38).ok_or_else(none)?;
        Ok(Self {
            width: side(4, 12).ok_or_else(none)? as usize,
            height: side(8, 16).ok_or_else(none)? as usize,
            components: u16::from_be_bytes([components[0], components[1]]).into(),
            signed: depth & 0x80 != 0,
        })
    }
}
