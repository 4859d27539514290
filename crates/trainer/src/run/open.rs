//! One training run: tokenizers, language model, evaluation, pictures, report and bundle, in a folder that
//! it can go on from.

use anyhow::Result;
use burn::module::Module;
use image::RgbImage;
use mriseg::bundle::{Domain, Precision};
use mriseg::config::ImageEncoderKind;
use mriseg::loss::HardErrorMemory;
use mriseg::mask_lm::CachedLm;
use mriseg::model::{ImageEncoder, Model};
use mriseg::text::TextTokenizer;
use mriseg::vision::Vision;
use mriseg::vq::MaskTokenizer;
use mriseg::vq::emu3::Emu3Tokenizer;
use mriseg_data::{Dataset, Disturbance, Wording};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::cli::{TrainArgs, command_line};
use crate::config::DataSpec;
use crate::config::Experiment;
use crate::config::Role;
use crate::data::Asking;
use crate::data::Samples;
use crate::data::Splits;
use crate::data::text;
use crate::data::{TextMode, Words};
use crate::emu3::Emu3Dir;
use crate::emu3::{CodesDir, Origin};
use crate::eval::PromptProbe;
use crate::eval::StrategyScores;
use crate::eval::baseline::{self, Baseline};
use crate::eval::side_swap;
use crate::eval::{Decoding, Evaluator, Predicted, mean_dice, picker, side_by_side_of};
use crate::fit::{
    DenseTrainer, LmState, LmTrainer, Progress, Session, train_image_tokenizer,
    train_mask_tokenizer,
};
use crate::report::pictures;
use crate::report::{self, Meta, Summary};
use crate::run::RunDir;
use crate::run::borrowed::{self, Borrowed};
use crate::run::bundle_dir;
use crate::run::checkpoint::{self, AVERAGE, BEST, LAST, Marks};
use crate::run::metrics::MetricsLog;
use crate::run::pretrained;
use crate::run::warm_start::{self, WarmStart};
use crate::system::atomic::{replace_dir, write_atomic};
use crate::system::device::{self, Chosen};
use crate::system::exit::{self, Kind};
use crate::system::interrupt::Interrupt;
use crate::system::progress::Display;

/// Test cases that are also given another sentence, or none.
const TEXT_CASES: usize = 400;

/// Test cases that the prompt probe asks.
const PROBE_CASES: usize = 200;

/// Everything that a run uses.
pub(crate) struct Run {
    experiment: Experiment,
    folder: RunDir,
    chosen: Chosen,
    session: Session,
    borrowed: Borrowed,
    tokenizer: TextTokenizer,
    /// Whose trained weights it begins with.
    warm: Option<WarmStart>,
    /// Where the model has no tokenizers of its own.
    emu3: Option<Arc<Emu3Tokenizer>>,
    train: Samples,
    valid: Samples,
    test: Samples,
}

/// Dice per image of the validation cases.
struct ValidDice {
    /// In the words of the data.
    given: Option<f64>,
    /// In others, where the run rewords sentences.
    reworded: Option<f64>,
    /// For people.
    said: String,
}

impl ValidDice {
    /// What the checkpoint is chosen by.
    fn to_choose_by(&self) -> Option<f64> {
        match (self.given, self.reworded) {
            (Some(given), Some(reworded)) => Some(f64::midpoint(given, reworded)),
            (given, _) => given,
        }
    }
}

