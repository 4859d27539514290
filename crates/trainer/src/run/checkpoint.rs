//! A training state on disk: weights, their average, optimizer moments, hard-error memory, step and best score. A resumed
//! run goes on exactly where this was written.

use anyhow::{Result, anyhow};
use burn::module::Module;
use burn::store::ModuleRecord;
use burn::tensor::{Bytes, Device};
use mriseg::loss::HardErrorMemory;
use mriseg::model::Model;
use mriseg::text::TextTokenizer;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;

use super::folder::RunDir;
pub(crate) use super::folder::{BEST, LAST};
use crate::config::Experiment;
use crate::fit::{Learner, LmState, optimizer};
use crate::system::atomic::complete_dir;
use crate::system::exit::data;
use crate::system::{replace_dir, write_atomic};

const MODEL: &str = "model.bpk";
/// File of the averaged weights.
pub(crate) const AVERAGE: &str = "average.bpk";
const START: &str = "start.bpk";
const OPTIMIZER: &str = "optimizer.bpk";
const TOKENIZER: &str = "tokenizer.json";
const MEMORY: &str = "hard-errors.bin";
const STATE: &str = "state.json";

/// Numbers beside the tensors.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct RunProgress {
    /// Steps done.
    pub(crate) step: usize,
    /// Best Dice per image so far.
    pub(crate) best_dice: Option<f64>,
}

/// Writes everything that going on needs.
///
/// # Errors
/// A file cannot be written; the older checkpoint stays.
pub(crate) fn save(
    run: &RunDir,
    state: &LmState,
    tokenizer: &TextTokenizer,
    reached: RunProgress,
) -> Result<()> {
    replace_dir(&run.checkpoint(LAST), |folder| {
        store(&state.learner, &folder.join(MODEL))?;
        store(&state.average, &folder.join(AVERAGE))?;
        if let Some(start) = &state.start {
            store(start, &folder.join(START))?;
        }
        let path = folder.join(OPTIMIZER);
        let moments = state.optimizer.into_bytes();
        write_atomic(
            &path,
            &moments.map_err(|error| cannot_store(&path, &error))?,
        )?;
        write_atomic(&folder.join(MEMORY), state.memory.as_bytes())?;
        save_small(folder, tokenizer, reached)
    })
}

/// Writes what evaluating and exporting need.
///
/// # Errors
/// A file cannot be written; the older checkpoint stays.
pub(crate) fn save_best(
    run: &RunDir,
    average: &Model,
    tokenizer: &TextTokenizer,
    reached: RunProgress,
) -> Result<()> {
    replace_dir(&run.checkpoint(BEST), |folder| {
        store(average, &folder.join(AVERAGE))?;
        save_small(folder, tokenizer, reached)
    })
}

/// The state that [`save`] wrote; the run has so many training cases.
///
/// # Errors
/// A file is missing or damaged, or the number of training cases is another one.
pub(crate) fn resume(
    run: &RunDir,
    experiment: &Experiment,
    cases: usize,
    device: &Device,
) -> Result<(LmState, TextTokenizer, RunProgress)> {
    let folder = run.checkpoint(LAST);
    let (average, tokenizer, reached) = load_average(&folder, experiment, device)?;
    let autodiff = device.clone().autodiff();
    let fresh = Learner::new(experiment.model.init(&autodiff), experiment, &autodiff);
    let learner = load(&folder.join(MODEL), fresh)?;
    let keeps = experiment.train.start_share > 0.0;
    let start = keeps
        .then(|| load(&folder.join(START), experiment.model.init(device)))
        .transpose()?;
    let path = folder.join(OPTIMIZER);
    let moments = optimizer(experiment)
        .from_bytes(whole(&path)?)
        .map_err(|error| damaged(&path, &error))?;
    let positions = experiment.model.layout().mask();
    let memory = read_memory(&folder.join(MEMORY), cases, positions)?;
    let state = LmState {
        learner,
        average,
        start,
        optimizer: moments,
        memory,
        step: reached.step,
    };
    Ok((state, tokenizer, reached))
}

/// A hard-error memory of so many training cases of so many tokens.
///
/// # Errors
/// The file cannot be read, or is one of other cases.
pub(crate) fn read_memory(path: &Path, cases: usize, positions: usize) -> Result<HardErrorMemory> {
    HardErrorMemory::from_bytes(cases, positions, read(path)?).ok_or_else(|| {
        let wanted = format!("it is not one of {cases} training cases of {positions} tokens");
        damaged(path, &wanted)
    })
}

