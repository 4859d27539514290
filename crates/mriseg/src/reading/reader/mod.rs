//! Reads what a person writes to the model, by rules, to tell them how it was understood; the mask comes from the model.

mod chunks;
mod clauses;
mod context;
mod count;
mod places;
mod tell;
#[cfg(test)]
mod tests;
mod tokens;
mod units;

use std::fmt;
use std::ops::Range;

use super::lexicon::{self, Meaning};
use super::{Findings, Request, Side};
use clauses::Polarity;
use places::{Places, places};
use tokens::Token;
use units::Facts;

/// What a mask is asked of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Target {
    /// Findings in the lungs.
    Findings,
    /// The lungs themselves.
    Lungs,
}

/// How a sentence was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// What it asks for; `None`: not understood (no word of it is known to the reader, or it asks for something else).
    pub target: Option<Target>,
    /// Places named, zone by zone; a side without a zone names all its zones; none named: everywhere.
    pub places: Findings,
    /// A place or side was named at all.
    pub placed: bool,
    /// Zones were named, not only sides.
    pub zoned: bool,
    /// Sides were named, not only zones: what is called "left", "right" or "bilateral".
    pub sided: bool,
    /// How many findings it names by number ("two infected areas").
    pub count: Option<usize>,
    /// The sentence says that there is nothing.
    pub negated: bool,
    /// It contradicts itself ("unilateral" with both sides, "two areas" with three zones): in words.
    pub contradiction: Option<String>,
    /// Words that were not read and could matter.
    pub unread: Vec<String>,
    /// Known words for what is not a finding in the lungs, such as "heart".
    pub other: Vec<String>,
}

/// What the words of a sentence amount to.
enum Sense {
    Findings,
    Lungs,
    Other,
    Nothing,
    Unknown,
}

impl Reading {
    /// Reads a sentence; of a very long one only the beginning.
    pub fn of(text: &str) -> Self {
        let mut tokens = tokens::split(text);
        context::read(&mut tokens);
        let tokens = clauses::without_findings_left_out(tokens::starts(tokens));
        let polarities = clauses::polarities(&tokens);
        let words = |polarity: Polarity| {
            let pairs = tokens.iter().zip(&polarities);
            pairs.map(move |(token, &own)| (own == polarity).then_some(token))
        };
        let unread = unread(&tokens);
        let asserted = Facts::of(words(Polarity::Asserted).flatten());
        let excepted = Facts::of(words(Polarity::Excepted).flatten());
        let denied = Facts::of(words(Polarity::Denied).flatten());
        let sense = sense(&tokens, &polarities, asserted, excepted, denied, &unread);
        let mut named = match sense {
            Sense::Findings => {
                let elsewhere = clauses::of_others(&tokens, &polarities);
                places(
                    words(Polarity::Asserted)
                        .zip(elsewhere)
                        .map(|(token, other)| token.filter(|_| !other)),
                )
            }
            Sense::Lungs => places(words(Polarity::Asserted)),
            Sense::Nothing => places(words(Polarity::Denied)),
            Sense::Other | Sense::Unknown => Places::default(),
        };
        let understood = matches!(sense, Sense::Findings | Sense::Lungs);
        let contradiction = understood
            .then(|| count::contradiction(words(Polarity::Asserted).flatten(), &named))
            .flatten();
        if understood && excepted.place {
            leave_out(&mut named, &places(words(Polarity::Excepted)));
        }
        Self {
            target: match sense {
                Sense::Findings | Sense::Nothing => Some(Target::Findings),
                Sense::Lungs => Some(Target::Lungs),
                Sense::Other | Sense::Unknown => None,
            },
            places: named.findings,
            placed: named.placed,
            zoned: named.zoned,
            sided: named.sided,
            count: understood
                .then(|| count::named(words(Polarity::Asserted).flatten()))
                .flatten(),
            negated: matches!(sense, Sense::Nothing),
            contradiction,
            unread,
            other: other(&tokens, &polarities, &sense),
        }
    }

