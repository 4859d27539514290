//! `trainer ablate`: the paper's table on a data set. The same experiment with each strategy alone, all
//! together and varied, with equal budget and seeds, and for each strategy the quantity that it is meant to
//! move.

use anyhow::{Context, Result};
use std::fs;
use std::path::Path;
use std::time::Instant;

use crate::cli::{AblateArgs, TrainArgs, command_line};
use crate::config::{Experiment, ExperimentArgs};
use crate::eval::StrategyScores;
use crate::report::ablation::{self, Outcome, Row};
use crate::report::pictures;
use crate::run::{Run, RunDir};
use crate::system::files::read;
use crate::system::{
    Display, Interrupt, cannot_write, json_if_there, read_json, usage, write_atomic,
};

/// Row that all others are compared with; its mask tokenizer and its hardest tokens serve them all.
const BASE: &str = "base";
/// Rows that compare what single codes draw, or train an image tokenizer.
const OF_OWN_TOKENIZERS: [&str; 3] = ["contrast-graded", "all-soft-decode", "all-codes"];
const SCORES: &str = "strategies.json";
const STRIPS: &str = "strips.png";
/// What to do about a file that cannot be read.
const AGAIN: &str = "remove its folder to train it again";

pub(crate) fn run(args: &AblateArgs) -> Result<()> {
    let display = Display::detect(args.quiet);
    let interrupt = Interrupt::install()?;
    refuse_settings_of_rows(&args.experiment.set)?;
    let experiment = Experiment::resolve(&args.experiment, None)?;
    let all = rows(&experiment);
    let rows = chosen_rows(&all, &args.rows)?;
    for row in &rows {
        resolve(&train_args(args, &row.set, 1, None))?;
    }
    fs::create_dir_all(&args.out).map_err(|error| cannot_write(&args.out, &error))?;
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
    print!("{}", ablation::markdown(&all, &measured(args, &all)?));
    println!(
        "\ntables and pictures: {}",
        args.out.join("index.html").display()
    );
    Ok(())
}

fn run_name(row: &str, seed: u64) -> String {
    format!("{row}-seed{seed}")
}

/// All rows in the order of the table, the base first. With Emu3's codes those are left out that need a mask
/// tokenizer of our own.
fn rows(experiment: &Experiment) -> Vec<Row> {
    let training = &experiment.train;
    let on = |value: f64, usual: f64| if value > 0.0 { value } else { usual };
    let next_k = |k: usize| format!("model.lm.next_tokens={k}");
    let weight = on(training.contrast.weight, 0.1);
    let contrast = |weight: f64| format!("train.contrast.weight={weight}");
    let reach = |share: f64| format!("train.contrast.reach={share}");
    let graded = on(training.contrast.reach, 0.125);
    let hard = format!(
        "train.hard_errors.weight={}",
        on(training.hard_errors.weight, 0.5)
    );
    let soft = on(f64::from(training.soft_decode), 0.1);
    let image_steps = match experiment.image_tokenizer.steps {
        0 => experiment.mask_tokenizer.steps,
        steps => steps,
    };
    let all = [next_k(4), contrast(weight), hard.clone()];
    let emu3 = experiment.on_emu3();
    let image_tokens = if emu3 { "mask_codes" } else { "features" };
    let row = |name: &str, what: &str, set: &[String]| Row {
        name: name.to_owned(),
        what: what.to_owned(),
        set: [
            "model.lm.next_tokens=1",
            &format!("model.lm.image_tokens={image_tokens}"),
            "train.contrast.weight=0",
            "train.hard_errors.weight=0",
            "train.soft_decode=0",
            // Rows are compared at the end of equal budgets: the best of several checkpoints, chosen on a few
            // cases, may be one of half the budget.
            "train.evaluations=1",
        ]
        .into_iter()
        .map(str::to_owned)
        .chain(set.iter().cloned())
        .collect(),
    };
    let and = |more: &[String]| [all.as_slice(), more].concat();
    let mut rows = vec![
        row(BASE, "next token only (k = 1)", &[]),
        row("next-k-2", "NkTP, k = 2", &[next_k(2)]),
        row("next-k-4", "NkTP, k = 4", &[next_k(4)]),
        row("next-k-8", "NkTP, k = 8", &[next_k(8)]),
        row("contrast", "TCL", &[contrast(weight), reach(0.0)]),
        row(
            "contrast-light",
            "TCL, three tenths of the weight",
            &[contrast(0.3 * weight), reach(0.0)],
        ),
        row(
            "contrast-graded",
            "TCL, codes that draw alike are partners in part",
            &[contrast(weight), reach(graded)],
        ),
        row("hard-errors", "HET", &[hard]),
        row("all", "NkTP (k = 4), TCL and HET", &all),
        row(
            "all-soft-decode",
            "all, and soft-decode loss",
            &and(&[format!("train.soft_decode={soft}")]),
        ),
        row(
            "all-codes",
            "all, image tokens are codes instead of features",
            &and(&[
                "model.lm.image_tokens=codes".to_owned(),
                format!("image_tokenizer.steps={image_steps}"),
            ]),
        ),
    ];
    if emu3 {
        rows.retain(|row| !OF_OWN_TOKENIZERS.contains(&row.name.as_str()));
    }
    rows
}

