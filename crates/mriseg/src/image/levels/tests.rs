//! Files of every format, whole and broken.

use ::image::{GrayImage as Gray8, ImageBuffer, Luma, RgbaImage};

use super::*;
use crate::image::GrayImage;

fn encoded(picture: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture
        .into()
        .write_to(&mut bytes, format)
        .expect("writing to memory");
    bytes.into_inner()
}

fn gradient(width: u32, height: u32) -> Gray8 {
    Gray8::from_fn(width, height, |x, y| Luma([(x * 3 + y * 5) as u8]))
}

fn png_header(width: u32, height: u32) -> Vec<u8> {
    // The header chunk of a real 1 x 1 file with its size replaced and its checksum made good.
    let mut bytes = encoded(Gray8::new(1, 1), ImageFormat::Png);
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    let crc = bytes[12..29].iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg())
        })
    });
    bytes[29..33].copy_from_slice(&(!crc).to_be_bytes());
    bytes
}

#[test]
fn eight_bit_png_and_webp_keep_every_level() {
    let picture = gradient(16, 9);
    for format in [ImageFormat::Png, ImageFormat::WebP] {
        let decoded = GrayImage::decode(&encoded(picture.clone(), format), "a").unwrap();
        assert_eq!((decoded.width, decoded.height), (16, 9));
        for (value, level) in decoded.pixels.iter().zip(picture.iter()) {
            assert!((value * 255.0 - f32::from(*level)).abs() < 1e-3);
        }
    }
}

#[test]
fn jpeg_is_close_to_its_source() {
    let picture = gradient(24, 24);
    let decoded = GrayImage::decode(&encoded(picture.clone(), ImageFormat::Jpeg), "a.jpg").unwrap();
    let error: f32 = decoded
        .pixels
        .iter()
        .zip(picture.iter())
        .map(|(v, l)| (v * 255.0 - f32::from(*l)).abs())
        .sum();
    assert!(
        error / 576.0 < 6.0,
        "mean error of {} levels",
        error / 576.0
    );
}

#[test]
fn a_jpeg_is_turned_by_its_orientation() {
    // An Exif segment with one entry: orientation 6, a quarter turn clockwise.
    const EXIF: &[u8] = b"\xff\xe1\x00\x22Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    let stored = encoded(gradient(24, 16), ImageFormat::Jpeg);
    let turned = [&stored[..2], EXIF, &stored[2..]].concat();
    let plain = GrayImage::decode(&stored, "a.jpg").unwrap();
    let turned = GrayImage::decode(&turned, "a.jpg").unwrap();
    assert_eq!((turned.width, turned.height), (16, 24));
    for (at, value) in turned.pixels.iter().enumerate() {
        let (x, y) = (at % 16, at / 16);
        assert_eq!(*value, plain.pixels[(15 - x) * 24 + y]);
    }
}

#[test]
fn sixteen_bit_values_are_divided_by_65535() {
    let picture: ImageBuffer<Luma<u16>, _> =
        ImageBuffer::from_raw(3, 1, vec![0u16, 257 * 100, 65535]).unwrap();
    let decoded = GrayImage::decode(&encoded(picture, ImageFormat::Png), "a.png").unwrap();
    assert_eq!(decoded.pixels, [0.0, 100.0 / 255.0, 1.0]);
}

#[test]
fn colours_become_their_luma_and_transparency_is_ignored() {
    let colours = vec![255, 0, 0, 255, 0, 255, 0, 0, 77, 77, 77, 128];
    let picture = RgbaImage::from_raw(3, 1, colours).unwrap();
    let decoded = GrayImage::decode(&encoded(picture, ImageFormat::Png), "a.png").unwrap();
    assert_eq!(
        decoded
            .pixels
            .iter()
            .map(|v| (v * 255.0).round() as u8)
            .collect::<Vec<_>>(),
        [54, 182, 77]
    );
}

#[test]
fn an_empty_file_is_named() {
    let error = GrayImage::decode(&[], "scans/17.png").unwrap_err();
    assert_eq!(
        error.to_string(),
        "scans/17.png: the file is empty (0 bytes); copy or download it again"
    );
}

#[test]
fn another_format_is_refused_with_the_ones_that_are_read() {
    for bytes in [
        &b"%PDF-1.4 ..."[..],
        b"BM~~~~~~~~~~~~",
        b"\xff",
        b"GIF89a......",
    ] {
        let error = GrayImage::decode(bytes, "report.pdf").unwrap_err();
        assert!(
            error
                .to_string()
                .contains("report.pdf: not a PNG, JPEG or WebP"),
            "{error}"
        );
    }
}

#[test]
fn truncated_files_of_every_format_are_errors() {
    for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
        let whole = encoded(gradient(64, 64), format);
        assert!(GrayImage::decode(&whole, "whole").is_ok(), "{format:?}");
        for part in [whole.len() / 2, whole.len() * 9 / 10, 20] {
            let error = GrayImage::decode(&whole[..part], "half.img").unwrap_err();
            assert!(
                matches!(error, ImageError::Damaged { .. }),
                "{format:?} {part}: {error}"
            );
            assert!(error.to_string().contains("half.img"), "{error}");
        }
    }
}

#[test]
fn a_header_of_20000_x_20000_is_refused_by_its_size() {
    let error = GrayImage::decode(&png_header(20_000, 20_000), "bomb.png").unwrap_err();
    assert!(
        matches!(
            error,
            ImageError::TooLarge {
                width: 20_000,
                height: 20_000,
                ..
            }
        ),
        "{error}"
    );
    assert!(error.to_string().contains("20000 x 20000"), "{error}");
    let widest = GrayImage::decode(&png_header(0x7FFF_FFFF, 0x7FFF_FFFF), "bomb.png").unwrap_err();
    assert!(matches!(widest, ImageError::TooLarge { .. }), "{widest}");
    let honest = GrayImage::decode(&png_header(1, 1), "one.png").unwrap();
    assert_eq!(honest.pixels, [0.0]);
}
