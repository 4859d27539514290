//! Damage that pictures come with: inverted, framed, compressed, written on. Training pictures get it at random, and
//! reports measure what a finished model makes of it.

use std::fmt::{self, Display};

use mriseg::image::{GrayImage, Mask, Picture};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::lettering::written_on;
use super::warp::Warp;
use crate::encoded::jpeg;

/// One kind of damage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Disturbance {
    /// Nothing.
    Plain,
    /// Black and white are exchanged.
    Inverted,
    /// A white frame around the picture, 6 to 12 % of it wide on every side.
    Framed,
    /// The picture in the middle of a wide black canvas, sometimes of a tall one.
    Letterboxed,
    /// Stored as a JPEG file of quality 30.
    Jpeg30,
    /// Grey values in a fifth to a third of the range, in 8 bits.
    LowContrast,
    /// Values of 12 bits in a file of 16 bits: a sixteenth of the range, nearly black.
    TwelveBit,
    /// White letters in the corners: the side, the projection, the time, a date.
    Text,
    /// Turned by up to 10 degrees.
    Tilted,
}

impl Disturbance {
    /// All of them, the undisturbed picture first.
    pub const ALL: [Self; 9] = [
        Self::Plain,
        Self::Inverted,
        Self::Framed,
        Self::Letterboxed,
        Self::Jpeg30,
        Self::LowContrast,
        Self::TwelveBit,
        Self::Text,
        Self::Tilted,
    ];

    /// Its name in files and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Inverted => "inverted",
            Self::Framed => "framed",
            Self::Letterboxed => "letterboxed",
            Self::Jpeg30 => "jpeg30",
            Self::LowContrast => "low-contrast",
            Self::TwelveBit => "twelve-bit",
            Self::Text => "text",
            Self::Tilted => "tilted",
        }
    }

    /// The damaged picture with its mask; equal random numbers give equal damage.
    ///
    /// # Shapes
    /// Picture and mask are of one size, before and after. A border makes both larger; nothing is marked in it.
    pub fn apply(self, picture: &Picture, mask: &Mask, rng: &mut ChaCha8Rng) -> (Picture, Mask) {
        let before = rng.clone();
        let (grey, moved) = self.disturb(picture.grey(), mask, rng);
        let disturbed = match picture.colours() {
            None => Picture::from(grey),
            Some(_) if self == Self::Jpeg30 => compressed(picture, JPEG_QUALITY),
            // The same random numbers for every plane.
            Some(colours) => Picture::from_channels(
                (colours.each_ref()).map(|plane| self.disturb(plane, mask, &mut before.clone()).0),
            ),
        };
        (disturbed, moved)
    }

    fn disturb(self, image: &GrayImage, mask: &Mask, rng: &mut ChaCha8Rng) -> (GrayImage, Mask) {
        match self {
            Self::Plain => (image.clone(), mask.clone()),
            Self::Inverted => (mapped(image, |value| 1.0 - value), mask.clone()),
            Self::Framed => framed(image, mask, rng),
            Self::Letterboxed => letterboxed(image, mask, rng),
            Self::Jpeg30 => {
                let file = compressed(&image.clone().into(), JPEG_QUALITY);
                (file.grey().clone(), mask.clone())
            }
            Self::LowContrast => {
                let width = rng.random_range(0.2..=0.35);
                let black = rng.random_range(0.0..=1.0 - width);
                let level = |value: f32| ((black + value * width) * 255.0).round() / 255.0;
                (mapped(image, level), mask.clone())
            }
            Self::TwelveBit => {
                const SCALE: f32 = 4095.0 / 65535.0;
                (mapped(image, |value| value * SCALE), mask.clone())
            }
            Self::Text => (written_on(image, rng), mask.clone()),
            Self::Tilted => {
                let angle = rng.random_range(-10.0f32..=10.0).to_radians();
                let warp = Warp::new(image.width, image.height, angle, 1.0, [0.0; 2], false);
                (warp.plane(image), warp.mask(mask))
            }
        }
    }
}

impl Display for Disturbance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

fn mapped(image: &GrayImage, level: impl Fn(f32) -> f32) -> GrayImage {
    let pixels = image.pixels.iter().map(|&value| level(value)).collect();
    GrayImage::new(image.width, image.height, pixels)
}

/// Of [`Disturbance::Jpeg30`].
const JPEG_QUALITY: u8 = 30;

/// Pixels of a border on each side.
#[derive(Debug, Clone, Copy)]
struct Border {
    left: usize,
    right: usize,
    top: usize,
    bottom: usize,
}

