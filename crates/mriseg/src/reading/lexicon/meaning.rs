//! What a word can mean.

use super::super::Side;

/// What a word means on its own. Where one typing error leads to two words, the meaning named first here wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::reading) enum Meaning {
    /// "left", "right"; by number, as [`side_of`] reads it.
    Side(usize),
    /// A zone: 0 upper, 1 middle, 2 lower.
    Zone(usize),
    /// A side and its zone in one word, "LUL"; sides as two bits.
    Spot(u8, usize),
    /// "both", "each", "either".
    Both,
    /// "bilateral".
    Bilateral,
    /// "unilateral".
    Unilateral,
    /// "lung".
    Lung,
    /// Something that can be found in a lung: "infection", "hazy".
    Finding,
    /// "anything", "everything".
    Anything,
    /// "entire", "all".
    Whole,
    /// Asks for a mask: "segment", "show".
    Verb,
    /// Speaks of a shape rather than of what is in it: "outline", "parenchyma".
    Organ,
    /// "check", "examine".
    Inspect,
    /// Denies what follows: "no", "without".
    No,
    /// Denies what follows, or what went before: "not".
    Not,
    /// "nothing".
    Nothing,
    /// "clear", "normal".
    Clear,
    /// "absent", "resolved".
    Gone,
    /// "negative", "free": with "for", "of" or "from" they deny what follows.
    Free,
    /// What can be denied without denying a finding: "no change", "no doubt", "not only".
    Change,
    /// "but", "whereas".
    But,
    /// "except".
    Except,
    /// "worse", "more": compares sides.
    Worse,
    /// "opposite", "other".
    Opposite,
    /// "one" to "six".
    Count(usize),
    /// "zone", "lobe", "area": counted, but without meaning of its own.
    ZoneNoun,
    /// "side": a place once left or right was said.
    SideNoun,
    /// "in", "within".
    In,
    /// "of", "for", "from".
    Of,
    /// "and".
    And,
    /// "or", "nor".
    Or,
    /// Known, and not to be found in a lung by this reader: organs, other findings, objects.
    Other,
    /// A side in another language.
    ForeignSide,
    /// Another word of another language.
    Foreign,
    /// An English word that looks like a mistyped one of another meaning; it is not read.
    Lookalike,
    /// Without meaning here.
    Filler,
}

/// The side of [`Meaning::Side`].
pub(in crate::reading) fn side_of(number: usize) -> Side {
    Side::BOTH[number]
}

impl Meaning {
    /// The single side that it names.
    pub(in crate::reading) fn side(self) -> Option<Side> {
        match self {
            Self::Side(side) => Some(side_of(side)),
            Self::Spot(0b01, _) => Some(Side::Left),
            Self::Spot(0b10, _) => Some(Side::Right),
            _ => None,
        }
    }

    /// What means the same on the other side; `None` of what names no single side.
    pub(in crate::reading) fn other_side(self) -> Option<Self> {
        match self {
            Self::Side(side) => Some(Self::Side(1 - side)),
            Self::Spot(sides @ (0b01 | 0b10), zone) => Some(Self::Spot(0b11 ^ sides, zone)),
            _ => None,
        }
    }
}
