//! The language of a run: its text tokenizer, and what its sentences are about.

use anyhow::Result;
use mriseg::bundle::Domain;
use mriseg::reading::{Reading, swap_sides, unswapped_sides};
use mriseg::text::{TextTokenizer, UNSPACED};
use mriseg_data::{Dataset, Findings, wording};
use std::collections::{BTreeMap, BTreeSet};

use crate::config::Experiment;
use crate::system::usage;

/// Generated sentences that a tokenizer is learned from.
const GENERATED: usize = 20_000;

/// The text tokenizer of an experiment: learned from its training sentences and, where these are said in other words,
/// from such wordings; or a pretrained one, cut down to what they need.
///
/// # Errors
/// The file cannot be read or used, or needs more tokens than the model has.
pub(crate) fn tokenizer(experiment: &Experiment, train: &Dataset) -> Result<TextTokenizer> {
    let from = &experiment.text_tokenizer.from;
    let generated = if rewords(experiment, train) {
        wording::corpus(experiment.seed, GENERATED)
    } else {
        Vec::new()
    };
    let most = experiment.model.lm.text_vocab;
    if from.is_empty() {
        let sentences = train.texts().chain(generated.iter().map(String::as_str));
        return Ok(TextTokenizer::learn(sentences, most)?);
    }
    let bytes = std::fs::read(from).map_err(|error| {
        usage(format!(
            "text_tokenizer.from: cannot read `{from}`: {error}; ./scripts/qwen fetches Qwen's"
        ))
    })?;
    let texts: BTreeSet<&str> = train
        .texts()
        .chain(generated.iter().map(String::as_str))
        .collect();
    // Derived sentences are in lower case, whatever the data's are.
    let lower: Vec<String> = texts.iter().map(|text| text.to_lowercase()).collect();
    let both = texts.into_iter().chain(lower.iter().map(String::as_str));
    let tokenizer = TextTokenizer::pruned(&bytes, from, both)?;
    let vocab = tokenizer.vocab();
    if vocab > most {
        return Err(usage(format!(
            "model.lm.text_vocab = {most} is too small: the sentences need {vocab} tokens of `{from}`; set it to {} or more",
            vocab.next_multiple_of(64)
        )));
    }
    Ok(tokenizer)
}

/// Whether sentences are said in other words than the data's.
pub(crate) fn rewords(experiment: &Experiment, train: &Dataset) -> bool {
    experiment.data.requests.reworded > 0.0
        && !experiment.on_stored_codes()
        && domain(train) == Domain::ChestXray
}

/// What the sentences of a data set are about: findings in lungs where most are of the grammar of QaTa-COV19.
pub(crate) fn domain(train: &Dataset) -> Domain {
    let of_grammar = train.texts().filter(|text| Findings::parse(text).is_some());
    if 2 * of_grammar.count() > train.len() {
        Domain::ChestXray
    } else {
        Domain::Other
    }
}

/// Whether some sentence names a side.
pub(crate) fn names_sides(train: &Dataset) -> bool {
    let sided = |text: &str| swap_sides(text) != text || !unswapped_sides(text).is_empty();
    let both = |text: &str| Findings::parse(text).is_some_and(|findings| !findings.is_empty());
    train.texts().any(|text| both(text) || sided(text))
}

/// A sentence of the data, for people to start from: the most frequent of those that ask for something, and where several
/// are, one of middle length.
pub(crate) fn example(train: &Dataset) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for text in train.texts() {
        *counts.entry(text).or_default() += 1;
    }
    let asks = |text: &str| !Reading::denies(text);
    if counts.keys().any(|text| asks(text)) {
        counts.retain(|text, _| asks(text));
    }
    let most = counts.values().max().copied();
    let frequent = counts.iter().filter(|(_, count)| Some(**count) == most);
    let mut frequent: Vec<&str> = frequent.map(|(text, _)| *text).collect();
    frequent.sort_unstable_by_key(|text| (text.chars().count(), *text));
    let middle = frequent.get(frequent.len() / 2);
    middle.copied().unwrap_or_default().to_owned()
}

/// The words that a model knows: those of its training sentences, and those that its tokenizer has whole.
pub(crate) struct Vocabulary {
    tokenizer: TextTokenizer,
    trained: BTreeSet<String>,
}

impl Vocabulary {
    /// Of a tokenizer and, where they are at hand, the training sentences.
    pub(crate) fn new(tokenizer: TextTokenizer, train: Option<&Dataset>) -> Self {
        let texts = train.into_iter().flat_map(Dataset::texts);
        Self {
            tokenizer,
            trained: texts.flat_map(words).collect(),
        }
    }

