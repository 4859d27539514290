//! Sentences that are read without a picture: what words ask for is learned from many more of them than there are
//! pictures to show in a step.

use mriseg::reading::Request;
use mriseg::text::TextTokenizer;
use mriseg_data::wording::training_sentence;
use rayon::prelude::*;
use std::ops::Range;

use crate::config::Experiment;
use crate::data::{rng, tokenize};

/// The sentences of one step, as many for every case.
pub(super) struct Alone {
    each: usize,
    /// Tokens of a sentence: a little more than the longest has, where most have a fraction of what the model takes.
    pub(super) length: usize,
    ids: Vec<i32>,
    /// What each asks for, where that is known.
    pub(super) requests: Vec<Option<Request>>,
}

impl Alone {
    /// Lengths are a multiple of this: a GPU tunes its operations for every shape that it meets.
    const ROUND: usize = 8;

    /// `each` sentences for every case of training step `step`; those that do not fit the model are empty and ask for nothing
    /// that is known.
    pub(super) fn draw(
        experiment: &Experiment,
        tokenizer: &TextTokenizer,
        each: usize,
        step: usize,
    ) -> Self {
        let padded = experiment.model.lm.text_tokens;
        let count = experiment.train.batch * each;
        let (requests, texts): (Vec<_>, Vec<_>) = (step * count..(step + 1) * count)
            .into_par_iter()
            .map(|number| {
                let rng = &mut rng("sentence", experiment.seed, number as u64);
                let (request, text) = training_sentence(rng);
                (tokenizer.fits(&text, padded).then_some(request), text)
            })
            .unzip();
        let sentences = texts.iter().map(String::as_str);
        let ids = tokenize(sentences, tokenizer, &experiment.model);
        let padding = tokenizer.padding() as i32;
        let used = |sentence: &[i32]| {
            let last = sentence.iter().rposition(|&id| id != padding);
            last.map_or(0, |last| last + 1)
        };
        let longest = ids.chunks(padded).map(used).max().unwrap_or(0);
        let length = longest.max(1).next_multiple_of(Self::ROUND).min(padded);
        let cut = |sentence: &[i32]| sentence[..length].to_vec();
        Self {
            each,
            length,
            ids: ids.chunks(padded).flat_map(cut).collect(),
            requests,
        }
    }

    /// Token ids of the sentences that belong to some cases of the step, and which of them these are; `None` where no case
    /// has any.
    pub(super) fn of(&self, cases: Range<usize>) -> Option<(&[i32], Range<usize>)> {
        let Range { start, end } = cases;
        let sentences = start * self.each..end * self.each;
        let ids = &self.ids[sentences.start * self.length..sentences.end * self.length];
        (!sentences.is_empty()).then_some((ids, sentences))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn experiment() -> (Experiment, TextTokenizer) {
        let mut experiment = Experiment::tiny();
        experiment.train.batch = 4;
        let corpus = mriseg_data::wording::corpus(1, 2000);
        let tokenizer = TextTokenizer::learn(corpus.iter().map(String::as_str), 512).unwrap();
        (experiment, tokenizer)
    }

    fn draw(each: usize, step: usize) -> Alone {
        let (experiment, tokenizer) = experiment();
        Alone::draw(&experiment, &tokenizer, each, step)
    }

    #[test]
    fn a_step_has_sentences_of_its_own_whenever_it_is_asked() {
        let (one, two) = (draw(3, 5), draw(3, 6));
        assert_eq!(one.ids, draw(3, 5).ids);
        assert_eq!(one.requests.len(), 12);
        assert_ne!(one.ids, two.ids);
        assert!(one.requests.iter().all(Option::is_some));
    }

    #[test]
    fn shards_share_them_out() {
        let all = draw(3, 0);
        let parts = [0..1, 1..4].map(|cases| all.of(cases).unwrap());
        let ids: Vec<i32> = parts.iter().flat_map(|(ids, _)| ids.to_vec()).collect();
        assert_eq!(parts.map(|(_, sentences)| sentences), [0..3, 3..12]);
        assert_eq!(ids, all.ids);
    }

    #[test]
    fn only_what_pads_all_of_them_is_cut_off() {
        let (experiment, tokenizer) = experiment();
        let all = Alone::draw(&experiment, &tokenizer, 3, 0);
        let text = experiment.model.lm.text_tokens;
        assert!(all.length < text);
        for (number, ids) in all.ids.chunks(all.length).enumerate() {
            let rng = &mut rng("sentence", experiment.seed, number as u64);
            let (_, sentence) = training_sentence(rng);
            let whole = tokenizer.encode(&sentence, text, "").unwrap().ids;
            let (kept, cut) = whole.split_at(all.length);
            assert!(kept.iter().zip(ids).all(|(&a, &b)| a == b as u32));
            assert!(cut.iter().all(|&id| id == tokenizer.padding()));
        }
    }

    #[test]
    fn a_sentence_that_does_not_fit_is_none_and_asks_for_nothing_that_is_known() {
        let (mut experiment, tokenizer) = experiment();
        for tokens in [1, 12] {
            experiment.model.lm.text_tokens = tokens;
            let all = Alone::draw(&experiment, &tokenizer, 12, 0);
            let padding = tokenizer.padding() as i32;
            let of_sentence = all.ids.chunks(all.length).zip(&all.requests);
            let unfit = of_sentence.filter(|(ids, request)| {
                let none = ids.iter().all(|&id| id == padding);
                assert_eq!(none, request.is_none());
                none
            });
            assert!(unfit.count() > 0);
        }
    }

    #[test]
    fn there_need_be_none() {
        assert!(draw(0, 0).of(0..4).is_none());
    }
}
