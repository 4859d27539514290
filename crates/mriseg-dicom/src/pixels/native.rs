//! Uncompressed pixels.

use super::layout::{Layout, Photometric};
use crate::error::Fault;

/// Bytes of a frame.
fn frame_bytes(layout: &Layout) -> usize {
    let sample = layout.bits_allocated as usize / 8;
    match layout.photometric {
        // Two pixels share their chroma.
        Photometric::YbrFull422 => layout.width.div_ceil(2) * 4 * layout.height * sample,
        _ => layout.values() * sample,
    }
}

/// Checks that the file has as many bytes of pixels as its attributes say.
pub(super) fn check(layout: &Layout, frames: usize, bytes: usize) -> Result<(), Fault> {
    let expected = frame_bytes(layout).checked_mul(frames);
    match expected {
        Some(expected) if bytes >= expected => Ok(()),
        _ => Err(Fault::Damaged(format!(
            "{frames} x {} x {} pixels need {} bytes, and there are {bytes}",
            layout.width,
            layout.height,
            expected.map_or("too many".to_owned(), |bytes| bytes.to_string()),
        ))),
    }
}

/// The values of a frame, pixel by pixel.
pub(super) fn frame(layout: &Layout, bytes: &[u8], index: usize) -> Result<Vec<u16>, Fault> {
    let size = frame_bytes(layout);
    let bytes = bytes
        .get(index * size..(index + 1) * size)
        .ok_or_else(|| Fault::Damaged(format!("frame {index} is cut off")))?;
    let values: Vec<u16> = if layout.bits_allocated == 8 {
        bytes.iter().copied().map(u16::from).collect()
    } else {
        let pairs = bytes.chunks_exact(2);
        pairs
            .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
            .collect()
    };
    Ok(match layout.photometric {
        Photometric::YbrFull422 => widened(layout, &values),
        _ if layout.planar && layout.samples == 3 => interleaved(layout, &values),
        _ => values,
    })
}

/// Colour planes as pixels.
pub(super) fn interleaved(layout: &Layout, planes: &[u16]) -> Vec<u16> {
    let pixels = layout.pixels();
    (0..pixels)
        .flat_map(|pixel| [0, 1, 2].map(|plane| planes[plane * pixels + pixel]))
        .collect()
}

/// Every pixel with its chroma: each four values are luma, luma, blue and red of two pixels of a row.
fn widened(layout: &Layout, values: &[u16]) -> Vec<u16> {
    values
        .chunks_exact(layout.width.div_ceil(2) * 4)
        .flat_map(|row| {
            let pairs = row.chunks_exact(4);
            pairs
                .flat_map(|pair| [[pair[0], pair[2], pair[3]], [pair[1], pair[2], pair[3]]])
                .take(layout.width)
                .flatten()
        })
        .collect()
}
