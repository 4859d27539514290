//! The table of an ablation, as Markdown, CSV and one HTML page.

use anyhow::{Context, Result};
use maud::{Markup, html};
use std::fmt::Write;
use std::path::Path;

use super::document::{document, png};
use super::html::NONE;
use super::summary::Summary;
use crate::eval::StrategyScores;
use crate::system::write_atomic;

/// One line of the table: an experiment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    /// Name, also of its runs.
    pub(crate) name: String,
    /// What is in it, for people.
    pub(crate) what: String,
    /// Its settings, as for `--set`.
    pub(crate) set: Vec<String>,
}

/// What one row with one seed came to.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    /// Name of the row.
    pub(crate) row: String,
    /// Seed of the run.
    pub(crate) seed: u64,
    /// The run's evaluation.
    pub(crate) summary: Summary,
    /// What the strategies are meant to move.
    pub(crate) scores: StrategyScores,
    /// Some cases, PNG.
    pub(crate) strips: Vec<u8>,
}

/// A column: name, what it means, decimals, value.
struct Column(
    &'static str,
    &'static str,
    usize,
    fn(&Outcome) -> Option<f64>,
);

fn text(outcome: &Outcome, mode: &str) -> Option<f64> {
    outcome.summary.by_text.as_ref()?.get(mode)?.dice_per_image
}

#[rustfmt::skip]
const COLUMNS: [Column; 20] = [
    Column("Dice per image", "mean over images", 3, |o| o.summary.dice_per_image),
    Column("Dice pooled", "all pixels as one picture", 3, |o| o.summary.dice_pooled),
    Column("IoU per image", "mean over images", 3, |o| o.summary.iou_per_image),
    Column("IoU pooled", "all pixels as one picture", 3, |o| o.summary.iou_pooled),
    Column("Absent found empty",
        "share of cases with an empty truth that are answered empty",
        3, |o| o.summary.empty_correct),
    Column("Teacher-forced accuracy",
        "share of tokens predicted right after the true ones",
        4, |o| Some(o.scores.tokens.teacher_forced)),
    Column("Free-running accuracy",
        "share of tokens predicted right after the model's own",
        4, |o| Some(o.scores.tokens.free_running)),
    Column("Exposure gap",
        "what NkTP is meant to lower: teacher-forced minus free-running accuracy",
        4, |o| Some(o.scores.tokens.exposure_gap())),
    Column("Exposure gap in Dice",
        "the same in Dice per image of the masks that the tokens draw, which drawing nothing does not lower",
        3, |o| o.scores.tokens.exposure_gap_dice()),
    Column("Passes per mask",
        "forward passes of speculative decoding, which NkTP makes possible",
        1, |o| Some(o.scores.passes_per_mask)),
    Column("Rare-code recall",
        "what TCL is meant to raise: right tokens among the tenth with the rarest codes, teacher-forced",
        4, |o| o.scores.tokens.rare_code_recall),
    Column("Boundary Dice",
        "what TCL is meant to raise: Dice of the bands of two pixels along the outlines",
        3, |o| o.summary.boundary_dice_per_image),
    Column("HD95",
        "what TCL is meant to lower: 95th percentile of the distance between outlines, pixels",
        2, |o| o.summary.hausdorff95_per_image),
    Column("Hard-token errors",
        "what HET is meant to lower: share of wrong tokens among the training tokens that the base model of the same seed found hardest at half of the steps (chosen by its errors, so the base may look worse than it is)",
        4, |o| Some(o.scores.hard_tokens.as_ref()?.errors)),
    Column("Hard-token pixels",
        "the same in wrong pixels of their cells, percent: codes that draw alike are nearly as good",
        2, |o| Some(o.scores.hard_tokens.as_ref()?.wrong_pixels * 100.0)),
    Column("Given", "Dice per image with the right sentence, first cases", 3, |o| text(o, "given")),
    Column("No sentence", "the same without a sentence", 3, |o| text(o, "none")),
    Column("Shuffled", "the same with another picture's sentence", 3, |o| text(o, "shuffled")),
    Column("Wrong side", "the same with left and right exchanged", 3, |o| text(o, "wrong-side")),
    Column("Oracle", "Dice per image of the mask tokenizer alone", 3, |o| o.summary.oracle_dice_per_image),
];