    /// The request it amounts to; `None` when it was not understood.
    pub fn request(&self) -> Option<Request> {
        if self.negated {
            return Some(Request::Nothing);
        }
        match self.target {
            None => (!self.other.is_empty()).then_some(Request::Other),
            Some(Target::Lungs) => Some(Request::Lungs(self.side())),
            Some(Target::Findings) if self.zoned => Some(Request::Zones(self.places)),
            Some(Target::Findings) => Some(self.side().map_or(Request::Everything, Request::Side)),
        }
    }

    /// Where the words of a text stand that name a side, in bytes, and which.
    pub(super) fn side_words(text: &str) -> Vec<(Range<usize>, Side)> {
        let mut words = Vec::new();
        let mut start = 0;
        loop {
            let (tokens, spans) = tokens::spanned(&text[start..]);
            let Some(last) = spans.last() else {
                // "leftright" is read as two words in one place.
                words.dedup();
                return words;
            };
            words.extend((0..tokens.len()).filter_map(|i| {
                let side = match context::names_side(&tokens, i) {
                    true => tokens[i].meaning()?.side(),
                    false => lexicon::elsewhere(tokens[i].word()).map(|(side, _)| side),
                };
                Some((start + spans[i].start..start + spans[i].end, side?))
            }));
            start += last.end;
        }
    }

    /// Whether a text, about lungs or not, says of something that it is not there ("no", "clear", "absent").
    pub fn denies(text: &str) -> bool {
        has(&tokens::split(text), |meaning| {
            matches!(
                meaning,
                Meaning::No
                    | Meaning::Not
                    | Meaning::Nothing
                    | Meaning::Clear
                    | Meaning::Gone
                    | Meaning::Free
            )
        })
    }

    /// Whether a text has a word for the lungs or for a part of one.
    pub fn names_lungs(text: &str) -> bool {
        let tokens = tokens::split(text);
        let pulmonary = tokens.iter().any(|token| token.word() == "pulmonary");
        pulmonary
            || has(&tokens, |meaning| {
                matches!(meaning, Meaning::Lung | Meaning::Spot(..))
            })
    }

    /// A word in small letters without its accents.
    pub(super) fn without_accents(word: &str) -> String {
        tokens::plain(word)
    }

    /// Words of a text that name a side, or look like it, and that [`swap_sides`](super::swap_sides) leaves as they are.
    pub(super) fn unread_side_words(text: &str) -> Vec<String> {
        let tokens = tokens::split(text);
        let mut words: Vec<String> = Vec::new();
        for token in &tokens {
            let Token::Word(word, meaning) = token else {
                continue;
            };
            let names = lexicon::is_foreign_side(&tokens::plain(word), *meaning);
            if names && !words.contains(word) {
                words.push(word.clone());
            }
        }
        words
    }

    /// The side, when exactly one is named.
    fn side(&self) -> Option<Side> {
        self.places.only_side()
    }
}

impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.describe())
    }
}

fn sense(
    tokens: &[Token],
    polarities: &[Polarity],
    asserted: Facts,
    excepted: Facts,
    denied: Facts,
    unread: &[String],
) -> Sense {
    let denies = clauses::denies(tokens, polarities);
    if asserted.finding {
        Sense::Findings
    } else if asserted.other {
        match () {
            () if lungs_beside_others(tokens, polarities) => Sense::Lungs,
            () if denies => Sense::Nothing,
            () => Sense::Other,
        }
    } else if asserted.lung
        && !asserted.zone
        && (asserted.organ || asks_for_lungs(tokens, polarities))
    {
        Sense::Lungs
    } else if asserted.place {
        // "zebra on the left"
        let noun = |meaning| matches!(meaning, Meaning::SideNoun | Meaning::ZoneNoun);
        let by_side_only = !asserted.zone && !asserted.lung && !has(tokens, noun);
        if by_side_only && !unread.is_empty() || names_unread_thing(tokens) {
            Sense::Unknown
        } else {
            Sense::Findings
        }
    } else if denies {
        Sense::Nothing
    } else if asserted.lung {
        let inspected = has(tokens, |meaning| {
            matches!(meaning, Meaning::Inspect | Meaning::In)
        });
        if inspected {
            Sense::Findings
        } else {
            Sense::Lungs
        }
    } else if asserted.whole && unread.is_empty() || excepted.finding || excepted.place {
        Sense::Findings
    } else if denied.other {
        Sense::Other
    } else {
        Sense::Unknown
    }
}

