//! Text tokenizer: sentences to token ids, on the `tokenizers` crate. The vocabulary is learned from
//! the training sentences; or it is cut down from a pretrained one, such as Qwen's (docs/METHOD.md, section 2.1).

mod prune;

use serde_json::Value;
use tokenizers::models::bpe::{BPE, BpeTrainerBuilder};
use tokenizers::normalizers::utils::Lowercase;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::{AddedToken, Tokenizer, TokenizerBuilder};

/// Fills the text part behind a sentence; a text part of nothing else means "no sentence".
pub const PAD: &str = "[PAD]";
/// The same in pretrained tokenizers; the first that one has is used.
const PADS: [&str; 4] = [PAD, "<|endoftext|>", "<pad>", "<|pad|>"];
/// The scripts from here on (Chinese, Japanese, …) do not set words apart.
pub const UNSPACED: char = '\u{2e80}';

/// Byte-level BPE with a fixed length per sentence.
#[derive(Debug, Clone)]
pub struct TextTokenizer {
    inner: Tokenizer,
    pad: u32,
}

/// A sentence as the model reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// Token ids, padded to the model's text length.
    pub ids: Vec<u32>,
}

/// A sentence that cannot be read, or no tokenizer to read it with.
#[derive(Debug, thiserror::Error)]
pub enum TextError {
    /// The sentence is empty.
    #[error("the sentence is empty: write what to segment, for example \"{example}\"")]
    Empty {
        /// A sentence that the model understands.
        example: String,
    },
    /// The sentence has more tokens than the model reads.
    #[error(
        "the sentence is too long: {words} words, which are {tokens} tokens, and this model reads {limit} tokens, about {} ordinary words: shorten it",
        limit / 2
    )]
    TooLong {
        /// Words of the sentence.
        words: usize,
        /// Tokens of the sentence.
        tokens: usize,
        /// Tokens that fit.
        limit: usize,
    },
    /// The tokenizer file is broken or lacks what the model needs.
    #[error("{file}: {reason}")]
    Tokenizer {
        /// File name.
        file: String,
        /// What is wrong and what to do.
        reason: String,
    },
}

