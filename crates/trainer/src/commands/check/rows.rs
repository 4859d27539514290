//! What is wrong with rows of a table.

use mriseg_data::Dataset;

use super::lint::{Lint, Rule};

/// Notes what a split's table says twice, not at all, or of cases without files; `incomplete` is the rule of the last.
pub(super) fn note(dataset: &Dataset, incomplete: Rule, lint: &mut Lint) {
    let (split, remarks) = (dataset.split(), dataset.remarks());
    self::incomplete(split, remarks.incomplete.clone(), incomplete, lint);
    for row in &remarks.repeated {
        lint.note(Rule::RepeatedRow, split, "", row);
    }
    for picture in &remarks.unused {
        lint.note(
            Rule::UnusedPicture,
            split,
            "",
            picture.display().to_string(),
        );
    }
    for table in &remarks.guessed {
        // Splits may share it.
        if lint.findings.iter().all(|finding| finding.detail != *table) {
            lint.note(Rule::GuessedEncoding, split, "", table);
        }
    }
}

/// Notes rows that lack picture, mask or sentence.
pub(super) fn incomplete(split: &str, rows: Vec<String>, rule: Rule, lint: &mut Lint) {
    for row in rows {
        lint.note(rule, split, "", row);
    }
}
