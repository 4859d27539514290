//! Sentences that a model cannot be asked, does not know a word of, or that no mirror image agrees with: found before
//! training, and told once.

use anyhow::Result;
use mriseg::reading::{Findings, swap_sides, unswapped_heights, unswapped_sides};
use mriseg::text::TextTokenizer;
use mriseg_data::{Dataset, wording};
use std::collections::BTreeSet;

use super::splits::Splits;
use super::text::{Vocabulary, rewords};
use crate::config::Experiment;
use crate::system::Display;
use crate::system::exit::data;

/// Cases that are named before only their number is told.
const NAMED: usize = 10;
/// Sentences in other words that are tried.
const TRIED: usize = 1000;

/// A case and its sentence.
pub(crate) type Captioned = (String, String);

/// The training cases without which a run began, though their sentences may have been mended since.
#[derive(Debug, Default)]
pub(crate) struct BeganWithout {
    /// Of pictures with a sentence that was left out.
    pub(crate) ids: BTreeSet<String>,
    /// Other cases of these pictures, which were not.
    pub(crate) kept: BTreeSet<Captioned>,
}

impl BeganWithout {
    fn has(&self, id: &str, text: &str) -> bool {
        self.ids.contains(id) && !self.kept.contains(&(id.to_owned(), text.to_owned()))
    }
}

impl Splits {
    /// Leaves out the training cases that the model cannot learn from, since their sentence does not fit, and those that
    /// `before` has: the run that goes on began without them. Says so, and which sentences of the other splits cannot be
    /// asked or are unknown, and which do not go with changed pictures. Gives what was left out.
    ///
    /// # Errors
    /// No training case is left.
    pub(crate) fn settle(
        &mut self,
        experiment: &Experiment,
        tokenizer: &TextTokenizer,
        before: &BeganWithout,
        display: Display,
    ) -> Result<Vec<Captioned>> {
        let tokens = experiment.model.lm.text_tokens;
        let total = self.train.len();
        let fits = |text: &str| tokenizer.fits(text, tokens);
        let left_out = (self.train).leave_out(|id, text| fits(text) && !before.has(id, text));
        let unfit: Vec<_> = left_out.iter().filter(|(_, text)| !fits(text)).collect();
        let mended = left_out.len() - unfit.len();
        if mended > 0 {
            display.line(&format!(
                "note: {mended} training cases fit now; the run began without them, and goes on without them"
            ));
        }
        if !unfit.is_empty() {
            let said = format!(
                "{}; shorten them, or raise model.lm.text_tokens",
                too_long(&unfit, total, &self.train, tokens)
            );
            if self.train.is_empty() {
                return Err(data(said));
            }
            display.line(&format!(
                "warning: {said}; these cases are left out of training"
            ));
        }
        let vocabulary = Vocabulary::new(tokenizer.clone(), Some(&self.train));
        let mut told = BTreeSet::new();
        for dataset in [&self.test, &self.valid] {
            if told.insert(dataset.split()) {
                warn_about_questions(dataset, tokenizer, tokens, &vocabulary, display);
            }
        }
        for line in changed_pictures(&self.train, experiment) {
            display.line(&format!("warning: {line}"));
        }
        for line in changed_words(&self.train, experiment, tokenizer) {
            display.line(&format!("warning: {line}"));
        }
        Ok(left_out)
    }
}

/// Says which cases of a split cannot be asked, and of which sentences no word is known.
pub(crate) fn warn_about_questions(
    dataset: &Dataset,
    tokenizer: &TextTokenizer,
    tokens: usize,
    vocabulary: &Vocabulary,
    display: Display,
) {
    let cases: Vec<Captioned> = (0..dataset.len())
        .map(|case| (dataset.id(case).to_owned(), dataset.text(case).to_owned()))
        .collect();
    let (askable, unfit): (Vec<_>, Vec<_>) =
        (cases.iter()).partition(|(_, text)| tokenizer.fits(text, tokens));
    if !unfit.is_empty() {
        let said = too_long(&unfit, cases.len(), dataset, tokens);
        display.line(&format!(
            "warning: {said}; these cases cannot be asked, and count as failed, with a Dice of 0"
        ));
    }
    let unknown: Vec<_> = (askable.into_iter())
        .filter(|(_, text)| !vocabulary.knows(text))
        .collect();
    if !unknown.is_empty() {
        display.line(&format!(
            "warning: {} of the {} sentences of {} have no word that the model knows from its training ({}); it can only guess, and these cases count as it answers them",
            unknown.len(),
            cases.len(),
            dataset.split(),
            named(unknown.iter().map(|(id, text)| format!("`{id}`: \"{text}\"")))
        ));
    }
}

