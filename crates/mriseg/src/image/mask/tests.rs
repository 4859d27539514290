//! Masks in memory and of files.

use super::*;
use crate::image::{GrayImage, grey16_png, rgb8_png};
use ::image::codecs::jpeg::JpegEncoder;
use ::image::{ExtendedColorType, ImageEncoder, codecs::png::PngEncoder};

#[test]
fn flips_exchange_left_and_right_only() {
    let picture = GrayImage::new(3, 2, vec![0.1, 0.2, 0.3, 0.4, 0.5, 0.6]);
    assert_eq!(
        picture.flipped_horizontally().pixels,
        [0.3, 0.2, 0.1, 0.6, 0.5, 0.4]
    );
    let mask = Mask::new(3, 2, vec![1, 0, 0, 1, 1, 0]);
    assert_eq!(mask.flipped_horizontally().pixels, [0, 0, 1, 0, 1, 1]);
    assert_eq!(mask.flipped_horizontally().flipped_horizontally(), mask);
}

#[test]
fn a_mask_that_is_not_two_valued_is_thresholded_and_counted() {
    let file = png::grey(&[0, 127, 128, 255, 3], 5, 1);
    let decoded = Mask::decode(&file, "m.png").unwrap();
    assert_eq!(decoded.mask.pixels, [0, 0, 1, 1, 0]);
    assert_eq!(decoded.intermediate_pixels, 3);
}

#[test]
fn a_mask_of_labels_0_and_1_is_a_mask_in_8_and_16_bits() {
    let eight = png::grey(&[0, 1, 1], 3, 1);
    let mut sixteen = Vec::new();
    let labels: Vec<u8> = [0u16, 1, 1]
        .into_iter()
        .flat_map(u16::to_ne_bytes)
        .collect();
    PngEncoder::new(&mut sixteen)
        .write_image(&labels, 3, 1, ExtendedColorType::L16)
        .unwrap();
    let files = [eight, sixteen];
    for decoded in files
        .iter()
        .map(|bytes| Mask::decode(bytes, "m.png").unwrap())
    {
        assert_eq!(
            (decoded.mask.pixels, decoded.intermediate_pixels),
            (vec![0, 1, 1], 0)
        );
    }
}

#[test]
fn pictures_and_masks_survive_their_png() {
    let picture = GrayImage::new(2, 2, vec![0.0, 0.2, 0.6, 1.0]);
    let read = GrayImage::decode(&picture.to_png(), "p").unwrap();
    assert!(
        read.pixels
            .iter()
            .zip(&picture.pixels)
            .all(|(a, b)| (a - b).abs() < 0.003)
    );
    let mask = Mask::new(2, 2, vec![0, 1, 1, 0]);
    let read = Mask::decode(&mask.to_png(), "m").unwrap();
    assert_eq!(
        read,
        DecodedMask {
            mask,
            intermediate_pixels: 0,
            reading: None,
            turned: false
        }
    );
}

#[test]
fn run_lengths_go_down_the_columns_and_begin_with_what_is_not_marked() {
    let runs =
        |width, height, pixels: &[u8]| Mask::new(width, height, pixels.to_vec()).run_lengths();
    assert_eq!(runs(3, 2, &[0, 1, 0, 1, 1, 0]), [1, 3, 2]);
    assert_eq!(runs(2, 2, &[1, 0, 0, 1]), [0, 1, 2, 1]);
    assert_eq!(runs(2, 1, &[1, 1]), [0, 2]);
    assert_eq!(runs(2, 1, &[0, 0]), [2]);
}

#[test]
fn masks_are_resized_to_the_nearest_pixel_and_know_their_area() {
    let mask = Mask::new(2, 2, vec![1, 0, 0, 1]);
    let large = mask.resized(4, 4);
    assert_eq!(
        large.pixels,
        [1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 1, 1, 0, 0, 1, 1]
    );
    assert_eq!(large.resized(2, 2), mask);
    assert_eq!((mask.area(), mask.is_empty()), (2, false));
    assert!(Mask::empty(3, 3).is_empty());
}

const SIDE: usize = 16;

/// Whether a pixel lies in the square that the masks here mark.
fn is_inside(at: usize) -> bool {
    (4..12).contains(&(at % SIDE)) && (4..12).contains(&(at / SIDE))
}

fn square() -> Vec<u8> {
    (0..SIDE * SIDE).map(|at| u8::from(is_inside(at))).collect()
}

