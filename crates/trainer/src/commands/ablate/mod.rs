//! `trainer ablate`: the paper's table on a data set. The same experiment with each strategy alone, all
//! together and varied, with equal budget and seeds, and for each strategy the quantity that it is meant to
//! move.

mod rows;

use anyhow::{Context, Result};
use std::path::Path;
use std::time::Instant;

use rows::{BASE, chosen_rows, refuse_settings_of_rows, rows};

use crate::cli::{AblateArgs, ProcessArgs, TrainArgs, command_line};
use crate::config::{Experiment, ExperimentArgs, must_be_text};
use crate::eval::StrategyScores;
use crate::report::ablation::{self, Outcome, Row};
use crate::report::pictures;
use crate::run::{Run, RunDir};
use crate::system::files::read;
use crate::system::say::{out, say};
use crate::system::{
    Display, FolderLock, Interrupt, create_folder, json_if_there, read_json, usage, write_atomic,
};

const CONFIG: &str = "config.toml";
const SCORES: &str = "strategies.json";
const STRIPS: &str = "strips.png";
/// What to do about a file that cannot be read.
const AGAIN: &str = "remove its folder to train it again";

pub(crate) fn run(args: &AblateArgs) -> Result<()> {
    let display = Display::detect(args.process.quiet);
    let interrupt = Interrupt::install()?;
    refuse_settings_of_rows(&args.experiment.set)?;
    let experiment = Experiment::resolve(&args.experiment, None)?;
    let all = rows(&experiment);
    let rows = chosen_rows(&all, &args.rows)?;
    for row in &rows {
        resolve(&train_args(args, &row.set, 1, None))?;
    }
    // The rows begin with what the base trained, by its name in their settings.
    must_be_text("--out", &args.out)?;
    create_folder(&args.out)?;
    let _lock = FolderLock::take(&args.out)?;
    let mut done = 0;
    let total = rows.len() * args.seeds.get();
    for seed in 1..=args.seeds.get() as u64 {
        let base = args.out.join(run_name(BASE, seed));
        for row in &rows {
            let start = Instant::now();
            let outcome = train_row(args, &interrupt, row, seed, &base)?;
            done += 1;
            display.line(&format!(
                "{done} of {total}: {}, seed {seed}: Dice per image {}, {:.0} s",
                row.name,
                outcome
                    .summary
                    .dice_per_image
                    .map_or("-".to_owned(), |dice| format!("{dice:.3}")),
                start.elapsed().as_secs_f64()
            ));
            ablation::write(&args.out, &all, &measured(args, &all)?, &command_line())?;
        }
    }
    out(format_args!(
        "{}",
        ablation::markdown(&all, &measured(args, &all)?)
    ));
    say!(
        "\ntables and pictures: {}",
        args.out.join("index.html").display()
    );
    Ok(())
}

fn run_name(row: &str, seed: u64) -> String {
    format!("{row}-seed{seed}")
}

/// Every run of this experiment that is in the folder, of this and of earlier calls.
fn measured(args: &AblateArgs, rows: &[Row]) -> Result<Vec<Outcome>> {
    const MOST_SEEDS: u64 = 99;
    let mut outcomes = Vec::new();
    for seed in 1..=MOST_SEEDS {
        for row in rows {
            let folder = args.out.join(run_name(&row.name, seed));
            let train = train_args(args, &row.set, seed, None);
            if scores(&folder).is_some() && unchanged(&folder, &resolve(&train)?).is_ok() {
                outcomes.push(outcome(row, seed, &folder)?);
            }
        }
    }
    Ok(outcomes)
}

fn train_args(args: &AblateArgs, set: &[String], seed: u64, name: Option<String>) -> TrainArgs {
    TrainArgs {
        experiment: ExperimentArgs {
            set: [args.experiment.set.as_slice(), set].concat(),
            ..args.experiment.clone()
        },
        name,
        out: args.out.clone(),
        seed: Some(seed),
        process: ProcessArgs {
            quiet: true,
            ..args.process.clone()
        },
        ..TrainArgs::demo()
    }
}

