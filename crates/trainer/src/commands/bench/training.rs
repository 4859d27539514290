//! `trainer bench --training`: how long a training step takes and what of it: drawing the cases, the forward and
//! backward pass, moving the weights. Once with the next-token loss alone, once with the paper's three strategies.

use anyhow::Result;
use burn::module::Module;
use mriseg::text::TextTokenizer;
use mriseg_data::{Dataset, PhantomConfig};
use mriseg_ops::precision::Precision;
use serde::Serialize;
use std::time::Instant;

use super::preset::{SEED, resolve};
use crate::cli::BenchArgs;
use crate::config::{Experiment, Preset};
use crate::data::{CaseCache, text};
use crate::fit::{LmState, LmTrainer, Session, StepMeasures};
use crate::system::say::say;
use crate::system::{Chosen, Display, Interrupt, device, median, milliseconds};

/// Steps that are not counted: in the first ones a GPU compiles and chooses kernels.
const WARM_UP: usize = 3;

/// What is printed with `--json`.
#[derive(Debug, Serialize)]
struct Report {
    device: String,
    threads: usize,
    precision: Precision,
    /// Of encoder and language model.
    parameters: usize,
    /// Cases of a step.
    batch: usize,
    /// Next-token loss alone, then all three strategies.
    objectives: [Timing; 2],
}

/// Medians, milliseconds a step.
#[derive(Debug, Serialize)]
struct Timing {
    objective: &'static str,
    draw_ms: f64,
    forward_backward_ms: f64,
    update_ms: f64,
    step_ms: f64,
}

/// An objective that steps towards it are timed of.
struct Trial {
    objective: &'static str,
    experiment: Experiment,
    chosen: Chosen,
    tokenizer: TextTokenizer,
    cache: CaseCache,
    session: Session,
}

pub(super) fn run(args: &BenchArgs, preset: Preset) -> Result<()> {
    let chosen = device::choose(&args.device)?;
    let precision = resolve(preset, &args.set)?.train.precision;
    chosen.check_precision(precision)?;
    let trial = |objective, strategies: bool| {
        let mut experiment = resolve(preset, &args.set)?;
        if !strategies {
            experiment.model.lm.next_tokens = 1;
        }
        let training = &mut experiment.train;
        training.contrast.weight = if strategies { 0.1 } else { 0.0 };
        training.hard_errors.weight = if strategies { 0.5 } else { 0.0 };
        training.hard_errors.warmup = 0.0;
        Trial::new(objective, experiment, chosen.clone())
    };
    let trials = [
        trial("next token", false)?,
        trial("all three strategies", true)?,
    ];
    let [next_token, _] = &trials;
    let report = Report {
        device: chosen.name.clone(),
        threads: rayon::current_num_threads(),
        precision,
        parameters: next_token.trained_parameters(),
        batch: next_token.experiment.train.batch,
        objectives: measure(&trials, args.repeats.get())?,
    };
    if args.json {
        say!("{}", serde_json::to_string(&report)?);
        return Ok(());
    }
    say!(
        "training steps of {} cases in {}: {:.1} M parameters, {}, {} threads; {} times each, medians, ms",
        report.batch,
        report.precision,
        report.parameters as f64 / 1e6,
        report.device,
        report.threads,
        args.repeats
    );
    say!("| objective | drawing cases | forward, backward | a case of it | update | step |");
    say!("|---|---|---|---|---|---|");
    for timing in &report.objectives {
        say!(
            "| {} | {:.1} | {:.1} | {:.2} | {:.1} | {:.1} |",
            timing.objective,
            timing.draw_ms,
            timing.forward_backward_ms,
            timing.forward_backward_ms / report.batch as f64,
            timing.update_ms,
            timing.step_ms
        );
    }
    let [base, all] = &report.objectives;
    say!(
        "all three strategies cost {:+.0} % of forward and backward, {:+.0} % of a step",
        100.0 * (all.forward_backward_ms / base.forward_backward_ms - 1.0),
        100.0 * (all.step_ms / base.step_ms - 1.0)
    );
    Ok(())
}

impl Trial {
    fn new(objective: &'static str, experiment: Experiment, chosen: Chosen) -> Result<Self> {
        let pictures = experiment.train.batch;
        let split = &experiment.data.train_split;
        let dataset = Dataset::phantoms(&PhantomConfig::default(), split, pictures);
        Ok(Self {
            objective,
            tokenizer: text::tokenizer(&experiment, &dataset)?,
            cache: CaseCache::new(dataset, None, 1),
            session: Session {
                display: Display::Silent,
                interrupt: Interrupt::default(),
                seed: experiment.seed,
                workers: chosen.workers,
                replicas: Vec::new(),
            },
            experiment,
            chosen,
        })
    }

    fn trainer(&self) -> LmTrainer<'_> {
        LmTrainer {
            experiment: &self.experiment,
            cache: &self.cache,
            tokenizer: &self.tokenizer,
            session: &self.session,
            device: &self.chosen.device,
        }
    }

    /// A model with random weights: the cost does not depend on their values.
    fn state(&self) -> LmState {
        let device = &self.chosen.device;
        device.seed(SEED);
        let autodiff = device.clone().autodiff();
        let model = self.experiment.model.init(&autodiff);
        let cases = self.cache.dataset().len();
        LmState::new(&self.experiment, model, cases, &autodiff)
    }

    fn trained_parameters(&self) -> usize {
        let model = self.state().average;
        let encoder = model.tokenizers.map_or(0, |own| own.image.num_params());
        encoder + model.lm.num_params()
    }
}

/// In turn, so that a machine whose speed drifts is as slow for one as for the other.
fn measure(trials: &[Trial; 2], repeats: usize) -> Result<[Timing; 2]> {
    let trainers = trials.each_ref().map(Trial::trainer);
    let mut states = trials.each_ref().map(Trial::state);
    let [a, b] = [0, 1].map(|i| trainers[i].objective(&states[i]));
    let objectives = [a?, b?];
    let mut times = [Vec::new(), Vec::new()];
    for repeat in 0..WARM_UP + repeats {
        for i in 0..trials.len() {
            let (trainer, objective, state) = (&trainers[i], &objectives[i], &mut states[i]);
            let device = trainer.device;
            let begin = Instant::now();
            let cases = trainer.draw(objective, state.step)?;
            let batch = objective.batcher.batch(cases, state.step, &state.memory);
            device.sync()?;
            let drawn = milliseconds(begin);
            let (gradients, parts) = trainer.gradients(objective, &state.learner, &batch);
            device.sync()?;
            let differentiated = milliseconds(begin);
            let (norm, _) = trainer.update(state, gradients);
            let measures = StepMeasures::read(parts, norm);
            objective
                .batcher
                .remember(&mut state.memory, &batch, &measures.errors);
            device.sync()?;
            let done = milliseconds(begin);
            if repeat >= WARM_UP {
                times[i].push([drawn, differentiated - drawn, done - differentiated, done]);
            }
        }
    }
    Ok([0, 1].map(|i| {
        let median_of = |part: usize| median(times[i].iter().map(|times| times[part]).collect());
        Timing {
            objective: trials[i].objective,
            draw_ms: median_of(0),
            forward_backward_ms: median_of(1),
            update_ms: median_of(2),
            step_ms: median_of(3),
        }
    }))
}
