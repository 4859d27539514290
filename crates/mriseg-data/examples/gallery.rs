//! Draws the page's gallery: `cargo run --example gallery -- www/public/gallery`, or more
//! pictures for a test: `... -- FOLDER 20`, or tinted ones with a sentence of another domain: `... -- FOLDER 3 "one polyp"`
//!
//! Six phantoms (or as many as asked for) with three sentences each, one of which names what is not there; pictures and true masks as PNG, and
//! `gallery.json` that lists them.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use mriseg::image::{GrayImage, Picture};
use mriseg_data::phantom::{Phantom, PhantomConfig, Referral, SentenceKind};

/// Pixels across and down: large enough to look at; the model sees the same chest at its own size.
const SIZE: usize = 256;
const PICTURES: usize = 6;

#[derive(serde::Serialize)]
struct Item {
    id: String,
    image: String,
    sentences: Vec<Sentence>,
}

#[derive(serde::Serialize)]
struct Sentence {
    text: String,
    truth: String,
    kind: &'static str,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (dir, pictures, sentence) = match &arguments[..] {
        [dir] => (dir, PICTURES, None),
        [dir, pictures] => (dir, pictures.parse()?, None),
        [dir, pictures, sentence] => (dir, pictures.parse()?, Some(sentence.as_str())),
        _ => {
            return Err(
                "usage: gallery FOLDER [PICTURES [SENTENCE]] (for example www/public/gallery)"
                    .into(),
            );
        }
    };
    let dir = PathBuf::from(dir);
    fs::create_dir_all(&dir)?;
    let config = PhantomConfig {
        size: SIZE,
        sentences_per_picture: 8,
        ..PhantomConfig::default()
    };
    let mut items = Vec::new();
    for index in 0.. {
        if items.len() == pictures {
            break;
        }
        let phantom = Phantom::generate(&config, "gallery", index);
        if let Some(chosen) = three(phantom.referrals()) {
            items.push(write(&dir, items.len(), &phantom, &chosen, sentence)?);
        }
    }
    fs::write(
        dir.join("gallery.json"),
        serde_json::to_string_pretty(&items)? + "\n",
    )?;
    println!("{} pictures in {}", items.len(), dir.display());
    Ok(())
}

/// The full finding, a part of it and something absent, of pictures that have all three.
fn three(referrals: &[Referral]) -> Option<[Referral; 3]> {
    let first = |kinds: &[SentenceKind]| {
        referrals
            .iter()
            .find(|referral| kinds.contains(&referral.kind))
            .copied()
    };
    Some([
        first(&[SentenceKind::Full])?,
        first(&[SentenceKind::OneSide])?,
        first(&[SentenceKind::Absent])?,
    ])
}

/// Writes a picture, tinted where there is a sentence of another domain, which then is its only one.
fn write(
    dir: &Path,
    number: usize,
    phantom: &Phantom,
    chosen: &[Referral],
    sentence: Option<&str>,
) -> Result<Item, Box<dyn Error>> {
    let rendering = phantom.render(SIZE);
    let image = format!("p{number}.png");
    let (picture, chosen) = match sentence {
        Some(_) => (tinted(&rendering.image), &chosen[..1]),
        None => (Picture::from(rendering.image.clone()), chosen),
    };
    fs::write(dir.join(&image), picture.to_png())?;
    let mut sentences = Vec::new();
    for (i, referral) in chosen.iter().enumerate() {
        let truth = format!("p{number}-{i}.png");
        fs::write(
            dir.join(&truth),
            rendering.mask(&referral.findings).to_png(),
        )?;
        let kind = match referral.kind {
            SentenceKind::Full => "full",
            SentenceKind::OneSide => "one_side",
            SentenceKind::OneZone => "one_zone",
            SentenceKind::Absent => "wrong",
        };
        sentences.push(Sentence {
            text: sentence.map_or_else(|| referral.findings.to_sentence(), str::to_owned),
            truth,
            kind,
        });
    }
    Ok(Item {
        id: format!("phantom-{number}"),
        image,
        sentences,
    })
}

/// In a red that fades to the right.
fn tinted(image: &GrayImage) -> Picture {
    let plane = |strength: f32| {
        let shaded = image.pixels.iter().enumerate().map(|(i, &value)| {
            let right = (i % image.width) as f32 / image.width as f32;
            value * (strength + (1.0 - strength) * right)
        });
        GrayImage::new(image.width, image.height, shaded.collect())
    };
    Picture::from_channels([1.0, 0.5, 0.4].map(plane))
}
