//! Pictures for people: masks drawn on images, side by side, in colours that colour-blind eyes tell apart.

use std::io::Cursor;

use anyhow::{Context, Result};
use image::{ImageFormat, Rgb, RgbImage, imageops};
use mriseg::decode::Agreement;
use mriseg::image::{GrayImage, Mask, Picture, Preparation};

use crate::eval::Prediction;

/// Prediction fill: the blue of Okabe and Ito's palette.
pub(crate) const PREDICTION: Rgb<u8> = Rgb([0, 114, 178]);
/// Truth contour: the orange of Okabe and Ito's palette.
pub(crate) const TRUTH: Rgb<u8> = Rgb([230, 159, 0]);
/// Between panels.
const GAP: Rgb<u8> = Rgb([255, 255, 255]);
/// Share of the fill colour inside a mask.
const FILL: f32 = 0.5;
/// Panels narrower than this, in pixels, are enlarged by a whole factor.
const MIN_PANEL: usize = 160;
/// Space between panels, in pixels.
const SPACE: u32 = 4;

/// The image with the prediction filled in blue and the truth outlined in orange.
///
/// # Panics
/// If a mask has another size than the image.
pub(crate) fn overlay(image: &Picture, truth: Option<&Mask>, prediction: &Mask) -> RgbImage {
    let mut picture = rgb(image);
    fill(&mut picture, prediction, PREDICTION);
    if let Some(truth) = truth {
        outline(&mut picture, truth, TRUTH);
    }
    picture
}

/// The image with the mean of several masks in blue, stronger where more of them agree on foreground, and
/// with orange in the cells about which they differ.
pub(crate) fn agreement(image: &Picture, agreement: &Agreement, grid: usize) -> RgbImage {
    let size = agreement.mean.len().isqrt();
    let mean = GrayImage {
        width: size,
        height: size,
        pixels: agreement.mean.clone(),
    };
    let (width, height) = (image.width(), image.height());
    let mean = mean.resized(width, height);
    let mut picture = rgb(image);
    for (i, pixel) in picture.pixels_mut().enumerate() {
        let (x, y) = (i % width, i / width);
        let cell = y * grid / height * grid + x * grid / width;
        // From one half (split) to 1 (all agree).
        let doubt = 2.0 * (1.0 - agreement.cells[cell]);
        blend(pixel, PREDICTION, FILL * mean.pixels[i]);
        blend(pixel, TRUTH, FILL * doubt.clamp(0.0, 1.0));
    }
    picture
}

/// The same on the picture as it came, where the cells divide what the model read of it.
pub(crate) fn agreement_in_place(
    image: &Picture,
    preparation: &Preparation,
    agreement: &Agreement,
    grid: usize,
) -> RgbImage {
    let drawn = self::agreement(&preparation.picture(image), agreement, grid);
    let window = preparation.window;
    let [x, y, width, height] =
        [window.x, window.y, window.width, window.height].map(|length| length as u32);
    let side = width.max(height);
    let square = if drawn.width() == side {
        drawn
    } else {
        imageops::resize(&drawn, side, side, imageops::FilterType::Triangle)
    };
    let (left, top) = ((side - width) / 2, (side - height) / 2);
    let content = imageops::crop_imm(&square, left, top, width, height).to_image();
    let mut whole = rgb(image);
    imageops::replace(&mut whole, &content, i64::from(x), i64::from(y));
    whole
}

/// Image, truth, prediction and, if given, what the mask tokenizer makes of the truth, side by side.
///
/// # Panics
/// If a mask has another size than the image.
pub(crate) fn strip(
    image: &Picture,
    truth: &Mask,
    prediction: &Mask,
    oracle: Option<&Mask>,
) -> RgbImage {
    let filled = |mask: &Mask, colour| {
        let mut picture = rgb(image);
        fill(&mut picture, mask, colour);
        picture
    };
    let mut panels = vec![
        rgb(image),
        filled(truth, TRUTH),
        overlay(image, Some(truth), prediction),
    ];
    panels.extend(oracle.map(|oracle| filled(oracle, TRUTH)));
    let factor = MIN_PANEL.div_ceil(image.width().max(1)) as u32;
    let panels: Vec<_> = panels.iter().map(|panel| enlarge(panel, factor)).collect();
    sheet(&panels, panels.len())
}

