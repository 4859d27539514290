//! Many phantoms in one picture, to judge the generator by eye:
//! `cargo run -p mriseg-data --example contact_sheet -- /tmp/sheet.png [size] [columns] [rows]`
//!
//! The second of each pair shows the lesions' outlines filled in white.

use std::error::Error;
use std::fs;

use mriseg::image::GrayImage;
use mriseg_data::phantom::{Phantom, PhantomConfig};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let path = arguments
        .first()
        .ok_or("usage: contact_sheet FILE.png [size] [columns] [rows]")?;
    let number =
        |i: usize, default: usize| arguments.get(i).map_or(Ok(default), |text| text.parse());
    let (size, columns, rows) = (number(1, 128)?, number(2, 4)?, number(3, 4)?);

    let mut sheet = GrayImage::new(
        2 * columns * size,
        rows * size,
        vec![0.0; 2 * columns * rows * size * size],
    );
    for index in 0..columns * rows {
        let phantom = Phantom::generate(&PhantomConfig::default(), "sheet", index);
        let drawing = phantom.draw(size);
        let mask = drawing.mask(&phantom.referrals()[0].findings);
        let (left, top) = (2 * size * (index % columns), size * (index / columns));
        for y in 0..size {
            for x in 0..size {
                let level = drawing.image.pixels[y * size + x];
                let at = (top + y) * sheet.width + left + x;
                sheet.pixels[at] = level;
                sheet.pixels[at + size] = if mask.pixels[y * size + x] == 1 {
                    1.0
                } else {
                    0.6 * level
                };
            }
        }
    }
    fs::write(path, sheet.to_png())?;
    println!("{path}: {} phantoms of {size} x {size}", columns * rows);
    Ok(())
}