/// What the rows set themselves cannot be set from outside.
fn refuse_settings_of_rows(sets: &[String]) -> Result<()> {
    const OF_ROWS: [&str; 4] = [
        "model.lm.next_tokens",
        "model.lm.image_tokens",
        "mask_tokenizer.from",
        "train.evaluations",
    ];
    for set in sets {
        let key = set.split('=').next().unwrap_or_default().trim();
        if OF_ROWS.contains(&key) {
            return Err(usage(format!(
                "--set {set}: `{key}` is set by the rows of the ablation; leave it out"
            )));
        }
    }
    Ok(())
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

fn chosen_rows(all: &[Row], names: &[String]) -> Result<Vec<Row>> {
    let mut rows = all.to_vec();
    if let Some(unknown) = names
        .iter()
        .find(|name| rows.iter().all(|row| row.name != **name))
    {
        let known: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
        return Err(usage(format!(
            "--rows: there is no row `{unknown}`; the rows are {}",
            known.join(", ")
        )));
    }
    if !names.is_empty() {
        rows.retain(|row| row.name == BASE || names.contains(&row.name));
    }
    Ok(rows)
}

fn train_args(args: &AblateArgs, set: &[String], seed: u64, name: Option<String>) -> TrainArgs {
    TrainArgs {
        experiment: ExperimentArgs {
            set: [args.experiment.set.as_slice(), set].concat(),
            ..args.experiment.clone()
        },
        name,
        out: args.out.clone(),
        device: args.device,
        seed: Some(seed),
        quiet: true,
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
    let emu3 = resolve(&train_args(args, &set, seed, None))?.on_emu3();
    if row.name != BASE && !emu3 {
        set.push(format!("mask_tokenizer.from={}", base.display()));
    }
    let mut train = train_args(args, &set, seed, Some(name));
    if folder.is_dir() {
        unchanged(&folder, &resolve(&train)?)?;
        train.resume = Some(folder.clone());
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
    let path = folder.join("config.toml");
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
    use crate::config::with_overrides;

    #[test]
    fn every_row_is_a_valid_experiment_and_changes_what_it_says() {
        let tiny = Experiment::tiny();
        let rows = rows(&tiny);
        let of = |name: &str| {
            let row = rows.iter().find(|row| row.name == name).unwrap();
            with_overrides(tiny.clone(), &row.set).unwrap()
        };
        for row in &rows {
            of(&row.name).model.validate().unwrap();
        }
        let base = of(BASE);
        assert_eq!(base.model.lm.next_tokens, 1);
        assert_eq!(
            (base.train.contrast.weight, base.train.hard_errors.weight),
            (0.0, 0.0)
        );
        assert_eq!(of("next-k-8").model.lm.next_tokens, 8);
        assert!(of("contrast").train.contrast.weight > 0.0);
        assert!(of("contrast-graded").train.contrast.reach > 0.0);
        assert!(of("hard-errors").train.hard_errors.weight > 0.0);
        assert!(of("all-soft-decode").train.soft_decode > 0.0);
        assert!(of("all-codes").image_tokenizer.steps > 0);
    }

    #[test]
    fn every_row_on_codes_of_emu3_is_a_valid_experiment() {
        let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs/paper.toml");
        let paper = Experiment::load(&config).unwrap();
        let rows = rows(&paper);
        assert_eq!(rows.len(), 8);
        for row in &rows {
            let args = ExperimentArgs {
                config: Some(config.clone()),
                set: row.set.clone(),
                ..ExperimentArgs::default()
            };
            Experiment::resolve(&args, None).unwrap();
        }
    }

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

    #[test]
    fn what_the_rows_set_cannot_be_set_for_all() {
        let refused = |set: &str| refuse_settings_of_rows(&[set.to_owned()]).is_err();
        assert!(refused("model.lm.next_tokens=2"));
        assert!(!refused("train.steps=40"));
    }

    #[test]
    fn the_base_is_always_there_and_unknown_rows_are_named() {
        let tiny = Experiment::tiny();
        let all = rows(&tiny);
        let names = |asked: &[&str]| {
            let asked: Vec<String> = asked.iter().map(|&name| name.to_owned()).collect();
            chosen_rows(&all, &asked)
                .map(|rows| rows.into_iter().map(|row| row.name).collect::<Vec<_>>())
        };
        assert_eq!(names(&["all"]).unwrap(), [BASE, "all"]);
        assert_eq!(names(&[]).unwrap().len(), 11);
        let message = names(&["tcl"]).unwrap_err().to_string();
        assert!(
            message.contains("`tcl`") && message.contains("contrast"),
            "{message}"
        );
    }
}
