//! Levels to PNG files.

use ::image::{ExtendedColorType, ImageEncoder, codecs::png::PngEncoder};

/// A grey PNG file of `width * height` levels of 8 bits, row by row.
pub(super) fn grey(levels: &[u8], width: usize, height: usize) -> Vec<u8> {
    encoded(levels, width, height, ExtendedColorType::L8)
}

/// The same of red, green and blue of every pixel in turn.
pub(super) fn rgb(levels: &[u8], width: usize, height: usize) -> Vec<u8> {
    encoded(levels, width, height, ExtendedColorType::Rgb8)
}

fn encoded(levels: &[u8], width: usize, height: usize, colours: ExtendedColorType) -> Vec<u8> {
    let mut bytes = Vec::new();
    PngEncoder::new(&mut bytes)
        .write_image(levels, width as u32, height as u32, colours)
        .expect("a vector takes every write, and the picture has at least one pixel");
    bytes
}