/// Pictures in rows of `columns`, on white; each cell has the size of the largest picture.
pub(crate) fn sheet(pictures: &[RgbImage], columns: usize) -> RgbImage {
    let columns = columns.clamp(1, pictures.len().max(1)) as u32;
    let rows = (pictures.len() as u32).div_ceil(columns).max(1);
    let width = pictures.iter().map(RgbImage::width).max().unwrap_or(1);
    let height = pictures.iter().map(RgbImage::height).max().unwrap_or(1);
    let mut sheet = RgbImage::from_pixel(
        columns * (width + SPACE) - SPACE,
        rows * (height + SPACE) - SPACE,
        GAP,
    );
    for (i, picture) in (0u32..).zip(pictures) {
        let (x, y) = (
            i % columns * (width + SPACE),
            i / columns * (height + SPACE),
        );
        imageops::replace(&mut sheet, picture, i64::from(x), i64::from(y));
    }
    sheet
}

/// The picture as PNG bytes.
///
/// # Errors
/// The encoder refuses the picture's size.
pub(crate) fn png(picture: &RgbImage) -> Result<Vec<u8>> {
    let mut bytes = Cursor::new(Vec::new());
    picture
        .write_to(&mut bytes, ImageFormat::Png)
        .with_context(|| {
            format!(
                "encoding a picture of {} x {} pixels as PNG",
                picture.width(),
                picture.height()
            )
        })?;
    Ok(bytes.into_inner())
}

fn rgb(image: &Picture) -> RgbImage {
    RgbImage::from_raw(image.width() as u32, image.height() as u32, image.to_rgb8())
        .expect("three bytes a pixel")
}

fn fill(picture: &mut RgbImage, mask: &Mask, colour: Rgb<u8>) {
    assert_same_size(picture, mask);
    for (pixel, &inside) in picture.pixels_mut().zip(&mask.pixels) {
        if inside != 0 {
            blend(pixel, colour, FILL);
        }
    }
}

fn blend(pixel: &mut Rgb<u8>, colour: Rgb<u8>, share: f32) {
    for (value, &target) in pixel.0.iter_mut().zip(&colour.0) {
        let mixed = f32::from(*value) * (1.0 - share) + f32::from(target) * share;
        *value = mixed.round() as u8;
    }
}

/// Colours the mask's pixels that touch the outside or the picture's border.
fn outline(picture: &mut RgbImage, mask: &Mask, colour: Rgb<u8>) {
    assert_same_size(picture, mask);
    let (width, height) = (mask.width, mask.height);
    let inside = |x: usize, y: usize| mask.pixels[y * width + x] != 0;
    for y in 0..height {
        for x in 0..width {
            let interior = x > 0
                && y > 0
                && x + 1 < width
                && y + 1 < height
                && inside(x - 1, y)
                && inside(x + 1, y)
                && inside(x, y - 1)
                && inside(x, y + 1);
            if inside(x, y) && !interior {
                picture.put_pixel(x as u32, y as u32, colour);
            }
        }
    }
}

fn enlarge(picture: &RgbImage, factor: u32) -> RgbImage {
    imageops::resize(
        picture,
        picture.width() * factor,
        picture.height() * factor,
        imageops::FilterType::Nearest,
    )
}

fn assert_same_size(picture: &RgbImage, mask: &Mask) {
    assert_eq!(
        (picture.width() as usize, picture.height() as usize),
        (mask.width, mask.height),
        "image and mask differ in (width, height)"
    );
}

