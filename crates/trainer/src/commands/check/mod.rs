//! `trainer check`: looks for mistakes in a dataset before anyone trains on it.

mod lint;
mod rows;

use anyhow::Result;
use mriseg::bundle::SideConvention;
use mriseg::sentence::contradiction;
use mriseg::text::TextTokenizer;
use mriseg_data::{DataError, Dataset, Findings, IncompleteRows, PhantomConfig, SentenceKind};
use rayon::prelude::*;
use serde_json::json;

use crate::cli::CheckArgs;
use crate::config::{DataSpec, Experiment};
use crate::data::text;
use crate::system::{Display, exit, usage};
use lint::{Lint, Rule, Severity, fingerprint};

const SPLITS: [&str; 3] = ["train", "valid", "test"];
/// Phantoms drawn per split: the generator has no end.
const PHANTOMS: usize = 100;
/// Cases read between two steps of the progress bar.
const CHUNK: usize = 256;

/// Checks the data and prints the findings, as a table or as one JSON object.
///
/// # Errors
/// The data cannot be opened, or has errors (not mere warnings).
pub(crate) fn run(args: &CheckArgs) -> Result<()> {
    if args.data == DataSpec::Phantoms && args.sides == SideConvention::Patient {
        return Err(usage(
            "--sides patient goes with a folder: the left of a phantom is that of the picture",
        ));
    }
    let incomplete = match args.skip_incomplete {
        true => Rule::SkippedRow,
        false => Rule::IncompleteRow,
    };
    let lint = check(
        &args.data,
        args.sides,
        incomplete,
        Display::detect(args.json),
    )?;
    let (errors, warnings) = (lint.count(Severity::Error), lint.count(Severity::Warning));
    if args.json {
        let object = json!({
            "data": args.data.to_string(),
            "cases": lint.cases,
            "errors": errors,
            "warnings": warnings,
            "findings": lint.findings,
        });
        println!("{object}");
    } else {
        println!("{}", lint.table().trim_end());
        println!(
            "\n{}, {}",
            counted(errors, "error"),
            counted(warnings, "warning")
        );
    }
    if errors > 0 {
        return Err(exit::data(format!(
            "the data has {}; mend what is listed, then run: cargo run -p trainer -- check --data {}",
            counted(errors, "error"),
            args.data
        )));
    }
    if !args.json {
        println!("next: cargo run -p trainer -- train --data {}", args.data);
    }
    Ok(())
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// Looks for all mistakes; `incomplete` is the rule of rows that lack something.
fn check(
    data: &DataSpec,
    sides: SideConvention,
    incomplete: Rule,
    display: Display,
) -> Result<Lint> {
    let mut lint = Lint::default();
    match data {
        DataSpec::Phantoms => {
            for split in SPLITS {
                let dataset = Dataset::phantoms(&PhantomConfig::default(), split, PHANTOMS);
                check_cases(&dataset, &mut lint, display);
            }
        }
        DataSpec::Folder(folder) => {
            let mut tokenizer = None;
            let splits = Dataset::splits(folder)?;
            if splits.is_empty() {
                Dataset::open(folder, SPLITS[0])?;
            }
            for split in splits {
                match Dataset::open_with(folder, &split, IncompleteRows::LeaveOut) {
                    Ok(dataset) => {
                        let dataset = dataset.with_side_convention(sides);
                        rows::note(&dataset, incomplete, &mut lint);
                        let tokenizer = match &mut tokenizer {
                            Some(tokenizer) => tokenizer,
                            // That of the first split, as training on it would learn it.
                            none => none.insert(text::tokenizer(&Experiment::tiny(), &dataset)?),
                        };
                        check_sentences(&dataset, tokenizer, &mut lint);
                        check_cases(&dataset, &mut lint, display);
                    }
                    Err(DataError::Rows { rows, .. }) => {
                        rows::incomplete(&split, rows, incomplete, &mut lint);
                    }
                    Err(other) => lint.note(Rule::NoTable, &split, "", other.to_string()),
                }
            }
        }
    }
    Ok(lint)
}

/// What one case says, gathered in parallel and noted in order.
struct Facts {
    fingerprint: [u8; 32],
    intermediate_pixels: usize,
    contradiction: Option<String>,
}

fn check_sentences(dataset: &Dataset, tokenizer: &TextTokenizer, lint: &mut Lint) {
    let limit = Experiment::tiny().model.lm.text_tokens;
    for (case, text) in dataset.texts().enumerate() {
        if let Err(error) = tokenizer.encode(text, limit, "") {
            let (split, id) = (dataset.split(), dataset.id(case));
            lint.note(Rule::LongSentence, split, id, error.to_string());
        }
    }
}

fn check_cases(dataset: &Dataset, lint: &mut Lint, display: Display) {
    let split = dataset.split();
    let mut stage = display.stage(&format!("checking {split}"), dataset.len() as u64);
    let cases: Vec<usize> = (0..dataset.len()).collect();
    for chunk in cases.chunks(CHUNK) {
        let facts: Vec<_> = chunk.par_iter().map(|&i| facts(dataset, i)).collect();
        for (&i, facts) in chunk.iter().zip(facts) {
            note(lint, split, dataset.id(i), facts);
        }
        stage.advance(chunk.len() as u64, None);
    }
    stage.finish(&format!("{} cases", dataset.len()));
}

fn facts(dataset: &Dataset, i: usize) -> Result<Facts, DataError> {
    let case = dataset.load(i)?;
    // A phantom's absent finding is meant to have no mask.
    let meant = dataset.kind(i) == Some(SentenceKind::Absent);
    let contradiction = Findings::parse(&case.text)
        .filter(|_| !meant)
        .and_then(|findings| contradiction(&findings, &case.mask, dataset.side_convention()));
    Ok(Facts {
        fingerprint: fingerprint(&case.image),
        intermediate_pixels: case.intermediate_pixels,
        contradiction,
    })
}

fn note(lint: &mut Lint, split: &str, id: &str, facts: Result<Facts, DataError>) {
    match facts {
        Err(error) => {
            let rule = match error {
                DataError::SizeMismatch { .. } => Rule::SizeMismatch,
                _ => Rule::Unreadable,
            };
            lint.case(split, id, None);
            lint.note(rule, split, id, error.to_string());
        }
        Ok(facts) => {
            lint.case(split, id, Some(facts.fingerprint));
            if facts.intermediate_pixels > 0 {
                let detail = format!(
                    "{} pixels of the mask are neither black nor white; they are split at half",
                    facts.intermediate_pixels
                );
                lint.note(Rule::NotBinary, split, id, detail);
            }
            if let Some(detail) = facts.contradiction {
                lint.note(Rule::Contradiction, split, id, detail);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use mriseg::image::{GrayImage, Mask};

    use super::*;

    const SIDE: usize = 32;
    const LEFT: &str = "unilateral pulmonary infection, one infected area, lower left lung.";

    /// A dataset folder in the making.
    struct Folder {
        dir: tempfile::TempDir,
        table: String,
    }

    impl Folder {
        fn new() -> Self {
            Self {
                dir: tempfile::tempdir().unwrap(),
                table: "split,id,caption\n".into(),
            }
        }

        fn row(&mut self, split: &str, id: &str, caption: &str) {
            self.table += &format!("{split},{id},\"{caption}\"\n");
            fs::write(self.dir.path().join("captions.csv"), &self.table).unwrap();
        }

        fn file(&self, split: &str, kind: &str, id: &str, bytes: &[u8]) -> PathBuf {
            let folder = self.dir.path().join(split).join(kind);
            fs::create_dir_all(&folder).unwrap();
            let path = folder.join(format!("{id}.png"));
            fs::write(&path, bytes).unwrap();
            path
        }

        /// A faultless case, whose picture depends on `tone`.
        fn case(&mut self, split: &str, id: &str, tone: f32) {
            self.row(split, id, LEFT);
            self.file(split, "img", id, &picture(SIDE, tone));
            self.file(split, "mask", id, &mask(2));
        }

        fn check(&self) -> Lint {
            self.check_as(SideConvention::Viewer)
        }

        fn check_as(&self, sides: SideConvention) -> Lint {
            let data = DataSpec::Folder(self.dir.path().into());
            check(&data, sides, Rule::IncompleteRow, Display::Silent).unwrap()
        }
    }

    fn picture(side: usize, tone: f32) -> Vec<u8> {
        GrayImage::new(side, side, vec![tone; side * side]).to_png()
    }

    /// A mask with a square whose left edge is at `x`.
    fn mask(x: usize) -> Vec<u8> {
        let pixels = (0..SIDE * SIDE)
            .map(|i| u8::from((x..x + 8).contains(&(i % SIDE)) && (16..24).contains(&(i / SIDE))))
            .collect();
        Mask::new(SIDE, SIDE, pixels).to_png()
    }

    fn rules(lint: &Lint) -> Vec<(Rule, &str)> {
        let mut rules: Vec<_> = lint
            .findings
            .iter()
            .map(|finding| (finding.rule, finding.id.as_str()))
            .collect();
        rules.sort_unstable();
        rules
    }

    #[test]
    fn data_in_order_gives_no_finding() {
        let mut folder = Folder::new();
        folder.case("train", "a", 0.1);
        folder.case("valid", "b", 0.2);
        let lint = folder.check();
        assert_eq!(rules(&lint), []);
        assert_eq!((lint.cases["train"], lint.cases["valid"]), (1, 1));
    }

    #[test]
    fn every_incomplete_row_is_listed_and_the_other_splits_are_still_checked() {
        let mut folder = Folder::new();
        folder.case("train", "a", 0.1);
        for i in 0..30 {
            folder.row("train", &format!("gone-{i}"), LEFT);
        }
        folder.case("valid", "b", 0.2);
        let lint = folder.check();
        assert_eq!(lint.count(Severity::Error), 30);
        let table = lint.table();
        for i in 0..30 {
            assert!(table.contains(&format!("gone-{i}")), "{table}");
        }
        assert_eq!(lint.cases["valid"], 1);
    }

    #[test]
    fn rows_twice_or_left_out_and_pictures_without_a_row_are_warnings() {
        let mut folder = Folder::new();
        folder.case("train", "a", 0.1);
        folder.row("train", "a", LEFT);
        folder.row("train", "gone", LEFT);
        folder.file("train", "img", "unused", &picture(SIDE, 0.2));
        let data = DataSpec::Folder(folder.dir.path().into());
        let sides = SideConvention::Viewer;
        let lint = check(&data, sides, Rule::SkippedRow, Display::Silent).unwrap();
        assert_eq!(
            rules(&lint),
            [
                (Rule::SkippedRow, ""),
                (Rule::RepeatedRow, ""),
                (Rule::UnusedPicture, ""),
            ]
        );
        assert_eq!((lint.count(Severity::Error), lint.cases["train"]), (0, 2));
    }

    #[test]
    fn a_split_without_a_table_does_not_hide_the_others() {
        let mut folder = Folder::new();
        folder.case("Train Set", "a", 0.1);
        folder.file("Test Set", "img", "b", &picture(SIDE, 0.2));
        let root = folder.dir.path();
        let table = format!("Image,Description\na,\"{LEFT}\"\n");
        fs::write(root.join("train.csv"), table).unwrap();
        fs::remove_file(root.join("captions.csv")).unwrap();
        let lint = folder.check();
        assert_eq!(rules(&lint), [(Rule::NoTable, "")]);
        assert!(
            lint.findings[0]
                .detail
                .contains("put test.csv or test_text.xlsx")
        );
        assert_eq!(lint.cases["train"], 1);
    }

    #[test]
    fn faults_inside_the_files_are_named_case_by_case() {
        let mut folder = Folder::new();
        folder.case("train", "fine", 0.1);
        folder.case("train", "small-mask", 0.2);
        folder.file("train", "img", "small-mask", &picture(48, 0.2));
        folder.case("train", "no-picture", 0.3);
        folder.file("train", "img", "no-picture", b"");
        folder.case("train", "gray-mask", 0.4);
        folder.file("train", "mask", "gray-mask", &half_gray_mask());
        folder.case("train", "other-side", 0.5);
        folder.file("train", "mask", "other-side", &mask(22));
        let lint = folder.check();
        assert_eq!(
            rules(&lint),
            [
                (Rule::Unreadable, "no-picture"),
                (Rule::SizeMismatch, "small-mask"),
                (Rule::NotBinary, "gray-mask"),
                (Rule::Contradiction, "other-side"),
            ]
        );
        assert_eq!(
            (lint.count(Severity::Error), lint.count(Severity::Warning)),
            (2, 2)
        );
    }

    /// The left square again, with a soft pixel in it.
    fn half_gray_mask() -> Vec<u8> {
        let mut image = GrayImage::decode(&mask(2), "mask").unwrap();
        image.pixels[20 * SIDE + 5] = 0.6;
        image.to_png()
    }

    #[test]
    fn the_same_picture_in_two_splits_is_found_even_under_another_name() {
        let mut folder = Folder::new();
        folder.case("train", "a", 0.1);
        folder.case("test", "b", 0.1);
        let lint = folder.check();
        assert_eq!(rules(&lint), [(Rule::Leakage, "b")]);
    }

    #[test]
    fn a_split_of_any_name_is_checked() {
        let mut folder = Folder::new();
        folder.case("train", "a", 0.1);
        folder.case("held-out", "b", 0.1);
        assert_eq!(rules(&folder.check()), [(Rule::Leakage, "b")]);
    }

    #[test]
    fn whose_left_is_meant_decides_what_contradicts_the_mask() {
        let mut folder = Folder::new();
        folder.case("train", "right-of-the-picture", 0.1);
        folder.file("train", "mask", "right-of-the-picture", &mask(22));
        let (viewer, patient) = (
            folder.check_as(SideConvention::Viewer),
            folder.check_as(SideConvention::Patient),
        );
        assert_eq!(
            rules(&viewer),
            [(Rule::Contradiction, "right-of-the-picture")]
        );
        assert_eq!(rules(&patient), []);
    }

    #[test]
    fn phantoms_have_no_patients_side() {
        let error = run(&CheckArgs {
            data: DataSpec::Phantoms,
            skip_incomplete: false,
            sides: SideConvention::Patient,
            json: true,
        })
        .unwrap_err();
        assert!(error.to_string().contains("--sides patient"), "{error}");
    }

    #[test]
    fn the_phantoms_are_in_order() {
        let lint = check(
            &DataSpec::Phantoms,
            SideConvention::Viewer,
            Rule::IncompleteRow,
            Display::Silent,
        )
        .unwrap();
        assert_eq!(rules(&lint), []);
        assert!(lint.cases["train"] > PHANTOMS);
    }

    #[test]
    fn errors_exit_with_3_and_warnings_do_not() {
        let run_on = |folder: &Path| {
            run(&CheckArgs {
                data: DataSpec::Folder(folder.into()),
                skip_incomplete: false,
                sides: SideConvention::Viewer,
                json: true,
            })
        };
        let mut folder = Folder::new();
        folder.case("train", "a", 0.1);
        folder.file("train", "mask", "a", &mask(22));
        run_on(folder.dir.path()).unwrap();
        folder.row("train", "gone", LEFT);
        let error = run_on(folder.dir.path()).unwrap_err();
        assert_eq!(exit::kind_of(&error).code(), 3);
        assert!(
            error.to_string().contains("1 error; mend what is listed"),
            "{error}"
        );
        let absent = run_on(&folder.dir.path().join("nowhere")).unwrap_err();
        assert_eq!(exit::kind_of(&absent).code(), 3);
    }
}