/// A PNG file that holds `inside` in the square and `outside` around it.
fn two_colours(outside: [u8; 3], inside: [u8; 3]) -> Vec<u8> {
    let pixels = (0..SIDE * SIDE).flat_map(|at| if is_inside(at) { inside } else { outside });
    rgb8_png(&pixels.collect::<Vec<_>>(), SIDE, SIDE)
}

fn two_greys(outside: u8, inside: u8) -> Vec<u8> {
    let pixels = (0..SIDE * SIDE).map(|at| if is_inside(at) { inside } else { outside });
    png::grey(&pixels.collect::<Vec<_>>(), SIDE, SIDE)
}

/// A PNG file with a palette, or of few bits.
fn small(width: usize, bits: ::png::BitDepth, palette: Option<Vec<u8>>, packed: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let rows = packed.len() / (width * bits as usize).div_ceil(8);
    let mut encoder = ::png::Encoder::new(&mut bytes, width as u32, rows as u32);
    encoder.set_color(match &palette {
        Some(_) => ::png::ColorType::Indexed,
        None => ::png::ColorType::Grayscale,
    });
    encoder.set_depth(bits);
    if let Some(palette) = palette {
        encoder.set_palette(palette);
    }
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(packed).unwrap();
    writer.finish().unwrap();
    bytes
}

/// The palette of Pascal VOC, as far as it matters.
fn voc() -> Vec<u8> {
    let mut palette = vec![0; 3 * 256];
    palette[3..6].copy_from_slice(&[128, 0, 0]);
    palette[6..9].copy_from_slice(&[0, 128, 0]);
    palette[3 * 255..].copy_from_slice(&[224, 224, 192]);
    palette
}

fn labels(label: impl Fn(usize) -> u8) -> Vec<u8> {
    (0..SIDE * SIDE).map(label).collect()
}

fn by(rule: &str, bytes: &[u8]) -> Vec<u8> {
    let rule = rule.parse().unwrap();
    Mask::decode_by(&rule, bytes, "m.png").unwrap().mask.pixels
}

#[test]
fn of_two_values_the_one_that_is_not_the_background_is_marked() {
    let sixteen: Vec<u16> = square()
        .iter()
        .map(|&pixel| u16::from(pixel) * 300)
        .collect();
    let one = |at| if is_inside(at) { 1 } else { 0 };
    let files = [
        ("#000000 and #ff0000", two_colours([0; 3], [255, 0, 0])),
        ("#000000 and #0000ff", two_colours([0; 3], [0, 0, 255])),
        ("#000000 and #010000", two_colours([0; 3], [1, 0, 0])),
        ("#000000 and #000002", two_colours([0; 3], [0, 0, 2])),
        ("0 and 2", two_greys(0, 2)),
        ("0 and 100", two_greys(0, 100)),
        ("0 and 300", grey16_png(&sixteen, SIDE, SIDE)),
        (
            "0 (#000000) and 1 (#800000)",
            small(SIDE, ::png::BitDepth::Eight, Some(voc()), &labels(one)),
        ),
        // No black: the first colour of the palette is the background, however light.
        (
            "0 (#ffff00) and 1 (#800080)",
            small(
                SIDE,
                ::png::BitDepth::Eight,
                Some(vec![255, 255, 0, 128, 0, 128]),
                &labels(one),
            ),
        ),
    ];
    for (values, file) in files {
        let decoded = Mask::decode(&file, "m.png").unwrap();
        assert_eq!(decoded.mask.pixels, square(), "{values}");
        assert_eq!(decoded.intermediate_pixels, 0, "{values}");
        let reading = decoded.reading.unwrap();
        assert!(reading.starts_with(&format!("{values}: ")), "{reading}");
        assert!(reading.ends_with(" is read as marked"), "{reading}");
    }
}

