//! Random augmentation of a case: position, exposure, colours, damage, a picture mirrored or upside down.

mod disturb;
mod lettering;
mod warp;

use mriseg::image::{GrayImage, Picture};
use mriseg::reading::{Findings, swap_heights, swap_sides};
use rand::{Rng, RngExt};
use rand_chacha::ChaCha8Rng;

use crate::Case;

pub use disturb::Disturbance;
pub use warp::Warp;

/// What [`AugmentConfig::damage`] does; frames and inverted grey values are undone before the model reads a picture.
const DAMAGE: [Disturbance; 3] = [
    Disturbance::Jpeg30,
    Disturbance::LowContrast,
    Disturbance::Text,
];

/// Steps of the table that holds the exposure curve.
const CURVE_STEPS: usize = 1024;

/// How far each variation goes. Zero switches one off.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AugmentConfig {
    /// Probability of a mirror image; "left" and "right" are then exchanged in the sentence.
    pub flip: f32,
    /// Probability of a picture upside down; "top" and "bottom" are then exchanged in the sentence. Chests, told by the
    /// grammar of their sentences, stay upright.
    pub upside_down: f32,
    /// Largest rotation either way, in degrees.
    pub rotate_degrees: f32,
    /// Largest change of size: 0.1 gives sizes from 0.9 to 1.1.
    pub scale: f32,
    /// Largest shift either way, as a fraction of width and height.
    pub translate: f32,
    /// Largest change of brightness either way, of a range of 1.
    pub brightness: f32,
    /// Largest change of contrast about middle grey: 0.2 gives factors from 0.8 to 1.2.
    pub contrast: f32,
    /// Largest change of the exponent: 0.2 gives exponents from 1/1.2 to 1.2.
    pub gamma: f32,
    /// Largest change of a colour's strength, and of the distance of the colours from grey; of pictures with colours.
    pub colour: f32,
    /// Largest standard deviation of the noise, of a range of 1.
    pub noise: f32,
    /// Probability of damage as pictures come with: coarse JPEG, low contrast, burned-in text.
    pub damage: f32,
}

impl Default for AugmentConfig {
    fn default() -> Self {
        Self {
            flip: 0.5,
            upside_down: 0.0,
            rotate_degrees: 10.0,
            scale: 0.1,
            translate: 0.05,
            brightness: 0.08,
            contrast: 0.15,
            gamma: 0.2,
            colour: 0.1,
            noise: 0.02,
            damage: 0.2,
        }
    }
}

impl AugmentConfig {
    /// No variation at all.
    pub fn none() -> Self {
        Self {
            flip: 0.0,
            upside_down: 0.0,
            rotate_degrees: 0.0,
            scale: 0.0,
            translate: 0.0,
            brightness: 0.0,
            contrast: 0.0,
            gamma: 0.0,
            colour: 0.0,
            noise: 0.0,
            damage: 0.0,
        }
    }
}

