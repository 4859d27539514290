//! The other side: exchanging left and right, or top and bottom, in a sentence.

use std::borrow::Cow;
use std::ops::Range;

use super::{Findings, Reading, Request, Side, lexicon};
use crate::bundle::SideConvention;

/// Exchanges the sides that a text names, in words ("left", "Rt") and in abbreviations ("RUL", "LLZ"), keeping capitals. A
/// sentence in the spelling of the grammar also keeps the grammar's order, left lung first. A mistyped side is spelled right;
/// what has no counterpart is paraphrased ("RML": "left middle zone").
pub fn swap_sides(text: &str) -> String {
    match Findings::parse(text) {
        Some(findings) if findings.to_sentence() == text => findings.swapped().to_sentence(),
        _ => with_middle_lobe(text, swap_side_words(text)),
    }
}

/// The sentence that names the other side, or `None` where exchanging the sides changes nothing: no side is named,
/// or the same zones of both.
pub fn other_side(text: &str) -> Option<String> {
    let of_both = match Reading::of(text).request() {
        None | Some(Request::Other) => false,
        Some(request) => request.swapped() == request,
    };
    let swapped = swap_sides(text);
    (swapped != text && !of_both).then_some(swapped)
}

/// The sentence in the words of a model: a sentence whose "left" means `words`' left, for a model whose "left" means
/// `model`'s. Borrowed where nothing had to be changed.
pub fn in_convention(text: &str, words: SideConvention, model: SideConvention) -> Cow<'_, str> {
    if words == model {
        return Cow::Borrowed(text);
    }
    let swapped = swap_sides(text);
    if swapped == text {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(swapped)
    }
}

/// The side that a text, about lungs or not, names; `None` where it names none, or both.
pub fn named_side(text: &str) -> Option<Side> {
    let words = Reading::side_words(text);
    let mut sides = words.into_iter().map(|(_, side)| side);
    let first = sides.next()?;
    sides.all(|side| side == first).then_some(first)
}

/// The words of a text that name a side, or may name one, and that [`swap_sides`] leaves as they are: those of other
/// languages.
pub fn unswapped_sides(text: &str) -> Vec<String> {
    Reading::unread_side_words(text)
}