#[test]
fn black_and_white_go_without_saying_in_every_form() {
    let sixteen: Vec<u16> = square()
        .iter()
        .map(|&pixel| u16::from(pixel) * 255)
        .collect();
    let turned_palette = vec![255, 255, 255, 0, 0, 0];
    let files = [
        two_greys(0, 255),
        two_greys(0, 1),
        two_colours([0; 3], [255; 3]),
        grey16_png(&sixteen, SIDE, SIDE),
        small(
            SIDE,
            ::png::BitDepth::Eight,
            Some(turned_palette),
            &labels(|at| u8::from(!is_inside(at))),
        ),
    ];
    for (i, file) in files.iter().enumerate() {
        let decoded = Mask::decode(file, "m.png").unwrap();
        assert_eq!(decoded.mask.pixels, square(), "file {i}");
        assert_eq!((decoded.reading, decoded.intermediate_pixels), (None, 0));
    }
    // Of few bits: 0, 1, 1, 0 of one bit, 0, 3, 3, 0 of two.
    for (bits, packed) in [
        (::png::BitDepth::One, 0b0110_0000),
        (::png::BitDepth::Two, 0b0011_1100),
    ] {
        let decoded = Mask::decode(&small(4, bits, None, &[packed]), "m.png").unwrap();
        assert_eq!(decoded.mask.pixels, [0, 1, 1, 0]);
        assert_eq!(decoded.reading, None);
    }
}

#[test]
fn one_value_is_all_or_nothing_where_it_is_known() {
    let area =
        |level: u8| Mask::decode(&two_greys(level, level), "m.png").map(|read| read.mask.area());
    assert_eq!(area(0), Ok(0));
    assert_eq!(area(1), Ok(SIDE * SIDE));
    assert_eq!(area(255), Ok(SIDE * SIDE));
    let error = area(100).unwrap_err().to_string();
    assert_eq!(
        error,
        "m.png: the mask holds 100 (256 pixels), and nothing says whether that is marked; say it with \
         data.mask_value = \"100\" in the configuration, or --mask-value \"100\""
    );
}

#[test]
fn a_label_map_is_refused_with_its_values_until_one_is_said_to_be_marked() {
    // A square of label 1 with a ring of 255 around it, as Pascal VOC draws it, and label 2 in a corner.
    let ring = |at: usize| {
        let (x, y) = (at % SIDE, at / SIDE);
        match (x.abs_diff(7), y.abs_diff(7)) {
            (0..4, 0..4) => 1,
            (0..5, 0..5) => 255,
            _ if x < 2 && y < 2 => 2,
            _ => 0,
        }
    };
    let grey = png::grey(&labels(ring), SIDE, SIDE);
    let palette = small(SIDE, ::png::BitDepth::Eight, Some(voc()), &labels(ring));
    for (file, values) in [
        (
            &grey,
            "0 (171 pixels), 1 (49 pixels), 2 (4 pixels), 255 (32 pixels)",
        ),
        (
            &palette,
            "0 (#000000) (171 pixels), 1 (#800000) (49 pixels)",
        ),
    ] {
        let error = Mask::decode(file, "m.png").unwrap_err();
        assert!(matches!(error, ImageError::UnclearMask { .. }), "{error}");
        let error = error.to_string();
        assert!(error.contains(values), "{error}");
        assert!(error.contains("data.mask_value = \"1\""), "{error}");
        assert!(error.contains("\"ignore\" ring"), "{error}");
        let marked = |wanted: &[u8]| labels(|at| u8::from(wanted.contains(&ring(at))));
        assert_eq!(by("1", file), marked(&[1]));
        assert_eq!(by("1,2", file), marked(&[1, 2]));
        assert_eq!(by("0", file), marked(&[0]));
        assert_eq!(by("9", file), marked(&[]));
    }
    assert_eq!(by("#800000", &palette), by("1", &palette));
    // Red and green on black.
    let colour = |at: usize| match at % SIDE {
        0..5 => [0; 3],
        5..10 => [255, 0, 0],
        _ => [0, 255, 0],
    };
    let pixels: Vec<u8> = (0..SIDE * SIDE).flat_map(colour).collect();
    let file = rgb8_png(&pixels, SIDE, SIDE);
    let error = Mask::decode(&file, "m.png").unwrap_err().to_string();
    assert!(error.contains("#ff0000 (80 pixels)"), "{error}");
    let green = (0..SIDE * SIDE)
        .map(|at| u8::from(at % SIDE >= 10))
        .collect::<Vec<_>>();
    assert_eq!(by("#00ff00", &file), green);
    // Two values, neither of them black: nothing says which is the background.
    for file in [
        two_greys(1, 2),
        two_greys(100, 200),
        two_colours([255; 3], [255, 0, 0]),
    ] {
        let error = Mask::decode(&file, "m.png").unwrap_err();
        assert!(matches!(error, ImageError::UnclearMask { .. }), "{error}");
    }
}

