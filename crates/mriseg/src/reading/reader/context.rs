//! Words whose meaning depends on their neighbours: "right now", "clear of", "both the left and the right".

use super::super::lexicon::{self, Meaning};
use super::tokens::{Mark, Token};

/// Gives each word the meaning that it has beside its neighbours.
pub(super) fn read(tokens: &mut [Token]) {
    for i in 0..tokens.len() {
        let here = Here { tokens, i };
        let read = here.tokens[i]
            .meaning()
            .and_then(|meaning| here.meaning(meaning));
        if let (Some(read), Token::Word(_, meaning)) = (read, &mut tokens[i]) {
            *meaning = Some(read);
        }
    }
}

/// Whether a word about a side is no other word: "right now", "left over".
pub(super) fn names_side(tokens: &[Token], i: usize) -> bool {
    match tokens[i].meaning() {
        Some(Meaning::Side(side)) => !Here { tokens, i }.is_no_side(side),
        Some(meaning) => meaning.other_side().is_some(),
        None => false,
    }
}

struct Here<'a> {
    tokens: &'a [Token],
    i: usize,
}

impl Here<'_> {
    fn word(&self, distance: isize) -> &str {
        let at = self.i.checked_add_signed(distance);
        at.and_then(|at| self.tokens.get(at))
            .map_or("", Token::word)
    }

    fn next(&self) -> Option<Meaning> {
        self.tokens.get(self.i + 1)?.meaning()
    }

    fn last(&self) -> Option<Meaning> {
        self.tokens.get(self.i.checked_sub(1)?)?.meaning()
    }

    fn following(&self) -> impl Iterator<Item = Option<Meaning>> {
        let rest = self.tokens[self.i + 1..].iter();
        rest.filter(|token| !token.is_filler()).map(Token::meaning)
    }

    fn preceding(&self) -> impl Iterator<Item = Option<Meaning>> {
        let before = self.tokens[..self.i].iter().rev();
        before
            .filter(|token| !token.is_filler())
            .map(Token::meaning)
    }

    /// The meaning here, where it differs from the usual one.
    fn meaning(&self, usual: Meaning) -> Option<Meaning> {
        let (word, before, after) = (self.word(0), self.word(-1), self.word(1));
        let filler = |applies: bool| applies.then_some(Meaning::Filler);
        match usual {
            Meaning::Side(side) => filler(self.is_no_side(side) || self.compared()),
            Meaning::Zone(_) if matches!(after, "line" | "venous") => Some(Meaning::Other),
            Meaning::Zone(_) => filler(word == "top" && before == "on" && after == "of"),
            Meaning::ZoneNoun if word == "location" && after == "of" => Some(Meaning::Verb),
            Meaning::Count(1) if word == "single" && after == "out" => Some(Meaning::Verb),
            Meaning::Other => {
                let beside = matches!(
                    self.next(),
                    Some(
                        Meaning::SideNoun
                            | Meaning::Lung
                            | Meaning::Zone(_)
                            | Meaning::ZoneNoun
                            | Meaning::Finding
                    )
                );
                filler(word.starts_with("ha") && word.ends_with("nd") && beside)
            }
            Meaning::ZoneNoun => {
                let lung_field = word.starts_with("field") && self.last() == Some(Meaning::Lung);
                lung_field.then_some(Meaning::Organ)
            }
            Meaning::Count(count) => self.count(count),
            Meaning::Both => filler(self.both_joins()),
            Meaning::But => self.all_but().then_some(Meaning::Except),
            Meaning::Worse if after == "than" => Some(Meaning::And),
            Meaning::Worse => {
                filler(word == "most" && matches!(self.last(), Some(Meaning::Zone(_))))
            }
            Meaning::Inspect if word == "looking" && after == "for" => Some(Meaning::Verb),
            // "exclude pneumonia" asks; "exclude the left lung" does not.
            Meaning::Inspect if word == "exclude" && !self.denied() => {
                let finding = self.following().any(|next| next == Some(Meaning::Finding));
                (!finding).then_some(Meaning::Except)
            }
            Meaning::Inspect | Meaning::Gone => filler(self.denied()),
            Meaning::Opposite if after == "than" => Some(Meaning::Except),
            Meaning::Opposite => Some(self.opposite()),
            Meaning::In => filler(matches!(
                before,
                "colour" | "color" | "shade" | "fill" | "zoom" | "point"
            )),
            Meaning::Verb => filler(word == "see" && !matches!(before, "to" | "me" | "you")),
            Meaning::Finding => self.finding(),
            Meaning::Clear => self.clear(),
            Meaning::Free if matches!(after, "for" | "of" | "from") => Some(Meaning::No),
            Meaning::Free if matches!(after, "air" | "fluid" | "gas") => Some(Meaning::Other),
            Meaning::Free => Some(Meaning::Gone),
            Meaning::Nothing => {
                filler(self.word(-2) == "comparison" || self.next() == Some(Meaning::But))
            }
            Meaning::No | Meaning::Not => filler(self.denies_no_finding(usual)),
            Meaning::Filler => match (word, before, after) {
                ("rather", _, "than") | ("instead", _, "of") => Some(Meaning::Except),
                ("out", "ruled", _) => Some(Meaning::Gone),
                ("resolution", _, "of") => Some(Meaning::No),
                ("pulmonary", _, _) if self.next() == Some(Meaning::Organ) => Some(Meaning::Lung),
                _ => self.height().map(Meaning::Zone),
            },
            _ => None,
        }
    }

    /// "low in the left lung", "halfway up", "down in the right lung", "up left".
    fn height(&self) -> Option<usize> {
        let (word, before, after) = (self.word(0), self.word(-1), self.word(1));
        let beside = matches!(after, "in" | "on" | "part" | "region" | "area")
            || matches!(self.next(), Some(Meaning::Side(_)));
        match word {
            "low" if beside || after == "down" => Some(2),
            "high" if beside || after == "up" => Some(0),
            "halfway" if matches!(after, "up" | "down") => Some(1),
            "down" if beside && !matches!(before, "low" | "halfway") => Some(2),
            "up" if beside && !matches!(before, "high" | "halfway" | "follow" | "mark") => Some(0),
            _ => None,
        }
    }

    /// "everything abnormal but the left apex".
    fn all_but(&self) -> bool {
        let named = |meaning: &Option<Meaning>| {
            matches!(
                meaning,
                Some(Meaning::Finding | Meaning::Verb | Meaning::Of | Meaning::Clear)
            )
        };
        let before = self.preceding().find(|meaning| !named(meaning));
        matches!(before, Some(Some(Meaning::Anything | Meaning::Whole)))
    }

    /// "opacities in the lungs, worse on the left": a side that is compared, not named.
    fn compared(&self) -> bool {
        let mark = |token: &Token| matches!(token, Token::Mark(_));
        let Some(start) = self.tokens[..self.i].iter().rposition(mark) else {
            return false;
        };
        let rest = &self.tokens[start + 1..];
        let part = rest.split(mark).next().unwrap_or_default();
        let has = |tokens: &[Token], wanted: fn(Meaning) -> bool| {
            tokens.iter().filter_map(Token::meaning).any(wanted)
        };
        let found = |meaning| meaning == Meaning::Finding;
        let compares = (part.iter())
            .any(|token| matches!(token.word(), "worse" | "more" | "greater" | "severer"));
        let says_else = |meaning| {
            matches!(
                meaning,
                Meaning::Finding | Meaning::Zone(_) | Meaning::Verb | Meaning::No | Meaning::Not
            )
        };
        compares && !has(part, says_else) && has(&self.tokens[..start], found)
    }

    /// "right now", "all right", "does not look right", "left over".
    fn is_no_side(&self, side: usize) -> bool {
        let (word, before, after) = (self.word(0), self.word(-1), self.word(1));
        if side == 0 {
            return word == "left" && matches!(after, "over" | "out" | "behind");
        }
        let last_word = !matches!(self.tokens.get(self.i + 1), Some(Token::Word(..)));
        let place = matches!(before, "the" | "on" | "in" | "my" | "to" | "and" | "or");
        let adverb = matches!(
            after,
            "now" | "here" | "away" | "there" | "behind" | "above" | "below"
        );
        adverb && !place && !matches!(self.last(), Some(Meaning::Zone(_)))
            || last_word && matches!(before, "all" | "thats" | "look" | "looks")
    }

    fn count(&self, count: usize) -> Option<Meaning> {
        let after = self.word(1);
        match (count, self.next()) {
            (2, _) if after.starts_with("third") || self.word(0) == "2/3" => match self.last() {
                Some(Meaning::Zone(0 | 2)) => Some(Meaning::Zone(1)),
                _ => Some(Meaning::Filler),
            },
            (2, Some(Meaning::Lung | Meaning::SideNoun)) if after.ends_with('s') => {
                Some(Meaning::Both)
            }
            (2, _) if after == "sided" => Some(Meaning::Bilateral),
            (1, Some(Meaning::Lung | Meaning::SideNoun)) => Some(Meaning::Unilateral),
            (1, _) if after == "sided" => Some(Meaning::Unilateral),
            _ => None,
        }
    }

    /// "both" that joins two words instead of naming two sides: "both the left and ...", "both upper and lower left".
    fn both_joins(&self) -> bool {
        let rest = self.tokens[self.i + 1..].iter();
        let mut next = rest
            .take_while(|token| matches!(token, Token::Word(..)))
            .filter(|token| !token.is_filler());
        let is_sided = |token: &Token| {
            matches!(
                token.meaning(),
                Some(Meaning::Side(_) | Meaning::Spot(0b01 | 0b10, _))
            )
        };
        let sided_before = || {
            let place = |m: &Option<Meaning>| {
                !matches!(
                    m,
                    Some(Meaning::Lung | Meaning::SideNoun | Meaning::In) | None
                )
            };
            matches!(self.preceding().find(place), Some(Some(Meaning::Side(_))))
        };
        let Some(first) = next.next() else {
            return false;
        };
        if is_sided(first) {
            return true;
        }
        let mut second = next.next();
        if first.meaning() == Some(Meaning::ZoneNoun) {
            let of = matches!(
                second.and_then(Token::meaning),
                Some(Meaning::Of | Meaning::In)
            );
            return sided_before() || of && next.next().is_some_and(is_sided);
        }
        let plural = |token: &Token| token.word().ends_with('s') || token.word() == "apices";
        if !matches!(first.meaning(), Some(Meaning::Zone(_))) || plural(first) {
            return false;
        }
        if second.is_some_and(|token| token.meaning() == Some(Meaning::ZoneNoun) && !plural(token))
        {
            second = next.next();
        }
        let joined = second.is_some_and(|token| token.meaning() == Some(Meaning::And))
            && matches!(next.next().and_then(Token::meaning), Some(Meaning::Zone(_)));
        let noun =
            |m: &Option<Meaning>| matches!(m, Some(Meaning::ZoneNoun | Meaning::Of | Meaning::In));
        let side = next.find(|token| !noun(&token.meaning()));
        joined && (side.is_some_and(is_sided) || sided_before())
    }

    /// "the other side".
    fn opposite(&self) -> Meaning {
        let noun = matches!(
            self.next(),
            Some(Meaning::SideNoun | Meaning::Lung | Meaning::Count(1) | Meaning::Zone(_))
        );
        let side = self.tokens[..self.i]
            .iter()
            .rev()
            .find_map(|token| match token.meaning() {
                Some(Meaning::Side(side)) => Some(side),
                _ => None,
            });
        match side {
            Some(side) if noun => Meaning::Side(1 - side),
            _ => Meaning::Filler,
        }
    }

    /// "skin lesion", "abscess in the liver", and "Findings:" as a heading.
    fn finding(&self) -> Option<Meaning> {
        let heading = self.word(0).starts_with("finding")
            && self.tokens.get(self.i + 1) == Some(&Token::Mark(Mark::Colon));
        if heading {
            return Some(Meaning::Filler);
        }
        let within = matches!(self.next(), Some(Meaning::Of | Meaning::In))
            && !matches!(self.word(1), "along" | "near" | "to")
            && self.following().nth(1) == Some(Some(Meaning::Other));
        if self.word(1) == "matter" {
            return Some(Meaning::Other);
        }
        let of_other = self.last() == Some(Meaning::Other) && self.word(-1) != "pleural";
        (of_other || within).then_some(Meaning::Filler)
    }

    fn clear(&self) -> Option<Meaning> {
        let (word, before, after) = (self.word(0), self.word(-1), self.word(1));
        let says = matches!(
            before,
            "is" | "are"
                | "looks"
                | "look"
                | "seems"
                | "seem"
                | "appears"
                | "appear"
                | "be"
                | "was"
                | "were"
                | "quite"
                | "perfectly"
        );
        if matches!(word, "ok" | "okay" | "fine") && !says || before == "as" {
            Some(Meaning::Filler)
        } else if matches!(after, "of" | "from") {
            Some(Meaning::No)
        } else if self.next() == Some(Meaning::Finding)
            || after == "evidence"
            || self.of_lungs_asked_for()
        {
            Some(Meaning::Filler)
        } else if self.asked() {
            Some(Meaning::Anything)
        } else if self.denied() {
            Some(Meaning::Finding)
        } else {
            None
        }
    }

    /// "are the lungs clear?"
    fn asked(&self) -> bool {
        let before = &self.tokens[..self.i];
        let stop = |token: &Token| matches!(token, Token::Mark(Mark::Stop | Mark::Question));
        let start = before.iter().rposition(stop).map_or(0, |stop| stop + 1);
        let asks = self.tokens.get(start).is_some_and(|first| {
            matches!(
                first.word(),
                "is" | "are" | "does" | "do" | "has" | "have" | "any" | "can" | "could"
            )
        });
        asks && self.tokens[self.i..].iter().find(|token| stop(token))
            == Some(&Token::Mark(Mark::Question))
    }

    /// "segment the healthy lung".
    fn of_lungs_asked_for(&self) -> bool {
        let asked = self.preceding().find(|m| *m != Some(Meaning::Of));
        let of = self
            .following()
            .find(|m| !matches!(m, Some(Meaning::Side(_))));
        matches!(asked, Some(Some(Meaning::Verb | Meaning::Organ)))
            && of == Some(Some(Meaning::Lung))
    }

    /// "not entirely clear"; its "not" has become a filler by then.
    fn denied(&self) -> bool {
        let before = self.tokens[..self.i].iter().rev();
        before
            .take_while(|token| token.is_filler())
            .any(|token| lexicon::meaning(token.word()) == Some(Meaning::Not))
    }

    /// "no change", "not clear", "cannot exclude".
    fn denies_no_finding(&self, usual: Meaning) -> bool {
        match self.following().next().flatten() {
            _ if self.word(-1) == "or" && usual == Meaning::Not => true,
            Some(Meaning::Change) => true,
            Some(Meaning::Clear | Meaning::Gone) => usual == Meaning::Not,
            Some(Meaning::Inspect) => self.tokens[self.i..]
                .iter()
                .any(|token| token.word() == "exclude"),
            _ => false,
        }
    }
}