impl TextTokenizer {
    /// Learns a vocabulary of at most `vocab` tokens (256 bytes and `[PAD]` among them).
    pub fn learn<'a>(
        sentences: impl Iterator<Item = &'a str> + Send,
        vocab: usize,
    ) -> Result<Self, TextError> {
        let fail = |error: tokenizers::Error| tokenizer_error("training sentences", error);
        let mut trainer = BpeTrainerBuilder::new()
            .show_progress(false)
            .vocab_size(vocab)
            .initial_alphabet(ByteLevel::alphabet().into_iter().collect())
            .special_tokens(vec![AddedToken::from(PAD, true)])
            .build();
        let byte_level = ByteLevel::new(true, true, true);
        let mut tokenizer = TokenizerBuilder::new()
            .with_model(BPE::default())
            .with_normalizer(Some(Lowercase))
            .with_pre_tokenizer(Some(byte_level))
            .with_post_processor(Some(byte_level))
            .with_decoder(Some(byte_level))
            .build()
            .map_err(fail)?;
        tokenizer
            .train(&mut trainer, sentences.map(str::to_owned))
            .map_err(fail)?;
        let json = tokenizer.to_string(false).map_err(fail)?;
        Self::from_bytes(json.as_bytes(), "the learned tokenizer")
    }

    /// Loads a `tokenizer.json`; `file` names it in errors.
    pub fn from_bytes(bytes: &[u8], file: &str) -> Result<Self, TextError> {
        // The crate panics at faulty JSON within a decoder and at merges to what is no token, so that is found before.
        let json: Value =
            serde_json::from_slice(bytes).map_err(|error| tokenizer_error(file, error.into()))?;
        check_merges(&json["model"]).map_err(|reason| tokenizer_error(file, reason.into()))?;
        let inner = Tokenizer::from_bytes(json.to_string())
            .map_err(|error| tokenizer_error(file, error))?;
        let pad = PADS
            .iter()
            .find_map(|pad| inner.token_to_id(pad))
            .ok_or_else(|| TextError::Tokenizer {
                file: file.to_owned(),
                reason: format!(
                    "has no token to pad with: add {PAD} to its special tokens (also understood: {})",
                    PADS[1..].join(", ")
                ),
            })?;
        Ok(Self { inner, pad })
    }

    /// A pretrained byte-level BPE `tokenizer.json`, cut down to what `sentences` need and the 256 bytes: those
    /// sentences keep their tokens, under new ids, and any other text still has some. `file` names it in errors.
    ///
    /// # Errors
    /// It is no byte-level BPE tokenizer, or has no token to pad with.
    pub fn pruned<'a>(
        bytes: &[u8],
        file: &str,
        sentences: impl Iterator<Item = &'a str>,
    ) -> Result<Self, TextError> {
        let full = Self::from_bytes(bytes, file)?;
        let json = prune::prune(bytes, &full.inner, full.pad, sentences).map_err(|reason| {
            TextError::Tokenizer {
                file: file.to_owned(),
                reason,
            }
        })?;
        Self::from_bytes(&json, file)
    }

    /// The `tokenizer.json`.
    pub fn to_bytes(&self) -> Result<Vec<u8>, TextError> {
        let json = self
            .inner
            .to_string(false)
            .map_err(|error| tokenizer_error("tokenizer.json", error))?;
        Ok(json.into_bytes())
    }

    /// Entries of the vocabulary, special tokens included.
    pub fn vocab(&self) -> usize {
        self.inner.get_vocab_size(true)
    }

    /// The tokens that both vocabularies have, with their id here and their id in `other`; what pads is one of them.
    pub fn tokens_in_common(&self, other: &Self) -> Vec<(u32, u32)> {
        let mut tokens: Vec<(u32, u32)> = self
            .inner
            .get_vocab(true)
            .into_iter()
            .filter(|&(_, id)| id != self.pad)
            .filter_map(|(token, id)| Some((id, other.inner.token_to_id(&token)?)))
            .chain([(self.pad, other.pad)])
            .collect();
        tokens.sort_unstable();
        tokens
    }

    /// Tokens of a sentence, padded to `length`. Unknown words are spelled.
    ///
    /// # Errors
    /// The sentence is empty, for which `example` is offered instead, or does not fit.
    pub fn encode(&self, text: &str, length: usize, example: &str) -> Result<Prompt, TextError> {
        const LONGEST_TEXT: usize = 20_000;
        let text = text.trim();
        if text.is_empty() {
            return Err(TextError::Empty {
                example: example.to_owned(),
            });
        }
        let too_long = |tokens: usize| TextError::TooLong {
            words: text.split_whitespace().count(),
            tokens,
            limit: length,
        };
        if text.len() > LONGEST_TEXT {
            return Err(too_long(text.len()));
        }
        let mut ids = self.ids(text)?;
        if ids.len() > length {
            return Err(too_long(ids.len()));
        }
        ids.resize(length, self.pad);
        Ok(Prompt { ids })
    }

    /// The part of the sentence that each of its tokens stands for. Tokens that share a character stand for it both.
    ///
    /// # Errors
    /// The tokenizer cannot read it.
    pub fn pieces(&self, text: &str) -> Result<Vec<String>, TextError> {
        let text = text.trim();
        let encoding = (self.inner.encode_char_offsets(text, true))
            .map_err(|error| tokenizer_error("tokenizer.json", error))?;
        let piece = |&(from, to): &(usize, usize)| {
            let characters = text.chars().skip(from).take(to - from);
            characters.collect::<String>().trim().to_owned()
        };
        Ok(encoding.get_offsets().iter().map(piece).collect())
    }

    /// Whether some word of a sentence is known as such: one token of at least two letters or, in a script that does not set
    /// words apart, a character that is not spelled byte by byte.
    pub fn knows_a_word(&self, text: &str) -> bool {
        let Ok(encoding) = self.inner.encode_char_offsets(text, true) else {
            return false;
        };
        let chars: Vec<char> = text.chars().collect();
        let tokens = encoding.get_offsets();
        let of_char = |at: usize| {
            let over = |&&(from, to): &&(usize, usize)| (from..to).contains(&at);
            tokens.iter().filter(over).count()
        };
        let letter = |at: usize| chars.get(at).is_some_and(|c| c.is_alphanumeric());
        let unspaced = (chars.iter().enumerate())
            .any(|(at, &c)| c >= UNSPACED && letter(at) && of_char(at) < c.len_utf8());
        unspaced
            || tokens.iter().any(|&(from, to)| {
                let from = (from..to).find(|&at| letter(at)).unwrap_or(to);
                let to = (from..to).rfind(|&at| letter(at)).map_or(from, |at| at + 1);
                let bounded = (from == 0 || !letter(from - 1)) && !letter(to);
                bounded && to - from > 1 && (from..to).all(|at| of_char(at) == 1)
            })
    }

    /// Whether a sentence fits `length` tokens.
    pub fn fits(&self, text: &str, length: usize) -> bool {
        self.encode(text, length, "").is_ok()
    }

    /// The token that fills the text part behind a sentence.
    pub fn padding(&self) -> u32 {
        self.pad
    }

    /// "No sentence": nothing but padding.
    pub fn none(&self, length: usize) -> Prompt {
        Prompt {
            ids: vec![self.pad; length],
        }
    }

    fn ids(&self, text: &str) -> Result<Vec<u32>, TextError> {
        let encoding = self
            .inner
            .encode(text, true)
            .map_err(|error| tokenizer_error("tokenizer.json", error))?;
        Ok(encoding.get_ids().to_vec())
    }
}

