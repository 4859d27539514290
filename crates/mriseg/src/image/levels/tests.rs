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
fn another_format_is_refused_by_its_name_with_the_ones_that_are_read() {
    let nifti = [vec![0; 344], b"n+1\0".to_vec()].concat();
    let dicom = [vec![0; 128], b"DICM".to_vec()].concat();
    let files: [(&[u8], &str, &str); 11] = [
        (b"%PDF-1.4 ...", "a PDF document", "export"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "a HEIC picture", "convert"),
        (b"\0\0\0\x18ftypavif\0\0\0\0", "an AVIF picture", "convert"),
        (&nifti, "a NIfTI volume", "slice"),
        (&dicom, "a DICOM file", "export"),
        (
            b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
            "an SVG drawing",
            "PNG",
        ),
        (b"\n <!DOCTYPE html><html>", "a web page", "sign in"),
        (
            b"version https://git-lfs.github.com/spec/v1\n",
            "a Git LFS pointer",
            "git lfs pull",
        ),
        (b"PK\x03\x04....", "a ZIP archive", "unpack"),
        (b"hello", "a text file", "picture itself"),
        (b"\xff", "not a PNG", "convert"),
    ];
    for (bytes, kind, remedy) in files {
        let error = GrayImage::decode(bytes, "scan.png").unwrap_err();
        assert!(matches!(error, ImageError::UnknownFormat { .. }), "{error}");
        let error = error.to_string();
        let said = format!("not a {READ} picture ({} bytes); ", bytes.len());
        assert!(
            error.starts_with("scan.png: ") && error.contains(&said),
            "{error}"
        );
        assert!(error.contains(kind) && error.contains(remedy), "{error}");
    }
    let error = GrayImage::decode(b"\x1f\x8b..", "brain.nii.gz").unwrap_err();
    assert!(
        error.to_string().contains("a compressed NIfTI volume"),
        "{error}"
    );
}

#[test]
fn a_whole_jpeg_of_another_process_is_no_damaged_one() {
    let jpeg = encoded(gradient(16, 16), ImageFormat::Jpeg);
    let frame = jpeg
        .windows(2)
        .position(|pair| pair == [0xFF, 0xC0])
        .unwrap();
    for (marker, bits, what) in [
        (0xC1, 12, "a JPEG with 12 bits a sample"),
        (0xC3, 8, "a JPEG with lossless compression"),
        (0xC9, 8, "a JPEG with arithmetic coding"),
        (0xF7, 8, "a JPEG with JPEG-LS compression"),
    ] {
        let mut other = jpeg.clone();
        (other[frame + 1], other[frame + 4]) = (marker, bits);
        let error = GrayImage::decode(&other, "a.jpg").unwrap_err().to_string();
        let said = "which is not decoded here; save it again as a PNG, or as a JPEG of 8 bits";
        assert_eq!(error, format!("a.jpg: {what}, {said}"));
    }
}

#[test]
fn jpegs_of_four_inks_show_what_the_grey_one_shows() {
    let read = |name: &str| {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/pictures");
        let bytes = std::fs::read(format!("{folder}/{name}")).unwrap();
        GrayImage::decode(&bytes, name).unwrap()
    };
    let grey = read("upright.jpg");
    for name in ["cmyk.jpg", "ycck.jpg"] {
        let inks = read(name);
        assert_eq!((inks.width, inks.height), (grey.width, grey.height));
        let error: f32 = (inks.pixels.iter().zip(&grey.pixels))
            .map(|(a, b)| (a - b).abs())
            .sum();
        let mean = error / grey.pixels.len() as f32;
        assert!(mean < 0.02, "{name}: {mean}");
    }
}

