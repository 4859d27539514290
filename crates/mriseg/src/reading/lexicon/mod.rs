//! What single words mean to the [reader](super::reader), and how a mistyped word is read.

mod meaning;
mod words;

pub(super) use meaning::{Meaning, side_of};

use super::Side;
use std::collections::BTreeMap;
use std::sync::LazyLock;

static MEANINGS: LazyLock<BTreeMap<&'static str, Meaning>> = LazyLock::new(|| {
    let mut meanings = BTreeMap::new();
    for &(meaning, list) in words::WORDS {
        for word in list.split_whitespace() {
            meanings.entry(word).or_insert(meaning);
        }
    }
    meanings
});

/// The meaning of a word in small letters without accents, also of its plural and of a word with one typing error.
pub(super) fn meaning(word: &str) -> Option<Meaning> {
    if word.bytes().all(|b| b.is_ascii_digit()) {
        return Some(match word.parse() {
            Ok(count @ 1..=6) => Meaning::Count(count),
            _ => Meaning::Filler,
        });
    }
    let known = exact(word).or_else(|| {
        if word.is_ascii() {
            undoubled(word)
                .and_then(|word| exact(&word))
                .or_else(|| corrected(word))
        } else {
            None
        }
    });
    known.or_else(|| foreign(word))
}

/// Two words written as one: "leftlung".
pub(super) fn glued(word: &str) -> Option<(Meaning, Meaning)> {
    ["left", "right", "upper", "middle", "lower"]
        .into_iter()
        .find_map(|first| {
            let rest = word.strip_prefix(first).filter(|rest| rest.len() > 3)?;
            // "leftover" is one word.
            let second = exact(rest).filter(|second| *second != Meaning::In)?;
            Some((exact(first)?, second))
        })
}

/// The word for the same on the other side, of a word in small letters without accents; `None` where it names no side.
/// Words that have no counterpart get a phrase: there is no middle lobe on the left.
pub(super) fn opposite(word: &str) -> Option<String> {
    let phrase = match word {
        "rml" => Some("left middle zone"),
        "lingula" | "lingular" => Some("right middle lobe"),
        "retrocardiac" => Some("right lower zone"),
        _ => None,
    };
    if let Some(other) = phrase.or_else(|| elsewhere(word).map(|(_, other)| other)) {
        return Some(other.to_owned());
    }
    let same = |word: &str| {
        words::WORDS.iter().find_map(|&(meaning, list)| {
            let place = list.split_whitespace().position(|known| known == word)?;
            let others = words_for(meaning.other_side()?)?;
            others.split_whitespace().nth(place).map(str::to_owned)
        })
    };
    let plural = || Some(same(word.strip_suffix('s')?)? + "s");
    let mistyped = || {
        let others = words_for(meaning(word)?.other_side()?)?;
        others.split_whitespace().next().map(str::to_owned)
    };
    same(word).or_else(plural).or_else(mistyped)
}

/// The side that an abbreviation for a place outside the lungs names (quadrants of the abdomen, flanks, views of a breast),
/// and the same on the other.
pub(super) fn elsewhere(word: &str) -> Option<(Side, &'static str)> {
    const PAIRS: [[&str; 2]; 6] = [
        ["luq", "ruq"],
        ["llq", "rlq"],
        ["lif", "rif"],
        ["lmlo", "rmlo"],
        ["lcc", "rcc"],
        ["lhs", "rhs"],
    ];
    PAIRS.iter().find_map(|&[left, right]| match word {
        _ if word == left => Some((Side::Left, right)),
        _ if word == right => Some((Side::Right, left)),
        _ => None,
    })
}

fn words_for(meaning: Meaning) -> Option<&'static str> {
    let mut lists = words::WORDS.iter();
    lists.find_map(|&(own, list)| (own == meaning).then_some(list))
}

/// Whether a word that was not read may have been meant as a side.
pub(super) fn is_side_like(word: &str) -> bool {
    exact(word) == Some(Meaning::ForeignSide)
        || foreign(word) == Some(Meaning::ForeignSide)
        || ["lef", "rig", "rih", "lft", "rgh"]
            .iter()
            .any(|start| word.starts_with(start))
        || ["left", "right"].iter().any(|side| word.contains(side))
        || ["left", "right"].iter().any(|side| one_error(word, side))
}

/// Whether a word, in small letters without accents, is a side of another language; `meaning` is what it means in English.
/// Of a script beyond Latin, Greek and Cyrillic any word may hold one.
pub(super) fn is_foreign_side(word: &str, meaning: Option<Meaning>) -> bool {
    const STARTS: [&str; 12] = [
        "links", "rechts", "gauch", "izquierd", "derech", "esquerd", "direit", "sinistr", "lewo",
        "lewy", "prawo", "prawy",
    ];
    const WORDS: [&str; 7] = [
        "izq", "izda", "dcha", "dexter", "dextra", "dextrum", "sinister",
    ];
    // Abbreviations in English: space-occupying lesion, sagittal, lavage.
    const AMBIGUOUS: [&str; 3] = ["sol", "sag", "bal"];
    match meaning {
        Some(Meaning::ForeignSide) => !AMBIGUOUS.contains(&word),
        Some(Meaning::Foreign) | None => {
            WORDS.contains(&word)
                || STARTS.iter().any(|start| word.starts_with(start))
                || word.chars().any(|c| c as u32 > 0x52f && c.is_alphabetic())
        }
        Some(_) => false,
    }
}