impl Border {
    fn around(self, image: &GrayImage, mask: &Mask, level: f32) -> (GrayImage, Mask) {
        let width = self.left + image.width + self.right;
        let height = self.top + image.height + self.bottom;
        let mut pixels = vec![level; width * height];
        let mut marked = Mask::empty(width, height);
        for row in 0..image.height {
            let from = row * image.width..(row + 1) * image.width;
            let start = (self.top + row) * width + self.left;
            let to = start..start + image.width;
            pixels[to.clone()].copy_from_slice(&image.pixels[from.clone()]);
            marked.pixels[to].copy_from_slice(&mask.pixels[from]);
        }
        (GrayImage::new(width, height, pixels), marked)
    }
}

fn framed(image: &GrayImage, mask: &Mask, rng: &mut ChaCha8Rng) -> (GrayImage, Mask) {
    let unequal = rng.random_bool(0.3);
    let mut share = rng.random_range(0.06f32..=0.12);
    let mut pixels = |length: usize| {
        if unequal {
            share = rng.random_range(0.06..=0.12);
        }
        (length as f32 * share).ceil() as usize
    };
    let border = Border {
        left: pixels(image.width),
        right: pixels(image.width),
        top: pixels(image.height),
        bottom: pixels(image.height),
    };
    border.around(image, mask, 1.0)
}

fn letterboxed(image: &GrayImage, mask: &Mask, rng: &mut ChaCha8Rng) -> (GrayImage, Mask) {
    let ratio = rng.random_range(16.0 / 9.0..=2.0f32);
    let ratio = if rng.random_bool(0.25) {
        ratio.recip()
    } else {
        ratio
    };
    // The smallest canvas of this ratio that holds the picture.
    let (width, height) = (image.width as f32, image.height as f32);
    let across = (height * ratio).round().max(width) as usize - image.width;
    let down = (width / ratio).round().max(height) as usize - image.height;
    let border = Border {
        left: across / 2,
        right: across - across / 2,
        top: down / 2,
        bottom: down - down / 2,
    };
    border.around(image, mask, 0.0)
}

/// The picture as a JPEG file gives it back; unchanged when it is too large for one.
fn compressed(picture: &Picture, quality: u8) -> Picture {
    jpeg(picture, quality)
        .ok()
        .and_then(|file| Picture::decode(&file, "a JPEG file in memory").ok())
        .unwrap_or_else(|| picture.clone())
}

#[cfg(test)]
mod tests {
    use mriseg::image::Preparation;
    use rand::SeedableRng;

    use super::*;
    use crate::phantom::{Phantom, PhantomConfig};

    /// A chest whose bright pixels are marked.
    fn picture(index: usize, size: usize) -> (GrayImage, Mask) {
        let image = Phantom::generate(&PhantomConfig::default(), "train", index)
            .render(size)
            .image;
        let marked = image.pixels.iter().map(|&v| u8::from(v > 0.6)).collect();
        (image, Mask::new(size, size, marked))
    }