#[test]
fn values_of_fewer_bits_than_the_file_has_keep_their_contrast() {
    for (bits, white) in [
        (8, 255),
        (10, 1023),
        (12, 4095),
        (14, 16383),
        (16, 65535u16),
    ] {
        let values = vec![0, white / 2, white];
        let picture: ImageBuffer<Luma<u16>, _> = ImageBuffer::from_raw(3, 1, values).unwrap();
        let file = encoded(picture, ImageFormat::Png);
        let levels = Levels::decode(&file, "a.png", Keep::Greys).unwrap();
        assert_eq!(
            (levels.max, &levels.values[..]),
            (white, &[0, white / 2, white][..])
        );
        let grey = GrayImage::decode(&file, "a.png").unwrap();
        assert!((grey.pixels[1] - 0.5).abs() < 0.01, "{bits}: {grey:?}");
        assert_eq!(grey.pixels[2], 1.0);
    }
}

#[cfg(feature = "extra-formats")]
#[test]
fn tiff_bmp_and_gif_are_read_too() {
    let picture = gradient(16, 9);
    let plain = GrayImage::decode(&encoded(picture.clone(), ImageFormat::Png), "a").unwrap();
    for (format, file) in [
        (ImageFormat::Tiff, tiff_file(16, 9, picture.as_raw(), 8)),
        (ImageFormat::Bmp, encoded(picture.clone(), ImageFormat::Bmp)),
    ] {
        assert_eq!(GrayImage::decode(&file, "a").unwrap(), plain, "{format:?}");
        let cut = GrayImage::decode(&file[..file.len() / 2], "a").unwrap_err();
        assert!(
            matches!(cut, ImageError::Damaged { .. }),
            "{format:?}: {cut}"
        );
    }
    let gif = DynamicImage::from(picture).to_rgba8();
    let gif = GrayImage::decode(&encoded(gif, ImageFormat::Gif), "a").unwrap();
    assert_eq!((gif.width, gif.height), (16, 9));
    let mut nothing = b"GIF87a\0\0\x09\0\0\0\0,\0\0\0\0\0\0\x09\0\0\x02\x02\x4c\x01\0;".to_vec();
    let said = GrayImage::decode(&nothing, "a.gif").unwrap_err();
    assert!(said.to_string().contains("it has 0 x 9 pixels"), "{said}");
    nothing[6] = 1;
    assert!(GrayImage::decode(&nothing, "a.gif").is_err());
    let deep = GrayImage::decode(&tiff_file(2, 1, &[0, 0, 0xFF, 0x0F], 16), "a.tif").unwrap();
    assert_eq!(deep.pixels, [0.0, 1.0]);
}

/// An uncompressed TIFF file of greys, little endian.
#[cfg(feature = "extra-formats")]
fn tiff_file(width: u32, height: u32, samples: &[u8], bits: u32) -> Vec<u8> {
    // Tag, type (4: a number of 32 bits), value.
    let entries = [
        (256u16, width),
        (257, height),
        (258, bits),
        (259, 1),
        (262, 1),
        (273, 8),
        (277, 1),
        (278, height),
        (279, samples.len() as u32),
    ];
    let padding = samples.len() % 2;
    let directory = (8 + samples.len() + padding) as u32;
    let mut file = [&b"II\x2a\0"[..], &directory.to_le_bytes(), samples].concat();
    file.resize(directory as usize, 0);
    file.extend((entries.len() as u16).to_le_bytes());
    for (tag, value) in entries {
        let kind = [tag.to_le_bytes(), 4u16.to_le_bytes()].concat();
        file.extend([&kind[..], &1u32.to_le_bytes(), &value.to_le_bytes()].concat());
    }
    file.extend([0; 4]);
    file
}

#[cfg(feature = "extra-formats")]
#[test]
fn no_byte_of_a_tiff_file_is_trusted() {
    let whole = tiff_file(6, 4, &[7; 24], 8);
    assert_eq!(GrayImage::decode(&whole, "a.tif").unwrap().width, 6);
    for at in 4..whole.len() {
        for value in 0..=255 {
            let mut file = whole.clone();
            file[at] = value;
            let _ = GrayImage::decode(&file, "a.tif");
        }
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
