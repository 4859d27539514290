//! Cutting a pretrained vocabulary down: byte-level BPE keeps working with any subset of its merges, and keeps the
//! tokens of a text as long as the merges that made them are kept.

use serde_json::{Map, Value, json};
use std::collections::{BTreeSet, HashMap};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::{
    NormalizedString, Normalizer, OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer,
    Tokenizer,
};

/// The `tokenizer.json` that is left.
///
/// # Errors
/// Why it cannot be cut down, and what to do.
pub(super) fn prune<'a>(
    bytes: &[u8],
    full: &Tokenizer,
    pad: u32,
    sentences: impl Iterator<Item = &'a str>,
) -> Result<Vec<u8>, String> {
    let unreadable = |error: &dyn std::fmt::Display| format!("not a readable tokenizer ({error})");
    let mut json: Value = serde_json::from_slice(bytes).map_err(|error| unreadable(&error))?;
    let pad = full.id_to_token(pad).ok_or("has no token to pad with")?;
    let model = &json["model"];
    let vocab = model["vocab"].as_object().ok_or("has no vocabulary")?;
    let merges: Vec<[&str; 2]> = model["merges"]
        .as_array()
        .ok_or("is no BPE tokenizer: it has no merges; only byte-level BPE can be cut down")?
        .iter()
        .map(pair)
        .collect::<Option<_>>()
        .ok_or("has merges that are not pairs")?;
    let alphabet: BTreeSet<String> = ByteLevel::alphabet().iter().map(char::to_string).collect();
    if let Some(byte) = alphabet.iter().find(|&byte| !vocab.contains_key(byte)) {
        return Err(format!(
            "has no token for the byte {byte:?}: only byte-level BPE can be cut down"
        ));
    }
    let ranks: HashMap<[&str; 2], usize> = merges.iter().copied().zip(0..).collect();
    let whole_words = model["ignore_merges"] == true;

    let mut words = BTreeSet::new();
    for sentence in sentences {
        // A word that only begins sentences is known within them too.
        let within = sentence.split_whitespace().map(|word| format!(" {word}"));
        for text in std::iter::once(sentence.to_owned()).chain(within) {
            words.extend(split(full, &text).map_err(|error| unreadable(&error))?);
        }
    }
    let mut used = BTreeSet::new();
    let mut kept_words = BTreeSet::new();
    for word in &words {
        used.extend(merges_of(word, &ranks));
        if whole_words && vocab.contains_key(word) {
            kept_words.insert(word.clone());
        }
    }

    let tokens = std::iter::once(pad.clone())
        .chain(alphabet)
        .chain(used.iter().map(|&rank| merges[rank].concat()))
        .chain(kept_words);
    let mut kept = Map::new();
    for token in tokens {
        let id = kept.len();
        kept.entry(token).or_insert_with(|| id.into());
    }
    let used: Vec<Value> = used
        .iter()
        .map(|&rank| model["merges"][rank].clone())
        .collect();
    json["model"]["vocab"] = Value::Object(kept);
    json["model"]["merges"] = Value::Array(used);
    json["added_tokens"] = json!([{
        "id": 0, "content": pad, "single_word": false, "lstrip": false, "rstrip": false,
        "normalized": false, "special": true,
    }]);
    serde_json::to_vec(&json).map_err(|error| unreadable(&error))
}

/// A merge is written as "a b" or as ["a", "b"].
fn pair(merge: &Value) -> Option<[&str; 2]> {
    match merge {
        Value::String(text) => text.split_once(' ').map(|(left, right)| [left, right]),
        Value::Array(parts) => match parts.as_slice() {
            [left, right] => Some([left.as_str()?, right.as_str()?]),
            _ => None,
        },
        _ => None,
    }
}

/// The pieces of a sentence that are merged each by itself.
fn split(full: &Tokenizer, sentence: &str) -> tokenizers::Result<Vec<String>> {
    let mut text = NormalizedString::from(sentence);
    if let Some(normalizer) = full.get_normalizer() {
        normalizer.normalize(&mut text)?;
    }
    let mut pieces = PreTokenizedString::from(text);
    if let Some(pre_tokenizer) = full.get_pre_tokenizer() {
        pre_tokenizer.pre_tokenize(&mut pieces)?;
    }
    let pieces = pieces.get_splits(OffsetReferential::Original, OffsetType::Byte);
    Ok(pieces
        .into_iter()
        .map(|(piece, ..)| piece.to_owned())
        .collect())
}

