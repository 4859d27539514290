//! What is wrong with a dataset: findings, gathered case by case, and how they are told.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;

use mriseg::image::Picture;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// Examples of one rule's warnings that the table shows; errors are all shown, but for [`Rule::UnclearMask`].
const EXAMPLES: usize = 5;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Severity {
    /// Training or evaluation would fail, or its numbers would be wrong.
    Error,
    /// Worth a look.
    Warning,
}

/// The mistakes that are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Rule {
    /// A row of the table without its picture, mask or sentence.
    IncompleteRow,
    /// A split whose table is missing or cannot be read.
    NoTable,
    /// A file that is no picture.
    Unreadable,
    /// Picture and mask of different size.
    SizeMismatch,
    /// The same picture in two splits.
    Leakage,
    /// A mask whose values do not tell what is marked.
    UnclearMask,
    /// A row that lacks something, where such rows are to be left out.
    SkippedRow,
    /// A row that says the same of the same picture as another.
    RepeatedRow,
    /// A picture that no row names.
    UnusedPicture,
    /// A table that does not say in which encoding it is.
    GuessedEncoding,
    /// A mask with more than two values.
    NotBinary,
    /// A mask of nearly all of the picture, or nearly nothing.
    Extent,
    /// Masks that seem to mark the background.
    WhiteBackground,
    /// An orientation tag on a picture or its mask alone.
    TurnedAlone,
    /// The sentence says something else than the mask.
    Contradiction,
    /// A sentence that models do not read to its end: training leaves the case out, evaluation counts it as failed.
    LongSentence,
    /// A sentence of which training teaches no word.
    UnknownWords,
    /// A sentence that contradicts itself.
    SelfContradiction,
    /// Sentences that do not go with mirrored pictures.
    Mirrored,
}

impl Rule {
    fn severity(self) -> Severity {
        match self {
            Self::IncompleteRow
            | Self::NoTable
            | Self::Unreadable
            | Self::SizeMismatch
            | Self::Leakage
            | Self::UnclearMask => Severity::Error,
            Self::SkippedRow
            | Self::RepeatedRow
            | Self::UnusedPicture
            | Self::GuessedEncoding
            | Self::NotBinary
            | Self::Extent
            | Self::WhiteBackground
            | Self::TurnedAlone
            | Self::Contradiction
            | Self::LongSentence
            | Self::UnknownWords
            | Self::SelfContradiction
            | Self::Mirrored => Severity::Warning,
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::IncompleteRow => "rows without their picture, mask or sentence",
            Self::NoTable => "splits without a table that can be read",
            Self::SkippedRow => "rows without their picture, mask or sentence, which are left out",
            Self::RepeatedRow => "rows that are there twice, and count twice",
            Self::UnusedPicture => "pictures that no row of the table names",
            Self::GuessedEncoding => "tables whose encoding was guessed",
            Self::Unreadable => "unreadable files",
            Self::SizeMismatch => "picture and mask of different size",
            Self::Leakage => "same picture in two splits",
            Self::UnclearMask => "masks that do not tell what is marked",
            Self::NotBinary => "masks with more than two values",
            Self::Extent => "masks of nearly all of the picture, or nearly nothing",
            Self::WhiteBackground => "masks that seem to mark the background",
            Self::TurnedAlone => "orientation tags on a picture or its mask alone",
            Self::Contradiction => "sentence contradicts mask",
            Self::LongSentence => {
                "sentences that are too long: left out of training, failed in evaluation"
            }
            Self::UnknownWords => "sentences of which training teaches no word",
            Self::SelfContradiction => "sentences that contradict themselves",
            Self::Mirrored => "sentences that do not go with mirrored pictures",
        }
    }
}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    /// How bad it is.
    pub(crate) severity: Severity,
    /// What kind of mistake.
    pub(crate) rule: Rule,
    /// Part of the data.
    pub(crate) split: String,
    /// The case; empty where the finding is about no single one.
    pub(crate) id: String,
    /// What exactly, in one sentence.
    pub(crate) detail: String,
}

/// All findings about a dataset.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Lint {
    /// Cases by split.
    pub(crate) cases: BTreeMap<String, usize>,
    /// The mistakes.
    pub(crate) findings: Vec<Finding>,
    /// What is no mistake, but good to know.
    pub(crate) notes: Vec<String>,
    #[serde(skip)]
    seen: HashMap<[u8; 32], (String, String)>,
}

/// A hash of what the picture shows: files of different format with equal pixels have the same one.
pub(crate) fn fingerprint(picture: &Picture) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update((picture.width() as u64).to_le_bytes());
    hash.update((picture.height() as u64).to_le_bytes());
    hash.update(picture.to_rgb8());
    hash.finalize().into()
}

impl Lint {
    /// Notes a mistake.
    pub(crate) fn note(&mut self, rule: Rule, split: &str, id: &str, detail: impl Into<String>) {
        self.findings.push(Finding {
            severity: rule.severity(),
            rule,
            split: split.to_owned(),
            id: id.to_owned(),
            detail: detail.into(),
        });
    }

