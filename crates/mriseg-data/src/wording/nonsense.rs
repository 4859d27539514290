//! Words that mean nothing, made up.

use super::known::is_like_known;
use super::parts::Composer;
use super::tables::english::ENGLISH;

const ONSETS: [&str; 24] = [
    "b", "br", "d", "dr", "f", "fl", "g", "gl", "gr", "k", "kr", "m", "n", "p", "pl", "qu", "sk",
    "sn", "t", "tr", "v", "w", "y", "z",
];
const VOWELS: [&str; 8] = ["a", "e", "i", "o", "u", "oo", "ee", "ai"];
const CODAS: [&str; 12] = ["", "", "b", "g", "k", "m", "n", "rp", "x", "zz", "nk", "lt"];

/// A word that can be spoken and means nothing.
pub(super) fn invented(c: &mut Composer<'_>) -> String {
    loop {
        let mut word = String::new();
        for _ in 0..2 + c.below(2) {
            word.push_str(c.one_of(&ONSETS));
            word.push_str(c.one_of(&VOWELS));
            word.push_str(c.one_of(&CODAS));
        }
        if (4..=11).contains(&word.len()) && !is_like_known(&word) {
            return word;
        }
    }
}

/// "asdf qwer".
pub(super) fn mash(c: &mut Composer<'_>) -> String {
    const ROWS: [&[u8]; 3] = [b"qwertyuiop", b"asdfghjkl", b"zxcvbnm"];
    let words: Vec<String> = (0..1 + c.below(3))
        .map(|_| {
            loop {
                let row = *c.pick(&ROWS);
                let start = c.below(row.len() - 3);
                let length = 3 + c.below(4);
                let straight = c.chance(0.5);
                let word: String = (0..length)
                    .map(|i| {
                        let at = if straight {
                            (start + i) % row.len()
                        } else {
                            c.below(row.len())
                        };
                        char::from(row[at])
                    })
                    .collect();
                if !is_like_known(&word) {
                    return word;
                }
            }
        })
        .collect();
    words.join(" ")
}

/// Ordinary words in no order.
pub(super) fn salad(c: &mut Composer<'_>) -> String {
    let words: Vec<&str> = ENGLISH.split_whitespace().collect();
    let count = 2 + c.below(4);
    let chosen: Vec<&str> = (0..count).map(|_| *c.pick(&words)).collect();
    chosen.join(" ")
}
