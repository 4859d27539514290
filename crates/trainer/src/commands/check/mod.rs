//! `trainer check`: looks for mistakes in a dataset before anyone trains on it.

mod lint;
mod masks;
mod rows;
mod texts;

use anyhow::Result;
use mriseg::bundle::SideConvention;
use mriseg::image::ImageError;
use mriseg::text::TextTokenizer;
use mriseg_data::{
    DataError, Dataset, Findings, IncompleteRows, MaskRule, PhantomConfig, SentenceKind,
};
use rayon::prelude::*;
use serde_json::json;

use crate::cli::CheckArgs;
use crate::config::{DataSpec, Experiment};
use crate::data::text::{self, Vocabulary};
use crate::system::say::say;
use crate::system::{Display, exit, usage};
use lint::{Lint, Rule, Severity, fingerprint};
use masks::{Files, MaskFacts};
use texts::Sided;

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
    let reading = Reading {
        sides: args.sides,
        masks: &args.masks.mask_value,
        incomplete,
    };
    let display = Display::detect(args.json);
    let lint = check(&args.data, &reading, display)?;
    let (errors, warnings) = (lint.count(Severity::Error), lint.count(Severity::Warning));
    if args.json {
        let object = json!({
            "data": args.data.to_string(),
            "cases": lint.cases,
            "errors": errors,
            "warnings": warnings,
            "findings": lint.findings,
            "notes": lint.notes,
        });
        say!("{object}");
    } else {
        say!("{}", lint.table().trim_end());
        say!(
            "\n{}, {}",
            counted(errors, "error"),
            counted(warnings, "warning")
        );
    }
    if errors > 0 {
        return Err(exit::data(format!(
            "the data has {}; mend what is listed, then run: cargo run -p trainer -- check --data {}{}",
            counted(errors, "error"),
            args.data,
            as_asked(args, Next::Check)
        )));
    }
    if !args.json {
        say!(
            "next: cargo run -p trainer -- train --data {}{}",
            args.data,
            as_asked(args, Next::Train)
        );
    }
    Ok(())
}

/// The command that comes after this one.
#[derive(Clone, Copy)]
enum Next {
    Check,
    Train,
}

/// The arguments that say how the data was read, as the next command takes them.
fn as_asked(args: &CheckArgs, next: Next) -> String {
    let rule = &args.masks.mask_value;
    let (sides, masks) = match next {
        Next::Check => (" --sides patient", format!(" --mask-value '{rule}'")),
        Next::Train => (
            " --set data.side_convention=patient",
            format!(" --set 'data.mask_value=\"{rule}\"'"),
        ),
    };
    let parts = [
        (args.skip_incomplete, " --skip-incomplete"),
        (args.sides == SideConvention::Patient, sides),
        (!rule.is_default(), masks.as_str()),
    ];
    let asked = parts.into_iter().filter(|(is_asked, _)| *is_asked);
    asked.map(|(_, part)| part).collect()
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// How the data is to be read.
struct Reading<'a> {
    sides: SideConvention,
    masks: &'a MaskRule,
    /// The rule of rows that lack something.
    incomplete: Rule,
}

/// Looks for all mistakes.
fn check(data: &DataSpec, reading: &Reading<'_>, display: Display) -> Result<Lint> {
    let Reading {
        sides,
        masks,
        incomplete,
    } = *reading;
    let (mut lint, mut files) = (Lint::default(), Files::default());
    match data {
        DataSpec::Phantoms => {
            for split in SPLITS {
                let dataset = Dataset::phantoms(&PhantomConfig::default(), split, PHANTOMS);
                check_cases(&dataset, &mut lint, &mut files, display);
            }
        }
        DataSpec::Folder(folder) => {
            let mut language = None;
            let splits = Dataset::splits(folder)?;
            if splits.is_empty() {
                Dataset::open(folder, SPLITS[0])?;
            }
            for split in splits {
                match Dataset::open_with(folder, &split, IncompleteRows::LeaveOut) {
                    Ok(dataset) => {
                        let dataset = dataset.with_side_convention(sides).with_mask_rule(masks);
                        rows::note(&dataset, incomplete, &mut lint);
                        let first = language.is_none();
                        let (tokenizer, vocabulary) = match &mut language {
                            Some(language) => language,
                            // That of the first split, as training on it would learn it.
                            none => none.insert(language_of(&dataset)?),
                        };
                        texts::check(&dataset, tokenizer, vocabulary, first, &mut lint);
                        check_cases(&dataset, &mut lint, &mut files, display);
                    }
                    Err(DataError::Rows { rows, .. }) => {
                        rows::incomplete(&split, rows, incomplete, &mut lint);
                    }
                    Err(other) => lint.note(Rule::NoTable, &split, "", other.to_string()),
                }
            }
        }
    }
    files.note(masks, &mut lint);
    Ok(lint)
}

