//! Letters burned into a picture.

use mriseg::image::GrayImage;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// The picture with a side or a projection in one corner, and sometimes a time or a date in another.
pub(super) fn written_on(image: &GrayImage, rng: &mut ChaCha8Rng) -> GrayImage {
    let mut image = image.clone();
    let first = rng.random_range(0..4);
    let side = ["L", "R", "AP"][rng.random_range(0..3)];
    write(&mut image, side, first, rng);
    if rng.random_bool(0.5) {
        let line = match rng.random_range(0..3) {
            0 => "PORTABLE 12:30".to_owned(),
            1 => format!(
                "PORTABLE {:02}:{:02}",
                rng.random_range(0..24),
                rng.random_range(0..60)
            ),
            _ => format!(
                "{}-{:02}-{:02}",
                rng.random_range(1998..2026),
                rng.random_range(1..13),
                rng.random_range(1..29)
            ),
        };
        let other = (first + rng.random_range(1..4)) % 4;
        write(&mut image, &line, other, rng);
    }
    image
}

/// Pixels of a glyph across and down, and from one glyph to the next.
const GLYPH: [usize; 2] = [5, 7];
const ADVANCE: usize = GLYPH[0] + 1;

/// Writes a line in white into one of the four corners. What does not fit is cut off.
fn write(image: &mut GrayImage, line: &str, corner: usize, rng: &mut ChaCha8Rng) {
    let short = image.width.min(image.height) as f32;
    let height = short * rng.random_range(0.04..=0.08);
    // A long line is written smaller.
    let room = 0.9 * image.width as f32 / (line.len() * ADVANCE) as f32;
    let dot = (height / GLYPH[1] as f32).min(room).round().max(1.0) as usize;
    let margin = (short * rng.random_range(0.02..=0.05)) as usize;
    let length = (line.len() * ADVANCE - 1) * dot;
    let place = |far: bool, space: usize, taken: usize| {
        if far {
            space.saturating_sub(taken + margin)
        } else {
            margin
        }
    };
    let left = place(corner % 2 == 1, image.width, length);
    let top = place(corner / 2 == 1, image.height, GLYPH[1] * dot);
    let (width, height) = (image.width, image.height);
    for (place, letter) in line.chars().enumerate() {
        for (row, bits) in glyph(letter).into_iter().enumerate() {
            for column in (0..GLYPH[0]).filter(|column| bits >> (GLYPH[0] - 1 - column) & 1 == 1) {
                let (x, y) = (left + (place * ADVANCE + column) * dot, top + row * dot);
                for y in y..(y + dot).min(height) {
                    for x in x..(x + dot).min(width) {
                        image.pixels[y * width + x] = 1.0;
                    }
                }
            }
        }
    }
}

/// The letters that are written: seven rows of five dots, the left one in the highest bit.
#[rustfmt::skip]
const GLYPHS: [(char, [u8; 7]); 20] = [
    ('0', [0x0E, 0x11, 0x13, 0x15, 0x19, 0x11, 0x0E]),
    ('1', [0x04, 0x0C, 0x04, 0x04, 0x04, 0x04, 0x0E]),
    ('2', [0x0E, 0x11, 0x01, 0x02, 0x04, 0x08, 0x1F]),
    ('3', [0x1F, 0x02, 0x04, 0x02, 0x01, 0x11, 0x0E]),
    ('4', [0x02, 0x06, 0x0A, 0x12, 0x1F, 0x02, 0x02]),
    ('5', [0x1F, 0x10, 0x1E, 0x01, 0x01, 0x11, 0x0E]),
    ('6', [0x06, 0x08, 0x10, 0x1E, 0x11, 0x11, 0x0E]),
    ('7', [0x1F, 0x01, 0x02, 0x04, 0x08, 0x08, 0x08]),
    ('8', [0x0E, 0x11, 0x11, 0x0E, 0x11, 0x11, 0x0E]),
    ('9', [0x0E, 0x11, 0x11, 0x0F, 0x01, 0x02, 0x0C]),
    ('A', [0x0E, 0x11, 0x11, 0x1F, 0x11, 0x11, 0x11]),
    ('B', [0x1E, 0x11, 0x11, 0x1E, 0x11, 0x11, 0x1E]),
    ('E', [0x1F, 0x10, 0x10, 0x1E, 0x10, 0x10, 0x1F]),
    ('L', [0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x1F]),
    ('O', [0x0E, 0x11, 0x11, 0x11, 0x11, 0x11, 0x0E]),
    ('P', [0x1E, 0x11, 0x11, 0x1E, 0x10, 0x10, 0x10]),
    ('R', [0x1E, 0x11, 0x11, 0x1E, 0x14, 0x12, 0x11]),
    ('T', [0x1F, 0x04, 0x04, 0x04, 0x04, 0x04, 0x04]),
    (':', [0x00, 0x04, 0x04, 0x00, 0x04, 0x04, 0x00]),
    ('-', [0x00, 0x00, 0x00, 0x1F, 0x00, 0x00, 0x00]),
];

/// Blank for what is not in the table.
fn glyph(letter: char) -> [u8; 7] {
    let found = GLYPHS.iter().find(|(known, _)| *known == letter);
    found.map_or([0; 7], |(_, rows)| *rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_that_is_written_has_a_glyph() {
        for letter in "LRAPORTABLE0123456789:-".chars() {
            assert_ne!(glyph(letter), [0; 7], "{letter}");
        }
    }
}
