//! The language of a run: its text tokenizer, and what its sentences are about.

use anyhow::Result;
use mriseg::bundle::Domain;
use mriseg::text::TextTokenizer;
use mriseg_data::{Dataset, Findings, wording};
use std::collections::BTreeSet;

use crate::config::Experiment;
use crate::exit::usage;

/// Generated sentences that a tokenizer is learned from.
const GENERATED: usize = 20_000;

/// The text tokenizer of an experiment: learned from its training sentences and, where these are said in other words,
/// from such wordings; or a pretrained one, cut down to what they need.
///
/// # Errors
/// The file cannot be read or used, or needs more tokens than the model has.
pub(crate) fn tokenizer(experiment: &Experiment, train: &Dataset) -> Result<TextTokenizer> {
    let from = &experiment.text_tokenizer.from;
    let rewords = experiment.data.requests.reworded > 0.0
        && !experiment.on_emu3()
        && domain(train) == Domain::ChestXray;
    let generated = if rewords {
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
    texts.get(texts.len() / 2).copied().unwrap_or_default().to_owned()
}