/// The averaged weights and the text tokenizer of a checkpoint folder.
///
/// # Errors
/// A file is missing or damaged.
pub(crate) fn load_average(
    folder: &Path,
    experiment: &Experiment,
    device: &Device,
) -> Result<(Model, TextTokenizer, RunProgress)> {
    const TRIES: usize = 3;
    let state = || fs::read(complete_dir(folder).join(STATE)).ok();
    let mut tries = 0;
    loop {
        let before = state();
        let loaded = load_once(&complete_dir(folder), experiment, device);
        tries += 1;
        // A run that goes on may have put another checkpoint there meanwhile.
        if tries == TRIES || state() == before {
            return loaded;
        }
    }
}

fn load_once(
    folder: &Path,
    experiment: &Experiment,
    device: &Device,
) -> Result<(Model, TextTokenizer, RunProgress)> {
    if !folder.is_dir() {
        return Err(data(format!(
            "there is no checkpoint at `{}`: the run ended before its first one; start it again",
            folder.display()
        )));
    }
    let tokenizer = tokenizer(folder)?;
    let path = folder.join(STATE);
    let reached = serde_json::from_slice(&read(&path)?).map_err(|error| damaged(&path, &error))?;
    let average = load(&folder.join(AVERAGE), experiment.model.init(device))?;
    Ok((average, tokenizer, reached))
}

/// The text tokenizer of a checkpoint folder.
///
/// # Errors
/// The file is missing or damaged.
pub(crate) fn tokenizer(folder: &Path) -> Result<TextTokenizer> {
    let path = folder.join(TOKENIZER);
    Ok(TextTokenizer::from_bytes(
        &read(&path)?,
        &path.display().to_string(),
    )?)
}

fn save_small(folder: &Path, tokenizer: &TextTokenizer, reached: RunProgress) -> Result<()> {
    write_atomic(&folder.join(TOKENIZER), &tokenizer.to_bytes()?)?;
    write_atomic(&folder.join(STATE), &serde_json::to_vec_pretty(&reached)?)
}

pub(crate) fn store(model: &impl Module, path: &Path) -> Result<()> {
    let weights = model.clone().into_record().into_bytes();
    write_atomic(path, &weights.map_err(|error| cannot_store(path, &error))?)
}

fn cannot_store(path: &Path, error: &dyn std::fmt::Display) -> anyhow::Error {
    anyhow!("cannot put `{}` together: {error}", path.display())
}

pub(crate) fn load<M: Module>(path: &Path, model: M) -> Result<M> {
    let record = ModuleRecord::from_bytes(whole(path)?).map_err(|error| damaged(path, &error))?;
    model
        .try_load_record(record)
        .map_err(|error| damaged(path, &error))
}

/// A file read at once: burn would read its tensors when they are first needed, when another checkpoint may lie there.
fn whole(path: &Path) -> Result<Bytes> {
    Ok(Bytes::from_bytes_vec(read(path)?))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| damaged(path, &error))
}

fn damaged(path: &Path, error: &dyn std::fmt::Display) -> anyhow::Error {
    data(format!(
        "cannot read the checkpoint file `{}`: {error}; start the run again",
        path.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resumed_run_has_its_memory_and_its_weights_and_refuses_another_number_of_cases() {
        const CASES: usize = 5;
        let root = tempfile::tempdir().unwrap();
        let run = RunDir::create(root.path(), "run").unwrap();
        let mut experiment = Experiment::tiny();
        experiment.train.contrast.weight = 0.1;
        experiment.train.start_share = 0.5;
        let device = Device::flex();
        let autodiff = device.clone().autodiff();
        let model = experiment.model.init(&autodiff);
        let mut state = LmState::new(&experiment, model, CASES, &autodiff);
        state.memory.update(3, 17, 0.8, 0.5);
        let tokenizer = TextTokenizer::learn(["left lung"].into_iter(), 300).unwrap();
        save(&run, &state, &tokenizer, RunProgress::default()).unwrap();

        let (resumed, _, _) = resume(&run, &experiment, CASES, &device).unwrap();
        assert_eq!(resumed.memory, state.memory);
        let embedding = |state: &LmState| {
            let lm = &state.start.as_ref().unwrap().lm;
            lm.code_table().into_data()
        };
        assert_eq!(embedding(&resumed), embedding(&state));
        // The average is moved towards it parameter by parameter, by their ids.
        let ids = |model: &Model| burn::module::list_param_ids(model);
        assert_eq!(ids(resumed.start.as_ref().unwrap()), ids(&resumed.average));
        let projection = |state: &LmState| {
            let weight = &state.learner.contrast.as_ref().unwrap().weight;
            weight.val().into_data()
        };
        assert_eq!(projection(&resumed), projection(&state));
        let message = match resume(&run, &experiment, CASES + 1, &device) {
            Ok(_) => String::new(),
            Err(error) => error.to_string(),
        };
        assert!(
            message.contains("hard-errors.bin") && message.contains("6 training cases"),
            "{message}"
        );
    }
}
