//! What the person is told of how their sentence was read.

use super::super::{Request, Side, ZONES};
use super::{Reading, Target, lexicon};

/// More words than this are not quoted.
const MAX_QUOTED: usize = 4;
const MAX_LETTERS: usize = 24;

impl Reading {
    /// One line: "findings: left lung, lower zone", "both lungs themselves", "not understood".
    pub fn describe(&self) -> String {
        match self.request() {
            None => "not understood".to_owned(),
            Some(Request::Other) => {
                format!("something else ({}): an empty mask", list(&self.other))
            }
            Some(Request::Nothing) if self.placed => {
                format!(
                    "no findings in the {}: an empty mask",
                    self.where_to(" and the ")
                )
            }
            Some(Request::Nothing) => "no findings: an empty mask".to_owned(),
            Some(Request::Lungs(Some(side))) => format!("the {side} lung itself"),
            Some(Request::Lungs(None)) => "both lungs themselves".to_owned(),
            Some(Request::Everything) => "findings everywhere".to_owned(),
            Some(Request::Side(_) | Request::Zones(_)) => {
                format!("findings: {}", self.where_to("; "))
            }
        }
    }

    fn where_to(&self, between: &str) -> String {
        let lungs: Vec<String> = Side::BOTH
            .into_iter()
            .filter(|&side| self.places.has(side))
            .map(|side| {
                let zones: Vec<&str> = ZONES
                    .into_iter()
                    .zip(self.places.zones(side))
                    .filter_map(|(name, named)| named.then_some(name))
                    .collect();
                match zones[..] {
                    _ if !self.zoned => format!("{side} lung"),
                    [one] => format!("{side} lung, {one} zone"),
                    [one, two] => format!("{side} lung, {one} and {two} zones"),
                    _ => format!("{side} lung, all zones"),
                }
            })
            .collect();
        lungs.join(between)
    }

    /// What the person should know: a contradiction, a word that was not read, something that is not in the lungs.
    pub fn hint(&self) -> Option<String> {
        let mut hints: Vec<String> = Vec::new();
        if let Some(contradiction) = &self.contradiction {
            hints.push(format!("the sentence contradicts itself: {contradiction}"));
        }
        hints.extend(self.unread_hint());
        if !self.other.is_empty() {
            let is = if self.other.len() == 1 { "is" } else { "are" };
            let empty = match self.target {
                None => "; the mask is expected to be empty",
                Some(Target::Findings | Target::Lungs) => "",
            };
            let what = quoted(&self.other);
            hints.push(format!(
                "{what} {is} nothing this reader knows to be in the lungs{empty}"
            ));
        }
        if hints.is_empty() && self.request().is_none() {
            hints.push(
                "name a finding or a place, such as \"infection in the left lower zone\""
                    .to_owned(),
            );
        }
        (!hints.is_empty()).then(|| hints.join("; "))
    }

    fn unread_hint(&self) -> Option<String> {
        let (sides, others): (Vec<String>, Vec<String>) = self
            .unread
            .iter()
            .cloned()
            .partition(|word| lexicon::is_side_like(&plain(word)));
        let (words, advice) = if !sides.is_empty() {
            (sides, ": write left or right in English")
        } else if others.iter().any(|word| lexicon::is_foreign(&plain(word))) {
            (others, ": write it in English")
        } else if !others.is_empty() {
            (others, "")
        } else {
            return None;
        };
        let was = if words.len() == 1 { "was" } else { "were" };
        Some(format!("{} {was} not read{advice}", quoted(&words)))
    }
}

fn plain(word: &str) -> String {
    super::tokens::plain(word)
}

fn quoted(words: &[String]) -> String {
    let words: Vec<String> = words
        .iter()
        .map(|word| format!("«{}»", short(word)))
        .collect();
    list(&words)
}

fn list(words: &[String]) -> String {
    let shown: Vec<String> = words
        .iter()
        .take(MAX_QUOTED)
        .map(|word| short(word))
        .collect();
    let more = if words.len() > MAX_QUOTED {
        ", ..."
    } else {
        ""
    };
    format!("{}{more}", shown.join(", "))
}

fn short(word: &str) -> String {
    if word.chars().count() <= MAX_LETTERS + 2 {
        return word.to_owned();
    }
    let start: String = word.chars().take(MAX_LETTERS).collect();
    format!("{start}...")
}