/// The square, blurred by averaging over 3 x 3 pixels, as levels up to `white`.
fn blurred(white: u8) -> Vec<u8> {
    labels(|at| {
        let (x, y) = (at % SIDE, at / SIDE);
        let around = |v: usize| v.saturating_sub(1)..=(v + 1).min(SIDE - 1);
        let sum: usize = around(y)
            .flat_map(|y| around(x).map(move |x| usize::from(is_inside(y * SIDE + x))))
            .sum();
        (sum * usize::from(white) / 9) as u8
    })
}

#[test]
fn blurred_and_compressed_masks_are_cut_at_half() {
    let jpeg = |levels: &[u8], kind| {
        let mut bytes = Vec::new();
        let encoder = JpegEncoder::new_with_quality(&mut bytes, 85);
        encoder
            .write_image(levels, SIDE as u32, SIDE as u32, kind)
            .unwrap();
        bytes
    };
    let wide = |levels: &[u8], colour: [u8; 3]| -> Vec<u8> {
        let scaled = |&level: &u8| colour.map(|c| (u16::from(level) * u16::from(c) / 255) as u8);
        levels.iter().flat_map(scaled).collect()
    };
    let soft: Vec<u8> = blurred(255)
        .iter()
        .map(|&level| u8::from(level > 127))
        .collect();
    let white = labels(|at| if is_inside(at) { 255 } else { 0 });
    let red = wide(&white, [255, 0, 0]);
    for (what, file, expected) in [
        ("grey edges", png::grey(&blurred(255), SIDE, SIDE), &soft),
        ("dark edges", png::grey(&blurred(100), SIDE, SIDE), &soft),
        (
            "red edges",
            rgb8_png(&wide(&blurred(255), [255, 0, 0]), SIDE, SIDE),
            &soft,
        ),
        ("JPEG", jpeg(&white, ExtendedColorType::L8), &square()),
        ("red JPEG", jpeg(&red, ExtendedColorType::Rgb8), &square()),
    ] {
        let decoded = Mask::decode(&file, "m").unwrap();
        assert!(decoded.intermediate_pixels > 0, "{what}");
        assert_eq!(&decoded.mask.pixels, expected, "{what}");
    }
    assert_eq!(
        by("#ff0000", &jpeg(&red, ExtendedColorType::Rgb8)),
        square()
    );
    let empty = jpeg(&[0; SIDE * SIDE], ExtendedColorType::L8);
    assert!(Mask::decode(&empty, "m").unwrap().mask.is_empty());
}

fn with_transparency(pixel: impl Fn(usize) -> [u8; 4]) -> Vec<u8> {
    let pixels = (0..SIDE * SIDE).flat_map(pixel);
    let mut file = Vec::new();
    PngEncoder::new(&mut file)
        .write_image(
            &pixels.collect::<Vec<_>>(),
            SIDE as u32,
            SIDE as u32,
            ExtendedColorType::Rgba8,
        )
        .unwrap();
    file
}

#[test]
fn a_mask_in_the_transparency_alone_is_read_from_there() {
    let file = with_transparency(|at| [255, 0, 0, if is_inside(at) { 255 } else { 0 }]);
    assert_eq!(Mask::decode(&file, "m").unwrap().mask.pixels, square());
    let area = |pixel| {
        let read = Mask::decode(&with_transparency(|_| pixel), "m");
        read.unwrap().mask.area()
    };
    assert_eq!(area([0, 0, 0, 0]), 0);
    // Nothing shines through: black is what it is.
    assert_eq!(area([0, 0, 0, 255]), 0);
    assert_eq!(area([255, 255, 255, 255]), SIDE * SIDE);
}

#[test]
fn a_rule_that_a_file_has_nothing_of_is_told_with_what_it_has() {
    let read =
        |rule: &str, file: &[u8]| Mask::decode_by(&rule.parse().unwrap(), file, "m.png").unwrap();
    let missed = read("255", &two_greys(0, 3));
    assert!(missed.mask.is_empty());
    assert_eq!(
        missed.reading.unwrap(),
        "0, 3: none of these is said to be marked"
    );
    assert_eq!(read("3", &two_greys(0, 3)).reading, None);
    assert_eq!(read("255", &two_greys(0, 0)).reading, None);
    // The greys of a palette are what a refusal names, so they are what a rule means.
    let at = |at| u8::from(is_inside(at));
    let palette = small(
        SIDE,
        ::png::BitDepth::Eight,
        Some(vec![0, 0, 0, 255, 255, 255]),
        &labels(at),
    );
    assert_eq!(read("255", &palette).mask.pixels, square());
}
