//! How a sentence is typed: spelling of either side of the Atlantic, capitals, and errors of one letter.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::known::{KNOWN, is_known, one_error_apart};
use super::tables::lexicon::SPELLINGS;

const ROWS: [&str; 3] = ["qwertyuiop", "asdfghjkl", "zxcvbnm"];

/// Spells a sentence the American way.
pub(super) fn american(text: &str) -> String {
    let mut text = text.to_owned();
    for (british, american) in SPELLINGS {
        if text.contains(british) {
            text = text.replace(british, american);
        }
    }
    text
}

/// Makes one error in one word of at least four letters, unless what results could be read as another word.
pub(super) fn mistype(text: &str, rng: &mut ChaCha8Rng) -> String {
    let mut words: Vec<(usize, &str)> = Vec::new();
    let mut start = None;
    for (at, letter) in text.char_indices().chain([(text.len(), ' ')]) {
        match (letter.is_ascii_alphabetic(), start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                words.push((from, &text[from..at]));
                start = None;
            }
            _ => {}
        }
    }
    words.retain(|(_, word)| {
        word.len() >= 4
            && !word[1..].contains(|c: char| c.is_ascii_uppercase())
            && is_known(&word.to_ascii_lowercase())
    });
    if words.is_empty() {
        return text.to_owned();
    }
    for _ in 0..4 {
        let (at, word) = words[rng.random_range(0..words.len())];
        let wrong = with_error(word, rng);
        let plain = wrong.to_ascii_lowercase();
        let right = word.to_ascii_lowercase();
        let unique = plain != right
            && !is_known(&plain)
            && !KNOWN
                .iter()
                .any(|known| *known != right && one_error_apart(known, &plain));
        if unique {
            return format!("{}{wrong}{}", &text[..at], &text[at + word.len()..]);
        }
    }
    text.to_owned()
}

fn with_error(word: &str, rng: &mut ChaCha8Rng) -> String {
    let mut letters: Vec<u8> = word.bytes().collect();
    let at = rng.random_range(1..letters.len());
    match rng.random_range(0..4) {
        0 => {
            letters.remove(at);
        }
        1 => letters.insert(at, letters[at]),
        2 => letters.swap(at, if at + 1 < word.len() { at + 1 } else { at - 1 }),
        _ => {
            let near = neighbours(letters[at]);
            if !near.is_empty() {
                letters[at] = near[rng.random_range(0..near.len())];
            }
        }
    }
    letters.into_iter().map(char::from).collect()
}

/// The keys around a key.
fn neighbours(letter: u8) -> Vec<u8> {
    let mut near = Vec::new();
    for (row, keys) in ROWS.iter().enumerate() {
        let Some(at) = keys.bytes().position(|key| key == letter) else {
            continue;
        };
        let keys = keys.as_bytes();
        near.extend(at.checked_sub(1).map(|before| keys[before]));
        near.extend(keys.get(at + 1));
        if let Some(above) = row.checked_sub(1) {
            near.extend(ROWS[above].as_bytes().get(at));
            near.extend(ROWS[above].as_bytes().get(at + 1));
        }
        if let Some(below) = ROWS.get(row + 1) {
            near.extend(below.as_bytes().get(at));
        }
    }
    near
}

/// Writes the capitals that somebody in a hurry, in a report or in anger would.
pub(super) fn capitals(text: String, rng: &mut ChaCha8Rng) -> String {
    match rng.random_range(0..100) {
        0..=34 => text.to_lowercase(),
        35..=41 => text.to_uppercase(),
        42..=47 => text,
        48..=49 => {
            let mut before = ' ';
            raised(&text, |c| std::mem::replace(&mut before, c) == ' ')
        }
        _ => {
            let mut ended = true;
            raised(&text, |c| {
                let first = ended && c.is_alphabetic();
                ended = matches!(c, '.' | '?' | '!') || ended && !c.is_alphanumeric();
                first
            })
        }
    }
}

/// The text with capitals where a word or sentence `starts`.
fn raised(text: &str, mut starts: impl FnMut(char) -> bool) -> String {
    let mut raised = String::with_capacity(text.len());
    for c in text.chars() {
        if starts(c) {
            raised.extend(c.to_uppercase());
        } else {
            raised.push(c);
        }
    }
    raised
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn one_error_is_one_letter() {
        for (a, b) in [
            ("left", "lift"),
            ("left", "lef"),
            ("left", "elft"),
            ("left", "leftt"),
        ] {
            assert!(one_error_apart(a, b) && one_error_apart(b, a), "{a} {b}");
        }
        for (a, b) in [
            ("left", "left"),
            ("left", "right"),
            ("left", "fel"),
            ("abcd", "badc"),
        ] {
            assert!(!one_error_apart(a, b), "{a} {b}");
        }
    }

    #[test]
    fn a_mistyped_word_is_no_other_word_and_is_nearest_to_its_own() {
        let rng = &mut ChaCha8Rng::seed_from_u64(1);
        let mut changed = 0;
        for word in "left right upper lower lungs lung infiltrates LUL".split(' ') {
            for _ in 0..200 {
                let wrong = mistype(word, rng);
                if wrong == word {
                    continue;
                }
                changed += 1;
                assert!(!is_known(&wrong), "{word} {wrong}");
                let near: Vec<&String> = KNOWN
                    .iter()
                    .filter(|known| one_error_apart(known, &wrong))
                    .collect();
                assert_eq!(near, [word], "{wrong}");
            }
        }
        assert!(changed > 500, "{changed}");
        assert_eq!(mistype("GGO in the LLL", rng), "GGO in the LLL");
    }
}