/// The case augmented at random, and how its picture was moved. Picture and mask move together; equal random numbers
/// give equal results. Findings one by one and lungs are left out.
///
/// # Shapes
/// Picture and mask keep their width and height.
pub fn augment(case: &Case, config: &AugmentConfig, rng: &mut ChaCha8Rng) -> (Case, Warp) {
    let mut within = |range: f32| {
        if range > 0.0 {
            rng.random_range(-range..=range)
        } else {
            0.0
        }
    };
    let angle = within(config.rotate_degrees).to_radians();
    let scale = 1.0 + within(config.scale.min(0.9));
    let shift = [within(config.translate), within(config.translate)];
    let brightness = within(config.brightness);
    let contrast = 1.0 + within(config.contrast);
    let exponent = (1.0 + config.gamma).powf(within(1.0));
    let noise = within(config.noise).abs();
    let flip = rng.random_bool(f64::from(config.flip.clamp(0.0, 1.0)));

    let (width, height) = (case.image.width(), case.image.height());
    let mut warp = Warp::new(width, height, angle, scale, shift, flip);
    // Draws no random number when switched off, so that older runs stay reproducible.
    let upside_down = config.upside_down > 0.0
        && Findings::parse(&case.text).is_none()
        && rng.random_bool(f64::from(config.upside_down.min(1.0)));
    if upside_down {
        warp = warp.upside_down();
    }
    let mut image = case.image.map(|plane| warp.plane(plane));
    let mut mask = warp.mask(&case.mask);
    if rng.random_bool(f64::from(config.damage.clamp(0.0, 1.0))) {
        let kind = DAMAGE[rng.random_range(0..DAMAGE.len())];
        (image, mask) = kind.apply(&image, &mask, rng);
    }
    let curve: Vec<f32> = (0..=CURVE_STEPS)
        .map(|i| {
            let level = (i as f32 / CURVE_STEPS as f32).powf(exponent);
            (level - 0.5) * contrast + 0.5 + brightness
        })
        .collect();
    let mut exposed = |plane: &GrayImage| {
        let pixels = plane.pixels.iter().map(|pixel| {
            let level = curve[(pixel.clamp(0.0, 1.0) * CURVE_STEPS as f32 + 0.5) as usize];
            (level + noise * roughly_normal(rng.next_u32())).clamp(0.0, 1.0)
        });
        GrayImage::new(plane.width, plane.height, pixels.collect())
    };
    let image = match image.colours() {
        Some(colours) => {
            let colours = colours.each_ref().map(&mut exposed);
            Picture::from_channels(recoloured(colours, config.colour, rng))
        }
        None => Picture::from(exposed(image.grey())),
    };
    let mut text = case.text.clone();
    if flip {
        text = swap_sides(&text);
    }
    if upside_down {
        text = swap_heights(&text);
    }
    let varied = Case {
        text,
        mask,
        intermediate_pixels: case.intermediate_pixels,
        ..Case::new(&case.id, image)
    };
    (varied, warp)
}

/// Red, green and blue, each scaled at random, and their distance from grey (saturation) too.
fn recoloured(mut colours: [GrayImage; 3], most: f32, rng: &mut ChaCha8Rng) -> [GrayImage; 3] {
    if most <= 0.0 {
        return colours;
    }
    let strengths = [0; 3].map(|_| 1.0 + rng.random_range(-most..=most));
    let saturation = 1.0 + rng.random_range(-most..=most);
    for i in 0..colours[0].pixels.len() {
        let values = [0, 1, 2].map(|c| strengths[c] * colours[c].pixels[i]);
        let mean = values.iter().sum::<f32>() / 3.0;
        for (plane, value) in colours.iter_mut().zip(values) {
            plane.pixels[i] = (mean + saturation * (value - mean)).clamp(0.0, 1.0);
        }
    }
    colours
}

/// Standard normal noise from 32 random bits: the sum of their four bytes.
fn roughly_normal(bits: u32) -> f32 {
    let sum: u32 = bits.to_le_bytes().into_iter().map(u32::from).sum();
    // Mean 510, variance 4 * (256^2 - 1) / 12.
    (sum as f32 - 510.0) / 147.8
}

#[cfg(test)]
mod tests {
    use mriseg::image::Mask;
    use rand::SeedableRng;

    use super::*;

    const TEXT: &str = "unilateral pulmonary infection, one infected area, upper left lung.";

    fn case(size: usize) -> Case {
        let mut mask = Mask::empty(size, size);
        let mut image = GrayImage::new(size, size, vec![0.2; size * size]);
        for y in size / 4..size / 2 {
            for x in size / 8..size / 4 {
                mask.pixels[y * size + x] = 1;
                image.pixels[y * size + x] = 0.9;
            }
        }
        Case {
            text: TEXT.into(),
            mask,
            ..Case::new("a", image)
        }
    }

    fn certain_flip() -> AugmentConfig {
        AugmentConfig {
            flip: 1.0,
            ..AugmentConfig::none()
        }
    }

    fn near(a: &GrayImage, b: &GrayImage) -> bool {
        let mut pairs = a.pixels.iter().zip(&b.pixels);
        pairs.all(|(a, b)| (a - b).abs() < 1e-3)
    }