/// The words of a text that name above or below, or may name it, and that [`swap_heights`] leaves as they are.
pub fn unswapped_heights(text: &str) -> Vec<String> {
    const FOREIGN: &str = "oben unten obere oberen oberer oberes untere unteren unterer unteres oberlappen unterlappen \
        oberfeld unterfeld haut bas superieur superieure inferieur inferieure arriba abajo alto basso sopra sotto \
        superiore inferiore cima baixo gorny gorna dolny dolna boven onder";
    let mut words: Vec<String> = Vec::new();
    for word in text.split(|c: char| !c.is_alphanumeric()) {
        let word = word.to_lowercase();
        let plain = Reading::without_accents(&word);
        let names = FOREIGN.split_whitespace().any(|known| known == plain)
            || plain.chars().any(|c| c as u32 > 0x2ff && c.is_alphabetic());
        if names && !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

/// Exchanges the words for above and below in a text: "top", "upper", "superior", "above" and their like with their
/// opposites.
pub fn swap_heights(text: &str) -> String {
    const HEIGHTS: [[&str; 2]; 7] = [
        ["top", "bottom"],
        ["upper", "lower"],
        ["superior", "inferior"],
        ["above", "below"],
        ["uppermost", "lowermost"],
        ["topmost", "bottommost"],
        ["superiorly", "inferiorly"],
    ];
    let opposite = |word: &str| {
        HEIGHTS.iter().find_map(|&[one, other]| match word {
            _ if word == one => Some(other),
            _ if word == other => Some(one),
            _ => None,
        })
    };
    let mut swapped = String::with_capacity(text.len() + 4);
    let mut rest = text;
    while !rest.is_empty() {
        let word_end = rest
            .find(|c: char| !c.is_alphanumeric())
            .unwrap_or(rest.len());
        let (word, after) = rest.split_at(word_end);
        match opposite(&word.to_lowercase()) {
            Some(other) => swapped.push_str(&with_capitals_of(word, other)),
            None => swapped.push_str(word),
        }
        let gap_end = after.find(char::is_alphanumeric).unwrap_or(after.len());
        let (gap, next) = after.split_at(gap_end);
        swapped.push_str(gap);
        rest = next;
    }
    swapped
}

fn swap_side_words(text: &str) -> String {
    let mut swapped = String::with_capacity(text.len() + 4);
    let mut copied = 0;
    // A word of both sides ("rightleft") is that of both in the other sentence too.
    let words = Reading::side_words(text);
    let of_one_side = words.chunk_by(|(one, _), (next, _)| one == next);
    for (span, _) in of_one_side.filter_map(|sides| sides.first().filter(|_| sides.len() == 1)) {
        swapped.push_str(&text[copied..span.start]);
        swapped.push_str(&other_word(text, span.clone()));
        copied = span.end;
    }
    swapped.push_str(&text[copied..]);
    swapped
}

/// The word for the other side in the place of `text[span]`, which names one.
fn other_word(text: &str, span: Range<usize>) -> String {
    let word = &text[span.clone()];
    let genitive = ["'s", "\u{2019}s", "'S", "\u{2019}S"];
    let end = genitive.iter().find(|end| word.ends_with(**end));
    let stem = &word[..word.len() - end.map_or(0, |end| end.len())];
    let lower = stem.to_lowercase();
    let Some(other) = lexicon::opposite(&lower) else {
        return glued(word, &lower).unwrap_or_else(|| word.to_owned());
    };
    // "RML" in the midst of small letters is no reason to shout "LEFT MIDDLE ZONE".
    let abbreviation = other.contains(' ')
        && !stem.chars().any(char::is_lowercase)
        && text.chars().any(char::is_lowercase);
    let cased = if abbreviation && span.start > 0 {
        other
    } else if abbreviation {
        with_capitals_of("Aa", &other)
    } else {
        with_capitals_of(stem, &other)
    };
    cased + end.copied().unwrap_or_default()
}

/// "leftlung", "lowerright".
fn glued(word: &str, lower: &str) -> Option<String> {
    let (side, other) = [("left", "right"), ("right", "left")]
        .into_iter()
        .find(|(side, _)| lower.starts_with(side) || lower.ends_with(side))?;
    if word.len() != lower.len() {
        return None;
    }
    let at = if lower.starts_with(side) {
        0
    } else {
        word.len() - side.len()
    };
    let (before, rest) = word.split_at_checked(at)?;
    let (model, after) = rest.split_at_checked(side.len())?;
    Some(format!("{before}{}{after}", with_capitals_of(model, other)))
}

/// "Middle lobe" alone means the right one: the other side's sentence has to say which zone it means.
fn with_middle_lobe(text: &str, swapped: String) -> String {
    const LOBE: &str = "middle lobe";
    let wanted = Reading::of(text).request().map(|request| request.swapped());
    let Some(at) = swapped.to_ascii_lowercase().find(LOBE) else {
        return swapped;
    };
    if Reading::of(&swapped).request() == wanted {
        return swapped;
    }
    let (before, rest) = swapped.split_at(at);
    let (model, after) = rest.split_at(LOBE.len());
    let zone = with_capitals_of(model, "left middle zone");
    let clear = format!("{before}{zone}{after}");
    if Reading::of(&clear).request() == wanted {
        clear
    } else {
        swapped
    }
}

fn with_capitals_of(model: &str, word: &str) -> String {
    if model.chars().all(|c| !c.is_lowercase()) {
        return word.to_uppercase();
    }
    if model.starts_with(char::is_uppercase) {
        return format!("{}{}", word[..1].to_uppercase(), &word[1..]);
    }
    word.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const THREE: &str = "bilateral pulmonary infection, three infected areas, lower left lung and middle lower right lung.";

    #[test]
    fn swapping_sides_works_on_any_text_and_twice_gives_it_back() {
        assert_eq!(
            swap_sides("Left, LEFT; right-sided leftover 🫁"),
            "Right, RIGHT; left-sided leftover 🫁"
        );
        assert_eq!(
            swap_sides(THREE),
            "bilateral pulmonary infection, three infected areas, middle lower left lung and lower right lung."
        );
        for text in [
            THREE,
            "upper left lung",
            "the Right base",
            "no pulmonary infection.",
        ] {
            assert_eq!(swap_sides(&swap_sides(text)), text);
        }
    }

    #[test]
    fn swapping_heights_exchanges_top_and_bottom_and_leaves_the_sides() {
        let text = "one small pink round polyp, located in Top left of the image";
        let swapped = swap_heights(text);
        assert_eq!(
            swapped,
            "one small pink round polyp, located in Bottom left of the image"
        );
        assert_eq!(swap_heights(&swapped), text);
        assert_eq!(
            swap_heights("stopper in the UPPER lobe"),
            "stopper in the LOWER lobe"
        );
    }

    #[test]
    fn another_side_exists_only_where_the_sides_differ() {
        assert_eq!(
            other_side("unilateral pulmonary infection, one infected area, upper left lung.")
                .unwrap(),
            "unilateral pulmonary infection, one infected area, upper right lung."
        );
        assert_eq!(
            other_side(
                "bilateral pulmonary infection, two infected areas, lower left lung and lower right lung."
            ),
            None
        );
        assert_eq!(other_side("diffuse opacities"), None);
        assert_eq!(
            other_side("opacity on the left").unwrap(),
            "opacity on the right"
        );
    }

    #[test]
    fn abbreviations_and_mistyped_sides_are_swapped() {
        for (text, other) in [
            ("RUL opacity", "LUL opacity"),
            ("LLL consol, ?aspiration", "RLL consol, ?aspiration"),
            ("RLZ opacification", "LLZ opacification"),
            ("L mid zone, R base", "R mid zone, L base"),
            ("Rt. lower zone; lt base", "Lt. lower zone; rt base"),
            ("right-sided, LEFT'S", "left-sided, RIGHT'S"),
            ("the rigth lower lobe", "the left lower lobe"),
            ("leftlung and Rightlower", "rightlung and Leftlower"),
            ("rightleft lung, left base", "rightleft lung, right base"),
            ("RML pneumonia?", "Left middle zone pneumonia?"),
            ("patch in the RML", "patch in the left middle zone"),
            ("lingular shadow", "right middle lobe shadow"),
            ("Middle lobe pneumonia", "Left middle zone pneumonia"),
            ("B/L opacities, L>R", "B/L opacities, R>L"),
            (
                "segment the left lung right now",
                "segment the right lung right now",
            ),
            ("r/o pneumonia on the left", "r/o pneumonia on the right"),
            ("clear lungs, I'll wait", "clear lungs, I'll wait"),
        ] {
            assert_eq!(swap_sides(text), other);
        }
    }

    #[test]
    fn abbreviations_of_other_parts_of_the_body_are_swapped() {
        for (text, other) in [
            ("RLQ mass", "LLQ mass"),
            ("cyst in the luq", "cyst in the ruq"),
            ("L-MLO and RCC views", "R-MLO and LCC views"),
        ] {
            assert_eq!(swap_sides(text), other);
            assert_eq!(swap_sides(other), text);
        }
    }

    #[test]
    fn the_side_that_is_named_is_told_unless_both_are() {
        for (text, side) in [
            ("a polyp in the left of the image", Some(Side::Left)),
            ("retrocardiac opacity", Some(Side::Left)),
            ("RLQ mass", Some(Side::Right)),
            ("upperright", Some(Side::Right)),
            ("left and right", None),
            ("all right", None),
            ("a polyp", None),
        ] {
            assert_eq!(named_side(text), side, "{text}");
        }
    }

    #[test]
    fn words_that_may_name_a_side_and_are_not_swapped_are_known() {
        for (text, words) in [
            ("Verschattung im linken Unterfeld.", "linken"),
            ("linksbasale Verschattung", "linksbasale"),
            ("opacit\u{e9} \u{e0} gauche", "gauche"),
            ("poumon droit", "droit"),
            ("p\u{f3}lipo izquierdo", "izquierdo"),
            ("lobo sup. dcha.", "dcha"),
            (
                "\u{5de6}\u{80ba}\u{4e0b}\u{53f6}",
                "\u{5de6}\u{80ba}\u{4e0b}\u{53f6}",
            ),
            (
                "\u{43b}\u{435}\u{432}\u{43e}\u{435} \u{43b}\u{435}\u{433}\u{43a}\u{43e}\u{435}",
                "\u{43b}\u{435}\u{432}\u{43e}\u{435}",
            ),
        ] {
            assert_eq!(unswapped_sides(text), [words], "{text}");
            assert_eq!(swap_sides(text), text);
        }
        for text in [
            "RUL and LLL consolidation, RML too, L lung",
            "one small pink round polyp, located in top left of the image",
            "bright lesion of the cleft, upright view, rigid scope, destroyed tissue, sinus",
            "Sch\u{e4}rfe im Zentrum",
            "unilateral pulmonary infection, one infected area, upper left lung.",
        ] {
            assert_eq!(unswapped_sides(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn words_that_may_name_a_height_and_are_not_swapped_are_known() {
        assert_eq!(
            unswapped_heights("Polyp oben links, unten nichts"),
            ["oben", "unten"]
        );
        assert_eq!(
            unswapped_heights("en haut, Sup\u{e9}rieur"),
            ["haut", "sup\u{e9}rieur"]
        );
        assert_eq!(
            unswapped_heights("top of the image, below the fold"),
            [""; 0]
        );
        assert_eq!(swap_heights("just above it"), "just below it");
    }

    #[test]
    fn very_long_texts_are_swapped_to_their_end() {
        let text = "left lung, ".repeat(900);
        assert_eq!(swap_sides(&text), text.replace("left", "right"));
    }

    #[test]
    fn a_sentence_is_put_into_the_words_of_the_model() {
        let (viewer, patient) = (SideConvention::Viewer, SideConvention::Patient);
        let text = "LUL opacity";
        assert_eq!(in_convention(text, patient, patient), text);
        assert_eq!(in_convention(text, viewer, patient), "RUL opacity");
        assert_eq!(in_convention(text, patient, viewer), "RUL opacity");
        let both = in_convention("bilateral opacities", patient, viewer);
        assert!(matches!(both, Cow::Borrowed(_)));
    }
}