    /// Counts a case, and notes where another split holds the same picture.
    pub(crate) fn case(&mut self, split: &str, id: &str, fingerprint: Option<[u8; 32]>) {
        *self.cases.entry(split.to_owned()).or_default() += 1;
        let Some(fingerprint) = fingerprint else {
            return;
        };
        match self.seen.get(&fingerprint) {
            Some((other, twin)) if other != split => {
                let detail = format!("shows the same picture as `{twin}` of split {other}");
                self.note(Rule::Leakage, split, id, detail);
            }
            Some(_) => {}
            None => {
                self.seen
                    .insert(fingerprint, (split.to_owned(), id.to_owned()));
            }
        }
    }

    /// How many findings have this severity.
    pub(crate) fn count(&self, severity: Severity) -> usize {
        self.findings
            .iter()
            .filter(|finding| finding.severity == severity)
            .count()
    }

    /// The findings as a table for people: every error, and some examples of each kind of warning.
    pub(crate) fn table(&self) -> String {
        let mut text = String::new();
        for (split, count) in &self.cases {
            let _ = writeln!(text, "{split}: {count} cases");
        }
        let mut rules: BTreeMap<(Severity, Rule), Vec<&Finding>> = BTreeMap::new();
        for finding in &self.findings {
            rules
                .entry((finding.severity, finding.rule))
                .or_default()
                .push(finding);
        }
        for ((severity, rule), findings) in rules {
            let label = match severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
            };
            let _ = writeln!(text, "\n{label}: {} ({})", rule.title(), findings.len());
            // Of unclear masks there are often as many as cases, for one reason.
            let shown = match (severity, rule) {
                (Severity::Error, rule) if rule != Rule::UnclearMask => findings.len(),
                _ => EXAMPLES.min(findings.len()),
            };
            for finding in &findings[..shown] {
                let place = match finding.id.as_str() {
                    "" => finding.split.clone(),
                    id => format!("{}/{id}", finding.split),
                };
                let _ = writeln!(text, "  {place}: {}", finding.detail);
            }
            if shown < findings.len() {
                let _ = writeln!(
                    text,
                    "  … and {} more (--json lists all)",
                    findings.len() - shown
                );
            }
        }
        for (i, note) in self.notes.iter().enumerate() {
            let gap = if i == 0 { "\n" } else { "" };
            let _ = writeln!(text, "{gap}note: {note}");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mriseg::image::GrayImage;

    fn image(value: f32) -> Picture {
        GrayImage::new(2, 1, vec![value, 0.0]).into()
    }

    #[test]
    fn the_same_picture_in_two_splits_is_an_error_and_within_one_it_is_not() {
        let mut lint = Lint::default();
        lint.case("train", "a", Some(fingerprint(&image(0.5))));
        lint.case("train", "a-again", Some(fingerprint(&image(0.5))));
        lint.case("valid", "b", Some(fingerprint(&image(0.25))));
        assert_eq!(lint.count(Severity::Error), 0);
        lint.case("valid", "c", Some(fingerprint(&image(0.5))));
        assert_eq!(lint.count(Severity::Error), 1);
        let finding = &lint.findings[0];
        assert_eq!((finding.rule, finding.id.as_str()), (Rule::Leakage, "c"));
        assert!(
            finding.detail.contains("`a` of split train"),
            "{}",
            finding.detail
        );
        assert_eq!(lint.cases["train"], 2);
    }

    #[test]
    fn the_fingerprint_knows_the_shape() {
        let tall = GrayImage::new(1, 2, vec![0.5, 0.0]);
        assert_ne!(fingerprint(&tall.into()), fingerprint(&image(0.5)));
    }

    #[test]
    fn the_table_lists_every_error_and_shortens_warnings() {
        let mut lint = Lint::default();
        for i in 0..20 {
            lint.note(Rule::NotBinary, "train", &format!("w{i}"), "7 pixels");
            lint.note(Rule::IncompleteRow, "train", &format!("e{i}"), "no mask");
        }
        let table = lint.table();
        assert!(
            table.contains("error: rows without their picture, mask or sentence (20)"),
            "{table}"
        );
        assert_eq!(table.matches("train/e").count(), 20);
        assert_eq!(table.matches("train/w").count(), EXAMPLES);
        assert!(
            table.contains("… and 15 more (--json lists all)"),
            "{table}"
        );
        let error = table.find("error:").unwrap();
        assert!(error < table.find("warning:").unwrap(), "errors come first");
    }

    #[test]
    fn the_json_names_rules_in_words() {
        let mut lint = Lint::default();
        lint.note(Rule::NotBinary, "valid", "a", "7 values");
        let json = serde_json::to_value(&lint).unwrap();
        assert_eq!(json["findings"][0]["rule"], "not-binary");
        assert_eq!(json["findings"][0]["severity"], "warning");
    }
}
