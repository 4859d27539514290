//! RLE Lossless (PS3.5, annex G): a segment for each byte of each value, most significant byte first, as PackBits.

use super::{layout::Layout, native};
use crate::error::Fault;

const HEADER: usize = 64;

/// The values of a frame, pixel by pixel.
pub(super) fn decode(layout: &Layout, encoded: &[u8]) -> Result<Vec<u16>, Fault> {
    let bytes = layout.bits_allocated as usize / 8;
    let number = |index: usize| -> Option<usize> {
        let field = encoded.get(4 * index..4 * index + 4)?;
        Some(u32::from_le_bytes(field.try_into().ok()?) as usize)
    };
    let expected = layout.samples * bytes;
    let segments = number(0).filter(|_| encoded.len() >= HEADER);
    if segments != Some(expected) {
        return Err(Fault::Damaged(format!(
            "RLE has {segments:?} segments instead of {expected}"
        )));
    }
    let pixels = layout.pixels();
    let mut planes = vec![0u16; layout.values()];
    for (segment, plane) in (0..expected).zip((0..layout.samples).flat_map(|s| vec![s; bytes])) {
        let begin = number(segment + 1).unwrap_or(usize::MAX);
        let end = match segment + 1 < expected {
            true => number(segment + 2).unwrap_or(0),
            false => encoded.len(),
        };
        let packed = encoded.get(begin..end).ok_or_else(|| {
            Fault::Damaged(format!("RLE segment {segment} lies outside of its frame"))
        })?;
        unpack(packed, &mut planes[plane * pixels..(plane + 1) * pixels])?;
    }
    Ok(match layout.samples {
        3 => native::interleaved(layout, &planes),
        _ => planes,
    })
}

/// Moves each value up by a byte and puts the bytes of a PackBits segment below.
fn unpack(packed: &[u8], values: &mut [u16]) -> Result<(), Fault> {
    let mut rest = packed;
    let mut done = 0;
    while done < values.len() {
        let short = || Fault::Damaged(format!("RLE ends after {done} of {} bytes", values.len()));
        let (&control, tail) = rest.split_first().ok_or_else(short)?;
        let control = i8::from_le_bytes([control]);
        rest = tail;
        let (length, run) = match control {
            i8::MIN => continue,
            0.. => (usize::from(control.unsigned_abs()) + 1, false),
            _ => (usize::from(control.unsigned_abs()) + 1, true),
        };
        let used = if run { 1 } else { length };
        let source = rest.get(..used).ok_or_else(short)?;
        let room = length.min(values.len() - done);
        for (at, value) in values[done..done + room].iter_mut().enumerate() {
            *value = *value << 8 | u16::from(source[if run { 0 } else { at }]);
        }
        rest = &rest[used..];
        done += room;
    }
    Ok(())
}