/// What one case says, gathered in parallel and noted in order.
struct Facts {
    fingerprint: [u8; 32],
    mask: MaskFacts,
    contradiction: Option<String>,
    sided: Option<Sided>,
}

/// The text tokenizer that training on a split would learn, and the words that it would teach.
fn language_of(train: &Dataset) -> Result<(TextTokenizer, Vocabulary)> {
    let tokenizer = text::tokenizer(&Experiment::tiny(), train)?;
    let vocabulary = Vocabulary::new(tokenizer.clone(), Some(train));
    Ok((tokenizer, vocabulary))
}

fn check_cases(dataset: &Dataset, lint: &mut Lint, files: &mut Files, display: Display) {
    let split = dataset.split();
    let mut stage = display.stage(&format!("checking {split}"), dataset.len() as u64);
    let cases: Vec<usize> = (0..dataset.len()).collect();
    let mut sided = Vec::new();
    for chunk in cases.chunks(CHUNK) {
        let facts: Vec<_> = chunk.par_iter().map(|&i| facts(dataset, i)).collect();
        for (&i, mut facts) in chunk.iter().zip(facts) {
            let of_case = facts.as_mut().ok().and_then(|facts| facts.sided.take());
            sided.extend(of_case.map(|sided| (dataset.id(i).to_owned(), sided)));
            note(lint, files, split, dataset.id(i), facts);
        }
        stage.advance(chunk.len() as u64, None);
    }
    texts::note_sides(split, &sided, lint);
    stage.finish(&format!("{} cases", dataset.len()));
}

fn facts(dataset: &Dataset, i: usize) -> Result<Facts, DataError> {
    let case = dataset.load(i)?;
    // A phantom's absent finding is meant to have no mask.
    let meant = dataset.kind(i) == Some(SentenceKind::Absent);
    let sides = dataset.side_convention();
    let contradiction = texts::against_mask(&case, sides).filter(|_| !meant);
    // What the sentence says of an empty mask is compared with it already.
    let said = contradiction.is_some() || Findings::parse(&case.text).is_some();
    Ok(Facts {
        fingerprint: fingerprint(&case.image),
        mask: MaskFacts::of(&case, meant || said),
        contradiction,
        sided: Sided::of(&case, sides),
    })
}

