//! `trainer tokenize`: the pictures and masks of an experiment as codes of Emu3's tokenizer, in the folder that
//! `trainer train` reads.

use anyhow::{Context, Result};
use burn::tensor::{Device, Tensor, TensorData};
use mriseg::config::ImageTokens;
use mriseg::image::GrayImage;
use mriseg::vq::emu3::Emu3Tokenizer;
use mriseg_data::{Dataset, Sample, derived_cases};
use std::path::Path;
use std::time::{Duration, Instant};

use super::train::limit_threads;
use crate::borrowed;
use crate::cli::TokenizeArgs;
use crate::codes::{CodesDir, Origin, Row, Shard, shards_of};
use crate::config::Experiment;
use crate::data::{Role, Splits};
use crate::device;
use crate::exit::{self, Kind, data, usage};
use crate::interrupt::Interrupt;
use crate::progress::Display;

pub(crate) fn run(args: &TokenizeArgs) -> Result<()> {
    limit_threads(args.threads)?;
    let experiment = Experiment::resolve(&args.experiment, None)?;
    if experiment.model.lm.image_tokens != ImageTokens::MaskCodes {
        return Err(usage(
            "`trainer tokenize` is for model.lm.image_tokens = \"mask_codes\"; the other tokenizers are trained here and encode while training. configs/paper.toml is an example",
        ));
    }
    let Some(emu3) = borrowed::emu3(&experiment)? else {
        return Err(usage(
            "emu3.from is empty: name the folder of Emu3's vision tokenizer",
        ));
    };
    let interrupt = Interrupt::install()?;
    let display = Display::detect(args.quiet);
    let chosen = device::choose(args.device)?;
    let splits = Splits::open(&experiment)?;
    let path = Path::new(&experiment.emu3.codes);
    let origin = Origin::new(&experiment, &emu3, &splits);
    display.line(&format!(
        "codes of `{}` ({} of {} pixels a code) to {} on {}",
        experiment.emu3.from,
        emu3.config().codebook_size,
        emu3.config().patch().pow(2),
        path.display(),
        chosen.name
    ));
    let mut encoder = Encoder {
        tokenizer: emu3.load(&chosen.device)?,
        size: experiment.model.mask.size,
        device: &chosen.device,
        encoded: 0,
        time: Duration::ZERO,
        resized: None,
    };
    let mut folder = CodesDir::begin(path, origin, || encoder.empty())?;
    for role in Role::ALL {
        if folder.origin().stored_as(role) != role {
            continue;
        }
        let dataset = splits.of(role);
        let mut needed = experiment.cases_of(role, dataset.len());
        if role == Role::Valid && folder.origin().stored_as(Role::Test) == Role::Valid {
            needed = needed.max(experiment.cases_of(Role::Test, dataset.len()));
        }
        let shards = shards_of(dataset, needed);
        let cases: usize = shards.iter().map(Vec::len).sum();
        let mut stage = display.stage(&format!("{} cases", role.name()), cases as u64);
        for (number, cases) in shards.iter().enumerate() {
            if folder.has(role, number) {
                stage.skip(cases.len() as u64);
                continue;
            }
            let shard = encoder.shard(&folder, role, dataset, cases, &interrupt)?;
            let Some(shard) = shard else {
                return Err(exit::error(
                    Kind::Interrupted,
                    format!(
                        "{} of {} files of {} cases are complete; the same command goes on",
                        number,
                        shards.len(),
                        role.name()
                    ),
                ));
            };
            folder.add(role, number, &shard)?;
            stage.advance(cases.len() as u64, None);
        }
        stage.finish("");
        encoder.say_what_was_resized(display);
    }
    let (files, bytes) = folder.files_and_bytes();
    println!(
        "{}: {files} files, {:.1} MB{}",
        path.display(),
        bytes as f64 / 1e6,
        encoder.speed()
    );
    println!("next: cargo run -p trainer -- train with the same --config, --data and --set");
    Ok(())
}

/// Encodes pictures and masks.
struct Encoder<'a> {
    tokenizer: Emu3Tokenizer,
    /// Side to which they are scaled, in pixels.
    size: usize,
    device: &'a Device,
    encoded: usize,
    time: Duration,
    /// Pictures of another size: how many, and one of them.
    resized: Option<(usize, String)>,
}

