//! What a sentence says against itself.

use super::super::lexicon::Meaning;
use super::places::Places;
use super::tokens::Token;

const NUMBERS: [&str; 7] = ["no", "one", "two", "three", "four", "five", "six"];

/// A count, "unilateral" or "bilateral" that the places do not bear out.
pub(super) fn contradiction<'a>(
    tokens: impl Iterator<Item = &'a Token>,
    places: &Places,
) -> Option<String> {
    let tokens: Vec<&Token> = tokens.collect();
    let said = |wanted: Meaning| {
        tokens
            .iter()
            .find(|token| token.meaning() == Some(wanted))
            .map(|token| token.word())
    };
    let sides = places.explicit;
    let unilateral = said(Meaning::Unilateral);
    let bilateral = said(Meaning::Bilateral).or(said(Meaning::Both));
    match (unilateral, bilateral, places.findings.only_side()) {
        (Some(one), Some(both), _) => return Some(format!("\"{one}\" and \"{both}\"")),
        (None, Some(both), Some(side)) => {
            return Some(format!("\"{both}\", but only the {side} lung is named"));
        }
        (Some(one), None, _) if sides == [true; 2] => {
            return Some(format!("\"{one}\", but both lungs are named"));
        }
        _ => {}
    }
    let mut counts: Vec<(usize, &str)> = Vec::new();
    for i in 0..tokens.len() {
        // "all three zones"
        if i > 0 && tokens[i - 1].meaning() == Some(Meaning::Whole) {
            continue;
        }
        counts.extend(count(&tokens[i..], !counts.is_empty()));
    }
    let &(first, word) = counts.first()?;
    let total: usize = counts.iter().map(|(count, _)| count).sum();
    let named = places.findings.count();
    let borne_out = |count: usize| (places.fewest..=named).contains(&count);
    if !places.zoned || borne_out(first) || borne_out(total) {
        return None;
    }
    let areas = if first == 1 { "area" } else { "areas" };
    let (zones, are) = if named == 1 {
        ("zone", "is")
    } else {
        ("zones", "are")
    };
    Some(format!(
        "\"{word}\" {areas}, but {} {zones} {are} named",
        NUMBERS.get(named)?
    ))
}

/// How many findings a sentence names by number: "two infected areas", "three patches", "one on the left and two on the
/// right". `None` where it gives no number.
pub(super) fn named<'a>(tokens: impl Iterator<Item = &'a Token>) -> Option<usize> {
    let tokens: Vec<&Token> = tokens.collect();
    let mut counts: Vec<usize> = Vec::new();
    for i in 0..tokens.len() {
        let Some(Meaning::Count(count)) = tokens[i].meaning() else {
            continue;
        };
        let before = i.checked_sub(1).map(|before| tokens[before]);
        // "all three zones", "the right one has pneumonia", "grade 2 opacity"
        let other = before.is_some_and(|before| {
            matches!(before.meaning(), Some(Meaning::Whole | Meaning::Side(_)))
                || matches!(
                    before.word(),
                    "the"
                        | "this"
                        | "that"
                        | "which"
                        | "grade"
                        | "score"
                        | "type"
                        | "day"
                        | "level"
                )
        });
        let mut adjectives = tokens[i + 1..].iter().take(5).skip_while(|token| {
            let adjective = matches!(token.meaning(), Some(Meaning::Filler | Meaning::Zone(_)));
            adjective && !matches!(token.word(), "is" | "are" | "has" | "have" | "with")
        });
        let noun = adjectives.next().and_then(|token| token.meaning());
        let finding = matches!(noun, Some(Meaning::Finding | Meaning::ZoneNoun));
        let short = !counts.is_empty() && noun == Some(Meaning::In);
        if !other && (finding || short) {
            counts.push(count);
        }
    }
    let (&first, rest) = counts.split_first()?;
    let rest = rest.iter().sum::<usize>();
    // "two patches, one on the left and one on the right"
    Some(if rest == first { first } else { first + rest })
}

/// "two infected areas", then "one in the right"; "two opacities" can be in one zone.
fn count<'a>(tokens: &[&'a Token], follows: bool) -> Option<(usize, &'a str)> {
    let Some(Meaning::Count(count)) = tokens.first()?.meaning() else {
        return None;
    };
    let noun = tokens[1..]
        .iter()
        .take(4)
        .take_while(|token| {
            matches!(
                token.meaning(),
                Some(Meaning::Finding | Meaning::Filler | Meaning::Zone(_) | Meaning::ZoneNoun)
            )
        })
        .any(|token| {
            token.meaning() == Some(Meaning::ZoneNoun) && !token.word().starts_with("third")
        });
    let short = follows
        && tokens
            .get(1)
            .is_some_and(|token| token.meaning() == Some(Meaning::In));
    (noun || short).then(|| (count, tokens[0].word()))
}
