//! Which words of a sentence are asserted, which are denied and which are excepted.

use std::ops::Range;

use super::super::lexicon::Meaning;
use super::tokens::Token;
use super::units::{Denied, Facts, Joint, Unit, is_seen, place_before, units};

/// How a word is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Polarity {
    /// As it stands.
    Asserted,
    /// "no infection".
    Denied,
    /// "everything except the left lung", "not on the left".
    Excepted,
}

/// How each word is meant.
pub(super) fn polarities(tokens: &[Token]) -> Vec<Polarity> {
    let mut clauses = Clauses {
        tokens,
        units: units(tokens),
        polarities: vec![Polarity::Asserted; tokens.len()],
    };
    for i in 0..clauses.units.len() {
        clauses.deny(i);
    }
    for i in 0..clauses.units.len() {
        clauses.pass_on(i);
    }
    clauses.except();
    clauses.polarities
}

/// "Outline the lungs, not the lesions", "ignore the lesions, outline the lungs": without what is said of the lesions, which
/// denies none.
pub(super) fn without_findings_left_out(tokens: Vec<Token>) -> Vec<Token> {
    let left_out = |part: &[Token]| {
        let mut words = part.iter().filter(|token| !token.is_filler());
        let facts = Facts::of(part);
        let starts = |token: &Token| {
            matches!(
                token.meaning(),
                Some(Meaning::No | Meaning::Not | Meaning::Except)
            )
        };
        words.next().is_some_and(starts) && facts.finding && !facts.place && !facts.lung
    };
    let of_lungs = |part: &[Token]| {
        let facts = Facts::of(part);
        let asked = facts.organ || facts.verb || facts.whole;
        facts.lung && !facts.finding && !facts.zone && asked
    };
    let parts: Vec<&[Token]> = tokens
        .split_inclusive(|token| matches!(token, Token::Mark(_)))
        .collect();
    if !parts.iter().any(|part| of_lungs(part)) {
        return tokens;
    }
    let kept = parts.into_iter().filter(|part| !left_out(part));
    kept.flatten().cloned().collect()
}

/// Whether the lungs, or a place in them, or a finding is denied; "the heart is normal" does not do so.
pub(super) fn denies(tokens: &[Token], polarities: &[Polarity]) -> bool {
    units(tokens).into_iter().any(|unit| {
        let denied = unit
            .words
            .filter(|&word| polarities[word] == Polarity::Denied);
        let facts = Facts::of(denied.map(|word| &tokens[word]));
        facts.finding || facts.lung || facts.place || facts.nothing && !facts.other
    })
}

/// Words that say where something else is: "left pneumothorax, right base pneumonia".
pub(super) fn of_others(tokens: &[Token], polarities: &[Polarity]) -> Vec<bool> {
    let mut others = vec![false; tokens.len()];
    let units = units(tokens);
    let asserted = |unit: &&Unit| polarities[unit.words.clone()].contains(&Polarity::Asserted);
    let placed = |unit: &Unit| unit.facts.finding && unit.facts.place;
    if units.iter().filter(asserted).any(placed) {
        for unit in units
            .iter()
            .filter(|unit| unit.facts.other && !unit.facts.finding)
        {
            others[unit.words.clone()].fill(true);
        }
    }
    others
}

struct Clauses<'a> {
    tokens: &'a [Token],
    units: Vec<Unit>,
    polarities: Vec<Polarity>,
}

