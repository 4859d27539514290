//! Opening a run: settings, what it begins with, data, device, folder.

use anyhow::Result;
use burn::tensor::Device;
use mriseg::image::Typical;
use mriseg::text::TextTokenizer;
use mriseg_emu3::Emu3Dir;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;

use super::borrowed::{self, Borrowed};
use super::checkpoint::{self, LAST};
use super::export;
use super::folder::RunDir;
use super::pretrained;
use super::record::Record;
use super::resumed::{self, DIRECTORY};
use super::state::Run;
use super::warm_start::{self, WarmStart};
use crate::cli::{TrainArgs, command_line};
use crate::codes::{CodesDir, Origin};
use crate::config::{DataSpec, Experiment, must_be_text};
use crate::data::{Captioned, CaseCache, Splits, text};
use crate::fit::Session;
use crate::system::{Chosen, Display, Interrupt, device, exit, outputs, write_atomic};

impl Run {
    /// Reads settings and data, chooses the device, makes or opens the run's folder.
    ///
    /// # Errors
    /// Settings or data are wrong, or the folder cannot be made.
    pub(crate) fn open(args: &TrainArgs, interrupt: Interrupt) -> Result<Self> {
        let display = Display::detect(args.process.quiet);
        let settings = Settings::read(args, display)?;
        let (chosen, replicas) = devices(args, &settings.experiment)?;
        let mut begin = Beginning::load(args, &settings, &chosen.device)?;
        let data = Data::load(&settings, &mut begin, display)?;
        let names = std::iter::once(&chosen).chain(&replicas);
        let names: Vec<&str> = names.map(|device| device.name.as_str()).collect();
        let folder = claim(args, &settings, &begin, &data, &names.join(" + "), display)?;
        let emu3 = begin.emu3.map(|emu3| emu3.load(&chosen.device));
        let session = Session {
            display,
            interrupt,
            seed: settings.experiment.seed,
            workers: chosen.workers,
            replicas,
        };
        let [train, valid, test] = data.splits;
        Ok(Self {
            experiment: settings.experiment,
            folder,
            chosen,
            session,
            borrowed: begin.borrowed,
            tokenizer: data.tokenizer,
            warm: begin.warm,
            emu3: emu3.transpose()?.map(Arc::new),
            train,
            valid,
            test,
        })
    }
}

/// The device of the run, and further ones that share its steps.
///
/// # Errors
/// There is no such device, one is named twice or cannot compute in `train.precision`, or they are too many for a batch.
fn devices(args: &TrainArgs, experiment: &Experiment) -> Result<(Chosen, Vec<Chosen>)> {
    let precision = experiment.train.precision;
    if args.devices.is_empty() {
        let chosen = device::choose(&args.process.device)?;
        chosen.check_precision(precision)?;
        return Ok((chosen, Vec::new()));
    }
    let named = device::choose_all(&args.devices, args.process.device.software_adapter)?;
    for device in &named {
        device.check_precision(precision)?;
    }
    let training = &experiment.train;
    let rounds = training.gradient_accumulation_steps;
    let most = training.groups() / rounds;
    if named.len() > most {
        return Err(exit::usage(format!(
            "--devices names {} devices, and each needs a case of every step, {}: with train.gradient_accumulation_steps = {rounds} that is room for {most}; name fewer devices, or set train.batch higher",
            named.len(),
            training.parts_of_a_batch(),
        )));
    }
    let mut named = named.into_iter();
    let first = named
        .next()
        .ok_or_else(|| exit::usage("--devices names no device"))?;
    Ok((first, named.collect()))
}

/// The experiment, and the folder of the run that goes on with it.
struct Settings {
    experiment: Experiment,
    resumed: Option<RunDir>,
}

