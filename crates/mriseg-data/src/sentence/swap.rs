//! The other side: exchanging left and right, or top and bottom, in a sentence.

use super::Findings;

/// Exchanges the words "left" and "right" in any text, keeping capitals. A sentence in the spelling of the grammar
/// also keeps the grammar's order, left lung first.
pub fn swap_sides(text: &str) -> String {
    match Findings::parse(text) {
        Some(findings) if findings.to_sentence() == text => findings.swapped().to_sentence(),
        _ => swap_words(text, &SIDES),
    }
}

/// Exchanges the words for above and below in a text: "top", "upper" and "superior" with their opposites.
pub(crate) fn swap_heights(text: &str) -> String {
    swap_words(text, &HEIGHTS)
}

const SIDES: [[&str; 2]; 1] = [["left", "right"]];

const HEIGHTS: [[&str; 2]; 3] = [
    ["top", "bottom"],
    ["upper", "lower"],
    ["superior", "inferior"],
];

/// The sentence that names the other side, or `None` where exchanging the sides changes nothing: no side is named,
/// or the same zones of both.
pub fn wrong_side(text: &str) -> Option<String> {
    if let Some(findings) = Findings::parse(text)
        && findings.swapped() == findings
    {
        return None;
    }
    let swapped = swap_sides(text);
    (swapped != text).then_some(swapped)
}

fn swap_words(text: &str, pairs: &[[&str; 2]]) -> String {
    let opposite = |word: &str| {
        pairs.iter().find_map(|&[one, other]| match word {
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

fn with_capitals_of(model: &str, word: &str) -> String {
    if model.chars().all(char::is_uppercase) {
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
    fn a_wrong_side_exists_only_where_the_sides_differ() {
        assert_eq!(
            wrong_side("unilateral pulmonary infection, one infected area, upper left lung.")
                .unwrap(),
            "unilateral pulmonary infection, one infected area, upper right lung."
        );
        assert_eq!(
            wrong_side(
                "bilateral pulmonary infection, two infected areas, lower left lung and lower right lung."
            ),
            None
        );
        assert_eq!(wrong_side("diffuse opacities"), None);
        assert_eq!(
            wrong_side("opacity on the left").unwrap(),
            "opacity on the right"
        );
    }
}
