//! Masks in memory and of files.

use super::*;
use crate::image::GrayImage;
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
            intermediate_pixels: 0
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
