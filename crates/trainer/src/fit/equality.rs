//! A step gives the same but for rounding, however its cases are shared out, and to the bit, whenever they are drawn.

use burn::module::Module;
use burn::tensor::Device;
use mriseg::text::TextTokenizer;
use mriseg_data::{Dataset, PhantomConfig};
use mriseg_ops::precision::Precision;
use rayon::ThreadPoolBuilder;

use super::lm::{LmState, LmTrainer, Progress, StepMetrics, optimizer};
use super::measures::Terms;
use super::session::Session;
use crate::config::Experiment;
use crate::data::CaseCache;
use crate::system::device::{DeviceChoice, choose_all, cpu};
use crate::system::{Chosen, Display, Interrupt};

const STEPS: usize = 4;
/// What rounding may change of a loss, on CPUs.
const ROUNDING: f64 = 1e-5;
/// What factors of 16 bits may: `bfloat16`, and IEEE's.
const OF_BF16: f64 = 1e-2;
const OF_F16: f64 = 1e-3;

struct Trial {
    experiment: Experiment,
    cache: CaseCache,
    tokenizer: TextTokenizer,
    /// Where every run begins: other tests draw from the same random numbers.
    start: LmState,
}

impl Trial {
    /// All losses that there are, those across a batch too: contrast in groups, weights of hard errors, sentences of which
    /// some ask for nothing that is known.
    fn new() -> Self {
        let mut experiment = Experiment::tiny();
        experiment.model.lm.layers = 1;
        let training = &mut experiment.train;
        training.steps = STEPS;
        training.batch = 16;
        training.text_dropout = 0.3;
        training.misleading_context = 0.2;
        training.own_context = 0.2;
        training.soft_decode = 0.1;
        training.contrast.weight = 0.1;
        training.hard_errors.weight = 0.5;
        training.hard_errors.warmup = 0.0;
        // All that are remembered: which are the hardest of some that are nearly equal is decided by rounding.
        training.hard_errors.share = 1.0;
        experiment.validate().unwrap();
        // Fewer cases than two steps have: they come again.
        let dataset = Dataset::phantoms(&PhantomConfig::default(), "train", 4);
        let autodiff = Device::flex().autodiff();
        let model = experiment.model.init(&autodiff);
        Self {
            tokenizer: TextTokenizer::learn(dataset.texts(), 300).unwrap(),
            start: LmState::new(&experiment, model, dataset.len(), &autodiff),
            cache: CaseCache::new(dataset, None, 1),
            experiment,
        }
    }

    /// The losses of every step where the loop is entered anew after so many, and the state at the end.
    fn run(&self, entered: usize, workers: usize, replicas: &[Chosen]) -> (Vec<Terms>, LmState) {
        let device = Device::flex();
        let LmState {
            learner, average, ..
        } = &self.start;
        let mut state = LmState {
            learner: learner.valid().train(),
            average: average.clone(),
            start: None,
            optimizer: optimizer(&self.experiment),
            memory: self.start.memory.clone(),
            step: 0,
        };
        let session = Session {
            display: Display::Silent,
            interrupt: Interrupt::default(),
            seed: self.experiment.seed,
            workers,
            replicas: replicas.to_vec(),
        };
        let trainer = LmTrainer {
            experiment: &self.experiment,
            cache: &self.cache,
            tokenizer: &self.tokenizer,
            session: &session,
            device: &device,
        };
        let mut progress = Progress::new(&session, "trial", STEPS, 0);
        let mut rows = Vec::new();
        while state.step < STEPS {
            let until = (state.step + entered).min(STEPS);
            let log = |row: StepMetrics| {
                rows.push(row.terms);
                Ok(())
            };
            trainer.run(&mut state, until, &mut progress, log).unwrap();
        }
        (rows, state)
    }

    /// The losses of every step in so many parts.
    fn parts(&mut self, steps: usize, workers: usize, replicas: &[Chosen]) -> Vec<Terms> {
        self.experiment.train.gradient_accumulation_steps = steps;
        self.run(1, workers, replicas).0
    }
}

fn assert_equal(one: &[Terms], other: &[Terms], tolerance: f64) {
    assert_within(one, other, |_| tolerance);
}

/// With factors of 16 bits. Contrast is the most sensitive: it divides cosines by a temperature of .07.
fn assert_rounded(one: &[Terms], other: &[Terms], tolerance: f64) {
    assert_within(one, other, |name| match name {
        "contrast_loss" => 20.0 * tolerance,
        _ => tolerance,
    });
}

