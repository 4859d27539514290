//! Levels to PNG files.

use ::image::{ExtendedColorType, ImageEncoder, codecs::png::PngEncoder};

/// A grey PNG file of `width * height` levels of 8 bits, row by row.
pub(super) fn grey(levels: &[u8], width: usize, height: usize) -> Vec<u8> {
    encoded(levels, width, height, ExtendedColorType::L8)
}

/// A grey PNG file of `width * height` levels of 16 bits, row by row.
///
/// # Panics
/// When there are no pixels, or not as many.
pub fn grey16_png(levels: &[u16], width: usize, height: usize) -> Vec<u8> {
    let bytes: Vec<u8> = levels
        .iter()
        .flat_map(|level| level.to_ne_bytes())
        .collect();
    encoded(&bytes, width, height, ExtendedColorType::L16)
}

/// A PNG file of red, green and blue of `width * height` pixels in turn, of 8 bits.
///
/// # Panics
/// When there are no pixels, or not as many.
pub fn rgb8_png(levels: &[u8], width: usize, height: usize) -> Vec<u8> {
    encoded(levels, width, height, ExtendedColorType::Rgb8)
}

fn encoded(levels: &[u8], width: usize, height: usize, colours: ExtendedColorType) -> Vec<u8> {
    let mut bytes = Vec::new();
    PngEncoder::new(&mut bytes)
        .write_image(levels, width as u32, height as u32, colours)
        .expect("a vector takes every write, and the picture has at least one pixel");
    bytes
}