impl Run {
    /// Reads settings and data, chooses the device, makes or opens the run's folder.
    ///
    /// # Errors
    /// Settings or data are wrong, or the folder cannot be made.
    pub(crate) fn open(args: &TrainArgs, interrupt: Interrupt) -> Result<Self> {
        let display = Display::detect(args.quiet);
        let (experiment, resumed) = match &args.resume {
            Some(path) => {
                let folder = RunDir::open(path)?;
                (Experiment::load(&folder.config())?, Some(folder))
            }
            None => (warm_start::experiment(args)?, None),
        };
        let start_share = experiment.train.start_share;
        if start_share > 0.0 && args.from.is_none() && resumed.is_none() {
            return Err(exit::usage(format!(
                "train.start_share = {start_share} keeps a share of the weights that training begins with: name them with --from, or set it to 0",
            )));
        }
        let chosen = device::choose(args.device)?;
        let begun = resumed
            .as_ref()
            .is_some_and(|folder| folder.checkpoint(LAST).is_dir());
        let mut borrowed = Borrowed::default();
        if !begun {
            borrowed = Borrowed::load(&experiment, &chosen.device)?;
        }
        let spec = experiment.source();
        let config = &experiment.data;
        let mut splits = Splits::open(&experiment)?;
        let emu3 = borrowed::emu3(&experiment)?;
        let mut warm = None;
        if !begun {
            let ours = (&experiment, emu3.as_ref().map(Emu3Dir::entry));
            warm = match (&args.from, &resumed) {
                (Some(from), _) => {
                    Some(WarmStart::open(from, args.new_text, ours, &chosen.device)?)
                }
                (None, Some(folder)) => WarmStart::again(folder, ours, &chosen.device)?,
                (None, None) => None,
            };
        }
        let taken_over = match &mut warm {
            Some(warm) => warm.lend(&mut borrowed, &experiment)?,
            None => None,
        };
        let tokenizer = match (&resumed, taken_over) {
            (Some(folder), _) if begun => checkpoint::tokenizer(&folder.checkpoint(LAST))?,
            (_, Some(tokenizer)) => tokenizer,
            (_, None) => text::tokenizer(&experiment, &splits.train)?,
        };
        splits.leave_out_long(&tokenizer, experiment.model.lm.text_tokens, display)?;
        let typical = match &resumed {
            _ if experiment.on_emu3() => None,
            Some(folder) if begun => bundle_dir::typical(folder),
            _ => splits.typical()?,
        };
        let channels = experiment.model.image.input_channels;
        let [train, valid, test] = match &emu3 {
            Some(emu3) => {
                let origin = Origin::new(&experiment, emu3, &splits);
                let codes = CodesDir::open(Path::new(&experiment.emu3.codes), &origin)?;
                splits.with_codes(
                    |role, dataset| {
                        let needed = experiment.cases_of(role, dataset.len());
                        codes.read(role, dataset, needed).map(Some)
                    },
                    None,
                    channels,
                )?
            }
            None => splits.with_codes(|_, _| Ok(None), typical.as_ref(), channels)?,
        };

        let train = train.mixed(config);

        let folder = match (resumed, &args.name) {
            (Some(folder), _) => folder,
            (None, Some(name)) => RunDir::create_named(&args.out, name)?,
            (None, None) => RunDir::create(&args.out, default_name(&spec))?,
        };
        let toml = experiment.to_toml()?;
        display.line(&format!(
            "run {} on {}\n{} training cases, {} to choose by, {} to test on\n\n{toml}",
            folder.path().display(),
            chosen.name,
            train.dataset().len(),
            config.valid_cases.min(valid.dataset().len()),
            test.dataset().len(),
        ));
        let text_from = &experiment.text_tokenizer.from;
        if !text_from.is_empty() {
            display.line(&format!(
                "text tokenizer: {} tokens of `{text_from}`, {} kB",
                tokenizer.vocab(),
                tokenizer.to_bytes()?.len().div_ceil(1000)
            ));
        }
        let data = json!({
            "name": train.dataset().name(),
            "side_convention": train.dataset().side_convention(),
            "train_cases": train.dataset().len(),
            "train_fingerprint": train.dataset().fingerprint(),
            "valid_fingerprint": valid.dataset().fingerprint(),
            "test_fingerprint": test.dataset().fingerprint(),
            "emu3": emu3.as_ref().map(Emu3Dir::entry),
            "pretrained_encoder": match &warm {
                Some(warm) if warm.pretrained_encoder().is_some() => warm.pretrained_encoder(),
                _ if experiment.image_encoder.from.is_empty() => None,
                _ => Some(pretrained::EFFICIENTNET_LITE0),
            },
            "example": text::example(train.dataset()),
            "domain": text::domain(train.dataset()),
            "typical": typical,
        });
        if args.resume.is_some() {
            refuse_other_data(&folder, &data)?;
        } else {
            write_atomic(&folder.config(), toml.as_bytes())?;
            let env = json!({
                "command": command_line(),
                "version": env!("CARGO_PKG_VERSION"),
                "device": chosen.name,
                "threads": rayon::current_num_threads(),
                "os": std::env::consts::OS,
                "arch": std::env::consts::ARCH,
                "from": warm.as_ref().map(WarmStart::entry),
            });
            write_atomic(&folder.env(), &serde_json::to_vec_pretty(&env)?)?;
            write_atomic(&folder.data(), &serde_json::to_vec_pretty(&data)?)?;
        }
        let emu3 = emu3
            .map(|emu3| emu3.load(&chosen.device).map(Arc::new))
            .transpose()?;
        let session = Session {
            display,
            interrupt,
            seed: experiment.seed,
            workers: chosen.workers,
        };
        Ok(Self {
            experiment,
            folder,
            chosen,
            session,
            borrowed,
            tokenizer,
            warm,
            emu3,
            train,
            valid,
            test,
        })
    }

