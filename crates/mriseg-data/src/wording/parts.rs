//! What a sentence is put together from: named parts, and which of them, or which pairs, are kept out of training.

use std::borrow::Cow;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Report style: telegraphic, with abbreviations.
pub(super) const REPORT: u8 = 1;
/// Plain style: full sentences and requests of students.
pub(super) const PLAIN: u8 = 2;
/// Lay style.
pub(super) const LAY: u8 = 4;
/// Any style.
pub(super) const ANY: u8 = REPORT | PLAIN | LAY;

/// A part with the styles in which it can occur.
pub(super) type Choice = (&'static str, u8);

/// What a part does in its sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SlotRole {
    Frame,
    Noun,
    Place,
    Lungs,
    Clear,
    Negation,
    Thing,
    Opening,
    Heading,
    Filler,
}

impl SlotRole {
    fn name(self) -> &'static str {
        match self {
            Self::Frame => "frame",
            Self::Noun => "noun",
            Self::Place => "place",
            Self::Lungs => "lungs",
            Self::Clear => "clear",
            Self::Negation => "negation",
            Self::Thing => "thing",
            Self::Opening => "opening",
            Self::Heading => "heading",
            Self::Filler => "filler",
        }
    }

    /// `Some(n)`: one in `n` parts of this role is held out by itself. Parts that mean something never are.
    fn held_alone(self) -> Option<u64> {
        match self {
            Self::Opening | Self::Heading | Self::Filler => Some(4),
            Self::Thing => Some(3),
            _ => None,
        }
    }

    /// Whether pairs of parts of these two roles, in this order, can be held out.
    fn pairs_with(self, other: Self) -> bool {
        match self {
            Self::Frame => matches!(
                other,
                Self::Noun | Self::Place | Self::Lungs | Self::Clear | Self::Negation | Self::Thing
            ),
            Self::Noun => other == Self::Place,
            _ => false,
        }
    }
}

/// A named part of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) role: SlotRole,
    pub(super) name: Cow<'static, str>,
}

/// One in how many pairs is held out.
const PAIRS: u64 = 6;

/// Pairs that are too ordinary to be missing in training.
const KEPT: [(&str, &str); 14] = [
    ("{a}", "infection"),
    ("{a}", "pneumonia"),
    ("{a}", "opacity"),
    ("{a}", "consolidation"),
    ("segment {the}", "infection"),
    ("segment {the}", "pneumonia"),
    ("segment {the}", "the lungs"),
    ("segment {the}", "the {s} lung"),
    ("{a}", "the {s} lung"),
    ("{p}", "the {s} lung"),
    ("{p}", "the {z} {s} lung"),
    ("{a}", "the {z} {s} lung"),
    ("no {n}", "infection"),
    ("no {n}", "pneumonia"),
];

impl Part {
    fn is_held_out(&self) -> bool {
        self.role
            .held_alone()
            .is_some_and(|one_in| hash(&[self.role.name(), &self.name]).is_multiple_of(one_in))
    }

    fn is_held_out_with(&self, other: &Self) -> bool {
        let (first, second) = if self.role <= other.role {
            (self, other)
        } else {
            (other, self)
        };
        first.role.pairs_with(second.role)
            && hash(&[
                first.role.name(),
                &first.name,
                second.role.name(),
                &second.name,
            ])
            .is_multiple_of(PAIRS)
            && !KEPT
                .iter()
                .any(|(a, b)| *a == first.name && *b == second.name)
    }
}

/// Whether one of these parts, or two of them together, must not occur in training.
pub(super) fn held_out(parts: &[Part]) -> bool {
    parts.iter().any(Part::is_held_out) || has_held_out_pair(parts)
}

/// Whether training says nothing like it: the thing spoken of is held out, or a pair of parts. A held-out remark is not
/// enough.
pub(super) fn new_to_training(parts: &[Part]) -> bool {
    parts
        .iter()
        .any(|part| part.role == SlotRole::Thing && part.is_held_out())
        || has_held_out_pair(parts)
}

