//! Sentences, and tokenizers to read them with.

use mriseg::bundle::SideConvention;
use mriseg::image::Mask;
use mriseg::reading::{Findings, Reading, other_side, swap_heights, swap_sides};
use mriseg::sentence::checks;
use mriseg::text::TextTokenizer;
use std::sync::OnceLock;

const TOKENS: usize = 32;

fn tokenizer() -> &'static TextTokenizer {
    static TOKENIZER: OnceLock<TextTokenizer> = OnceLock::new();
    TOKENIZER.get_or_init(|| {
        let sentences = ["infection in the lower left lung", "both lungs"];
        TextTokenizer::learn(sentences.into_iter(), 300).expect("a tokenizer")
    })
}

/// A sentence: read for people, swapped, checked against a mask, turned into tokens.
pub fn sentences(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let reading = Reading::of(&text);
    let _ = (reading.describe(), reading.hint(), reading.request());
    if let Some(findings) = Findings::parse(&text) {
        let again = Findings::parse(&findings.to_sentence());
        assert_eq!(again, Some(findings), "a sentence says what it was made of");
    }
    let _ = (swap_sides(&text), swap_heights(&text), other_side(&text));
    let pixels = (0..64).map(|i| u8::from(i % 5 == 0)).collect();
    let _ = checks(&text, &Mask::new(8, 8, pixels), SideConvention::Patient);
    let fits = tokenizer().fits(&text, TOKENS);
    let encoded = tokenizer().encode(&text, TOKENS, "both lungs");
    assert!(encoded.is_err() || fits, "what is encoded fits");
    let _ = tokenizer().pieces(&text);
}

/// A `tokenizer.json`, and a sentence read with it.
pub fn tokenizers(bytes: &[u8]) {
    let Ok(read) = TextTokenizer::from_bytes(bytes, "tokenizer.json") else {
        return;
    };
    let _ = read.encode("Infection in the lower left lung, \u{e9}", TOKENS, "");
    let _ = read.pieces("both lungs");
    let _ = (
        read.vocab(),
        read.none(TOKENS),
        tokenizer().tokens_in_common(&read),
    );
    let _ = TextTokenizer::pruned(bytes, "tokenizer.json", ["left lung"].into_iter());
}