    /// Trains from wherever the run stands, evaluates, and writes report and bundle.
    ///
    /// # Errors
    /// A case cannot be loaded, a file cannot be written, or the user asked to stop.
    pub(crate) fn complete(&self) -> Result<(Summary, PathBuf)> {
        let (state, tokenizer, marks) = self.start_or_resume()?;
        self.train(state, &tokenizer, marks)?;
        self.finish()
    }

    /// Trains the dense model that the run is measured against, on the same cases in as many steps, and measures it on
    /// the test split.
    ///
    /// # Errors
    /// The run has another encoder, a case cannot be loaded, a file cannot be written, or the user asked to stop.
    pub(crate) fn baseline(&self) -> Result<Summary> {
        let experiment = &self.experiment;
        baseline::must_be_possible(experiment)?;
        let Chosen {
            device, workers, ..
        } = &self.chosen;
        device.seed(experiment.seed);
        let mut start = experiment.model.init_dense(device);
        if let Some(encoder) = pretrained::image_encoder(experiment, device)? {
            start.net = encoder.net;
        }
        let trainer = DenseTrainer {
            experiment,
            samples: &self.train,
            tokenizer: &self.tokenizer,
            session: &self.session,
            device,
        };
        let model = trainer.train(start)?.ok_or_else(|| {
            exit::error(
                Kind::Interrupted,
                "stopped; the dense baseline is trained in one go".to_owned(),
            )
        })?;
        let baseline = Baseline {
            model,
            tokenizer: self.tokenizer.clone(),
            config: experiment.model.clone(),
            device: device.clone(),
            seed: experiment.seed,
            workers: *workers,
        };
        let display = self.session.display;
        let cases = baseline.run(&self.test, self.test_limit(), Asking::GIVEN, display)?;
        let summary = Summary::from_cases(&cases, self.meta("dense baseline".to_owned()));
        replace_dir(&self.folder.baseline(), |folder| {
            checkpoint::store(&baseline.model, &folder.join(AVERAGE))?;
            let bytes = serde_json::to_vec_pretty(&summary)?;
            write_atomic(&folder.join("summary.json"), &bytes)
        })?;
        Ok(summary)
    }

    /// What the test split is evaluated with, plainly.
    fn meta(&self, model_hash: String) -> Meta {
        let dataset = self.test.dataset();
        Meta {
            text_mode: TextMode::Given.as_str().to_owned(),
            wordings: Words(None).as_str().to_owned(),
            pictures: Disturbance::Plain.as_str().to_owned(),
            split: dataset.split().to_owned(),
            data: dataset.name().to_owned(),
            data_fingerprint: dataset.fingerprint(),
            model_hash,
            seed: self.experiment.seed,
            command: command_line(),
        }
    }

    /// Where Emu3's tokenizer lies, if the run has it.
    pub(crate) fn emu3_folder(&self) -> Option<&Path> {
        let from = &self.experiment.emu3.from;
        (!from.is_empty()).then(|| Path::new(from))
    }

