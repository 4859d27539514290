//! How long masks take, as a user waits for them: picture and sentence in, tokens and mask out.

use anyhow::{Context, Result};
use futures_lite::future::block_on;
use mriseg::bundle::{Bundle, BundleInfo, Precision};
use mriseg::config::{ImageTokens, ModelConfig};
use mriseg::decode::{DecodeStrategy, Pick};
use mriseg::image::{Mask, Preparation, Window};
use mriseg::model::normalized_pixels;
use mriseg::segmenter::{Query, Segmentation, Segmenter};
use mriseg::text::TextTokenizer;
use serde::Serialize;
use std::path::Path;
use std::time::Instant;

use super::preset::{SEED, resolve};
use crate::cli::{BenchArgs, command_line};
use crate::config::Preset;
use crate::data::gallery;
use crate::run::bundle_dir;
use crate::run::export::EXAMPLE;
use crate::system::exit::data;
use crate::system::files::read;
use crate::system::outputs::check_new_folder;
use crate::system::say::say;
use crate::system::{device, median, milliseconds, usage, with_a_partner, write_atomic};

/// What is printed with `--json`.
#[derive(Debug, Serialize)]
struct Report {
    model: String,
    device: String,
    parameters: usize,
    tokens: usize,
    decode: Vec<Timing>,
}

/// One way of decoding; milliseconds, medians.
#[derive(Debug, Serialize)]
struct Timing {
    decode: DecodeStrategy,
    /// Reading the sentence and the picture's file, which the next three begin with.
    picture_ms: f64,
    /// From picture and sentence to the first token.
    first_token_ms: f64,
    /// From the first token to the last.
    other_tokens_ms: f64,
    /// From picture and sentence to the mask at the picture's own size.
    mask_ms: f64,
    /// Passes through the model after the prefill.
    passes: f64,
}

/// What the model reads and writes in one case, for other programs that run it.
#[derive(Debug, Serialize)]
struct Case {
    image: String,
    text: String,
    /// Text tokens.
    ids: Vec<u32>,
    /// The picture as the encoder reads it, channel by channel and row by row.
    pixels: Vec<f32>,
    channels: usize,
    /// The part of the picture's file that was read: left, top, width, height.
    window: [usize; 4],
    /// Whether black and white were exchanged.
    inverted: bool,
    /// Mask tokens.
    tokens: Vec<u32>,
    /// File of the mask in the same folder, of the picture's size.
    mask: String,
    /// Left, top, right and bottom of what the mask marks, or of the whole picture where it marks nothing.
    bounds: [usize; 4],
}

/// A picture and its sentence.
struct Input {
    name: String,
    bytes: Vec<u8>,
    text: String,
}

/// One mask.
struct TimedMask {
    result: Segmentation,
    picture_ms: f64,
    first_token_ms: f64,
    last_token_ms: f64,
    mask_ms: f64,
}

