//! The language of a run: its text tokenizer, and what its sentences are about.

use anyhow::Result;
use mriseg::bundle::Domain;
use mriseg::text::TextTokenizer;
use mriseg_data::{Dataset, Findings, wording};
use std::collections::BTreeSet;

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

/// A sentence of the data, for people to start from: one of the most frequent length, so neither the barest nor the
/// longest.
pub(crate) fn example(train: &Dataset) -> String {
    let mut texts: Vec<&str> = train.texts().collect();
    texts.sort_unstable_by_key(|text| (text.len(), *text));
    texts
        .get(texts.len() / 2)
        .copied()
        .unwrap_or_default()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
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
        assert!(Findings::parse(&example(&phantoms())).is_some());
    }
}