/// Ranks of the merges that make the tokens of a word: always the first of all that are possible.
fn merges_of(word: &str, ranks: &HashMap<[&str; 2], usize>) -> Vec<usize> {
    let mut parts: Vec<String> = word.chars().map(String::from).collect();
    let mut used = Vec::new();
    loop {
        let first = parts
            .windows(2)
            .enumerate()
            .filter_map(|(at, pair)| {
                let rank = ranks.get(&[pair[0].as_str(), pair[1].as_str()])?;
                Some((*rank, at))
            })
            .min();
        let Some((rank, at)) = first else {
            return used;
        };
        used.push(rank);
        let right = parts.remove(at + 1);
        parts[at] += &right;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::TextTokenizer;
    use serde::Deserialize;
    use std::path::PathBuf;

    /// 1 000 sentences, half of them reports, half of them all kinds of Unicode, and their tokens by the PyPI
    /// package `tokenizers`; `fixtures/qwen/make.py` made it.
    #[derive(Deserialize)]
    struct Fixture {
        reports: usize,
        sentences: Vec<String>,
        ids: Vec<Vec<u32>>,
    }

    fn fixture() -> Fixture {
        serde_json::from_str(include_str!("../../fixtures/qwen/sentences.json")).unwrap()
    }

    /// Qwen2.5's `tokenizer.json`, where `scripts/qwen` has put it.
    fn qwen() -> Option<Vec<u8>> {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
        let file = std::env::var_os("MRISEG_QWEN")
            .map_or_else(|| root.join("target/qwen/tokenizer.json"), PathBuf::from);
        let bytes = std::fs::read(&file).ok();
        if bytes.is_none() {
            println!(
                "skipped: no `{}`; ./scripts/qwen fetches it",
                file.display()
            );
        }
        bytes
    }

    #[test]
    fn qwen_tokens_are_those_of_the_python_package() {
        let Some(bytes) = qwen() else { return };
        let tokenizer = TextTokenizer::from_bytes(&bytes, "qwen").unwrap();
        let Fixture { sentences, ids, .. } = fixture();
        assert_eq!(sentences.len(), 1000);
        for (sentence, ids) in sentences.iter().zip(&ids) {
            assert_eq!(tokenizer.ids(sentence).unwrap(), *ids, "{sentence:?}");
        }
    }

    #[test]
    fn a_pruned_qwen_keeps_the_tokens_of_its_sentences_and_loses_no_text() {
        let Some(bytes) = qwen() else { return };
        let full = TextTokenizer::from_bytes(&bytes, "qwen").unwrap();
        let Fixture {
            reports, sentences, ..
        } = fixture();
        let training = || sentences[..reports].iter().map(String::as_str);
        let pruned = TextTokenizer::pruned(&bytes, "qwen", training()).unwrap();
        let size = pruned.to_bytes().unwrap().len();
        assert!(
            pruned.vocab() < 512 && size < 32_000,
            "{} {size}",
            pruned.vocab()
        );
        let tokens = |tokenizer: &TextTokenizer, text: &str| -> Vec<String> {
            let ids = tokenizer.ids(text).unwrap();
            let token = |id: &u32| tokenizer.inner.id_to_token(*id).unwrap();
            ids.iter().map(token).collect()
        };
        for text in training() {
            assert_eq!(tokens(&pruned, text), tokens(&full, text), "{text}");
            assert!(pruned.fits(text, 48), "{text}");
        }
        let read = |tokenizer: &TextTokenizer, text: &str| {
            let ids = tokenizer.ids(text).unwrap();
            tokenizer.inner.decode(&ids, false).unwrap()
        };
        for text in &sentences {
            assert_eq!(read(&pruned, text), read(&full, text));
        }
        let saved = TextTokenizer::from_bytes(&pruned.to_bytes().unwrap(), "saved").unwrap();
        assert_eq!(tokens(&saved, &sentences[0]), tokens(&full, &sentences[0]));
    }

    const SENTENCE: &str = "upper left lung and lower left lung";

    fn learned() -> TextTokenizer {
        TextTokenizer::learn(
            [SENTENCE, "a zebra's stripes"].into_iter().cycle().take(20),
            400,
        )
        .unwrap()
    }

    #[test]
    fn what_no_sentence_needs_is_gone_and_bytes_stand_in_for_it() {
        let full = learned();
        let bytes = full.to_bytes().unwrap();
        let pruned = TextTokenizer::pruned(&bytes, "t.json", [SENTENCE].into_iter()).unwrap();
        assert!(pruned.vocab() < full.vocab());
        let count = |tokenizer: &TextTokenizer, text: &str| tokenizer.ids(text).unwrap().len();
        assert_eq!(count(&pruned, SENTENCE), count(&full, SENTENCE));
        assert!(count(&pruned, "zebra") > count(&full, "zebra"));
        let ids = pruned.ids("zebra").unwrap();
        assert_eq!(pruned.inner.decode(&ids, false).unwrap().trim(), "zebra");
    }

    #[test]
    fn other_kinds_of_tokenizers_are_refused() {
        let mut json: Value = serde_json::from_slice(&learned().to_bytes().unwrap()).unwrap();
        json["model"]["vocab"].as_object_mut().unwrap().remove("Ā");
        let bytes = serde_json::to_vec(&json).unwrap();
        let message = TextTokenizer::pruned(&bytes, "t.json", [SENTENCE].into_iter())
            .unwrap_err()
            .to_string();
        assert!(
            message.contains("t.json") && message.contains("byte-level BPE"),
            "{message}"
        );
    }
}