pub(super) fn run(args: &BenchArgs, gallery: &Path) -> Result<()> {
    if let Some(folder) = &args.save {
        check_new_folder("--save", folder)?;
    }
    let chosen = device::choose(&args.device)?;
    let inputs = inputs(gallery, args.cases.get())?;
    let mut bundle = match (&args.bundle, args.preset) {
        (Some(folder), _) => bundle_dir::read(folder)?,
        (None, Some(preset)) => random_bundle(preset, &args.set, &inputs)?,
        (None, None) => unreachable!("the argument rules of `bench` ask for a bundle or a preset"),
    };
    bundle.manifest.rule = args.rule.over(bundle.manifest.rule);
    let manifest = bundle.manifest_bytes();
    if bundle.manifest.architecture.lm.image_tokens == ImageTokens::MaskCodes {
        return Err(usage(
            "`trainer bench` times what a page does, and no page can run a bundle that needs Emu3's tokenizer; `eval --decode` times it",
        ));
    }
    let segmenter = block_on(Segmenter::load(
        &manifest,
        bundle.files.clone(),
        &chosen.device,
    ))?;
    if let Some(folder) = &args.save {
        save(folder, &bundle, &segmenter, &inputs)?;
    }
    let ways = match args.decode {
        Some(rule) => vec![rule],
        None => vec![DecodeStrategy::Greedy, DecodeStrategy::Speculative],
    };
    let (model, _) = bundle.unpack(&device::cpu().device)?;
    let report = Report {
        model: bundle.manifest.info.name.clone(),
        device: chosen.name,
        parameters: burn::module::Module::num_params(&model.lm),
        tokens: bundle.manifest.architecture.layout().mask(),
        decode: measure(
            &segmenter,
            chosen.workers,
            &inputs,
            &ways,
            args.repeats.get(),
        )?,
    };
    if args.json {
        say!("{}", serde_json::to_string(&report)?);
        return Ok(());
    }
    say!(
        "{}: {:.1} M parameters in the language model, {} mask tokens, {}; {} pictures, {} times each, medians",
        report.model,
        report.parameters as f64 / 1e6,
        report.tokens,
        report.device,
        inputs.len(),
        args.repeats
    );
    say!("| decoding | passes | first token, ms | each token after it, ms | picture to mask, ms |");
    say!("|---|---|---|---|---|");
    for timing in &report.decode {
        say!(
            "| {} | {:.1} | {:.1} | {:.3} | {:.1} |",
            match timing.decode {
                DecodeStrategy::Greedy => "greedy",
                DecodeStrategy::Speculative => "speculative",
            },
            timing.passes,
            timing.first_token_ms,
            timing.other_tokens_ms / (report.tokens - 1) as f64,
            timing.mask_ms
        );
    }
    Ok(())
}

fn inputs(folder: &Path, cases: usize) -> Result<Vec<Input>> {
    let items = gallery::read(folder)?;
    if items.len() < cases {
        return Err(usage(format!(
            "`{}` has {} pictures, --cases {cases} asks for more; give a smaller number",
            folder.display(),
            items.len()
        )));
    }
    items
        .iter()
        .take(cases)
        .map(|item| {
            let sentence = item.sentences.first().ok_or_else(|| {
                data(format!(
                    "`{}`: {} has no sentence; add one to gallery.json",
                    folder.display(),
                    item.image
                ))
            })?;
            Ok(Input {
                name: item.image.clone(),
                bytes: read(&folder.join(&item.image), "gallery.json names it")?,
                text: sentence.text.clone(),
            })
        })
        .collect()
}

/// A model with random weights whose text tokenizer knows the sentences of `inputs`.
fn random_bundle(preset: Preset, set: &[String], inputs: &[Input]) -> Result<Bundle> {
    let config: ModelConfig = resolve(preset, set)?.model;
    let device = device::cpu().device;
    device.seed(SEED);
    let sentences = inputs.iter().map(|input| input.text.as_str()).cycle();
    let tokenizer = TextTokenizer::learn(sentences.take(20 * inputs.len()), config.lm.text_vocab)?;
    let info = BundleInfo {
        name: "random".to_owned(),
        side_convention: Default::default(),
        domain: Default::default(),
        typical: None,
        example: EXAMPLE.to_owned(),
        data: "none: weights are random".to_owned(),
        command: command_line(),
        config_sha256: String::new(),
        metrics: Default::default(),
        licence: "MIT OR Apache-2.0".to_owned(),
        intended_use: "Timing.".to_owned(),
        pretrained_encoder: None,
        emu3: None,
    };
    let card = "# random\n\nRandom weights, for timing.\n";
    Ok(Bundle::pack(
        &config.init(&device),
        &config,
        &tokenizer,
        Pick::MostProbable.into(),
        Precision::F16,
        info,
        card,
    )?)
}

