//! Every word that a sentence can have, to tell typing errors from words.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::tables::english::ENGLISH;
use super::tables::{clear, denials, fillers, forms, frames, lexicon, off_topic};
use super::{lungs, nothing};

/// Words that sentences have besides those of the tables.
const EXTRA: &str = "left right upper middle lower mid top bottom and is are has have show the of in at on some all any \
    every single unilateral bilateral one-sided two-sided infected affected abnormal involved area areas zone zones \
    region regions foci focus patch patches lung lungs lul lll rul rml rll luz lmz llz ruz rmz rlz or as well plus my an \
    anywhere l r lt rt \
    uz mz lz superior inferior his her sided";

/// All words of sentences, in small letters.
pub(super) static KNOWN: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let mut known = HashSet::new();
    let mut add = |text: &str| {
        for word in text.split(|c: char| !c.is_alphabetic() && c != '\'') {
            known.insert(word.to_lowercase());
        }
    };
    let choices = [
        &frames::VERBS[..],
        &frames::WISHES,
        &frames::TELLING,
        &frames::WHETHER,
        &frames::PLACE_FIRST,
        &frames::PLACE_ONLY,
        &frames::CLAUSES,
        &frames::ALL,
        &denials::DENIALS,
        &denials::STATING,
        &denials::SHOWING,
        &denials::CLEAR_STATEMENTS,
        &denials::CLEAR_THINGS,
        &fillers::OPENINGS,
        &fillers::HEADINGS,
        &fillers::BEFORE,
        &fillers::WITHIN,
        &fillers::AFTER,
        &fillers::BESIDES,
        &clear::OTHER_SIDE,
        &clear::NOT_THERE,
        &clear::ONE_NOT_OTHER,
        &clear::PLACE_CLEAR,
        &clear::NOT_PLACE,
        &clear::EXCEPT,
        &clear::COMPARED,
        &clear::NOT_THE_FINDINGS,
        &clear::NOT_THAT_LUNG,
        &clear::REST,
        &lexicon::DISEASE,
        &lexicon::SHADOW,
        &lexicon::SPOT,
        &lexicon::SPREAD,
        &lexicon::CAUTIOUS,
        &lexicon::AFFECTING,
        &lungs::BOTH,
        &lungs::ONE,
        &lungs::SHAPES,
        &lungs::SHAPE_FRAMES,
        &lungs::ORGAN,
        &lungs::ONE_ORGAN,
        &nothing::ONE_CLEAR,
    ];
    for (text, _) in choices.into_iter().flatten() {
        add(text);
    }
    let forms = [
        &forms::SINGLE[..],
        &forms::GROUPS,
        &forms::BOTH_SIDES,
        &forms::WHOLE_SIDE,
        &forms::WHOLE_BOTH,
        &forms::SIDES,
        &forms::BOTH_LUNGS,
    ];
    for form in forms.into_iter().flatten() {
        add(form.text);
        add(form.before);
    }
    for noun in &lexicon::NOUNS {
        add(noun.one);
        add(noun.many);
    }
    off_topic::names().for_each(&mut add);
    off_topic::NONSENSE.iter().for_each(|text| add(text));
    lexicon::COUNTS.iter().for_each(|text| add(text));
    for (british, american) in lexicon::SPELLINGS {
        add(british);
        add(american);
    }
    add(EXTRA);
    add(ENGLISH);
    known
});

/// Whether a word, in small letters, occurs in sentences.
pub(super) fn is_known(word: &str) -> bool {
    KNOWN.contains(word)
}

/// Whether a word is one that occurs in sentences, or one letter away from it.
pub(super) fn is_like_known(word: &str) -> bool {
    is_known(word) || KNOWN.iter().any(|known| one_error_apart(known, word))
}

/// Whether one letter more, less, changed, or exchanged with its neighbour makes one word the other.
pub(super) fn one_error_apart(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len().abs_diff(b.len()) > 1 || a == b {
        return false;
    }
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    let same = short.iter().zip(long).take_while(|(x, y)| x == y).count();
    if short.len() < long.len() {
        return short[same..] == long[same + 1..];
    }
    let rest = (&short[same + 1..], &long[same + 1..]);
    rest.0 == rest.1
        || same + 1 < short.len()
            && short[same] == long[same + 1]
            && short[same + 1] == long[same]
            && short[same + 2..] == long[same + 2..]
}
