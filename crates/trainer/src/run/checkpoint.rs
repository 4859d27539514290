//! A training state on disk: weights, their average, optimizer moments, hard-error memory, step and best score. A resumed
//! run goes on exactly where this was written.

use anyhow::{Result, anyhow};
use burn::module::Module;
use burn::store::ModuleRecord;
use burn::tensor::{Bytes, Device};
use mriseg::bundle::sha256;
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
        .from_bytes(Bytes::from_bytes_vec(read(&path)?))
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
    read_complete(folder, |folder| {
        must_be_there(folder)?;
        let tokenizer = read_tokenizer(folder)?;
        let path = folder.join(STATE);
        let reached =
            serde_json::from_slice(&read(&path)?).map_err(|error| damaged(&path, &error))?;
        let average = load(&folder.join(AVERAGE), experiment.model.init(device))?;
        Ok((average, tokenizer, reached))
    })
}

/// The averaged weights and the text tokenizer of a checkpoint folder, and the SHA-256 of the file of these weights.
///
/// # Errors
/// A file is missing or damaged.
pub(crate) fn load_fingerprinted(
    folder: &Path,
    experiment: &Experiment,
    device: &Device,
) -> Result<(Model, TextTokenizer, String)> {
    read_complete(folder, |folder| {
        must_be_there(folder)?;
        let tokenizer = read_tokenizer(folder)?;
        let path = folder.join(AVERAGE);
        let bytes = read(&path)?;
        let sha256 = sha256(&bytes);
        let average = load_bytes(&path, bytes, experiment.model.init(device))?;
        Ok((average, tokenizer, sha256))
    })
}

/// The text tokenizer of a checkpoint folder.
///
/// # Errors
/// The file is missing or damaged.
pub(crate) fn tokenizer(folder: &Path) -> Result<TextTokenizer> {
    read_complete(folder, read_tokenizer)
}

/// What `read` makes of a folder, wherever it lies complete; again where a run that goes on may have put another one
/// there meanwhile.
///
/// # Errors
/// Those of `read`.
pub(super) fn read_complete<T>(
    folder: &Path,
    mut read: impl FnMut(&Path) -> Result<T>,
) -> Result<T> {
    const TRIES: usize = 5;
    // A rename changes neither time nor state.
    let seen = || {
        let complete = complete_dir(folder);
        let made = fs::metadata(&complete).and_then(|found| found.modified());
        (made.ok(), fs::read(complete.join(STATE)).ok(), complete)
    };
    let mut before = seen();
    for _ in 1..TRIES {
        let result = read(&before.2);
        let after = seen();
        if after == before {
            return result;
        }
        before = after;
    }
    read(&before.2)
}

fn must_be_there(folder: &Path) -> Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    Err(data(format!(
        "there is no checkpoint at `{}`: the run ended before its first one; start it again",
        folder.display()
    )))
}

fn read_tokenizer(folder: &Path) -> Result<TextTokenizer> {
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
    load_bytes(path, read(path)?, model)
}

/// Of a file read at once: burn would read its tensors when they are first needed, when another checkpoint may lie there.
fn load_bytes<M: Module>(path: &Path, bytes: Vec<u8>, model: M) -> Result<M> {
    let record = ModuleRecord::from_bytes(Bytes::from_bytes_vec(bytes))
        .map_err(|error| damaged(path, &error))?;
    model
        .try_load_record(record)
        .map_err(|error| damaged(path, &error))
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
    fn a_checkpoint_that_moves_while_it_is_read_is_read_again() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join(LAST);
        let left = root.path().join("last.new");
        fs::create_dir(&left).unwrap();
        fs::write(left.join(STATE), b"{}").unwrap();
        let found = read_complete(&folder, |complete| {
            if complete == left {
                fs::rename(&left, &folder).unwrap();
            }
            read(&complete.join(STATE))
        });
        assert_eq!(found.unwrap(), b"{}");

        let mut reads = 0;
        let damaged = read_complete(&folder, |complete| {
            reads += 1;
            read(&complete.join(AVERAGE))
        });
        assert!(damaged.is_err());
        assert_eq!(reads, 1);
    }

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
