//! A sentence as units with marks, "and" or "but" between them, and what each of them speaks of.

use std::ops::Range;

use super::super::lexicon::Meaning;
use super::tokens::{Mark, Token};

/// What kinds of words there are among some.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Facts {
    pub(super) finding: bool,
    /// A finding by its name, not "everything".
    pub(super) named: bool,
    pub(super) place: bool,
    pub(super) zone: bool,
    pub(super) lung: bool,
    pub(super) other: bool,
    pub(super) verb: bool,
    pub(super) organ: bool,
    pub(super) whole: bool,
    /// "nothing", or a word such as "clear".
    pub(super) nothing: bool,
}

impl Facts {
    /// Those among some words.
    pub(super) fn of<'a>(tokens: impl IntoIterator<Item = &'a Token>) -> Self {
        let mut facts = Self::default();
        for meaning in tokens.into_iter().filter_map(Token::meaning) {
            match meaning {
                Meaning::Finding => (facts.finding, facts.named) = (true, true),
                Meaning::Anything => facts.finding = true,
                Meaning::Zone(_) | Meaning::Spot(..) => (facts.place, facts.zone) = (true, true),
                Meaning::Side(_) | Meaning::Both | Meaning::Bilateral => facts.place = true,
                Meaning::Lung => facts.lung = true,
                Meaning::Other => facts.other = true,
                Meaning::Verb | Meaning::Inspect => facts.verb = true,
                Meaning::Organ => facts.organ = true,
                Meaning::Whole => facts.whole = true,
                Meaning::Nothing | Meaning::Clear | Meaning::Gone => facts.nothing = true,
                _ => {}
            }
        }
        facts
    }

    /// Whether they say anything about findings, places or things.
    pub(super) fn any(&self) -> bool {
        self.finding || self.place || self.lung || self.other || self.nothing
    }

    /// Only says where.
    pub(super) fn place_only(&self) -> bool {
        (self.place || self.lung) && !self.finding && !self.other && !self.nothing && !self.verb
    }
}

/// What divides units, the stronger the later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Joint {
    Comma,
    And,
    /// ", and"
    ThenAnd,
    Or,
    Stop,
    But,
    Except,
}

impl Joint {
    pub(super) fn is_and(self) -> bool {
        matches!(self, Self::And | Self::ThenAnd)
    }
}

/// Words without a mark, "and" or the like among them.
#[derive(Debug)]
pub(super) struct Unit {
    pub(super) words: Range<usize>,
    /// What stands before it.
    pub(super) joint: Joint,
    pub(super) facts: Facts,
    pub(super) denied: Denied,
}

/// What makes a unit denied, as far as its neighbours are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Denied {
    Not,
    /// "no ...": what is listed next is denied as well; a place was named with it or not.
    List {
        placed: bool,
    },
    /// "clear left and right lungs": so are places that are listed next.
    Places,
    /// Ends with it.
    Closed,
}

/// The units of a sentence.
pub(super) fn units(tokens: &[Token]) -> Vec<Unit> {
    let mut units: Vec<Unit> = Vec::new();
    let mut start = 0;
    let mut joint = Joint::Stop;
    for i in 0..=tokens.len() {
        let next = match tokens.get(i) {
            None => Joint::Stop,
            Some(Token::Mark(Mark::Comma | Mark::Colon)) => Joint::Comma,
            Some(Token::Mark(Mark::Stop | Mark::Question)) => Joint::Stop,
            Some(token) => match token.meaning() {
                Some(Meaning::And) => Joint::And,
                Some(Meaning::Or) => Joint::Or,
                Some(Meaning::But) => Joint::But,
                Some(Meaning::Except) => Joint::Except,
                _ => continue,
            },
        };
        if start < i {
            units.push(Unit {
                words: start..i,
                joint,
                facts: Facts::of(&tokens[start..i]),
                denied: Denied::Not,
            });
            joint = next;
        } else {
            let then_and = joint == Joint::Comma && next == Joint::And;
            joint = if then_and {
                Joint::ThenAnd
            } else {
                joint.max(next)
            };
        }
        start = i + 1;
    }
    units
}

/// "seen", as in "infection is not seen".
pub(super) fn is_seen(token: Option<&Token>) -> bool {
    let word = token.map_or("", Token::word);
    matches!(
        word,
        "seen"
            | "visible"
            | "identified"
            | "demonstrated"
            | "detected"
            | "evident"
            | "found"
            | "noted"
            | "present"
            | "shown"
    )
}

/// The place just before a word: "opacity on the left[, right lung] clear".
pub(super) fn place_before(tokens: &[Token], start: usize, at: usize) -> Range<usize> {
    let is_place = |word: usize| {
        let meaning = tokens[word].meaning();
        matches!(
            meaning,
            Some(Meaning::Side(_) | Meaning::Zone(_) | Meaning::Spot(..))
        )
    };
    let Some(mut from) = (start..at).rev().find(|&word| is_place(word)) else {
        return at..at + 1;
    };
    let is_side = |word: usize| matches!(tokens[word].meaning(), Some(Meaning::Side(_)));
    while from > start && is_place(from - 1) && !(is_side(from - 1) && (from..at).any(is_side)) {
        from -= 1;
    }
    let found = (from..at).any(|word| tokens[word].meaning() == Some(Meaning::Finding));
    if found { at..at + 1 } else { from..at + 1 }
}