/// Writes `table.md`, `table.csv` (a line per run), `positions.csv` (accuracy of every position of a mask, a
/// line per run and position) and `index.html`.
///
/// # Errors
/// A file cannot be written.
pub(crate) fn write(out: &Path, rows: &[Row], outcomes: &[Outcome], command: &str) -> Result<()> {
    write_atomic(&out.join("table.md"), markdown(rows, outcomes).as_bytes())?;
    write_atomic(&out.join("table.csv"), &csv(outcomes)?)?;
    write_atomic(&out.join("positions.csv"), &positions_csv(outcomes)?)?;
    write_atomic(
        &out.join("index.html"),
        page(rows, outcomes, command).into_string().as_bytes(),
    )
}

/// Mean and, with several seeds, standard deviation of every column.
pub(crate) fn markdown(rows: &[Row], outcomes: &[Outcome]) -> String {
    let mut table = String::from("| | seeds |");
    for Column(name, ..) in &COLUMNS {
        let _ = write!(table, " {name} |");
    }
    table.push_str("\n|---|---|");
    table.push_str(&"---|".repeat(COLUMNS.len()));
    table.push('\n');
    for (row, of_row) in measured(rows, outcomes) {
        let _ = write!(table, "| {} | {} |", row.what, of_row.len());
        for column in &COLUMNS {
            let _ = write!(table, " {} |", cell(column, &of_row));
        }
        table.push('\n');
    }
    table
}

fn measured<'a>(
    rows: &'a [Row],
    outcomes: &'a [Outcome],
) -> impl Iterator<Item = (&'a Row, Vec<&'a Outcome>)> {
    rows.iter().filter_map(|row| {
        let of_row: Vec<&Outcome> = outcomes.iter().filter(|o| o.row == row.name).collect();
        (!of_row.is_empty()).then_some((row, of_row))
    })
}

fn cell(Column(_, _, decimals, value): &Column, outcomes: &[&Outcome]) -> String {
    let values: Vec<f64> = outcomes
        .iter()
        .filter_map(|outcome| value(outcome))
        .collect();
    if values.is_empty() {
        return NONE.to_owned();
    }
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    if values.len() == 1 {
        return format!("{mean:.decimals$}");
    }
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (count - 1.0);
    format!("{mean:.decimals$} ± {:.decimals$}", variance.sqrt())
}

fn csv(outcomes: &[Outcome]) -> Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let names = COLUMNS.iter().map(|Column(name, ..)| *name);
    writer.write_record(["row", "seed"].into_iter().chain(names))?;
    for outcome in outcomes {
        let values = COLUMNS
            .iter()
            .map(|Column(_, _, _, value)| value(outcome).map_or(String::new(), |v| v.to_string()));
        let leading = [outcome.row.clone(), outcome.seed.to_string()];
        writer.write_record(leading.into_iter().chain(values))?;
    }
    writer.into_inner().context("writing the table")
}

fn positions_csv(outcomes: &[Outcome]) -> Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["row", "seed", "position", "teacher_forced", "free_running"])?;
    for outcome in outcomes {
        let tokens = &outcome.scores.tokens;
        let both = tokens
            .teacher_forced_by_position
            .iter()
            .zip(&tokens.free_running_by_position);
        for (position, (forced, free)) in both.enumerate() {
            writer.write_record([
                outcome.row.as_str(),
                &outcome.seed.to_string(),
                &position.to_string(),
                &forced.to_string(),
                &free.to_string(),
            ])?;
        }
    }
    writer.into_inner().context("writing accuracy by position")
}

/// Accuracy by position, mean over seeds: teacher-forced dashed, free-running solid.
fn curves(outcomes: &[&Outcome]) -> Markup {
    const WIDTH: f64 = 480.0;
    const HEIGHT: f64 = 120.0;
    let points = |of: fn(&Outcome) -> &Vec<f64>| -> String {
        let positions = outcomes.iter().map(|o| of(o).len()).min().unwrap_or(0);
        let point = |position: usize| {
            let sum: f64 = outcomes.iter().map(|o| of(o)[position]).sum();
            let x = position as f64 / (positions - 1).max(1) as f64 * WIDTH;
            format!(
                "{x:.1},{:.1} ",
                (1.0 - sum / outcomes.len() as f64) * HEIGHT
            )
        };
        (0..positions).map(point).collect()
    };
    let forced = points(|o| &o.scores.tokens.teacher_forced_by_position);
    let free = points(|o| &o.scores.tokens.free_running_by_position);
    html! {
        svg viewBox={"0 0 " (WIDTH) " " (HEIGHT)} width=(WIDTH) role="img"
            aria-label="Share of right tokens by position, from 0 below to 1 above" {
            rect width=(WIDTH) height=(HEIGHT) fill="none" stroke="#ccc" {}
            polyline fill="none" stroke="#0072b2" stroke-dasharray="4 3" points=(forced) {}
            polyline fill="none" stroke="#0072b2" points=(free) {}
        }
    }
}