    /// Whether some word of a sentence is known.
    pub(crate) fn knows(&self, text: &str) -> bool {
        words(text).any(|word| self.trained.contains(&word)) || self.tokenizer.knows_a_word(text)
    }

    /// How many of the first `limit` sentences fit `tokens` and have no known word.
    pub(crate) fn unknown(&self, dataset: &Dataset, limit: usize, tokens: usize) -> usize {
        let texts = dataset.texts().take(limit);
        let unknown = |text: &&str| self.tokenizer.fits(text, tokens) && !self.knows(text);
        texts.filter(unknown).count()
    }
}

/// The words of a text in small letters, and the characters of those of a script that does not set words apart; numbers are
/// none.
fn words(text: &str) -> impl Iterator<Item = String> {
    let parts = text.split(|c: char| !c.is_alphanumeric());
    let words = parts.flat_map(|part| match part.chars().any(|c| c >= UNSPACED) {
        true => part.chars().map(String::from).collect(),
        false => vec![part.to_lowercase()],
    });
    words.filter(|word| word.chars().any(char::is_alphabetic))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::fixtures;
    use mriseg_data::PhantomConfig;

    fn phantoms() -> Dataset {
        Dataset::phantoms(&PhantomConfig::default(), "train", 20)
    }

    #[test]
    fn thirty_ordinary_words_some_of_them_unknown_fit_into_64_tokens() {
        let tokenizer = tokenizer(&Experiment::tiny(), &phantoms()).unwrap();
        for text in [
            "Please mark the patchy opacity in the left lower zone of this portable chest radiograph, which was taken on \
             admission, and ignore everything on the other side, where the lung looks clear today.",
            "My grandmother had a chest picture on Tuesday and the doctor said there was a cloudy spot at the bottom of \
             the right lung, could you show me exactly where that is?",
            "Compared with the previous examination there is new consolidation in the right upper lobe with air bronchograms, \
             while the left lung remains unremarkable; no pleural effusion, and the heart is of normal size.",
            "I would like to see where the infection sits in both lungs, because our student Friedrich believes that it is \
             mostly basal and on the left, but his tutor disagrees.",
        ] {
            let words = text.split_whitespace().count();
            assert!((27..=33).contains(&words), "{words}: {text}");
            let needed = (1..200).find(|&tokens| tokenizer.fits(text, tokens));
            assert!(
                needed.is_some_and(|tokens| tokens <= 64),
                "{needed:?}: {text}"
            );
        }
    }

    #[test]
    fn the_domain_is_told_by_the_sentences() {
        assert_eq!(domain(&phantoms()), Domain::ChestXray);
        assert!(Findings::parse(&example(&phantoms())).is_some_and(|found| !found.is_empty()));
    }

    #[test]
    fn the_example_is_a_common_sentence_that_asks_for_something() {
        let root = tempfile::tempdir().unwrap();
        let of = |name: &str, texts: &[&str]| {
            let folder = root.path().join(name);
            example(&fixtures::folder(&folder, &[("train", texts)], "train"))
        };
        let many = [
            "no polyp",
            "no polyp",
            "no polyp",
            "a",
            "one polyp",
            "one polyp",
        ];
        assert_eq!(of("many", &many), "one polyp");
        assert_eq!(
            of("even", &["a", "a large spot in the centre", "a spot"]),
            "a spot"
        );
        assert_eq!(of("healthy", &["no polyp"]), "no polyp");
    }

    #[test]
    fn a_word_is_known_from_training_or_from_the_tokenizer() {
        let root = tempfile::tempdir().unwrap();
        let train = fixtures::folder(root.path(), &[("train", &["Melanoma, 2 mm"])], "train");
        let words = ["left lung"];
        let words = words.into_iter().cycle().take(9);
        let tokenizer = TextTokenizer::learn(words, 300).unwrap();
        let vocabulary = Vocabulary::new(tokenizer.clone(), Some(&train));
        for text in ["the melanoma", "LEFT zebra"] {
            assert!(vocabulary.knows(text), "{text}");
        }
        assert!(!vocabulary.knows("naevus, 2"));
        let chinese = fixtures::folder(root.path(), &[("train", &["\u{5de6}\u{80ba}"])], "train");
        let chinese = Vocabulary::new(tokenizer.clone(), Some(&chinese));
        assert!(chinese.knows("\u{53f3}\u{80ba}") && !chinese.knows("\u{53f3}"));
        assert!(!Vocabulary::new(tokenizer, None).knows("melanoma"));
        assert_eq!(vocabulary.unknown(&train, 9, 64), 0);
    }
}