/// A case as a model answered it: image, truth, prediction, oracle.
pub(crate) fn strip_of(case: &Prediction) -> RgbImage {
    strip(
        &case.original.image,
        &case.original.mask,
        &case.mask,
        Some(&case.oracle),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agreed_foreground_is_blue_and_doubt_is_orange() {
        let agreement = Agreement {
            mean: vec![1.0, 0.0, 0.0, 0.0],
            cells: vec![1.0, 1.0, 1.0, 0.5],
        };
        let drawn = super::agreement(&black(2, 2), &agreement, 2);
        let half = |colour: Rgb<u8>| colour.0.map(|value| (f32::from(value) / 2.0).round() as u8);
        assert_eq!(drawn.get_pixel(0, 0).0, half(PREDICTION));
        assert_eq!(drawn.get_pixel(1, 0).0, [0; 3]);
        assert_eq!(drawn.get_pixel(1, 1).0, half(TRUTH));
    }

    fn black(width: usize, height: usize) -> Picture {
        GrayImage::new(width, height, vec![0.0; width * height]).into()
    }

    fn mask(width: usize, rows: &[&str]) -> Mask {
        Mask {
            width,
            height: rows.len(),
            pixels: rows
                .iter()
                .flat_map(|row| row.bytes().map(|b| u8::from(b == b'#')))
                .collect(),
        }
    }

    #[test]
    fn prediction_is_filled_and_truth_is_only_outlined() {
        let truth = mask(5, &[".....", ".###.", ".###.", ".###.", "....."]);
        let prediction = mask(5, &[".....", ".....", "..##.", ".....", "....."]);
        let picture = overlay(&black(5, 5), Some(&truth), &prediction);
        let half_blue = Rgb([0, 57, 89]);
        assert_eq!(
            *picture.get_pixel(2, 2),
            half_blue,
            "inside both: only the fill"
        );
        assert_eq!(
            *picture.get_pixel(3, 2),
            TRUTH,
            "the contour is drawn over the fill"
        );
        assert_eq!(*picture.get_pixel(1, 1), TRUTH);
        assert_eq!(*picture.get_pixel(0, 0), Rgb([0, 0, 0]));
    }

    #[test]
    fn a_mask_at_the_border_has_a_closed_outline() {
        let truth = mask(3, &["###", "###", "###"]);
        let picture = overlay(&black(3, 3), Some(&truth), &mask(3, &["...", "...", "..."]));
        assert_eq!(*picture.get_pixel(0, 1), TRUTH);
        assert_eq!(*picture.get_pixel(1, 1), Rgb([0, 0, 0]));
    }

    #[test]
    fn a_strip_holds_enlarged_panels_side_by_side() {
        let empty = Mask::empty(64, 48);
        let three = strip(&black(64, 48), &empty, &empty, None);
        assert_eq!(three.dimensions(), (3 * 192 + 2 * SPACE, 144));
        let four = strip(&black(64, 48), &empty, &empty, Some(&empty));
        assert_eq!(four.width(), 4 * 192 + 3 * SPACE);
    }

    #[test]
    fn large_pictures_are_not_enlarged() {
        let empty = Mask::empty(224, 224);
        let three = strip(&black(224, 224), &empty, &empty, None);
        assert_eq!(three.dimensions(), (3 * 224 + 2 * SPACE, 224));
    }

    #[test]
    fn a_sheet_fills_rows_and_leaves_the_rest_white() {
        let cell = RgbImage::new(10, 10);
        let sheet = sheet(&[cell.clone(), cell.clone(), cell], 2);
        assert_eq!(sheet.dimensions(), (20 + SPACE, 20 + SPACE));
        assert_eq!(*sheet.get_pixel(12 + SPACE, 12 + SPACE), GAP);
        assert_eq!(*sheet.get_pixel(2, 12 + SPACE), Rgb([0, 0, 0]));
    }

    #[test]
    fn png_bytes_read_back_as_the_same_picture() {
        let picture = RgbImage::from_fn(3, 2, |x, y| Rgb([x as u8, y as u8, 7]));
        let bytes = png(&picture).unwrap();
        assert_eq!(image::load_from_memory(&bytes).unwrap().to_rgb8(), picture);
    }

    #[test]
    #[should_panic(expected = "(width, height)")]
    fn a_mask_of_another_size_is_our_bug() {
        overlay(&black(2, 2), None, &Mask::empty(2, 3));
    }
}