fn page(rows: &[Row], outcomes: &[Outcome], command: &str) -> Markup {
    let of_rows: Vec<(&Row, Vec<&Outcome>)> = measured(rows, outcomes).collect();
    let body = html! {
        p {
            "Mean ± standard deviation over seeds. All runs have the same number of steps and see the same cases."
        }
        table {
            tr {
                th {}
                @for (row, of_row) in &of_rows {
                    th.number scope="col" { (row.what) br; (of_row.len()) " seeds" }
                }
            }
            @for column in &COLUMNS {
                tr {
                    th scope="row" title=(column.1) { (column.0) }
                    @for (_, of_row) in &of_rows { td.number { (cell(column, of_row)) } }
                }
            }
        }
        dl { @for Column(name, what, ..) in &COLUMNS { dt { (name) } dd { (what) } } }
        h2 { "Right tokens by position" }
        p {
            "From the first token of a mask to the last: dashed after the true tokens, solid after the model's own. \
             What lies between is exposure bias."
        }
        @for (row, of_row) in &of_rows { p { (row.what) br; (curves(of_row)) } }
        h2 { "The same cases, by every row" }
        @for (row, of_row) in &of_rows {
            figure {
                img alt="Image, truth, prediction and oracle of some cases" src=(png(&of_row[0].strips));
                figcaption { (row.what) ", seed " (of_row[0].seed) }
            }
        }
        h2 { "Again" }
        p { code { (command) } }
    };
    document("ablation", "Ablation", body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::TokenScores;
    use crate::eval::fixtures::case;
    use crate::report::summary::tests::meta;

    fn outcome(row: &str, seed: u64, right: f64) -> Outcome {
        Outcome {
            row: row.to_owned(),
            seed,
            summary: Summary::from_cases(&[case("a", "k", [2, 4, 4])], meta()),
            scores: StrategyScores {
                tokens: TokenScores {
                    teacher_forced: right,
                    free_running: right - 0.25,
                    teacher_forced_by_position: vec![right],
                    free_running_by_position: vec![right - 0.25],
                    rare_code_recall: Some(0.5),
                    teacher_forced_dice: Some(right),
                    free_running_dice: Some(right - 0.25),
                },
                hard_tokens: None,
                passes_per_mask: 20.0,
            },
            strips: vec![1, 2, 3],
        }
    }

    fn rows() -> [Row; 2] {
        ["base", "all"].map(|name| Row {
            name: name.to_owned(),
            what: format!("<{name}>"),
            set: Vec::new(),
        })
    }

    #[test]
    fn seeds_are_averaged_and_missing_numbers_are_a_dash() {
        let outcomes = [outcome("base", 1, 0.5), outcome("base", 2, 0.75)];
        let table = markdown(&rows(), &outcomes);
        assert_eq!(table.lines().count(), 3, "{table}");
        let line = table.lines().last().unwrap();
        assert!(line.starts_with("| <base> | 2 | 0.500 ± 0.000 |"), "{line}");
        assert!(line.contains("| 0.6250 ± 0.1768 |"), "{line}");
        assert!(line.contains("| 0.2500 ± 0.0000 |"), "{line}");
        assert!(line.contains("| – |"), "{line}");
    }

    #[test]
    fn the_csv_has_a_line_per_run_and_the_page_every_row() {
        let outcomes = [outcome("base", 1, 0.5), outcome("all", 1, 0.75)];
        let text = String::from_utf8(csv(&outcomes).unwrap()).unwrap();
        assert_eq!(text.lines().count(), 3);
        assert!(text.starts_with("row,seed,Dice per image,"));
        assert!(!text.contains('"'), "no name needs quotes: {text}");
        let page = page(&rows(), &outcomes, "trainer ablate").into_string();
        assert!(page.contains("&lt;base&gt;") && page.contains("&lt;all&gt;"));
        assert!(page.contains("base64,AQID") && !page.contains("http"));
        assert_eq!(page.matches("<polyline").count(), 4);
        let positions = String::from_utf8(positions_csv(&outcomes).unwrap()).unwrap();
        assert!(positions.ends_with("all,1,0,0.75,0.5\n"), "{positions}");
    }
}
