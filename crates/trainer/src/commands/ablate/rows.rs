//! The rows of the table: experiments that differ in the paper's strategies.

use anyhow::Result;

use crate::config::Experiment;
use crate::report::ablation::Row;
use crate::system::usage;

/// Row that all others are compared with; its mask tokenizer and its hardest tokens serve them all.
pub(super) const BASE: &str = "base";
/// Rows that compare what single codes draw, or train an image tokenizer.
const OF_OWN_TOKENIZERS: [&str; 3] = ["contrast-graded", "all-soft-decode", "all-codes"];
/// All rows in the order of the table, the base first. With Emu3's codes those are left out that need a mask
/// tokenizer of our own.
pub(super) fn rows(experiment: &Experiment) -> Vec<Row> {
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
    let emu3 = experiment.on_stored_codes();
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
pub(super) fn refuse_settings_of_rows(sets: &[String]) -> Result<()> {
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

/// The rows of these names, and the base; all without names.
pub(super) fn chosen_rows(all: &[Row], names: &[String]) -> Result<Vec<Row>> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{ExperimentArgs, with_overrides};
    use std::path::Path;

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