    /// The run's folder.
    pub(crate) fn folder(&self) -> &RunDir {
        &self.folder
    }

    /// Measures what each of the paper's strategies is meant to move. `halfway` is the hard-error memory of a
    /// run at half of its steps, the same for all runs that are compared.
    ///
    /// # Errors
    /// There is no checkpoint, or a case cannot be loaded.
    pub(crate) fn strategy_scores(&self, halfway: &HardErrorMemory) -> Result<StrategyScores> {
        let (model, tokenizer, _) = self.best()?;
        let evaluator = self.evaluator(&model, &tokenizer)?;
        let limit = self.test_limit();
        let display = self.session.display;
        StrategyScores::measure(
            &evaluator,
            [&self.test, &self.train],
            halfway,
            limit,
            display,
        )
    }

    /// The hard-error memory at half of the steps of a run on the same cases, such as this one.
    ///
    /// # Errors
    /// That run has not come so far, or the file is damaged.
    pub(crate) fn halfway_memory_of(&self, run: &RunDir) -> Result<HardErrorMemory> {
        let positions = self.experiment.model.layout().mask();
        checkpoint::read_memory(&run.halfway_memory(), self.train.dataset().len(), positions)
    }

    /// Some test cases as the best checkpoint segments them: image, truth, prediction, oracle.
    ///
    /// # Errors
    /// As [`Self::strategy_scores`].
    pub(crate) fn test_strips(&self, indices: &[usize]) -> Result<Vec<RgbImage>> {
        let (model, tokenizer, _) = self.best()?;
        let evaluator = self.evaluator(&model, &tokenizer)?;
        indices
            .iter()
            .filter(|&&index| index < self.test.dataset().len())
            .map(|&index| {
                let case = evaluator.one(&self.test, index, usize::MAX, Asking::GIVEN)?;
                Ok(strip_of(&case))
            })
            .collect()
    }

    fn best(&self) -> Result<(Model, TextTokenizer, Marks)> {
        let folder = self.folder.checkpoint(BEST);
        checkpoint::load_average(&folder, &self.experiment, &self.chosen.device)
    }

    fn test_limit(&self) -> usize {
        let cases = self.test.dataset().len();
        self.experiment.cases_of(Role::Test, cases)
    }

    /// The checkpoint of an interrupted run, or tokenizers that were just trained or taken over and a language model
    /// of random weights or those of another one.
    fn start_or_resume(&self) -> Result<(LmState, TextTokenizer, Marks)> {
        let device = &self.chosen.device;
        if self.folder.checkpoint(LAST).is_dir() {
            let cases = self.train.dataset().len();
            return checkpoint::resume(&self.folder, &self.experiment, cases, device);
        }
        device.seed(self.experiment.seed);
        let config = &self.experiment.model;
        let tokenizer = self.tokenizer.clone();
        let trained = match self.emu3 {
            Some(_) => None,
            None => Some(self.tokenizers()?),
        };
        // Equal seeds begin with equal weights, whether the tokenizers were trained here or borrowed.
        device.seed(self.experiment.seed);
        let autodiff = device.clone().autodiff();
        let mut model: Model = config.init(&autodiff);
        if let (Some((mask, image)), Some(own)) = (trained, &mut model.tokenizers) {
            model.lm = model.lm.with_code_geometry(mask.patches());
            own.mask = mask.train();
            if let Some(image) = image {
                own.image = image.train();
            }
        }
        if let Some(warm) = &self.warm {
            let (lm, report) = warm.start(model.lm.valid(), &tokenizer);
            model.lm = lm.train();
            let path = warm.entry().path();
            let taken = report.taken.join(", ");
            self.session
                .display
                .line(&format!("taken over from {path}: {taken}"));
            if !report.anew.is_empty() {
                let anew = report.anew.join(", ");
                let share = self.experiment.train.start_share;
                if share > 0.0 {
                    return Err(exit::usage(format!(
                        "train.start_share = {share} would keep random weights of what is trained anew: {anew}; set it to 0, or keep the sizes of `{path}`"
                    )));
                }
                self.session.display.line(&format!("trained anew: {anew}"));
            }
        }
        self.report_oracle(&model.clone().valid())?;
        let cases = self.train.dataset().len();
        let state = LmState::new(&self.experiment, model, cases, &autodiff);
        let marks = Marks::default();
        checkpoint::save(&self.folder, &state, &tokenizer, marks)?;
        Ok((state, tokenizer, marks))
    }