impl Encoder<'_> {
    /// Pictures that are encoded together.
    const AT_ONCE: usize = 4;

    /// Codes of a mask without foreground.
    fn empty(&mut self) -> Result<Vec<u16>> {
        self.encode(&[vec![0.0; self.size * self.size]])
    }

    /// Codes of some cases; `None` when the user asked to stop.
    fn shard(
        &mut self,
        folder: &CodesDir,
        role: Role,
        dataset: &Dataset,
        cases: &[usize],
        interrupt: &Interrupt,
    ) -> Result<Option<Shard>> {
        let origin = folder.origin();
        let mirrored = origin.variants(role) > 1;
        let mut shard = Shard::default();
        let pictures = cases.chunk_by(|&a, &b| dataset.picture(a) == dataset.picture(b));
        for (number, cases) in pictures.enumerate() {
            let mut picture = None;
            for &case in cases {
                if interrupt.requested() {
                    return Ok(None);
                }
                let sample = dataset
                    .load(case)
                    .map_err(|error| data(error.to_string()))?;
                if picture.is_none() {
                    self.note_size(&sample);
                    let grey = variants(self.scaled(&sample.image), self.size, mirrored);
                    shard.images.extend(self.encode(&grey)?);
                    picture = Some(number);
                }
                let mut sentences = vec![(sample.text.clone(), sample.mask.clone(), false)];
                if origin.derives(role) {
                    let derived = derived_cases(&sample, dataset.side_convention());
                    sentences.extend(derived.into_iter().map(|(text, mask)| (text, mask, true)));
                }
                for (text, mask, derived) in sentences {
                    let mask = mask.resized(self.size, self.size);
                    let of_mask = if mask.is_empty() {
                        folder.empty().repeat(origin.variants(role))
                    } else {
                        let grey = mask.pixels.into_iter().map(f32::from).collect();
                        self.encode(&variants(grey, self.size, mirrored))?
                    };
                    shard.masks.extend(of_mask);
                    shard.rows.push(Row {
                        case,
                        id: sample.id.clone(),
                        text,
                        picture: number,
                        derived,
                    });
                }
            }
        }
        Ok(Some(shard))
    }

    /// Codes of grey pictures, one after the other.
    fn encode(&mut self, pictures: &[Vec<f32>]) -> Result<Vec<u16>> {
        let start = Instant::now();
        let mut codes = Vec::new();
        for pictures in pictures.chunks(Self::AT_ONCE) {
            let shape = [pictures.len(), 1, self.size, self.size];
            let grey = TensorData::new(pictures.concat(), shape);
            let read = self.tokenizer.read(Tensor::from_data(grey, self.device));
            let ids = self.tokenizer.encode(read).try_into_data();
            let ids = ids.context("the device stopped answering")?;
            codes.extend(ids.iter::<u32>().map(|id| id as u16));
        }
        self.encoded += pictures.len();
        self.time += start.elapsed();
        Ok(codes)
    }

    fn scaled(&self, image: &GrayImage) -> Vec<f32> {
        if (image.width, image.height) == (self.size, self.size) {
            image.pixels.clone()
        } else {
            image.resized(self.size, self.size).pixels
        }
    }

    fn note_size(&mut self, sample: &Sample) {
        let (width, height) = (sample.image.width, sample.image.height);
        if (width, height) != (self.size, self.size) {
            let named = || (0, format!("`{}` of {width}x{height}", sample.id));
            self.resized.get_or_insert_with(named).0 += 1;
        }
    }

    /// For people.
    fn say_what_was_resized(&mut self, display: Display) {
        if let Some((count, example)) = self.resized.take() {
            let size = self.size;
            display.line(&format!(
                "{count} pictures and their masks were resized to {size}x{size}, such as {example}"
            ));
        }
    }

    /// For people; empty when nothing was encoded.
    fn speed(&self) -> String {
        if self.encoded == 0 {
            return String::new();
        }
        let ms = self.time.as_secs_f64() * 1e3 / self.encoded as f64;
        format!("; encoded {}, {ms:.1} ms each", self.encoded)
    }
}

/// A grey picture of a side of `size` pixels and, if wanted, its mirror image.
fn variants(grey: Vec<f32>, size: usize, mirrored: bool) -> Vec<Vec<f32>> {
    let mut variants = vec![grey];
    if mirrored {
        let mut mirror = variants[0].clone();
        for row in mirror.chunks_exact_mut(size) {
            row.reverse();
        }
        variants.push(mirror);
    }
    variants
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mirror_image_follows_its_picture() {
        let grey = vec![0.0, 0.1, 0.2, 0.3];
        assert_eq!(variants(grey.clone(), 2, false).len(), 1);
        assert_eq!(
            variants(grey.clone(), 2, true),
            [grey, vec![0.1, 0.0, 0.3, 0.2]]
        );
    }
}