impl Settings {
    fn read(args: &TrainArgs, display: Display) -> Result<Self> {
        if let Some(path) = &args.resume {
            let folder = RunDir::resume(path, display)?;
            return Ok(Self {
                experiment: resumed::experiment(&folder, args)?,
                resumed: Some(folder),
            });
        }
        outputs::check_folder("--out", &args.out)?;
        if let Some(name) = &args.name {
            RunDir::must_be_free(&args.out, name)?;
        }
        if let Some(from) = &args.from {
            must_be_text("--from", from)?;
        }
        let experiment = warm_start::experiment(args)?;
        let start_share = experiment.train.start_share;
        if start_share > 0.0 && args.from.is_none() {
            return Err(exit::usage(format!(
                "train.start_share = {start_share} keeps a share of the weights that training begins with: name them with --from, or set it to 0",
            )));
        }
        Ok(Self {
            experiment,
            resumed: None,
        })
    }

    /// The folder of a run that has a checkpoint.
    fn begun(&self) -> Option<&RunDir> {
        let folder = self.resumed.as_ref()?;
        folder.checkpoint(LAST).is_dir().then_some(folder)
    }
}

/// What a run that has no checkpoint yet begins with; Emu3's tokenizer always.
struct Beginning {
    borrowed: Borrowed,
    warm: Option<WarmStart>,
    emu3: Option<Emu3Dir>,
    text: Option<TextTokenizer>,
}

impl Beginning {
    fn load(args: &TrainArgs, settings: &Settings, device: &Device) -> Result<Self> {
        let experiment = &settings.experiment;
        let mut begin = Self {
            borrowed: Borrowed::default(),
            warm: None,
            emu3: borrowed::emu3(experiment)?,
            text: None,
        };
        if settings.begun().is_some() {
            return Ok(begin);
        }
        begin.borrowed = Borrowed::load(experiment, device)?;
        let ours = (experiment, begin.emu3.as_ref().map(Emu3Dir::entry));
        begin.warm = match (&args.from, &settings.resumed) {
            (Some(from), _) => Some(WarmStart::open(from, args.new_text, ours, device)?),
            (None, Some(folder)) => WarmStart::again(folder, ours, device)?,
            (None, None) => None,
        };
        if let Some(warm) = &mut begin.warm {
            begin.text = warm.lend(&mut begin.borrowed, experiment)?;
        }
        Ok(begin)
    }
}

/// The cases, and what is learned from them before training.
struct Data {
    tokenizer: TextTokenizer,
    typical: Option<Typical>,
    /// Training, validation and test cases.
    splits: [CaseCache; 3],
    /// Training cases that were left out.
    left_out: Vec<Captioned>,
    /// What a run that goes on began with.
    begun: Record,
}

impl Data {
    fn load(settings: &Settings, begin: &mut Beginning, display: Display) -> Result<Self> {
        let experiment = &settings.experiment;
        let mut splits = Splits::open(experiment)?;
        // Codes were made of masks that were looked at then, and nothing else is read.
        if !experiment.on_stored_codes() {
            splits.survey_masks(&experiment.data.mask_value, display)?;
        }
        let tokenizer = match (settings.begun(), begin.text.take()) {
            (Some(folder), _) => checkpoint::tokenizer(&folder.checkpoint(LAST))?,
            (None, Some(tokenizer)) => tokenizer,
            (None, None) => text::tokenizer(experiment, &splits.train)?,
        };
        let begun = settings.resumed.as_ref().map(Record::read);
        let begun = begun.transpose()?.unwrap_or_default();
        let left_out = splits.settle(experiment, &tokenizer, &begun.left_out(), display)?;
        let (typical, [train, valid, test]) = match &begin.emu3 {
            Some(emu3) => {
                let origin = Origin::new(experiment, emu3, splits.fingerprints());
                let codes = CodesDir::open(Path::new(&experiment.emu3.codes), &origin)?;
                let caches = splits.with_codes(|role, dataset| {
                    codes.read(role, dataset, experiment.cases_of(role, dataset.len()))
                })?;
                (None, caches)
            }
            None => {
                let channels = experiment.model.image.input_channels;
                let typical = match settings.begun() {
                    Some(folder) => export::typical(folder),
                    None => splits.typical(channels, display)?,
                };
                let caches = splits.into_pictures(typical.as_ref(), channels);
                (typical, caches)
            }
        };
        Ok(Self {
            tokenizer,
            typical,
            splits: [train.mixed(&experiment.data), valid, test],
            left_out,
            begun,
        })
    }