    fn rng(seed: u64) -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(seed)
    }

    #[test]
    fn no_variation_gives_the_sample_back() {
        let case = case(16);
        let (same, _) = augment(&case, &AugmentConfig::none(), &mut rng(0));
        assert_eq!((&same.text, &same.mask), (&case.text, &case.mask));
        assert!(near(same.image.grey(), case.image.grey()));
    }

    #[test]
    fn a_flip_mirrors_picture_and_mask_and_swaps_the_side_in_the_text() {
        let case = case(16);
        let (flipped, _) = augment(&case, &certain_flip(), &mut rng(0));
        assert_eq!(flipped.mask, case.mask.flipped_horizontally());
        assert_eq!(
            flipped.text,
            "unilateral pulmonary infection, one infected area, upper right lung."
        );
        let mirror = case.image.flipped_horizontally();
        assert!(near(flipped.image.grey(), mirror.grey()));
    }

    #[test]
    fn upside_down_exchanges_top_and_bottom_in_picture_mask_and_text() {
        let text = "a polyp in the top left of the image";
        let case = Case {
            text: text.into(),
            ..case(16)
        };
        let certain = AugmentConfig {
            upside_down: 1.0,
            ..AugmentConfig::none()
        };
        let chest = super::tests::case(16);
        let (upright, _) = augment(&chest, &certain, &mut rng(0));
        assert_eq!((&upright.text, &upright.mask), (&chest.text, &chest.mask));
        let (turned, warp) = augment(&case, &certain, &mut rng(0));
        assert!(!warp.mirrored());
        assert_eq!(turned.text, "a polyp in the bottom left of the image");
        let rows =
            |mask: &Mask| -> Vec<u8> { mask.pixels.chunks(16).rev().flatten().copied().collect() };
        assert_eq!(turned.mask.pixels, rows(&case.mask));
        assert!(turned.image.grey().pixels[14 * 16 + 3] < 0.5);
        assert!(turned.image.grey().pixels[9 * 16 + 3] > 0.5);
    }

    #[test]
    fn colours_vary_and_stay_colours() {
        let grey = case(16);
        let plane = |level: f32| {
            let pixels = grey.image.grey().pixels.iter().map(|p| p * level);
            GrayImage::new(16, 16, pixels.collect())
        };
        let case = Case {
            image: Picture::from_channels([plane(1.0), plane(0.6), plane(0.5)]),
            ..grey
        };
        let config = AugmentConfig::default();
        let (varied, _) = augment(&case, &config, &mut rng(1));
        let (again, _) = augment(&case, &config, &mut rng(2));
        assert_ne!(varied.image, again.image);
        let mean = |plane: &GrayImage| plane.pixels.iter().sum::<f32>() / 256.0;
        let [red, green, blue] = varied.image.colours().unwrap().each_ref().map(mean);
        assert!(red > green && red > blue, "{red} {green} {blue}");
        let (same, _) = augment(&case, &AugmentConfig::none(), &mut rng(1));
        for (own, other) in
            (same.image.colours().unwrap().iter()).zip(case.image.colours().unwrap())
        {
            assert!(near(own, other));
        }
    }

    #[test]
    fn picture_and_mask_move_together() {
        let case = case(64);
        let geometry = AugmentConfig {
            rotate_degrees: 20.0,
            scale: 0.2,
            translate: 0.1,
            flip: 0.5,
            ..AugmentConfig::none()
        };
        for seed in 0..20 {
            let (moved, _) = augment(&case, &geometry, &mut rng(seed));
            let pairs = moved.image.grey().pixels.iter().zip(&moved.mask.pixels);
            let disagree = |(level, marked): &(&f32, &u8)| (**level > 0.55) != (**marked == 1);
            let disagreeing = pairs.filter(disagree).count();
            assert!(
                disagreeing <= moved.mask.area() / 10,
                "seed {seed}: {disagreeing} of {}",
                moved.mask.area()
            );
        }
    }

    #[test]
    fn a_mirror_image_is_a_certain_flip() {
        let (_, warp) = augment(&case(16), &certain_flip(), &mut rng(1));
        assert_eq!(warp, Warp::mirror(16, 16, true));
        assert!(warp.mirrored() && !Warp::mirror(16, 16, false).mirrored());
        assert_eq!(warp.source_cell(0, 4), Some(3));
        assert_eq!(Warp::mirror(16, 16, false).source_cell(6, 4), Some(6));
    }

    #[test]
    fn a_shift_moves_by_the_fraction_it_says() {
        let warp = Warp::new(8, 8, 0.0, 1.0, [0.25, 0.0], false);
        let image = GrayImage::new(8, 8, (0..64).map(|i| (i % 8) as f32 / 8.0).collect());
        let mut mask = Mask::empty(8, 8);
        mask.pixels[3] = 1;
        let (image, mask) = (warp.plane(&image), warp.mask(&mask));
        assert_eq!(mask.pixels[..8], [0, 0, 0, 0, 0, 1, 0, 0]);
        assert!((image.pixels[5] - 3.0 / 8.0).abs() < 1e-6);
    }

    #[test]
    fn a_cell_is_found_again_where_it_lay_before() {
        let still = Warp::new(64, 64, 0.0, 1.0, [0.0, 0.0], false);
        assert!((0..64).all(|cell| still.source_cell(cell, 8) == Some(cell)));
        let mirrored = Warp::new(64, 64, 0.0, 1.0, [0.0, 0.0], true);
        assert_eq!(mirrored.source_cell(8, 8), Some(15));
        // A quarter to the right: two cells of eight; what comes in from the left was not there before.
        let shifted = Warp::new(64, 64, 0.0, 1.0, [0.25, 0.0], false);
        assert_eq!(shifted.source_cell(2, 8), Some(0));
        assert_eq!(shifted.source_cell(1, 8), None);
        assert_eq!(shifted.source_cell(63, 8), Some(61));
        let turned = Warp::new(64, 64, std::f32::consts::FRAC_PI_2, 1.0, [0.0, 0.0], false);
        let corners = [0, 7, 56, 63].map(|cell| turned.source_cell(cell, 8).unwrap());
        assert!(
            [[56, 0, 63, 7], [7, 63, 0, 56]].contains(&corners),
            "{corners:?}"
        );
    }

    #[test]
    fn equal_random_numbers_give_equal_variations_in_range() {
        let case = case(32);
        let config = AugmentConfig::default();
        let first = augment(&case, &config, &mut rng(7));
        assert_eq!(first, augment(&case, &config, &mut rng(7)));
        assert_ne!(first, augment(&case, &config, &mut rng(8)));
        let mut levels = first.0.image.grey().pixels.iter();
        assert!(levels.all(|level| (0.0..=1.0).contains(level)));
    }

    #[test]
    fn a_picture_of_224_is_varied_in_milliseconds() {
        let case = case(224);
        let mut rng = rng(3);
        let start = std::time::Instant::now();
        for _ in 0..50 {
            let (varied, _) = augment(&case, &AugmentConfig::default(), &mut rng);
            assert_eq!(varied.image.width(), 224);
        }
        let each = start.elapsed() / 50;
        println!("{each:?} each");
        // The aim is 1.5 ms on an idle core; the limit is for machines busy with other work.
        assert!(each.as_millis() < 15, "{each:?}");
    }

    #[test]
    fn the_noise_has_mean_0_and_deviation_1() {
        let mut rng = rng(1);
        let drawn: Vec<f32> = (0..20_000)
            .map(|_| roughly_normal(rng.next_u32()))
            .collect();
        let mean = drawn.iter().sum::<f32>() / 20_000.0;
        let variance = drawn.iter().map(|x| x * x).sum::<f32>() / 20_000.0;
        assert!(
            mean.abs() < 0.03 && (variance - 1.0).abs() < 0.03,
            "mean {mean}, variance {variance}"
        );
    }
}
