//! A run that goes on: with its own settings, from any folder, on the data that it began with, wherever that lies now.

use anyhow::Result;
use serde_json::Value;
use std::path::{Path, PathBuf};

use super::folder::RunDir;
use crate::cli::TrainArgs;
use crate::config::{DataSpec, Experiment, stored};
use crate::system::{exit, json_if_there, read_json, write_atomic};

/// Key of `env.json`: the folder that paths of the settings are relative to.
pub(super) const DIRECTORY: &str = "directory";

/// The settings of a run, with paths that hold in this process's folder, and with the data where it lies now.
///
/// # Errors
/// They cannot be read, the arguments would change them, or the data is not there.
pub(super) fn experiment(run: &RunDir, args: &TrainArgs) -> Result<Experiment> {
    let at = run.path().display();
    if !args.experiment.set.is_empty() {
        return Err(exit::usage(format!(
            "--set and --resume exclude each other: the run `{at}` goes on with its own settings, since its learning rate falls over all its steps; for more steps, begin a new run with its weights: --from {at} --set train.steps=N"
        )));
    }
    let mut experiment = Experiment::load(&run.config())?;
    let env = json_if_there::<Value>(&run.env()).unwrap_or_default();
    if let Some(directory) = env.get(DIRECTORY).and_then(Value::as_str) {
        locate(&mut experiment, Path::new(directory));
    }
    if let Some(data) = &args.experiment.data {
        experiment.data.source = stored("--data", data)?;
    }
    if let DataSpec::Folder(folder) = experiment.source()
        && !folder.exists()
    {
        return Err(exit::data(format!(
            "`{}`, the data of the run `{at}`, is not there; put it back, or say with --data where it lies now",
            folder.display()
        )));
    }
    must_be_there(&experiment, run)?;
    Ok(experiment)
}

/// Refuses settings whose further data is not there. No option names it.
fn must_be_there(experiment: &Experiment, run: &RunDir) -> Result<()> {
    let data = &experiment.data;
    let lungs = ("data.lungs", Path::new(&data.lungs));
    let sources = data.sources.iter();
    let sources = sources.map(|source| ("data.sources", source.folder.as_path()));
    for (key, folder) in std::iter::once(lungs).chain(sources) {
        if !folder.as_os_str().is_empty() && !folder.exists() {
            return Err(exit::data(format!(
                "`{}`, which the run `{}` takes from {key}, is not there; put it back, or write where it lies now to {key} in `{}`",
                folder.display(),
                run.path().display(),
                run.config().display()
            )));
        }
    }
    Ok(())
}

/// Relative paths as they were meant in `directory`, where they still lead somewhere.
fn locate(experiment: &mut Experiment, directory: &Path) {
    let meant = |path: &Path| -> Option<PathBuf> {
        let there = directory.join(path);
        (!path.as_os_str().is_empty() && there.exists()).then_some(there)
    };
    let mut texts = vec![
        &mut experiment.data.lungs,
        &mut experiment.text_tokenizer.from,
        &mut experiment.emu3.from,
        &mut experiment.emu3.codes,
        &mut experiment.mask_tokenizer.from,
        &mut experiment.image_tokenizer.from,
        &mut experiment.image_encoder.from,
    ];
    if DataSpec::from(experiment.data.source.as_str()) != DataSpec::Phantoms {
        texts.push(&mut experiment.data.source);
    }
    for text in texts {
        if let Some(there) = meant(Path::new(text)).as_deref().and_then(Path::to_str) {
            *text = there.to_owned();
        }
    }
    for source in &mut experiment.data.sources {
        if let Some(there) = meant(&source.folder) {
            source.folder = there;
        }
    }
}

/// A run goes on with the data and the tokenizer that it began with.
///
/// # Errors
/// They are others: says what differs.
pub(super) fn refuse_other_data(run: &RunDir, found: &Value) -> Result<()> {
    let begun: Value = read_json(&run.data(), "start the run again")?;
    for (what, at) in [
        ("training cases to the number of", "/train_cases"),
        ("training data of fingerprint", "/train_fingerprint"),
        ("validation data of fingerprint", "/valid_fingerprint"),
        ("test data of fingerprint", "/test_fingerprint"),
        ("Emu3's tokenizer with weights of SHA-256", "/emu3/sha256"),
    ] {
        let of = |json: &Value| json.pointer(at).cloned().unwrap_or_default();
        let (begun, found) = (of(&begun), of(found));
        if begun != found {
            return Err(exit::usage(format!(
                "the run `{}` began with {what} {begun}, and now there is {found}: put it back, say with --data where it lies now, or start a new run",
                run.path().display()
            )));
        }
    }
    Ok(())
}

/// Keeps where the data lies now, once it is known to be the same.
///
/// # Errors
/// The settings cannot be written.
pub(super) fn keep_place(run: &RunDir, source: &DataSpec) -> Result<()> {
    let mut experiment = Experiment::load(&run.config())?;
    experiment.data.source = match source {
        DataSpec::Phantoms => stored("--data", source)?,
        DataSpec::Folder(folder) => {
            let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.clone());
            stored("--data", &DataSpec::Folder(folder))?
        }
    };
    write_atomic(&run.config(), experiment.to_toml()?.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn paths_are_taken_as_they_were_meant() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("mine")).unwrap();
        let mut experiment = Experiment::tiny();
        experiment.data.source = "mine".to_owned();
        experiment.emu3.codes = "gone".to_owned();
        locate(&mut experiment, root.path());
        assert_eq!(Path::new(&experiment.data.source), root.path().join("mine"));
        assert_eq!(experiment.emu3.codes, "gone");
        assert!(experiment.data.lungs.is_empty());

        fs::create_dir(root.path().join("phantoms")).unwrap();
        let mut phantoms = Experiment::tiny();
        locate(&mut phantoms, root.path());
        assert_eq!(phantoms, Experiment::tiny());
    }
}