    fn rng(seed: u64) -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(seed)
    }

    #[test]
    fn colours_are_disturbed_together() {
        let (grey, mask) = picture(1, 96);
        let darker = |by: f32| mapped(&grey, |value| value * by);
        let colours = Picture::from_channels([darker(1.0), darker(0.5), darker(0.25)]);
        for kind in Disturbance::ALL {
            let (disturbed, moved) = kind.apply(&colours, &mask, &mut rng(3));
            let (_, alone) = kind.disturb(&grey, &mask, &mut rng(3));
            assert_eq!(moved, alone, "{kind}");
            let [red, green, blue] = disturbed.colours().unwrap_or_else(|| panic!("{kind}"));
            let luma = |i: usize| {
                0.2126 * red.pixels[i] + 0.7152 * green.pixels[i] + 0.0722 * blue.pixels[i]
            };
            let near = |(i, value): (usize, &f32)| (luma(i) - value).abs() < 0.01;
            assert!(
                disturbed.grey().pixels.iter().enumerate().all(near),
                "{kind}"
            );
        }
    }

    #[test]
    fn every_disturbance_repeats_itself_and_keeps_picture_and_mask_of_one_size() {
        let (image, mask) = picture(1, 96);
        for kind in Disturbance::ALL {
            let first = kind.disturb(&image, &mask, &mut rng(3));
            assert_eq!(first, kind.disturb(&image, &mask, &mut rng(3)), "{kind}");
            let (disturbed, marked) = first;
            assert_eq!(
                (disturbed.width, disturbed.height),
                (marked.width, marked.height)
            );
            assert!(
                disturbed.pixels.iter().all(|v| (0.0..=1.0).contains(v)),
                "{kind}"
            );
            let same = disturbed == image;
            assert_eq!(same, kind == Disturbance::Plain, "{kind}");
        }
    }

    #[test]
    fn names_are_those_of_the_files() {
        for kind in Disturbance::ALL {
            let json = serde_json::to_string(&kind).unwrap();
            assert_eq!(json, format!("\"{kind}\""));
            assert_eq!(serde_json::from_str::<Disturbance>(&json).unwrap(), kind);
        }
    }

    #[test]
    fn masks_move_with_their_pictures() {
        for index in 0..10 {
            let (image, mask) = picture(index, 96);
            for kind in [
                Disturbance::Framed,
                Disturbance::Letterboxed,
                Disturbance::Tilted,
            ] {
                let (image, moved) = kind.disturb(&image, &mask, &mut rng(index as u64));
                // A bright frame is not marked, so only what is marked must be bright.
                let dark = image.pixels.iter().zip(&moved.pixels);
                let dark = dark.filter(|&(&v, &m)| m == 1 && v < 0.45).count();
                assert!(
                    dark * 20 <= moved.area(),
                    "{kind}: {dark} of {}",
                    moved.area()
                );
                if kind != Disturbance::Tilted {
                    assert_eq!(moved.area(), mask.area(), "{kind}");
                }
            }
        }
    }

    #[test]
    fn frames_and_canvases_have_the_sizes_they_say() {
        let (image, mask) = picture(0, 100);
        let mut tall = 0;
        for seed in 0..100 {
            let (framed, _) = Disturbance::Framed.disturb(&image, &mask, &mut rng(seed));
            assert!((112..=124).contains(&framed.width) && (112..=124).contains(&framed.height));
            assert!(framed.pixels[..6 * framed.width].iter().all(|&v| v == 1.0));
            let (canvas, _) = Disturbance::Letterboxed.disturb(&image, &mask, &mut rng(seed));
            let (short, long) = (
                canvas.width.min(canvas.height),
                canvas.width.max(canvas.height),
            );
            assert!(short == 100 && (177..=200).contains(&long));
            tall += usize::from(canvas.height > canvas.width);
        }
        assert!((10..=40).contains(&tall), "{tall} of 100 are tall");
    }

    #[test]
    fn frames_are_undone_by_the_preparation_and_masks_come_back() {
        for index in 0..20 {
            let (image, mask) = picture(index, 96);
            let image = Picture::from(image);
            let plain = Preparation::of(&image, None);
            for kind in [Disturbance::Framed, Disturbance::Letterboxed] {
                let (framed, moved) = kind.apply(&image, &mask, &mut rng(index as u64));
                let preparation = Preparation::of(&framed, None);
                assert_eq!(
                    preparation.picture(&framed),
                    plain.picture(&image),
                    "{kind}"
                );
                assert_eq!(preparation.mask(&moved), plain.mask(&mask), "{kind}");
            }
        }
    }

    #[test]
    fn values_end_up_in_the_ranges_they_say() {
        let image = GrayImage::new(2, 1, vec![0.0, 1.0]);
        let mask = Mask::empty(2, 1);
        for seed in 0..50 {
            let (faint, _) = Disturbance::LowContrast.disturb(&image, &mask, &mut rng(seed));
            let range = faint.pixels[1] - faint.pixels[0];
            assert!((0.19..0.36).contains(&range), "{range}");
        }
        let (dark, _) = Disturbance::TwelveBit.disturb(&image, &mask, &mut rng(0));
        assert_eq!(dark.pixels, [0.0, 4095.0 / 65535.0]);
        let (negative, _) = Disturbance::Inverted.disturb(&image, &mask, &mut rng(0));
        assert_eq!(negative.pixels, [1.0, 0.0]);
    }

    #[test]
    fn letters_are_small_white_and_near_the_edges() {
        let size = 224;
        let image = GrayImage::new(size, size, vec![0.2; size * size]);
        let mask = Mask::empty(size, size);
        for seed in 0..100 {
            let (written, _) = Disturbance::Text.disturb(&image, &mask, &mut rng(seed));
            let places = (0..size * size).filter(|&at| written.pixels[at] != 0.2);
            let places: Vec<usize> = places.collect();
            assert!(places.iter().all(|&at| written.pixels[at] == 1.0));
            assert!(
                (10..size * size / 20).contains(&places.len()),
                "{}",
                places.len()
            );
            let middle = size / 6..size * 5 / 6;
            assert!(places.iter().all(|at| !middle.contains(&(at / size))));
        }
    }

    #[test]
    fn the_smallest_pictures_are_disturbed_too() {
        for (width, height) in [(1, 1), (1, 9), (9, 1), (2, 30), (30, 2)] {
            for level in [0.0, 1.0] {
                let image = GrayImage::new(width, height, vec![level; width * height]);
                let mask = Mask::new(width, height, vec![1; width * height]);
                for kind in Disturbance::ALL {
                    for seed in 0..5 {
                        let (image, mask) = kind.disturb(&image, &mask, &mut rng(seed));
                        assert_eq!((image.width, image.height), (mask.width, mask.height));
                    }
                }
            }
        }
    }
}