impl Clauses<'_> {
    fn deny(&mut self, i: usize) {
        let words = self.units[i].words.clone();
        let find = |wanted: &[Meaning]| {
            let is = |word: &usize| {
                self.tokens[*word]
                    .meaning()
                    .is_some_and(|meaning| wanted.contains(&meaning))
            };
            words.clone().find(is)
        };
        if let Some(at) = find(&[Meaning::No, Meaning::Not]) {
            self.deny_after(i, at);
        } else if find(&[Meaning::Gone]).is_some() {
            self.deny_before(i);
        } else if let Some(at) = find(&[Meaning::Nothing]) {
            self.deny_all(i, at);
        } else if let Some(at) = find(&[Meaning::Clear]) {
            self.clear(i, at);
        }
    }

    fn set(&mut self, i: usize, words: Range<usize>, denied: Denied) {
        self.polarities[words].fill(Polarity::Denied);
        self.units[i].denied = denied;
    }

    /// "no infection in the left lung", "infection is not seen".
    fn deny_after(&mut self, i: usize, at: usize) {
        let words = self.units[i].words.clone();
        let left = Facts::of(&self.tokens[words.start..at]);
        let right = Facts::of(&self.tokens[at + 1..words.end]);
        let rest = at..words.end;
        let unseen = left.finding && !right.finding && is_seen(self.tokens.get(at + 1));
        if unseen || !right.any() {
            if !left.any() {
                self.take_back(i, |_| true);
            } else if self.units[i].joint == Joint::Or {
                self.take_back(i, |facts| !facts.verb && !facts.place);
            }
            let placed = right.place;
            self.set(
                i,
                words,
                if placed {
                    Denied::List { placed }
                } else {
                    Denied::Closed
                },
            );
        } else if right.finding || right.nothing {
            let other = |word: usize| {
                matches!(self.tokens[word].word(), "other" | "further" | "additional")
            };
            if !left.any() && !right.place && !rest.clone().any(other) {
                self.take_back(i, Facts::place_only);
            }
            let all = !left.finding && !right.place;
            let placed = right.place || left.place;
            self.set(i, if all { words } else { rest }, Denied::List { placed });
        } else if right.other {
            self.set(i, rest, Denied::List { placed: false });
        } else if self.tokens[at].meaning() == Some(Meaning::No) && !left.finding {
            self.set(i, words, Denied::List { placed: true });
        } else {
            self.polarities[rest].fill(Polarity::Excepted);
        }
    }

    /// "pneumonia has resolved".
    fn deny_before(&mut self, i: usize) {
        let Unit {
            words,
            joint,
            facts,
            ..
        } = &self.units[i];
        let (words, facts) = (words.clone(), *facts);
        let listed = *joint == Joint::Or;
        if !facts.finding || listed {
            self.take_back(i, |facts| !(facts.verb || listed && facts.place));
        }
        self.set(
            i,
            words,
            Denied::List {
                placed: facts.place,
            },
        );
    }

    /// "nothing in the left lung".
    fn deny_all(&mut self, i: usize, at: usize) {
        let (words, facts) = (self.units[i].words.clone(), self.units[i].facts);
        if self.tokens[at].word() == "none" && !facts.place {
            self.take_back(i, |facts| !facts.verb);
        }
        let placed = facts.place;
        self.set(
            i,
            words,
            if facts.finding {
                Denied::List { placed }
            } else {
                Denied::Closed
            },
        );
    }

    /// "the lungs are clear", "clear lungs", "opacity on the left with clear right lung".
    fn clear(&mut self, i: usize, at: usize) {
        let (words, facts) = (self.units[i].words.clone(), self.units[i].facts);
        let right = Facts::of(&self.tokens[at + 1..words.end]);
        let ahead = right.place || right.lung;
        let part = if ahead {
            at..words.end
        } else {
            place_before(self.tokens, words.start, at)
        };
        if self.tokens[at].word().starts_with("spar") && facts.place {
            self.polarities[part].fill(Polarity::Excepted);
            return;
        }
        if facts.named {
            self.set(i, part, Denied::Closed);
            return;
        }
        let rest = |word: usize| {
            let word = self.tokens[word].word();
            matches!(
                word,
                "rest" | "remainder" | "remaining" | "elsewhere" | "otherwise"
            )
        };
        // "The rest" and "everything" are not what was named before.
        if !words.clone().any(rest) && !facts.finding {
            if !facts.place && !facts.lung && !facts.other {
                self.take_back(i, Facts::place_only);
            } else if self.ends_list(i) {
                self.take_list(i);
            }
        }
        self.set(
            i,
            words,
            if ahead {
                Denied::Places
            } else {
                Denied::Closed
            },
        );
    }

    /// "left and right lungs are clear", but not "left lung and right lung is clear".
    fn ends_list(&self, i: usize) -> bool {
        let unit = &self.units[i];
        let Some(last) = i.checked_sub(1).map(|last| &self.units[last]) else {
            return false;
        };
        let word = |word: usize| self.tokens[word].word();
        let many = |at: usize| {
            matches!(
                word(at),
                "are" | "were" | "lungs" | "zones" | "lobes" | "fields"
            )
        };
        let noun = |at: usize| {
            matches!(
                self.tokens[at].meaning(),
                Some(Meaning::Lung | Meaning::SideNoun)
            )
        };
        // ", and" goes on with a list only where commas have made one.
        let joined =
            unit.joint == Joint::And || unit.joint == Joint::ThenAnd && last.joint == Joint::Comma;
        joined && (unit.words.clone().any(many) || !last.words.clone().any(noun))
    }

    /// "left lung: clear", "infection: none".
    fn take_back(&mut self, i: usize, takes: impl Fn(&Facts) -> bool) {
        if i == 0 || self.units[i].joint >= Joint::But {
            return;
        }
        let last = &self.units[i - 1];
        if last.denied == Denied::Not && takes(&last.facts) {
            self.set(i - 1, last.words.clone(), Denied::Closed);
        }
        let listed = self.units[i - 1].joint.is_and() || self.units[i].joint.is_and();
        if listed && self.units[i - 1].denied == Denied::Closed {
            self.take_list(i - 1);
        }
    }

    /// "upper, middle and lower zones are clear".
    fn take_list(&mut self, i: usize) {
        for j in (0..i).rev() {
            let Unit {
                facts,
                denied,
                words,
                ..
            } = &self.units[j];
            let listed = !facts.finding && !facts.verb && !facts.nothing && *denied == Denied::Not;
            if self.units[j + 1].joint >= Joint::Stop || !listed {
                return;
            }
            self.set(j, words.clone(), Denied::Closed);
        }
    }

    /// What "no" denies goes on: "no consolidation, effusion or pneumothorax".
    fn pass_on(&mut self, i: usize) {
        let Some(next) = self.units.get(i + 1) else {
            return;
        };
        let (words, joint, facts) = (next.words.clone(), next.joint, next.facts);
        if joint >= Joint::Stop || next.denied != Denied::Not || facts.verb {
            return;
        }
        let after = self.units[i + 1..].iter();
        let to_or = after
            .take_while(|unit| unit.joint < Joint::Stop)
            .any(|unit| unit.joint == Joint::Or);
        let denied = match self.units[i].denied {
            Denied::Places if joint.is_and() && facts.place_only() => Denied::Places,
            Denied::List { placed } => {
                let same = if facts.finding {
                    !(facts.place || joint == Joint::Comma && placed)
                } else {
                    !(facts.place && placed) || joint.is_and()
                };
                if !to_or && !same {
                    return;
                }
                Denied::List {
                    placed: placed || facts.place,
                }
            }
            _ => return,
        };
        self.set(i + 1, words, denied);
    }

    /// What follows "except" turns what went before.
    fn except(&mut self) {
        let mut turned = None;
        for (i, unit) in self.units.iter().enumerate() {
            if unit.joint == Joint::Except {
                let denied = i > 0 && self.units[i - 1].denied != Denied::Not;
                turned = Some(if denied {
                    Polarity::Asserted
                } else {
                    Polarity::Excepted
                });
            } else if unit.joint >= Joint::Stop {
                turned = None;
            }
            if let Some(turned) =
                turned.filter(|_| unit.denied == Denied::Not || unit.joint == Joint::Except)
            {
                self.polarities[unit.words.clone()].fill(turned);
            }
        }
    }
}