fn note(
    lint: &mut Lint,
    files: &mut Files,
    split: &str,
    id: &str,
    facts: Result<Facts, DataError>,
) {
    match facts {
        Err(error) => {
            let rule = match error {
                DataError::SizeMismatch { .. } => Rule::SizeMismatch,
                DataError::Image(ImageError::UnclearMask { .. }) => Rule::UnclearMask,
                _ => Rule::Unreadable,
            };
            lint.case(split, id, None);
            lint.note(rule, split, id, error.to_string());
        }
        Ok(facts) => {
            lint.case(split, id, Some(facts.fingerprint));
            facts.mask.note(lint, files, split, id);
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
    use crate::cli::MaskArgs;

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
            self.check_with(sides, "", Rule::IncompleteRow)
        }

        fn check_with(&self, sides: SideConvention, masks: &str, incomplete: Rule) -> Lint {
            let data = DataSpec::Folder(self.dir.path().into());
            let masks = match masks {
                "" => MaskRule::default(),
                values => values.parse().unwrap(),
            };
            let reading = Reading {
                sides,
                masks: &masks,
                incomplete,
            };
            check(&data, &reading, Display::Silent).unwrap()
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
        let lint = folder.check_with(SideConvention::Viewer, "", Rule::SkippedRow);
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

    /// A mask file with these levels in the left square, around it, and in a right one.
    fn levels(left: u8, around: u8, right: u8) -> Vec<u8> {
        let mut image = GrayImage::decode(&mask(2), "mask").unwrap();
        for i in 0..SIDE * SIDE {
            let is_right = (22..30).contains(&(i % SIDE)) && (16..24).contains(&(i / SIDE));
            let level = match image.pixels[i] {
                0.0 if is_right => right,
                0.0 => around,
                _ => left,
            };
            image.pixels[i] = f32::from(level) / 255.0;
        }
        image.to_png()
    }

    #[test]
    fn how_masks_of_two_other_values_are_read_is_told_once() {
        let mut folder = Folder::new();
        for (id, tone) in [("a", 0.1), ("b", 0.2), ("c", 0.3)] {
            folder.case("train", id, tone);
            folder.file("train", "mask", id, &levels(2, 0, 0));
        }
        let lint = folder.check();
        assert_eq!(rules(&lint), []);
        assert_eq!(lint.notes, ["masks hold 0 and 2: 2 is read as marked"]);
        assert_eq!(lint.table().matches("2 is read as marked").count(), 1);
    }

    #[test]
    fn a_label_map_is_an_error_until_a_value_is_given() {
        let mut folder = Folder::new();
        folder.case("train", "labels", 0.1);
        folder.file("train", "mask", "labels", &levels(1, 0, 2));
        let lint = folder.check();
        assert_eq!(rules(&lint), [(Rule::UnclearMask, "labels")]);
        let check_by =
            |rule: &str| folder.check_with(SideConvention::Viewer, rule, Rule::IncompleteRow);
        assert_eq!(rules(&check_by("1")), []);
        assert_eq!(rules(&check_by("2")), [(Rule::Contradiction, "labels")]);
        let lint = check_by("7");
        assert!(
            rules(&lint).contains(&(Rule::UnclearMask, "")),
            "{:?}",
            lint.findings
        );
    }

    #[test]
    fn masks_of_nearly_all_or_nothing_are_found_whatever_the_sentence() {
        let mut folder = Folder::new();
        for (id, tone) in [
            ("full", 0.1),
            ("empty", 0.2),
            ("fine", 0.3),
            ("fine-too", 0.4),
        ] {
            folder.case("train", id, tone);
        }
        folder.table = folder.table.replace(LEFT, "a spot");
        folder.row("train", "one-more", "a spot");
        folder.file("train", "img", "one-more", &picture(SIDE, 0.5));
        folder.file("train", "mask", "one-more", &levels(255, 0, 0));
        folder.file("train", "mask", "full", &levels(255, 255, 255));
        folder.file("train", "mask", "empty", &levels(0, 0, 0));
        let found = folder.check();
        assert_eq!(
            rules(&found),
            [(Rule::Extent, "full"), (Rule::Contradiction, "empty")]
        );
    }

    #[test]
    fn white_backgrounds_are_told_once() {
        let mut folder = Folder::new();
        for (id, tone) in [("a", 0.1), ("b", 0.2), ("c", 0.3)] {
            folder.case("train", id, tone);
            folder.file("train", "mask", id, &levels(0, 255, 255));
        }
        let lint = folder.check();
        let found: Vec<_> = rules(&lint)
            .into_iter()
            .filter(|(rule, _)| *rule != Rule::Contradiction)
            .collect();
        assert_eq!(found, [(Rule::WhiteBackground, "")]);
        assert!(
            lint.table().contains("3 of 3 masks mark more than half"),
            "{}",
            lint.table()
        );
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
    fn sentences_that_training_cannot_use_are_found() {
        let mut folder = Folder::new();
        let long = "a spot ".repeat(90);
        for (split, id, text) in [
            ("train", "a", "Melanom links"),
            ("train", "b", &long),
            ("train", "c", "bilateral opacity, left lung only"),
            ("valid", "d", "melanom"),
            ("valid", "e", "naevus"),
        ] {
            folder.case(split, id, f32::from(id.as_bytes()[0] - b'a') / 10.0);
            folder.table = folder.table.replace(
                &format!("{split},{id},\"{LEFT}\""),
                &format!("{split},{id},\"{text}\""),
            );
            fs::write(folder.dir.path().join("captions.csv"), &folder.table).unwrap();
        }
        let lint = folder.check();
        assert_eq!(
            rules(&lint),
            [
                (Rule::LongSentence, "b"),
                (Rule::UnknownWords, "e"),
                (Rule::SelfContradiction, "c"),
                (Rule::Mirrored, ""),
            ]
        );
        let table = lint.table();
        assert!(
            table.contains("«links» of `a`") && table.contains("augment.flip = 0"),
            "{table}"
        );
    }

    #[test]
    fn phantoms_have_no_patients_side() {
        let error = run(&CheckArgs {
            data: DataSpec::Phantoms,
            skip_incomplete: false,
            sides: SideConvention::Patient,
            masks: MaskArgs::default(),
            json: true,
        })
        .unwrap_err();
        assert!(error.to_string().contains("--sides patient"), "{error}");
    }

    #[test]
    fn the_next_command_reads_the_data_as_this_one_did() {
        let mut args = CheckArgs {
            data: DataSpec::Folder("mine".into()),
            skip_incomplete: false,
            sides: SideConvention::Viewer,
            masks: MaskArgs::default(),
            json: false,
        };
        assert_eq!(as_asked(&args, Next::Train), "");
        args.skip_incomplete = true;
        args.sides = SideConvention::Patient;
        args.masks.mask_value = "1,#ff0000".parse().unwrap();
        assert_eq!(
            as_asked(&args, Next::Check),
            " --skip-incomplete --sides patient --mask-value '1,#ff0000'"
        );
        assert_eq!(
            as_asked(&args, Next::Train),
            " --skip-incomplete --set data.side_convention=patient --set 'data.mask_value=\"1,#ff0000\"'"
        );
    }

    #[test]
    fn the_phantoms_are_in_order() {
        let masks = MaskRule::default();
        let reading = Reading {
            sides: SideConvention::Viewer,
            masks: &masks,
            incomplete: Rule::IncompleteRow,
        };
        let lint = check(&DataSpec::Phantoms, &reading, Display::Silent).unwrap();
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
                masks: MaskArgs::default(),
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
