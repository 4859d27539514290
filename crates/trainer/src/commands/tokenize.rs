//! `trainer tokenize`: the pictures and masks of an experiment as codes of Emu3's tokenizer, in the folder that
//! `trainer train` reads.

use anyhow::{Context, Result};
use burn::tensor::{Device, Tensor, TensorData};
use mriseg::image::GrayImage;
use mriseg_data::{Case, Dataset, derived_cases};
use mriseg_emu3::Emu3Tokenizer;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::cli::TokenizeArgs;
use crate::codes::{CodesDir, Origin, Row, Shard, shards_of};
use crate::config::{Experiment, SplitRole};
use crate::data::{BeganWithout, Splits, text, warn_about_soft_masks};
use crate::run::borrowed;
use crate::system::exit::data;
use crate::system::outputs::check_folder;
use crate::system::say::say;
use crate::system::{Display, Interrupt, Kind, Stage, device, exit, usage};

pub(crate) fn run(args: &TokenizeArgs) -> Result<()> {
    let experiment = Experiment::resolve(&args.experiment, None)?;
    if !experiment.on_stored_codes() {
        return Err(usage(
            "`trainer tokenize` is for model.lm.image_tokens = \"mask_codes\"; the other tokenizers are trained here and encode while training. configs/paper.toml is an example",
        ));
    }
    let Some(emu3) = borrowed::emu3(&experiment)? else {
        return Err(usage(
            "emu3.from is empty: name the folder of Emu3's vision tokenizer",
        ));
    };
    let path = Path::new(&experiment.emu3.codes);
    check_folder("--set emu3.codes", path)?;
    CodesDir::must_be_possible(path, args.shard)?;
    let interrupt = Interrupt::install()?;
    let display = Display::detect(args.process.quiet);
    let chosen = device::choose(&args.process.device)?;
    let mut splits = Splits::open(&experiment)?;
    splits.survey_masks(&experiment.data.mask_value, display)?;
    let tokenizer = text::tokenizer(&experiment, &splits.train)?;
    splits.settle(&experiment, &tokenizer, &BeganWithout::default(), display)?;
    let origin = Origin::new(&experiment, &emu3, splits.fingerprints());
    display.line(&format!(
        "codes of `{}` ({} of {} pixels a code) to {} on {}",
        experiment.emu3.from,
        emu3.config().codebook_size,
        emu3.config().patch().pow(2),
        path.display(),
        chosen.name
    ));
    let mut encoder = ShardEncoder {
        tokenizer: emu3.load(&chosen.device)?,
        size: experiment.model.mask.size,
        device: &chosen.device,
        encoded: 0,
        time: Duration::ZERO,
        resized: None,
        soft_masks: 0,
    };
    let mut folder = CodesDir::begin(path, args.shard, origin, || encoder.empty())?;
    let is_ours = |number: &usize| args.shard.is_none_or(|share| share.takes(*number));
    for role in SplitRole::ALL {
        if folder.origin().stored_as(role) != role {
            continue;
        }
        let dataset = splits.of(role);
        let shards = shards_of(dataset, needed(&experiment, &folder, role, dataset.len()));
        let ours = shards.into_iter().enumerate();
        let ours: Vec<_> = ours.filter(|(number, _)| is_ours(number)).collect();
        encoder.split(&mut folder, (role, dataset), &ours, &interrupt, display)?;
    }
    let (files, bytes) = folder.files_and_bytes();
    say!(
        "{}: {files} files, {:.1} MB{}",
        path.display(),
        bytes as f64 / 1e6,
        encoder.speed()
    );
    let when = match args.shard {
        Some(_) => "when all shards are there: ",
        None => "",
    };
    say!("next: {when}cargo run -p trainer -- train with the same --config, --data and --set");
    Ok(())
}

/// Cases of a split that codes are made of; where the test cases are the validation cases, enough for both.
fn needed(experiment: &Experiment, folder: &CodesDir, role: SplitRole, cases: usize) -> usize {
    let needed = experiment.cases_of(role, cases);
    if role == SplitRole::Valid && folder.origin().stored_as(SplitRole::Test) == SplitRole::Valid {
        needed.max(experiment.cases_of(SplitRole::Test, cases))
    } else {
        needed
    }
}

/// Encodes pictures and masks.
struct ShardEncoder<'a> {
    tokenizer: Emu3Tokenizer,
    /// Side to which they are scaled, in pixels.
    size: usize,
    device: &'a Device,
    encoded: usize,
    time: Duration,
    /// Pictures of another size: how many, and one of them.
    resized: Option<(usize, String)>,
    /// Masks with pixels that are neither black nor white.
    soft_masks: usize,
}