/// "2 of the 9 sentences of valid are longer …: `a` (70 words), `b` (90 words)".
fn too_long(unfit: &[&Captioned], total: usize, dataset: &Dataset, tokens: usize) -> String {
    let words = |text: &str| text.split_whitespace().count();
    format!(
        "{} of the {total} sentences of {} are longer than the {tokens} tokens (about {} ordinary words) that the model reads, or empty ({})",
        unfit.len(),
        dataset.split(),
        tokens / 2,
        named((unfit.iter()).map(|(id, text)| format!("`{id}`, {} words", words(text))))
    )
}

/// Which sentences name sides or heights that a mirror image or one upside down does not exchange, where `augment` makes
/// such; a line each, with the remedy.
pub(crate) fn changed_pictures(dataset: &Dataset, experiment: &Experiment) -> Vec<String> {
    let augment = &experiment.augment;
    let mut lines = Vec::new();
    let mut look = |key: &str,
                    share: f32,
                    what: &str,
                    english: &str,
                    words: fn(&str) -> Vec<String>| {
        if share <= 0.0 {
            return;
        }
        let found: Vec<(usize, Vec<String>)> = (0..dataset.len())
            .filter(|&case| Findings::parse(dataset.text(case)).is_none())
            .map(|case| (case, words(dataset.text(case))))
            .filter(|(_, words)| !words.is_empty())
            .collect();
        if found.is_empty() {
            return;
        }
        let of = |(case, words): &(usize, Vec<String>)| {
            format!("«{}» of `{}`", words.join("», «"), dataset.id(*case))
        };
        lines.push(format!(
            "{} of the {} sentences of {} name, or may name, {what} in words that are not exchanged when the picture is ({}), and augment.{key} = {share}: set augment.{key} = 0, or write {english}",
            found.len(),
            dataset.len(),
            dataset.split(),
            named(found.iter().map(of))
        ));
    };
    look(
        "flip",
        augment.flip,
        "a side",
        "left and right in English",
        unswapped_sides,
    );
    look(
        "upside_down",
        augment.upside_down,
        "above or below",
        "top and bottom in English",
        unswapped_heights,
    );
    lines
}

/// Which sentences fit, but not as training changes them; a line each.
fn changed_words(
    train: &Dataset,
    experiment: &Experiment,
    tokenizer: &TextTokenizer,
) -> Vec<String> {
    let tokens = experiment.model.lm.text_tokens;
    let mut lines = Vec::new();
    let longer = |text: &&str| !tokenizer.fits(&swap_sides(text), tokens);
    let mirrored = match experiment.augment.flip > 0.0 {
        true => train.texts().filter(longer).count(),
        false => 0,
    };
    let learned = format!(
        "longer than the {tokens} tokens that the model reads: such cases are learned without a sentence; raise model.lm.text_tokens"
    );
    if mirrored > 0 {
        lines.push(format!(
            "{mirrored} of the {} sentences of {} are, with their sides exchanged for a mirror image, {learned}",
            train.len(),
            train.split()
        ));
    }
    if rewords(experiment, train) {
        let reworded = wording::corpus(experiment.seed, TRIED);
        let unfit = reworded.iter().filter(|text| !tokenizer.fits(text, tokens));
        let unfit = unfit.count();
        if unfit > 0 {
            lines.push(format!(
                "{unfit} of {} sentences in other words (data.requests.reworded) are {learned}",
                reworded.len()
            ));
        }
    }
    lines
}