/// Whether a word that was not read belongs to another language.
pub(super) fn is_foreign(word: &str) -> bool {
    exact(word) == Some(Meaning::Foreign)
        || word.chars().any(|c| c.is_alphabetic() && c as u32 > 0x2ff)
}

fn exact(word: &str) -> Option<Meaning> {
    let find = |word: &str| MEANINGS.get(word).copied();
    find(word).or_else(|| singular(word).and_then(|word| find(&word)))
}

fn singular(word: &str) -> Option<String> {
    if word.len() < 4 || word.ends_with("ss") {
        return None;
    }
    if let Some(start) = word.strip_suffix("ies") {
        return Some(format!("{start}y"));
    }
    let ends = ["sses", "ches", "shes", "xes"];
    if ends.iter().any(|end| word.ends_with(end)) {
        return word.strip_suffix("es").map(str::to_owned);
    }
    word.strip_suffix('s').map(str::to_owned)
}

fn corrected(word: &str) -> Option<Meaning> {
    if !(3..=24).contains(&word.len()) {
        return None;
    }
    let nearest = |word: &str| {
        let candidates = MEANINGS
            .iter()
            .filter(|(known, meaning)| may_be_mistyped(known, **meaning, word.len()))
            .filter(|(known, _)| one_error(word, known) && !starts_otherwise(word, known));
        candidates.map(|(_, meaning)| *meaning).min()
    };
    nearest(word).or_else(|| singular(word).and_then(|word| nearest(&word)))
}

/// "siide", "shadowss".
fn undoubled(word: &str) -> Option<String> {
    let bytes = word.as_bytes();
    let double = (1..bytes.len()).find(|&i| word.len() > 4 && bytes[i] == bytes[i - 1])?;
    Some(format!("{}{}", &word[..double], &word[double + 1..]))
}

/// Short words are near to too many others.
fn may_be_mistyped(known: &str, meaning: Meaning, typed: usize) -> bool {
    let place = matches!(meaning, Meaning::Side(_) | Meaning::Zone(_));
    if matches!(
        meaning,
        Meaning::ForeignSide | Meaning::Foreign | Meaning::Lookalike
    ) {
        return false;
    }
    if matches!(meaning, Meaning::No | Meaning::Not) && known.len() < 7 {
        return false;
    }
    match known.len() {
        4 => known == "left" || known == "lung" && typed > 3,
        5.. => typed > 4 || place && typed == 4,
        _ => false,
    }
}

/// Another first letter makes another word ("night", "tower") more often than it is an error.
fn starts_otherwise(word: &str, known: &str) -> bool {
    word.len() == known.len() && word[1..] == known[1..]
}

/// Whether one letter less, more, or other, or two swapped, is all that is between two words.
fn one_error(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    let same = short.iter().zip(long).take_while(|(a, b)| a == b).count();
    match long.len() - short.len() {
        1 => short[same..] == long[same + 1..],
        0 if same == long.len() => false,
        0 => {
            short[same + 1..] == long[same + 1..]
                || (short.len() > same + 1
                    && short[same] == long[same + 1]
                    && short[same + 1] == long[same]
                    && short[same + 2..] == long[same + 2..])
        }
        _ => false,
    }
}

/// Sides in scripts whose words change their endings or are not set apart.
fn foreign(word: &str) -> Option<Meaning> {
    let side = ["左", "右", "왼", "오른"]
        .iter()
        .any(|sign| word.contains(sign))
        || [
            "лев",
            "прав",
            "слев",
            "справ",
            "лів",
            "αριστερ",
            "δεξι",
            "يسار",
            "يمين",
            "बा",
            "दा",
        ]
        .iter()
        .any(|start| word.starts_with(start));
    side.then_some(Meaning::ForeignSide)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_typing_error_is_read() {
        for (typed, meant) in [
            ("letf", "left"),
            ("lft", "left"),
            ("rigth", "right"),
            ("rihgt", "right"),
            ("rght", "right"),
            ("uper", "upper"),
            ("lowwer", "lower"),
            ("lugn", "lung"),
            ("infecton", "infection"),
            ("pnuemonia", "pneumonia"),
            ("consolidaton", "consolidation"),
            ("opacites", "opacity"),
        ] {
            assert_eq!(meaning(typed), exact(meant), "{typed}");
        }
    }

    #[test]
    fn words_that_only_look_alike_are_not_corrected() {
        for word in [
            "night", "tight", "tower", "power", "flower", "interior", "legion", "felt", "lift",
            "supper",
        ] {
            let meaning = meaning(word);
            let read = matches!(
                meaning,
                Some(Meaning::Side(_) | Meaning::Zone(_) | Meaning::Finding)
            );
            assert!(!read, "{word}: {meaning:?}");
        }
    }

    #[test]
    fn no_word_has_two_meanings() {
        let mut seen = BTreeMap::new();
        for &(meaning, list) in words::WORDS {
            for word in list.split_whitespace() {
                assert_eq!(seen.insert(word, meaning), None, "{word}");
            }
        }
    }

    #[test]
    fn two_words_written_as_one_are_read() {
        assert_eq!(glued("leftlung"), Some((Meaning::Side(0), Meaning::Lung)));
        assert_eq!(
            glued("rightlower"),
            Some((Meaning::Side(1), Meaning::Zone(2)))
        );
        assert_eq!(glued("leftish"), None);
        assert_eq!(glued("leftover"), None);
    }
}