    /// The tokenizers that belong to the model: borrowed or trained. The one of pictures may be left for the
    /// language model to train.
    fn tokenizers(&self) -> Result<(MaskTokenizer, Option<ImageEncoder>)> {
        let device = &self.chosen.device;
        let mask = match self.borrowed.mask.clone() {
            Some(mask) => mask,
            None => train_mask_tokenizer(&self.experiment, &self.train, &self.session, device)?
                .ok_or_else(|| self.interrupted())?,
        };
        let image = match self.borrowed.image.clone() {
            Some(image) => Some(image),
            None if self.experiment.model.image.encoder == ImageEncoderKind::EfficientnetLite0 => {
                let encoder = pretrained::image_encoder(&self.experiment, device)?;
                encoder.map(ImageEncoder::EfficientNet)
            }
            None if self.experiment.image_tokenizer.steps > 0 => Some(ImageEncoder::Conv(
                train_image_tokenizer(&self.experiment, &self.train, &self.session, device)?
                    .ok_or_else(|| self.interrupted())?,
            )),
            None => None,
        };
        Ok((mask, image))
    }

    /// Prints the ceiling that the mask tokenizer sets.
    fn report_oracle(&self, model: &Model) -> Result<()> {
        let limit = self.experiment.data.valid_cases;
        let dice = crate::eval::oracle_dice(
            &Vision::of(model, self.emu3.as_ref())?,
            &self.valid,
            limit,
            &self.experiment.model,
            &self.chosen.device,
        )?;
        if let Some(dice) = dice {
            self.session.display.line(&format!(
                "oracle Dice per image of the mask tokenizer, {limit} validation cases: {dice:.4}"
            ));
        }
        Ok(())
    }

