//! BPE dropout (Provilkov, Emelianenko and Voita 2020, arXiv 1910.13267): while training, words are now and then spelled
//! in smaller pieces than their tokens, so that the model has met the pieces of which a typing error or a rare
//! abbreviation consists.

use super::TextTokenizer;
use rand::{Rng, RngExt};
use serde_json::Value;
use std::collections::HashMap;

/// Spells tokens in smaller pieces. [`TextTokenizer`] itself never does.
#[derive(Debug, Clone)]
pub struct BpeDropout {
    /// Of which two each token was merged.
    merged_of: HashMap<u32, [u32; 2]>,
    pad: u32,
    probability: f64,
}

impl BpeDropout {
    /// Every merge of `tokenizer` is undone with `probability`, 0 to 1. Nothing is, where it has no merges.
    pub fn new(tokenizer: &TextTokenizer, probability: f64) -> Self {
        let json = tokenizer.inner.to_string(false).unwrap_or_default();
        let json: Value = serde_json::from_str(&json).unwrap_or_default();
        let id = |token: &str| tokenizer.inner.token_to_id(token);
        let merges = json["model"]["merges"].as_array();
        let merge = |pair: &Value| {
            let (first, second) = (pair[0].as_str()?, pair[1].as_str()?);
            let whole = id(&format!("{first}{second}"))?;
            Some((whole, [id(first)?, id(second)?]))
        };
        Self {
            merged_of: merges.into_iter().flatten().filter_map(merge).collect(),
            pad: tokenizer.pad,
            probability,
        }
    }

    /// A padded sentence, spelled anew in as many ids; as it was, where the pieces do not fit.
    pub fn spell(&self, ids: &[u32], rng: &mut impl Rng) -> Vec<u32> {
        let length = ids
            .iter()
            .rposition(|&id| id != self.pad)
            .map_or(0, |last| last + 1);
        let mut spelled = Vec::with_capacity(ids.len());
        let mut waiting: Vec<u32> = ids[..length].iter().rev().copied().collect();
        while let Some(id) = waiting.pop() {
            match self.merged_of.get(&id) {
                Some(&[first, second]) if rng.random_bool(self.probability) => {
                    waiting.extend([second, first]);
                }
                _ => spelled.push(id),
            }
        }
        if spelled.len() > ids.len() {
            return ids.to_vec();
        }
        spelled.resize(ids.len(), self.pad);
        spelled
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    const SENTENCE: &str = "upper left lung.";

    fn tokenizer() -> TextTokenizer {
        TextTokenizer::learn(std::iter::repeat_n(SENTENCE, 20), 512).unwrap()
    }

    #[test]
    fn pieces_spell_the_same_sentence() {
        let tokenizer = tokenizer();
        let ids = tokenizer.encode(SENTENCE, 32, "").unwrap().ids;
        let text = |ids: &[u32]| tokenizer.inner.decode(ids, true).unwrap();
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let half = BpeDropout::new(&tokenizer, 0.5);
        let spellings: Vec<_> = (0..20).map(|_| half.spell(&ids, &mut rng)).collect();
        assert!(spellings.iter().any(|other| *other != ids));
        for spelled in spellings {
            assert_eq!(spelled.len(), 32);
            assert_eq!(text(&spelled), text(&ids));
        }
        let letters = BpeDropout::new(&tokenizer, 1.0).spell(&ids, &mut rng);
        let used = letters.iter().filter(|&&id| id != tokenizer.pad).count();
        assert_eq!(
            used,
            SENTENCE.len() + 1,
            "with the space before the first word"
        );
    }

    #[test]
    fn a_sentence_that_would_not_fit_and_one_without_dropout_stay_as_they_are() {
        let tokenizer = tokenizer();
        let ids = tokenizer.encode(SENTENCE, 6, "").unwrap().ids;
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        assert_eq!(BpeDropout::new(&tokenizer, 1.0).spell(&ids, &mut rng), ids);
        assert_eq!(BpeDropout::new(&tokenizer, 0.0).spell(&ids, &mut rng), ids);
        let none = tokenizer.none(6).ids;
        assert_eq!(
            BpeDropout::new(&tokenizer, 1.0).spell(&none, &mut rng),
            none
        );
    }
}
