//! JPEG baseline (process 1) and lossless (process 14).

use jpeg_decoder::{ColorTransform, Decoder, PixelFormat};

use super::layout::{Layout, Photometric};
use crate::error::Fault;

/// The values of a frame, pixel by pixel; colours are red, green and blue.
pub(super) fn decode(layout: &Layout, encoded: &[u8]) -> Result<Vec<u16>, Fault> {
    let mut decoder = Decoder::new(encoded);
    decoder.read_info().map_err(Fault::damaged)?;
    let info = decoder
        .info()
        .ok_or_else(|| Fault::damaged("JPEG without a frame"))?;
    let samples = match info.pixel_format {
        PixelFormat::L8 | PixelFormat::L16 => 1,
        PixelFormat::RGB24 => 3,
        PixelFormat::CMYK32 => 4,
    };
    let size = (usize::from(info.width), usize::from(info.height));
    if (size, samples) != ((layout.width, layout.height), layout.samples) {
        return Err(Fault::Damaged(format!(
            "JPEG of {} x {} pixels with {samples} values each, and the file says {} x {} with {}",
            size.0, size.1, layout.width, layout.height, layout.samples
        )));
    }
    if info.pixel_format == PixelFormat::L16 && layout.bits_allocated == 8 {
        return Err(Fault::damaged("JPEG of 16 bits, and the file says 8"));
    }
    decoder.set_max_decoding_buffer_size(layout.values() * 2);
    if samples == 3 {
        decoder.set_color_transform(match layout.photometric {
            Photometric::Rgb => ColorTransform::RGB,
            _ => ColorTransform::YCbCr,
        });
    }
    // The decoder fills what is missing with grey and says nothing.
    if !encoded.windows(2).any(|pair| pair == [0xFF, 0xD9]) {
        return Err(Fault::damaged("the end marker of the JPEG is missing"));
    }
    let decoded = decoder.decode().map_err(Fault::damaged)?;
    let values: Vec<u16> = match info.pixel_format {
        PixelFormat::L16 => {
            let pairs = decoded.chunks_exact(2);
            pairs
                .map(|pair| u16::from_ne_bytes([pair[0], pair[1]]))
                .collect()
        }
        _ => decoded.into_iter().map(u16::from).collect(),
    };
    if values.len() != layout.values() {
        return Err(Fault::Damaged(format!(
            "JPEG holds {} values instead of {}",
            values.len(),
            layout.values()
        )));
    }
    Ok(values)
}