    fn evaluator<'a>(
        &'a self,
        model: &'a Model,
        tokenizer: &'a TextTokenizer,
    ) -> Result<Evaluator<'a>> {
        let vision = Vision::of(model, self.emu3.as_ref())?;
        Ok(Evaluator {
            lm: &model.lm,
            tokenizer,
            config: &self.experiment.model,
            device: &self.chosen.device,
            cached: CachedLm::new(&model.lm),
            picker: picker(self.experiment.train.rule(), &vision)?,
            seed: self.experiment.seed,
            workers: side_by_side_of(&vision, self.chosen.workers),
            vision,
            decoding: Decoding::Together,
            mirrored: false,
        })
    }

    /// Trains the language model, evaluating and saving on the way.
    fn train(&self, mut state: LmState, tokenizer: &TextTokenizer, mut marks: Marks) -> Result<()> {
        let training = &self.experiment.train;
        let done = marks.step as u64;
        let mut log = MetricsLog::open(&self.folder, |row| {
            row.get("step")
                .and_then(|step| step.as_u64())
                .is_some_and(|step| step <= done)
        })?;
        let mut progress =
            Progress::new(&self.session, "language model", training.steps, state.step);
        let trainer = LmTrainer {
            experiment: &self.experiment,
            samples: &self.train,
            tokenizer,
            session: &self.session,
            device: &self.chosen.device,
        };
        let every = training.steps.div_ceil(training.evaluations);
        let half = training.steps.div_ceil(2);
        let cases = self.train.pass_len();
        if training.hard_errors.weight > 0.0 && training.steps * training.batch < 2 * cases {
            self.session.display.line(&format!(
                "warning: {} steps of {} see each of the {cases} cases less than twice; train.hard_errors weighs a case only when it comes again",
                training.steps, training.batch
            ));
        }
        while state.step < training.steps {
            let evaluation = ((state.step / every + 1) * every).min(training.steps);
            let until = if state.step < half {
                evaluation.min(half)
            } else {
                evaluation
            };
            trainer.run(&mut state, until, &mut progress, |row| log.append(&row))?;
            marks.step = state.step;
            if state.step == half {
                write_atomic(&self.folder.halfway_memory(), state.memory.as_bytes())?;
            }
            if self.session.interrupt.requested() {
                checkpoint::save(&self.folder, &state, tokenizer, marks)?;
                return Err(self.interrupted());
            }
            if state.step < evaluation {
                continue;
            }
            let evaluator = self.evaluator(&state.average, tokenizer)?;
            let valid = self.valid_dice(&evaluator)?;
            progress.line(&format!("step {}: {}", state.step, valid.said));
            log.append(&json!({
                "step": state.step,
                "valid_dice": valid.given,
                "valid_reworded_dice": valid.reworded,
            }))?;
            let dice = valid.to_choose_by();
            self.draw_samples(&evaluator, state.step)?;
            if marks
                .best_dice
                .is_none_or(|best| dice.is_some_and(|dice| dice > best))
            {
                marks.best_dice = dice.or(marks.best_dice);
                checkpoint::save_best(&self.folder, &state.average, tokenizer, marks)?;
            }
            checkpoint::save(&self.folder, &state, tokenizer, marks)?;
        }
        progress.finish();
        self.train.warn_about_soft_masks(self.session.display);
        Ok(())
    }

    /// Dice of the validation cases, decoded freely.
    fn valid_dice(&self, evaluator: &Evaluator<'_>) -> Result<ValidDice> {
        let limit = self.experiment.data.valid_cases;
        let ask = |asking| evaluator.run(&self.valid, limit, asking, Display::Silent);
        let number = |dice: Option<f64>| dice.map_or("-".to_owned(), |dice| format!("{dice:.4}"));
        let cases = ask(Asking::GIVEN)?;
        let given = mean_dice(&cases);
        let mut said = format!(
            "free-running Dice per image {} on {} validation cases",
            number(given),
            cases.len()
        );
        let mut reworded = None;
        if text::rewords(&self.experiment, self.train.dataset()) {
            reworded = mean_dice(&ask(Asking {
                wording: Some(Wording::Varied),
                ..Asking::GIVEN
            })?);
            said += &format!(", {} in other words", number(reworded));
        }
        Ok(ValidDice {
            given,
            reworded,
            said,
        })
    }

    fn draw_samples(&self, evaluator: &Evaluator<'_>, step: usize) -> Result<()> {
        const DRAWN: usize = 6;
        let limit = self.experiment.data.valid_cases;
        let folder = self.folder.samples_of(step);
        std::fs::create_dir_all(&folder)
            .map_err(|error| crate::system::atomic::cannot_write(&folder, &error))?;
        let strips = (0..DRAWN.min(limit).min(self.valid.dataset().len()))
            .map(|index| {
                let case = evaluator.one(&self.valid, index, limit, Asking::GIVEN)?;
                Ok(strip_of(&case))
            })
            .collect::<Result<Vec<_>>>()?;
        let sheet = pictures::sheet(&strips, 1);
        write_atomic(&folder.join("samples.png"), &pictures::png(&sheet)?)
    }

    /// Evaluates the best checkpoint on the test split; writes report and bundle.
    fn finish(&self) -> Result<(Summary, PathBuf)> {
        let (model, tokenizer, marks) = self.best()?;
        let evaluator = self.evaluator(&model, &tokenizer)?;
        let limit = self.test_limit();
        let cases = evaluator.run(&self.test, limit, Asking::GIVEN, self.session.display)?;
        let model_hash = format!("{} step {}", self.folder.name(), marks.step);
        let mut summary = Summary::from_cases(&cases, self.meta(model_hash));
        let display = self.session.display;
        summary.side_swap = Some(side_swap::measure(
            &evaluator, &self.test, limit, None, display,
        )?);
        let limit_of_texts = limit.min(TEXT_CASES);
        summary.by_text = Some(evaluator.text_scores(&self.test, limit_of_texts, display)?);
        summary.probe = self.prompt_probe(&evaluator)?;
        report::write(&self.folder.report(), &summary, &cases, |index| {
            let case = evaluator.one(&self.test, index, limit, Asking::GIVEN)?;
            Ok(strip_of(&case))
        })?;
        let bundle = bundle_dir::pack(&self.folder, BEST, Precision::F16, &self.folder.name())?;
        let path = self.folder.path().join("bundle");
        if !path.exists() {
            bundle_dir::write(&bundle, &path)?;
        }
        Ok((summary, path))
    }

    /// What each part of a sentence does, where sentences are about lungs.
    fn prompt_probe(&self, evaluator: &Evaluator<'_>) -> Result<Option<PromptProbe>> {
        if self.emu3.is_some() || text::domain(self.train.dataset()) == Domain::Other {
            return Ok(None);
        }
        let data = &self.experiment.data;
        let held_out = match (self.experiment.source(), data.lungs.as_str()) {
            (DataSpec::Phantoms, _) => None,
            // Packed data may hold them.
            (DataSpec::Folder(folder), "") => Dataset::open(&folder, Dataset::HELD_OUT_LUNGS).ok(),
            (DataSpec::Folder(folder), lungs) => {
                let lungs = Path::new(lungs);
                Some(Dataset::held_out_lungs(&folder, &data.train_split, lungs)?)
            }
        };
        let lungs = held_out.map(|mut lungs| {
            lungs.thin(PROBE_CASES);
            let channels = self.experiment.model.image.input_channels;
            Samples::new(lungs, bundle_dir::typical(&self.folder), channels)
        });
        let limit = self.test_limit().min(PROBE_CASES);
        let display = self.session.display;
        PromptProbe::measure(evaluator, &self.test, lungs.as_ref(), limit, display).map(Some)
    }

    fn interrupted(&self) -> anyhow::Error {
        exit::error(
            Kind::Interrupted,
            format!(
                "saved; go on with: cargo run -p trainer -- train --resume {}",
                self.folder.path().display()
            ),
        )
    }
}