fn assert_within(one: &[Terms], other: &[Terms], tolerance: impl Fn(&str) -> f64) {
    assert_eq!((one.len(), other.len()), (STEPS, STEPS));
    let mut farthest = 0f64;
    for (step, (one, other)) in one.iter().zip(other).enumerate() {
        assert!(one.keys().eq(other.keys()));
        for (name, value) in one {
            let apart = (value - other[name]).abs();
            farthest = farthest.max(apart);
            assert!(
                apart < tolerance(name),
                "step {step}, {name}: {value}, {apart} apart"
            );
        }
    }
    println!("losses of {STEPS} steps: {farthest:.1e} apart at most");
    let last = &one[STEPS - 1];
    let across = ["contrast_loss", "hard_error_loss", "sentence_loss"];
    assert!(across.iter().all(|name| last[name] > 0.0), "{last:?}");
}

fn replica() -> Chosen {
    Chosen {
        workers: 1,
        ..cpu()
    }
}

#[test]
fn accumulated_gradients_train_as_those_of_the_whole_batch() {
    let mut trial = Trial::new();
    let whole = trial.parts(1, 1, &[]);
    for (steps, workers) in [(1, 2), (2, 1), (4, 1), (2, 2)] {
        assert_equal(&whole, &trial.parts(steps, workers, &[]), ROUNDING);
    }
}

#[test]
fn several_devices_train_as_one_with_the_same_batch() {
    let mut trial = Trial::new();
    let one = trial.parts(1, 1, &[]);
    let (two, state) = trial.run(1, 1, &[replica()]);
    assert_equal(&one, &two, ROUNDING);
    let three = trial.parts(1, 1, &[replica(), replica()]);
    assert_equal(&one, &three, ROUNDING);
    let both = trial.parts(2, 1, &[replica()]);
    assert_equal(&one, &both, ROUNDING);
    // What is saved lies on the first device.
    let of = |device: Device| state.learner.devices() == [device];
    assert!(of(Device::flex().autodiff()));
}

#[test]
fn factors_of_16_bits_train_as_those_of_32() {
    let mut trial = Trial::new();
    // Another token is drawn where rounding moves a probability across the number that was drawn for it.
    trial.experiment.train.own_context = 0.0;
    let exact = trial.parts(1, 1, &[]);
    for (precision, tolerance) in [(Precision::Bf16, OF_BF16), (Precision::F16, OF_F16)] {
        trial.experiment.train.precision = precision;
        let rounded = trial.parts(1, 1, &[]);
        assert_rounded(&exact, &rounded, tolerance);
        assert_ne!(exact, rounded, "nothing was rounded");
        assert_rounded(&rounded, &trial.parts(2, 2, &[]), tolerance);
    }
}

#[test]
fn a_gpu_beside_the_cpu_trains_as_the_cpu_alone() {
    if std::env::var_os("MRISEG_TEST_GPU").is_none() {
        println!(
            "skipped: set MRISEG_TEST_GPU=1 to try the GPU path, on a simulated adapter if need be"
        );
        return;
    }
    let gpu = "gpu".parse::<DeviceChoice>().unwrap();
    let gpu = match choose_all(&[gpu], true) {
        Ok(gpu) => gpu,
        Err(none) => {
            println!("skipped: {none}");
            return;
        }
    };
    // In WGSL.
    let refused = gpu[0].check_precision(Precision::Bf16).unwrap_err();
    assert!(refused.to_string().contains("\"f16\""), "{refused}");
    let mut trial = Trial::new();
    trial.experiment.train.own_context = 0.0;
    // Kernels of another device add in another order.
    let one = trial.parts(1, 1, &[]);
    assert_equal(&one, &trial.parts(1, 1, &gpu), 10.0 * ROUNDING);
    trial.experiment.train.precision = Precision::F16;
    assert_rounded(&one, &trial.parts(1, 1, &gpu), OF_F16);
}

#[test]
fn cases_that_are_drawn_ahead_are_those_of_their_step() {
    let pool = ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    pool.install(|| {
        let trial = Trial::new();
        let (_, each) = trial.run(1, 1, &[]);
        let (_, ahead) = trial.run(STEPS, 1, &[]);
        assert_eq!(each.memory, ahead.memory);
        let bytes = |state: &LmState| {
            let record = state.learner.clone().into_record();
            record.into_bytes().unwrap().to_vec()
        };
        assert!(bytes(&each) == bytes(&ahead));
    });
}