impl ShardEncoder<'_> {
    /// Pictures that are encoded together.
    const AT_ONCE: usize = 4;

    /// Codes of a mask without foreground.
    fn empty(&mut self) -> Result<Vec<u16>> {
        let black = vec![0.0; self.size * self.size];
        let codes = self.encode(&[GrayImage::new(self.size, self.size, black)])?;
        Ok(codes.concat())
    }

    /// Adds the files of a split that the folder lacks; each has a number and cases.
    fn split(
        &mut self,
        folder: &mut CodesDir,
        (role, dataset): (SplitRole, &Dataset),
        files: &[(usize, Vec<usize>)],
        interrupt: &Interrupt,
        display: Display,
    ) -> Result<()> {
        let cases: usize = files.iter().map(|(_, cases)| cases.len()).sum();
        let mut stage = display.stage(&format!("{} cases", role.name()), cases as u64);
        for (done, (number, cases)) in files.iter().enumerate() {
            if folder.has(role, *number) {
                stage.skip(cases.len() as u64);
                continue;
            }
            if interrupt.requested() {
                return Err(exit::error(
                    Kind::Interrupted,
                    format!(
                        "{done} of {} files of {} cases are complete; the same command goes on",
                        files.len(),
                        role.name()
                    ),
                ));
            }
            let shard = self.shard(folder, role, dataset, cases, &mut stage)?;
            folder.add(role, *number, &shard)?;
        }
        stage.finish("");
        self.say_what_was_changed(display);
        Ok(())
    }

    /// Codes of some cases.
    fn shard(
        &mut self,
        folder: &CodesDir,
        role: SplitRole,
        dataset: &Dataset,
        cases: &[usize],
        stage: &mut Stage,
    ) -> Result<Shard> {
        let origin = folder.origin();
        let variants = origin.variants(role);
        let mut shard = Shard::default();
        let pictures = cases.chunk_by(|&a, &b| dataset.picture(a) == dataset.picture(b));
        for (picture, cases) in pictures.enumerate() {
            for (nth, &number) in cases.iter().enumerate() {
                let case = dataset
                    .load(number)
                    .map_err(|error| data(error.to_string()))?;
                let mut grey = Vec::new();
                if nth == 0 {
                    self.note_size(&case);
                    grey.extend(mirrored(case.image.grey(), self.size, variants));
                }
                self.soft_masks += usize::from(case.intermediate_pixels > 0);
                let mut sentences = vec![(case.text.clone(), case.mask.clone(), false)];
                if origin.derives(role) {
                    let derived = derived_cases(&case, dataset.side_convention());
                    sentences.extend(derived.into_iter().map(|(text, mask)| (text, mask, true)));
                }
                for (_, mask, _) in &mut sentences {
                    *mask = mask.resized(self.size, self.size);
                    if !mask.is_empty() {
                        let pixels = mask.pixels.iter().map(|&pixel| f32::from(pixel));
                        let mask = GrayImage::new(self.size, self.size, pixels.collect());
                        grey.extend(mirrored(&mask, self.size, variants));
                    }
                }
                let mut codes = self.encode(&grey)?.into_iter();
                if nth == 0 {
                    shard.images.extend(codes.by_ref().take(variants).flatten());
                }
                for (text, mask, derived) in sentences {
                    if mask.is_empty() {
                        shard.masks.extend(folder.empty().repeat(variants));
                    } else {
                        shard.masks.extend(codes.by_ref().take(variants).flatten());
                    }
                    shard.rows.push(Row {
                        case: number,
                        id: case.id.clone(),
                        text,
                        picture,
                        derived,
                    });
                }
                stage.advance(1, None);
            }
        }
        Ok(shard)
    }

    /// Codes of grey pictures of the right size.
    fn encode(&mut self, pictures: &[GrayImage]) -> Result<Vec<Vec<u16>>> {
        let start = Instant::now();
        let mut codes = Vec::with_capacity(pictures.len());
        for pictures in pictures.chunks(Self::AT_ONCE) {
            let pixels = pictures
                .iter()
                .flat_map(|picture| picture.pixels.iter().copied());
            let shape = [pictures.len(), 1, self.size, self.size];
            let grey = TensorData::new(pixels.collect(), shape);
            let read = self.tokenizer.read(Tensor::from_data(grey, self.device));
            let ids = self.tokenizer.encode(read).try_into_data();
            let ids: Vec<u16> = ids
                .context("the device stopped answering")?
                .iter::<u32>()
                .map(|id| id as u16)
                .collect();
            let cells = ids.len() / pictures.len();
            codes.extend(ids.chunks_exact(cells).map(<[u16]>::to_vec));
        }
        self.encoded += pictures.len();
        self.time += start.elapsed();
        Ok(codes)
    }

    fn note_size(&mut self, case: &Case) {
        let (width, height) = (case.image.width(), case.image.height());
        if (width, height) != (self.size, self.size) {
            let named = || (0, format!("`{}` of {width}x{height}", case.id));
            self.resized.get_or_insert_with(named).0 += 1;
        }
    }

    /// For people.
    fn say_what_was_changed(&mut self, display: Display) {
        if self.soft_masks > 0 {
            warn_about_soft_masks(std::mem::take(&mut self.soft_masks), display);
        }
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

/// A picture scaled to `size` by `size` pixels and, for two `variants`, its mirror image.
fn mirrored(picture: &GrayImage, size: usize, variants: usize) -> impl Iterator<Item = GrayImage> {
    let picture = picture.resized(size, size);
    let mirror = (variants > 1).then(|| picture.flipped_horizontally());
    std::iter::once(picture).chain(mirror)
}