fn resolve(args: &TrainArgs) -> Result<Experiment> {
    Experiment::resolve(&args.experiment, args.seed)
}

/// Trains and measures one row with one seed, or reads what an earlier call measured.
fn train_row(
    args: &AblateArgs,
    interrupt: &Interrupt,
    row: &Row,
    seed: u64,
    base: &Path,
) -> Result<Outcome> {
    let name = run_name(&row.name, seed);
    let folder = args.out.join(&name);
    let mut set = row.set.clone();
    let emu3 = resolve(&train_args(args, &set, seed, None))?.on_stored_codes();
    if row.name != BASE && !emu3 {
        set.push(format!("mask_tokenizer.from={}", base.display()));
    }
    let mut train = train_args(args, &set, seed, Some(name));
    if folder.join(CONFIG).is_file() {
        unchanged(&folder, &resolve(&train)?)?;
        train.resume = Some(folder.clone());
        train.experiment = ExperimentArgs::default();
    }
    if scores(&folder).is_none() {
        let run = Run::open(&train, interrupt.clone())?;
        run.complete()?;
        let halfway = run.halfway_memory_of(&RunDir::open(base)?)?;
        const SHOWN: [usize; 4] = [0, 1, 2, 3];
        let sheet = pictures::sheet(&run.test_strips(&SHOWN)?, 1);
        write_atomic(&folder.join(STRIPS), &pictures::png(&sheet)?)?;
        let scores = run.strategy_scores(&halfway)?;
        write_atomic(&folder.join(SCORES), &serde_json::to_vec_pretty(&scores)?)?;
    }
    must_share_data(base, &folder)?;
    outcome(row, seed, &folder)
}

/// Rows can be compared only when they were trained on the same data, and on codes of the same tokenizer.
fn must_share_data(base: &Path, folder: &Path) -> Result<()> {
    let data_of = |run: &Path| read_json::<serde_json::Value>(&run.join("data.json"), AGAIN);
    if data_of(base)? == data_of(folder)? {
        return Ok(());
    }
    Err(usage(format!(
        "`{}` and `{}` were trained on other data, or on codes of another tokenizer (see their data.json); choose another --out, or remove one",
        base.display(),
        folder.display()
    )))
}

fn outcome(row: &Row, seed: u64, folder: &Path) -> Result<Outcome> {
    Ok(Outcome {
        row: row.name.clone(),
        seed,
        summary: read_json(&folder.join("report").join("summary.json"), AGAIN)?,
        scores: scores(folder)
            .with_context(|| format!("`{}` is missing", folder.join(SCORES).display()))?,
        strips: read(&folder.join(STRIPS), AGAIN)?,
    })
}

/// What the strategies were found to move; `None` when that is to be measured: not yet done, damaged, or by an
/// earlier version of this program that measured less.
fn scores(folder: &Path) -> Option<StrategyScores> {
    json_if_there(&folder.join(SCORES))
}

/// An earlier run may be taken over only if it is the same experiment, wherever its tokenizer lies.
fn unchanged(folder: &Path, wanted: &Experiment) -> Result<()> {
    let path = folder.join(CONFIG);
    if !path.is_file() {
        return Ok(());
    }
    let mut found = Experiment::load(&path)?;
    found
        .mask_tokenizer
        .from
        .clone_from(&wanted.mask_tokenizer.from);
    if found == *wanted {
        return Ok(());
    }
    Err(usage(format!(
        "`{}` holds a run with other settings; choose another --out, or remove it",
        folder.display()
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn rows_on_other_data_are_not_compared() {
        let root = tempfile::tempdir().unwrap();
        let run = |name: &str, digest: &str| {
            let folder = root.path().join(name);
            fs::create_dir(&folder).unwrap();
            let json = serde_json::json!({ "emu3": { "sha256": digest } });
            fs::write(folder.join("data.json"), json.to_string()).unwrap();
            folder
        };
        let (base, same, other) = (run("base", "a"), run("same", "a"), run("other", "b"));
        must_share_data(&base, &same).unwrap();
        let message = must_share_data(&base, &other).unwrap_err().to_string();
        assert!(message.contains("another tokenizer"), "{message}");
    }
}