/// "segment the left lung", but not "mark the area in the left lung".
fn asks_for_lungs(tokens: &[Token], polarities: &[Polarity]) -> bool {
    let is = |token: &Token, meaning: Meaning| token.meaning() == Some(meaning);
    let mut pairs = tokens.iter().zip(polarities);
    let lung = pairs
        .position(|(token, polarity)| *polarity == Polarity::Asserted && is(token, Meaning::Lung));
    let before = &tokens[..lung.unwrap_or(0)];
    let verb = before.iter().rposition(|token| is(token, Meaning::Verb));
    verb.is_some_and(|verb| !before[verb..].iter().any(|token| is(token, Meaning::In)))
}

/// "heart and lungs", but not "rib over the left lung".
fn lungs_beside_others(tokens: &[Token], polarities: &[Polarity]) -> bool {
    let parted = |token: &Token| {
        matches!(token, Token::Mark(_))
            || matches!(token.meaning(), Some(Meaning::And | Meaning::Or))
    };
    let pairs: Vec<(&Token, Polarity)> = tokens.iter().zip(polarities.iter().copied()).collect();
    pairs.split(|(token, _)| parted(token)).any(|part| {
        let asserted = part
            .iter()
            .filter(|(_, polarity)| *polarity == Polarity::Asserted);
        let facts = Facts::of(asserted.map(|(token, _)| *token));
        let within = part
            .iter()
            .any(|(token, _)| token.meaning() == Some(Meaning::In));
        facts.lung && !facts.other && !facts.zone && !within
    })
}

/// "a zorb in the left lung", "segment the zorb": what is asked for was not read.
fn names_unread_thing(tokens: &[Token]) -> bool {
    let read: Vec<Option<Meaning>> = tokens
        .iter()
        .filter(|token| !token.is_filler())
        .map(Token::meaning)
        .collect();
    let words = tokens.iter().filter(|token| !token.is_filler());
    let unread: Vec<bool> = words
        .map(|token| matches!(token, Token::Word(_, None | Some(Meaning::Lookalike))))
        .collect();
    (0..read.len()).any(|i| {
        let located = matches!(read.get(i + 1), Some(Some(Meaning::In)));
        let asked = i > 0 && read[i - 1] == Some(Meaning::Verb);
        unread[i] && (located || asked)
    })
}

fn has(tokens: &[Token], wanted: impl Fn(Meaning) -> bool) -> bool {
    tokens.iter().filter_map(Token::meaning).any(wanted)
}

fn unread(tokens: &[Token]) -> Vec<String> {
    let mut unread: Vec<String> = Vec::new();
    for token in tokens {
        let Token::Word(word, meaning) = token else {
            continue;
        };
        let read = !matches!(
            meaning,
            None | Some(Meaning::ForeignSide | Meaning::Foreign | Meaning::Lookalike)
        );
        if !read && !unread.contains(word) {
            unread.push(word.clone());
        }
    }
    unread
}

/// Words for other things; those that are denied count only when nothing else is said.
fn other(tokens: &[Token], polarities: &[Polarity], sense: &Sense) -> Vec<String> {
    let mut other: Vec<String> = Vec::new();
    for (token, polarity) in tokens.iter().zip(polarities) {
        let counts = *polarity == Polarity::Asserted || matches!(sense, Sense::Other);
        if counts
            && token.meaning() == Some(Meaning::Other)
            && !other.iter().any(|word| word == token.word())
        {
            other.push(token.word().to_owned());
        }
    }
    other
}

/// "everything except the left lung".
fn leave_out(named: &mut Places, left_out: &Places) {
    if !left_out.placed {
        return;
    }
    let mut kept = if named.placed {
        named.findings
    } else {
        Findings {
            left: [true; 3],
            right: [true; 3],
        }
    };
    for side in Side::BOTH {
        let gone = left_out.findings.zones(side);
        for (kept, gone) in kept.zones_mut(side).iter_mut().zip(gone) {
            *kept &= !gone;
        }
    }
    if !kept.is_empty() && (!named.placed || kept != named.findings) {
        named.findings = kept;
        named.zoned |= left_out.zoned;
        named.placed = true;
    }
}