fn save(folder: &Path, bundle: &Bundle, segmenter: &Segmenter, inputs: &[Input]) -> Result<()> {
    let mut cases = Vec::new();
    let mut masks = Vec::new();
    for (index, input) in inputs.iter().enumerate() {
        let picture = segmenter.decode_picture(&input.bytes, &input.name)?;
        let reads = &bundle.manifest.architecture.image;
        let prompt = segmenter.prompt(&input.text)?;
        let read = segmenter.read(&[Query::new(&picture, &prompt)]);
        let preparation = (read.frames[0].preparation)
            .unwrap_or_else(|| Preparation::none(picture.width(), picture.height()));
        let Window {
            x,
            y,
            width,
            height,
        } = preparation.window;
        let prepared = preparation.picture(&picture);
        let result = decode(segmenter, 1, input, DecodeStrategy::Greedy)?.result;
        cases.push(Case {
            image: input.name.clone(),
            text: input.text.clone(),
            ids: prompt.ids,
            pixels: normalized_pixels(&prepared, reads.size, reads.input_channels),
            channels: reads.input_channels,
            window: [x, y, width, height],
            inverted: preparation.inverted,
            mask: format!("mask-{index}.png"),
            bounds: bounds(&result.mask),
            tokens: result.tokens,
        });
        masks.push(result.mask);
    }
    bundle_dir::write(bundle, folder)?;
    for (case, mask) in cases.iter().zip(&masks) {
        write_atomic(&folder.join(&case.mask), &mask.to_png())?;
    }
    write_atomic(&folder.join("cases.json"), &serde_json::to_vec(&cases)?)
}

/// Left, top, right and bottom of what is marked, or of the whole mask where nothing is.
fn bounds(mask: &Mask) -> [usize; 4] {
    let marked = |(pixel, &value): (usize, &u8)| {
        (value > 0).then_some((pixel % mask.width, pixel / mask.width))
    };
    let marked = mask.pixels.iter().enumerate().filter_map(marked);
    let around = |[left, top, right, bottom]: [usize; 4], (x, y): (usize, usize)| {
        [left.min(x), top.min(y), right.max(x + 1), bottom.max(y + 1)]
    };
    let nothing = [mask.width, mask.height, 0, 0];
    match marked.fold(nothing, around) {
        bounds if bounds == nothing => [0, 0, mask.width, mask.height],
        bounds => bounds,
    }
}

/// Every way in turn, so that a machine whose speed drifts is as slow for one as for the other.
fn measure(
    segmenter: &Segmenter,
    workers: usize,
    inputs: &[Input],
    ways: &[DecodeStrategy],
    repeats: usize,
) -> Result<Vec<Timing>> {
    let mut masks: Vec<Vec<TimedMask>> = ways.iter().map(|_| Vec::new()).collect();
    for &way in ways {
        decode(segmenter, workers, &inputs[0], way)?;
    }
    for _ in 0..repeats {
        for input in inputs {
            for (&way, masks) in ways.iter().zip(&mut masks) {
                masks.push(decode(segmenter, workers, input, way)?);
            }
        }
    }
    Ok(ways
        .iter()
        .zip(&masks)
        .map(|(&way, masks)| {
            let median_of =
                |value: fn(&TimedMask) -> f64| median(masks.iter().map(value).collect());
            Timing {
                decode: way,
                picture_ms: median_of(|mask| mask.picture_ms),
                first_token_ms: median_of(|mask| mask.first_token_ms),
                other_tokens_ms: median_of(|mask| mask.last_token_ms - mask.first_token_ms),
                mask_ms: median_of(|mask| mask.mask_ms),
                passes: masks
                    .iter()
                    .map(|mask| mask.result.passes as f64)
                    .sum::<f64>()
                    / masks.len() as f64,
            }
        })
        .collect())
}

fn decode(
    segmenter: &Segmenter,
    workers: usize,
    input: &Input,
    decode: DecodeStrategy,
) -> Result<TimedMask> {
    with_a_partner(workers, || {
        block_on(async {
            let begin = Instant::now();
            let prompt = segmenter
                .prompt(&input.text)
                .with_context(|| format!("{} with \"{}\"", input.name, input.text))?;
            let image = segmenter.decode_picture(&input.bytes, &input.name)?;
            let picture_ms = milliseconds(begin);
            let mut decoding = segmenter.stream(Query::new(&image, &prompt), decode);
            decoding.next().await?;
            let first_token_ms = milliseconds(begin);
            while !decoding.next().await?.is_empty() {}
            let last_token_ms = milliseconds(begin);
            let result = decoding.finish().await?;
            Ok(TimedMask {
                result,
                picture_ms,
                first_token_ms,
                last_token_ms,
                mask_ms: milliseconds(begin),
            })
        })
    })
}