/// Refuses merges of byte pair encoding whose result, without the prefix of the second part, is no token.
fn check_merges(model: &Value) -> Result<(), String> {
    let (Some(vocabulary), Some(merges)) = (model["vocab"].as_object(), model["merges"].as_array())
    else {
        return Ok(());
    };
    let prefix = model["continuing_subword_prefix"].as_str().unwrap_or("");
    for merge in merges {
        let parts = match merge {
            Value::String(both) => both.split_once(' '),
            both => both[0].as_str().zip(both[1].as_str()),
        };
        // Anything else is refused by the crate.
        let Some((first, second)) = parts else {
            continue;
        };
        let whole = second
            .get(prefix.len()..)
            .map(|rest| [first, rest].concat());
        if !whole.is_some_and(|whole| vocabulary.contains_key(&whole)) {
            return Err(format!("the merge of {first:?} and {second:?} is no token"));
        }
    }
    Ok(())
}

fn tokenizer_error(file: &str, error: tokenizers::Error) -> TextError {
    TextError::Tokenizer {
        file: file.to_owned(),
        reason: format!("not a readable tokenizer ({error})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = "unilateral pulmonary infection, one infected area, upper left lung.";

    fn tokenizer() -> TextTokenizer {
        let sentences = [
            EXAMPLE,
            "bilateral pulmonary infection, two infected areas, lower left lung and middle right lung.",
        ];
        let repeated = sentences.into_iter().cycle().take(20);
        TextTokenizer::learn(repeated, 512).unwrap()
    }

    #[test]
    fn a_training_word_is_one_token_and_case_does_not_matter() {
        let tokenizer = tokenizer();
        let prompt = tokenizer.encode(EXAMPLE, 24, EXAMPLE).unwrap();
        assert_eq!(prompt.ids.len(), 24);
        let used = prompt.ids.iter().filter(|&&id| id != tokenizer.pad).count();
        assert_eq!(used, 12, "nine words, two commas and a full stop");
        let shouted = tokenizer
            .encode(&EXAMPLE.to_uppercase(), 24, EXAMPLE)
            .unwrap();
        assert_eq!(shouted.ids, prompt.ids);
    }

    #[test]
    fn pieces_are_what_tokens_stand_for() {
        let tokenizer = tokenizer();
        let pieces = tokenizer.pieces(" Upper left lung. ").unwrap();
        assert_eq!(pieces, ["Upper", "left", "lung", "."]);
        let text = "left zebra, 🫁";
        let pieces = tokenizer.pieces(text).unwrap();
        assert_eq!(pieces.len(), tokenizer.ids(text).unwrap().len());
        assert_eq!(pieces[0], "left");
        assert!(pieces[1..].contains(&",".to_owned()) && pieces.last().unwrap() == "🫁");
    }

    #[test]
    fn left_and_right_differ() {
        let tokenizer = tokenizer();
        let left = tokenizer.encode("upper left lung", 8, EXAMPLE).unwrap();
        let right = tokenizer.encode("upper right lung", 8, EXAMPLE).unwrap();
        assert_ne!(left.ids, right.ids);
    }

    #[test]
    fn unknown_words_are_spelled_not_refused() {
        let tokenizer = tokenizer();
        let zebra = tokenizer.encode("left zebra", 8, EXAMPLE).unwrap();
        let zebrb = tokenizer.encode("left zebrb", 8, EXAMPLE).unwrap();
        assert_ne!(zebra.ids, zebrb.ids);
        assert!(tokenizer.encode("🫁🫁", 16, EXAMPLE).is_ok());
        assert!(tokenizer.fits("left zebra", 8) && !tokenizer.fits("left zebra", 4));
    }

    #[test]
    fn a_known_word_is_one_that_is_not_spelled() {
        let tokenizer = tokenizer();
        for text in ["the Left thing", "zebra, LUNG", EXAMPLE] {
            assert!(tokenizer.knows_a_word(text), "{text}");
        }
        for text in [
            "",
            "pneumothorax apical",
            "?",
            "a b",
            "\u{53f3}\u{80ba}",
            "\u{e9}t\u{e9}",
        ] {
            assert!(!tokenizer.knows_a_word(text), "{text}");
        }
        let sentences = [
            "\u{5de6}\u{80ba}\u{611f}\u{67d3}",
            "\u{53f3}\u{80ba}\u{611f}\u{67d3}",
        ];
        let chinese = TextTokenizer::learn(sentences.into_iter().cycle().take(20), 512).unwrap();
        assert!(chinese.knows_a_word("\u{53f3}\u{80ba}"));
        assert!(!chinese.knows_a_word("left lung"));
    }

    #[test]
    fn empty_and_endless_sentences_are_refused_with_numbers() {
        let tokenizer = tokenizer();
        let empty = tokenizer.encode(" \n", 8, EXAMPLE).unwrap_err().to_string();
        assert!(empty.starts_with("the sentence is empty"), "{empty}");
        let endless = tokenizer
            .encode(&"left lung ".repeat(1000), 8, EXAMPLE)
            .unwrap_err()
            .to_string();
        assert!(
            endless.contains("2000 words") && endless.contains("about 4 ordinary words"),
            "{endless}"
        );
    }

    #[test]
    fn a_saved_tokenizer_gives_the_same_ids() {
        let tokenizer = tokenizer();
        let bytes = tokenizer.to_bytes().unwrap();
        let loaded = TextTokenizer::from_bytes(&bytes, "tokenizer.json").unwrap();
        assert_eq!(
            loaded.encode(EXAMPLE, 24, EXAMPLE).unwrap(),
            tokenizer.encode(EXAMPLE, 24, EXAMPLE).unwrap()
        );
        assert_eq!(loaded.vocab(), tokenizer.vocab());
    }

    #[test]
    fn tokens_of_another_vocabulary_are_found_by_what_they_say() {
        let ours = tokenizer();
        let words = ["polyp on the left", "lower left lung"];
        let other = TextTokenizer::learn(words.into_iter().cycle().take(20), 512).unwrap();
        let common = ours.tokens_in_common(&other);
        assert!(common.contains(&(ours.pad, other.pad)));
        assert!(
            (258..ours.vocab()).contains(&common.len()),
            "{}",
            common.len()
        );
        for &(here, there) in &common {
            let (here, there) = (ours.inner.id_to_token(here), other.inner.id_to_token(there));
            assert_eq!(here, there);
        }
        assert_eq!(ours.tokens_in_common(&ours).len(), ours.vocab());
    }

    #[test]
    fn a_merge_to_what_is_no_token_is_refused() {
        let json = String::from_utf8(tokenizer().to_bytes().unwrap()).unwrap();
        for (merges, prefix) in [
            (r#"["lung","lung"]"#, "null"),
            (r#""lung lung""#, "null"),
            (r#"["l","u"]"#, r#""LONG""#),
        ] {
            let mut json: Value = serde_json::from_str(&json).unwrap();
            let model = &mut json["model"];
            model["merges"] = serde_json::from_str(&format!("[{merges}]")).unwrap();
            model["continuing_subword_prefix"] = serde_json::from_str(prefix).unwrap();
            let said = TextTokenizer::from_bytes(json.to_string().as_bytes(), "t.json")
                .unwrap_err()
                .to_string();
            assert!(
                said.contains("t.json") && said.contains("is no token"),
                "{said}"
            );
        }
    }

    #[test]
    fn a_tokenizer_without_padding_is_refused() {
        let json = String::from_utf8(tokenizer().to_bytes().unwrap()).unwrap();
        let message =
            TextTokenizer::from_bytes(json.replace("[PAD]", "[GAP]").as_bytes(), "t.json")
                .unwrap_err()
                .to_string();
        assert!(
            message.contains("t.json") && message.contains("[PAD]"),
            "{message}"
        );
    }
}