fn has_held_out_pair(parts: &[Part]) -> bool {
    let mut rest = parts;
    while let [part, others @ ..] = rest {
        if others.iter().any(|other| part.is_held_out_with(other)) {
            return true;
        }
        rest = others;
    }
    false
}

/// FNV-1a of the names, each ended by a zero byte, its halves folded together.
fn hash(names: &[&str]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for name in names {
        for byte in name.bytes().chain([0]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    hash ^ hash >> 32
}

/// Draws parts at random and remembers their names.
pub(super) struct Composer<'a> {
    pub(super) rng: &'a mut ChaCha8Rng,
    /// One of the style bits.
    pub(super) style: u8,
    pub(super) parts: Vec<Part>,
}

impl Composer<'_> {
    /// True with this probability, 0 to 1.
    pub(super) fn chance(&mut self, share: f64) -> bool {
        self.rng.random_bool(share)
    }

    /// A random number below `count`.
    pub(super) fn below(&mut self, count: usize) -> usize {
        self.rng.random_range(0..count)
    }

    /// A random item of a list that is not empty.
    pub(super) fn pick<'t, T>(&mut self, list: &'t [T]) -> &'t T {
        &list[self.below(list.len())]
    }

    /// A random text of a list.
    pub(super) fn one_of(&mut self, list: &[&'static str]) -> &'static str {
        list[self.below(list.len())]
    }

    /// A random part of a list among those that the style allows, or among all where it allows none.
    pub(super) fn styled(&mut self, list: &[Choice]) -> &'static str {
        self.fitting(list, |_| true)
    }

    /// The same among those that fit.
    pub(super) fn fitting(
        &mut self,
        list: &[Choice],
        fits: impl Fn(&'static str) -> bool,
    ) -> &'static str {
        let style = self.style;
        let choices = |styles: u8| -> Vec<&'static str> {
            list.iter()
                .filter(|(text, allowed)| allowed & styles != 0 && fits(text))
                .map(|(text, _)| *text)
                .collect()
        };
        let mut found = choices(style);
        if found.is_empty() {
            found = choices(ANY);
        }
        self.one_of(&found)
    }

    /// Remembers a part.
    pub(super) fn note(&mut self, role: SlotRole, name: impl Into<Cow<'static, str>>) {
        self.parts.push(Part {
            role,
            name: name.into(),
        });
    }

    /// Draws a part in the style and remembers it.
    pub(super) fn draw(&mut self, role: SlotRole, list: &[Choice]) -> &'static str {
        let text = self.styled(list);
        self.note(role, text);
        text
    }

    pub(super) fn is(&self, styles: u8) -> bool {
        self.style & styles != 0
    }
}

/// Joins a list as English does: "a, b and c".
pub(super) fn listed(items: &[String], last: &str) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [start @ .., end] => format!("{}{last}{end}", start.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn about_one_pair_in_six_is_held_out_and_no_noun_or_place_alone() {
        let part = |role, name: String| Part {
            role,
            name: name.into(),
        };
        let pairs = (0..60).flat_map(|i| (0..60).map(move |j| (i, j)));
        let held = pairs
            .filter(|(i, j)| {
                held_out(&[
                    part(SlotRole::Frame, format!("frame {i}")),
                    part(SlotRole::Noun, format!("noun {j}")),
                ])
            })
            .count();
        assert!((450..750).contains(&held), "{held} of 3600");
        assert!((0..100).all(|i| !held_out(&[
            part(SlotRole::Noun, format!("{i}")),
            part(SlotRole::Noun, format!("{i}"))
        ]) && !held_out(&[part(SlotRole::Place, format!("{i}"))])));
    }

    #[test]
    fn the_hash_is_fnv_1a() {
        let plain = |hash: u64| hash ^ hash >> 32;
        // FNV-1a of one zero byte, from its definition.
        assert_eq!(hash(&[""]), plain(0xaf63_bd4c_8601_b7df));
        assert_eq!(hash(&[]), plain(0xcbf2_9ce4_8422_2325));
    }
}
