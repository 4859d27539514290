//! `trainer predict`: one picture and sentence, or a whole gallery, to masks and tokens.

use anyhow::{Context, Result};
use futures_lite::future::block_on;
use mriseg::bundle::{MANIFEST, sha256};
use mriseg::decode::TokenEvent;
use mriseg::image::Picture;
use mriseg::reading::Reading;
use mriseg::segmenter::{Query, SamplingOptions, Segmentation, Segmenter, Settings};
use mriseg::sentence::Check;
use mriseg::text::Prompt;
use serde::Serialize;
use std::ops::ControlFlow;
use std::path::Path;

use crate::cli::{PredictArgs, PredictInput};
use crate::data::gallery;
use crate::report::pictures;
use crate::run::{bundle_dir, vision_of_bundle};
use crate::system::files::read;
use crate::system::outputs::{OutputFile, check_files, check_folders};
use crate::system::say::{note, out, say};
use crate::system::{device, with_a_partner, write_atomic};

/// What is printed with `--json`.
#[derive(Debug, Serialize)]
struct Tokens<'a> {
    image: &'a str,
    text: &'a str,
    /// How the sentence was understood; absent where sentences are not about lungs.
    #[serde(skip_serializing_if = "Option::is_none")]
    read_as: Option<String>,
    /// What was done to the picture.
    picture_notes: Vec<String>,
    /// How the mask compares with the sentence; empty where sentences are not about lungs.
    checks: Vec<Check>,
    tokens: Vec<u32>,
    probabilities: Vec<f32>,
    /// Probability of there being something to draw; absent where the model does not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    presence: Option<f32>,
    width: usize,
    height: usize,
    foreground: usize,
    mask_sha256: String,
}

impl<'a> Tokens<'a> {
    fn new(
        image: &'a str,
        text: &'a str,
        reading: Option<&Reading>,
        checks: Vec<Check>,
        result: &Segmentation,
    ) -> Self {
        Self {
            image,
            text,
            read_as: reading.map(Reading::describe),
            picture_notes: result.notes.clone(),
            checks,
            tokens: result.tokens.clone(),
            probabilities: result.probabilities.clone(),
            presence: result.presence,
            width: result.width,
            height: result.height,
            foreground: result.mask.area(),
            mask_sha256: sha256(&result.mask.pixels),
        }
    }
}

pub(crate) fn run(args: &PredictArgs) -> Result<()> {
    check_outputs(args)?;
    let bundle = bundle_dir::read(&args.bundle)?;
    let device::Chosen {
        device, workers, ..
    } = device::choose(&args.device)?;
    let (model, tokenizer) = bundle.unpack(&device)?;
    let manifest = &bundle.manifest;
    let vision = vision_of_bundle(manifest, &model, args.emu3.as_deref(), &device)?;
    let settings = Settings::from(manifest);
    let segmenter = Segmenter::from_model(settings, &model, vision, tokenizer, &device);
    let segmenter = block_on(segmenter)?;
    match args.input() {
        PredictInput::One { image, text } => one(args, &segmenter, workers, &image, &text),
        PredictInput::Gallery(folder) => whole_gallery(args, &segmenter, workers, &folder),
    }
}

/// Refuses outputs that cannot be written, or that are read.
fn check_outputs(args: &PredictArgs) -> Result<()> {
    let png = |option, path, what| OutputFile {
        option,
        path,
        what,
        extension: "png",
    };
    let manifest = args.bundle.join(MANIFEST);
    let mut inputs = vec![("--bundle", manifest.as_path())];
    let list = args
        .gallery
        .as_ref()
        .map(|folder| folder.join(gallery::LIST));
    let out = match &list {
        Some(list) => {
            inputs.push(("--gallery", list.as_path()));
            OutputFile {
                option: "--out",
                path: args.out.as_path(),
                what: "the list of tokens",
                extension: "json",
            }
        }
        None => png("--out", args.out.as_path(), "the mask"),
    };
    let mut outputs = vec![out];
    if let Some(path) = &args.overlay {
        outputs.push(png("--overlay", path, "the overlay"));
    }
    if let Some(path) = &args.agreement {
        outputs.push(png("--agreement", path, "the agreement"));
    }
    if let Some(image) = &args.image {
        inputs.push(("--image", image));
    }
    check_files(&outputs, &inputs)?;
    let mut read = vec![("--bundle", args.bundle.as_path())];
    read.extend(args.emu3.as_deref().map(|folder| ("--emu3", folder)));
    check_folders(&outputs, &read)
}