/// The first of some cases, and how many more there are.
fn named(cases: impl ExactSizeIterator<Item = String>) -> String {
    let more = cases.len().saturating_sub(NAMED);
    let shown: Vec<String> = cases.take(NAMED).collect();
    let shown = shown.join("; ");
    match more {
        0 => shown,
        more => format!("{shown}; and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::fixtures;

    fn splits(folder: &std::path::Path, train: &[&str], valid: &[&str]) -> Splits {
        let texts = [("train", train), ("valid", valid)];
        let open = |split| fixtures::folder(folder, &texts, split);
        Splits {
            train: open("train"),
            valid: open("valid"),
            test: open("valid"),
        }
    }

    #[test]
    fn only_training_cases_are_left_out_and_a_run_goes_on_without_those_that_it_began_without() {
        let root = tempfile::tempdir().unwrap();
        let long = "a spot ".repeat(90).trim().to_owned();
        let experiment = Experiment::tiny();
        let settle = |train: &[&str], before: &[&str]| {
            let mut splits = splits(root.path(), train, &[&long, "a spot"]);
            let tokenizer = TextTokenizer::learn(["a spot"].into_iter(), 300).unwrap();
            let before = BeganWithout {
                ids: before.iter().map(|id| (*id).to_owned()).collect(),
                kept: [("1".to_owned(), "kept".to_owned())].into(),
            };
            let left_out = splits.settle(&experiment, &tokenizer, &before, Display::Silent);
            (left_out, splits)
        };
        let (left_out, all) = settle(&["a spot", &long], &[]);
        assert_eq!(left_out.unwrap(), [("1".to_owned(), long.clone())]);
        assert_eq!(
            (all.train.len(), all.valid.len(), all.test.len()),
            (1, 2, 2)
        );
        let (left_out, all) = settle(&["a spot", "mended"], &["1"]);
        assert_eq!(left_out.unwrap()[0].1, "mended");
        assert_eq!(all.train.len(), 1);
        // Another sentence of the same picture.
        let (left_out, all) = settle(&["a spot", "kept"], &["1"]);
        assert_eq!(left_out.unwrap(), []);
        assert_eq!(all.train.len(), 2);
        let message = settle(&[&long, &long], &[]).0.unwrap_err().to_string();
        assert!(
            message.contains("2 of the 2 sentences of train")
                && message.contains("`1`, 180 words")
                && message.contains("model.lm.text_tokens"),
            "{message}"
        );
    }

    #[test]
    fn words_that_a_mirror_image_does_not_exchange_are_told_where_pictures_are_mirrored() {
        let root = tempfile::tempdir().unwrap();
        let texts: [&str; 3] = ["Fleck im linken Feld", "RUL and L lung", "Fleck oben"];
        let train = fixtures::folder(root.path(), &[("train", &texts)], "train");
        let mut experiment = Experiment::tiny();
        let lines = changed_pictures(&train, &experiment);
        let [line] = &lines[..] else {
            panic!("{lines:?}")
        };
        assert!(
            line.starts_with("1 of the 3 sentences")
                && line.contains("«linken» of `0`")
                && line.contains("set augment.flip = 0"),
            "{line}"
        );
        experiment.augment.upside_down = 0.5;
        let lines = changed_pictures(&train, &experiment);
        assert!(lines[1].contains("«oben» of `2`") && lines[1].contains("augment.upside_down = 0"));
        experiment.augment.flip = 0.0;
        experiment.augment.upside_down = 0.0;
        assert_eq!(changed_pictures(&train, &experiment), [""; 0]);
    }

    #[test]
    fn sentences_that_are_too_long_in_other_words_are_told_before_training() {
        let phantoms = Dataset::phantoms(&mriseg_data::PhantomConfig::default(), "train", 20);
        let mut experiment = Experiment::tiny();
        let tokenizer = crate::data::text::tokenizer(&experiment, &phantoms).unwrap();
        assert_eq!(changed_words(&phantoms, &experiment, &tokenizer), [""; 0]);
        experiment.model.lm.text_tokens = 18;
        let lines = changed_words(&phantoms, &experiment, &tokenizer);
        assert!(
            lines.last().unwrap().contains("data.requests.reworded"),
            "{lines:?}"
        );
    }

    #[test]
    fn many_cases_are_named_by_their_first() {
        let cases: Vec<String> = (0..12).map(|i| i.to_string()).collect();
        let said = named(cases.into_iter());
        assert!(
            said.starts_with("0; 1") && said.ends_with("9; and 2 more"),
            "{said}"
        );
    }
}