    /// What `data.json` says of the data and of what else the weights come from.
    fn entry(&self, experiment: &Experiment, begin: &Beginning) -> Value {
        let [train, valid, test] = self.splits.each_ref().map(CaseCache::dataset);
        let encoder = begin.warm.as_ref().and_then(WarmStart::pretrained_encoder);
        let own = !experiment.image_encoder.from.is_empty();
        json!({
            "name": train.name(),
            "side_convention": train.side_convention(),
            "train_cases": train.len(),
            "valid_cases": valid.len(),
            "test_cases": test.len(),
            "left_out": self.left_out.len(),
            "train_fingerprint": train.fingerprint(),
            "valid_fingerprint": valid.fingerprint(),
            "test_fingerprint": test.fingerprint(),
            "emu3": begin.emu3.as_ref().map(Emu3Dir::entry),
            "pretrained_encoder": encoder.or(own.then_some(pretrained::EFFICIENTNET_LITE0)),
            "example": text::example(train),
            "domain": text::domain(train),
            "sided": text::names_sides(train),
            "typical": self.typical,
        })
    }
}

/// The run's folder, with its settings and what it is made of; a run that goes on must find the data it began with.
fn claim(
    args: &TrainArgs,
    settings: &Settings,
    begin: &Beginning,
    data: &Data,
    device: &str,
    display: Display,
) -> Result<RunDir> {
    let experiment = &settings.experiment;
    let folder = match (&settings.resumed, &args.name) {
        (Some(folder), _) => folder.clone(),
        (None, Some(name)) => RunDir::create_named(&args.out, name)?,
        (None, None) => RunDir::create(&args.out, default_name(&experiment.source()))?,
    };
    let toml = experiment.to_toml()?;
    let [train, valid, test] = data.splits.each_ref().map(|split| split.dataset().len());
    display.line(&format!(
        "run {} on {}\n{train} training cases, {} to choose by, {test} to test on\n\n{toml}",
        folder.path().display(),
        device,
        experiment.data.valid_cases.min(valid),
    ));
    let text_from = &experiment.text_tokenizer.from;
    if !text_from.is_empty() {
        display.line(&format!(
            "text tokenizer: {} tokens of `{text_from}`, {} kB",
            data.tokenizer.vocab(),
            data.tokenizer.to_bytes()?.len().div_ceil(1000)
        ));
    }
    let mut entry = data.entry(experiment, begin);
    let splits = data.splits.each_ref().map(CaseCache::dataset);
    if settings.resumed.is_some() {
        (data.begun).accept(&folder, &mut entry, splits, &data.left_out, display)?;
        resumed::refuse_other_data(&folder, &entry)?;
        if let Some(source) = &args.experiment.data {
            resumed::keep_place(&folder, source)?;
        }
        return Ok(folder);
    }
    let directory = std::env::current_dir().ok();
    let env = json!({
        "command": command_line(),
        DIRECTORY: directory.as_deref().and_then(Path::to_str),
        "version": env!("CARGO_PKG_VERSION"),
        "device": device,
        "threads": rayon::current_num_threads(),
        "os": std::env::consts::OS,
        "arch": std::env::consts::ARCH,
        "from": begin.warm.as_ref().map(WarmStart::entry),
    });
    write_atomic(&folder.env(), &serde_json::to_vec_pretty(&env)?)?;
    write_atomic(&folder.data(), &serde_json::to_vec_pretty(&entry)?)?;
    if experiment.source() != DataSpec::Phantoms {
        Record::write(&folder, splits, &data.left_out)?;
    }
    // A folder is a run as soon as it has settings, so they come last.
    write_atomic(&folder.config(), toml.as_bytes())?;
    Ok(folder)
}

fn default_name(spec: &DataSpec) -> &str {
    match spec {
        DataSpec::Phantoms => "demo",
        DataSpec::Folder(_) => "run",
    }
}