fn one(
    args: &PredictArgs,
    segmenter: &Segmenter,
    workers: usize,
    image: &Path,
    text: &str,
) -> Result<()> {
    let name = image.display().to_string();
    let bytes = read(image, "name a picture")?;
    let columns = segmenter.config().grid();
    // What is wrong is said first, and alone.
    let prompt = segmenter.prompt(text)?;
    let bytes = mriseg_dicom::picture(bytes, &name)?;
    let picture = segmenter.decode_picture(&bytes, &name)?;
    let reading = segmenter.reading(text);
    say_how_it_is_read(segmenter, text, reading.as_ref());
    let decode = args.decode;
    let print = |event: &TokenEvent| {
        if !args.json {
            let end = if event.cell.column + 1 == columns {
                "\n"
            } else {
                " "
            };
            out(format_args!("{:4}{end}", event.token));
        }
        ControlFlow::Continue(())
    };
    let result = with_a_partner(workers, || {
        block_on(segmenter.segment(Query::new(&picture, &prompt), decode, print))
    })?;
    write_atomic(&args.out, &result.mask.to_png())?;
    if let Some(overlay) = &args.overlay {
        let drawn = pictures::overlay(&picture, None, &result.mask);
        write_atomic(overlay, &pictures::png(&drawn)?)?;
    }
    for note in &result.notes {
        note!("note: {note}");
    }
    let checks = segmenter.checks(text, &result.mask);
    for failed in checks.iter().filter(|check| !check.agrees) {
        note!("check: {}", failed.message);
    }
    if args.json {
        let tokens = Tokens::new(&name, text, reading.as_ref(), checks, &result);
        say!("{}", serde_json::to_string(&tokens)?);
        return Ok(());
    }
    let confidence: f32 =
        result.probabilities.iter().sum::<f32>() / result.probabilities.len().max(1) as f32;
    say!(
        "{} tokens in {} passes, mean probability {confidence:.3}; {} of {} pixels inside{}",
        result.tokens.len(),
        result.passes,
        result.mask.area(),
        result.width * result.height,
        if result.mask.is_empty() {
            ": the model sees nothing that the sentence names"
        } else {
            ""
        }
    );
    if let Some(presence) = result.presence {
        say!("anything to draw with a probability of {presence:.3}");
    }
    say!("wrote {}", args.out.display());
    if let Some(samples) = args.samples {
        agreement(args, segmenter, &picture, &prompt, samples.into())?;
    }
    if args.overlay.is_none() {
        say!("next: add --overlay seen.png to see the mask on the picture");
    }
    Ok(())
}

fn say_how_it_is_read(segmenter: &Segmenter, text: &str, reading: Option<&Reading>) {
    match reading {
        Some(reading) => {
            note!("read as: {reading}");
            if let Some(hint) = reading.hint() {
                note!("note: {hint}");
            }
        }
        None if !segmenter.knows_a_word(text) => {
            note!("note: the model knows no word of this sentence: it can only guess");
        }
        None => {}
    }
}

/// Samples some masks and says where they differ.
fn agreement(
    args: &PredictArgs,
    segmenter: &Segmenter,
    picture: &Picture,
    prompt: &Prompt,
    samples: usize,
) -> Result<()> {
    const SEED: u64 = 1;
    const SHOWN: usize = 5;
    let options = SamplingOptions {
        samples,
        temperature: 1.0,
        seed: SEED,
    };
    let mut sampling = segmenter.sample(Query::new(picture, prompt), options);
    let agreement = block_on(async {
        while sampling.next().await? {}
        sampling.agreement().await
    })?;
    let cells = &agreement.cells;
    let mean = cells.iter().sum::<f32>() / cells.len() as f32;
    say!(
        "{samples} sampled masks: cells agree to {:.1} %",
        100.0 * mean
    );
    let grid = segmenter.config().grid();
    let mut order: Vec<usize> = (0..cells.len()).collect();
    order.sort_by(|&a, &b| cells[a].total_cmp(&cells[b]));
    for &cell in order.iter().take(SHOWN).filter(|&&cell| cells[cell] < 1.0) {
        say!(
            "  row {}, column {}: {:.0} %",
            cell / grid + 1,
            cell % grid + 1,
            100.0 * cells[cell]
        );
    }
    if let Some(path) = &args.agreement {
        let drawn = match &sampling.frame().preparation {
            Some(preparation) => {
                pictures::agreement_in_place(picture, preparation, &agreement, grid)
            }
            None => pictures::agreement(picture, &agreement, grid),
        };
        write_atomic(path, &pictures::png(&drawn)?)?;
        say!("wrote {}", path.display());
    }
    Ok(())
}

fn whole_gallery(
    args: &PredictArgs,
    segmenter: &Segmenter,
    workers: usize,
    folder: &Path,
) -> Result<()> {
    let items = gallery::read(folder)?;
    let mut results = Vec::new();
    for item in &items {
        let bytes = read(&folder.join(&item.image), "gallery.json names it")?;
        let bytes = mriseg_dicom::picture(bytes, &item.image)?;
        let picture = segmenter.decode_picture(&bytes, &item.image)?;
        for sentence in &item.sentences {
            let go_on = |_: &TokenEvent| ControlFlow::Continue(());
            let (name, text, decode) = (&item.image, &sentence.text, args.decode);
            let asked = || format!("{name} with \"{text}\"");
            let prompt = segmenter.prompt(text).with_context(asked)?;
            let result = with_a_partner(workers, || {
                block_on(segmenter.segment(Query::new(&picture, &prompt), decode, go_on))
            })
            .with_context(asked)?;
            let reading = segmenter.reading(text);
            let checks = segmenter.checks(text, &result.mask);
            results.push(Tokens::new(name, text, reading.as_ref(), checks, &result));
        }
    }
    let json = serde_json::to_vec(&results)?;
    write_atomic(&args.out, &json)?;
    say!("{}", String::from_utf8_lossy(&json));
    Ok(())
}