/// A run goes on with the data and the tokenizer that it began with.
fn refuse_other_data(folder: &RunDir, found: &Value) -> Result<()> {
    let path = folder.data();
    let unreadable = |error: &dyn std::fmt::Display| {
        exit::data(format!(
            "cannot read `{}`: {error}; start the run again",
            path.display()
        ))
    };
    let bytes = std::fs::read(&path).map_err(|error| unreadable(&error))?;
    let begun: Value = serde_json::from_slice(&bytes).map_err(|error| unreadable(&error))?;
    for (what, at) in [
        ("training data of fingerprint", "/train_fingerprint"),
        ("validation data of fingerprint", "/valid_fingerprint"),
        ("test data of fingerprint", "/test_fingerprint"),
        ("Emu3's tokenizer with weights of SHA-256", "/emu3/sha256"),
    ] {
        let of = |json: &Value| json.pointer(at).cloned().unwrap_or_default();
        let (begun, found) = (of(&begun), of(found));
        if begun != found {
            return Err(exit::usage(format!(
                "the run `{}` began with {what} {begun}, and now there is {found}: put it back, or start a new run",
                folder.path().display()
            )));
        }
    }
    Ok(())
}

fn strip_of(case: &Predicted) -> RgbImage {
    pictures::strip(
        &case.sample.image,
        &case.sample.mask,
        &case.mask,
        Some(&case.oracle),
    )
}

fn default_name(spec: &DataSpec) -> &str {
    match spec {
        DataSpec::Phantoms => "demo",
        DataSpec::Folder(_) => "run",
    }
}

#[cfg(test)]
mod tests {
    use super::ValidDice;

    fn chosen_by(given: f64, reworded: Option<f64>) -> f64 {
        let valid = ValidDice {
            given: Some(given),
            reworded,
            said: String::new(),
        };
        valid.to_choose_by().unwrap()
    }

    #[test]
    fn a_checkpoint_that_knows_few_other_words_is_not_chosen() {
        assert!(chosen_by(0.87, Some(0.73)) < chosen_by(0.86, Some(0.85)));
        assert_eq!(chosen_by(0.87, None), 0.87);
    }
}
