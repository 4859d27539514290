//! What can be found where: sides and zones of the lungs, and the sentences of QaTa-COV19 about them.
//!
//! "bilateral pulmonary infection, three infected areas, lower left lung and middle lower right lung."

use std::fmt;

use crate::bundle::SideConvention;

/// The three zones of a lung, from the top.
pub const ZONES: [&str; 3] = ["upper", "middle", "lower"];

const COUNTS: [&str; 6] = ["one", "two", "three", "four", "five", "six"];
const NOTHING: &str = "no pulmonary infection.";

/// A side as the sentence says it; whose side that is depends on the [`SideConvention`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// "left lung".
    Left,
    /// "right lung".
    Right,
}

impl Side {
    /// Both sides, in the order in which sentences name them.
    pub const BOTH: [Self; 2] = [Self::Left, Self::Right];

    /// The other side.
    pub fn other(self) -> Self {
        match self {
            Self::Left => Self::Right,
            Self::Right => Self::Left,
        }
    }

    /// The side of the picture that this word means.
    pub fn in_picture(self, convention: SideConvention) -> Self {
        match convention {
            SideConvention::Viewer => self,
            SideConvention::Patient => self.other(),
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Left => "left",
            Self::Right => "right",
        })
    }
}

/// Every zone, by its side and its number from the top; the left lung first.
pub fn all_zones() -> impl Iterator<Item = (Side, usize)> {
    Side::BOTH
        .into_iter()
        .flat_map(|side| (0..ZONES.len()).map(move |zone| (side, zone)))
}

/// The zones that a sentence names, upper, middle and lower of each lung.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Findings {
    /// Zones of the "left lung".
    pub left: [bool; 3],
    /// Zones of the "right lung".
    pub right: [bool; 3],
}

impl Findings {
    /// One zone (0 upper, 1 middle, 2 lower) of one lung.
    ///
    /// # Panics
    /// When `zone` is above 2.
    pub fn one_zone(side: Side, zone: usize) -> Self {
        let mut findings = Self::default();
        findings.zones_mut(side)[zone] = true;
        findings
    }

    /// The lowest six bits of a number: upper, middle and lower left lung, then right lung. All 64 findings are
    /// those of 0 to 63.
    pub fn from_bits(bits: u8) -> Self {
        let zone = |bit: u8| bits >> bit & 1 == 1;
        Self {
            left: [zone(0), zone(1), zone(2)],
            right: [zone(3), zone(4), zone(5)],
        }
    }

    /// Reads a sentence of the grammar; capitals, spacing and punctuation do not matter. `None` for any other
    /// sentence, also for one that contradicts itself (a count or "bilateral" that the zones do not bear out).
    pub fn parse(text: &str) -> Option<Self> {
        let lower = text.to_lowercase();
        if plain(&lower) == plain(NOTHING) {
            return Some(Self::default());
        }
        let words: Vec<&str> = lower
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .collect();
        let [
            laterality,
            "pulmonary",
            "infection",
            count,
            "infected",
            "area" | "areas",
            places @ ..,
        ] = &words[..]
        else {
            return None;
        };
        let mut findings = Self::default();
        let mut zones = [false; 3];
        let mut words = places.iter().copied();
        while let Some(word) = words.next() {
            if let Some(zone) = ZONES.iter().position(|name| *name == word) {
                zones[zone] = true;
                continue;
            }
            let side = match word {
                "left" => Side::Left,
                "right" => Side::Right,
                _ => return None,
            };
            let known = findings.zones_mut(side);
            if words.next() != Some("lung") || *known != [false; 3] || zones == [false; 3] {
                return None;
            }
            *known = std::mem::take(&mut zones);
            if !matches!(words.next(), None | Some("and")) {
                return None;
            }
        }
        let consistent = zones == [false; 3]
            && COUNTS.iter().position(|word| word == count).map(|i| i + 1)
                == Some(findings.count())
            && *laterality == findings.laterality();
        consistent.then_some(findings)
    }

    /// The zones that are affected on both sides, on the left alone and on the right alone: two findings whose sentences
    /// differ in the side word only. `None` when no zone is affected on both sides.
    pub fn mirrored_pair(&self) -> Option<[Self; 2]> {
        let mut pair = [Self::default(); 2];
        for zone in 0..ZONES.len() {
            let both = self.left[zone] && self.right[zone];
            pair[0].left[zone] = both;
            pair[1].right[zone] = both;
        }
        (!pair[0].is_empty()).then_some(pair)
    }

    /// The sentence, spelled as in the data.
    pub fn to_sentence(&self) -> String {
        let count = self.count();
        if count == 0 {
            return NOTHING.to_owned();
        }
        let lungs: Vec<String> = Side::BOTH
            .into_iter()
            .filter(|&side| self.has(side))
            .map(|side| {
                let zones: Vec<&str> = ZONES
                    .into_iter()
                    .zip(self.zones(side))
                    .filter_map(|(name, present)| present.then_some(name))
                    .collect();
                format!("{} {side} lung", zones.join(" "))
            })
            .collect();
        format!(
            "{} pulmonary infection, {} infected area{}, {}.",
            self.laterality(),
            COUNTS[count - 1],
            if count == 1 { "" } else { "s" },
            lungs.join(" and ")
        )
    }

    /// The zones named for one lung.
    pub fn zones(&self, side: Side) -> [bool; 3] {
        match side {
            Side::Left => self.left,
            Side::Right => self.right,
        }
    }

    /// The same, to be changed.
    pub fn zones_mut(&mut self, side: Side) -> &mut [bool; 3] {
        match side {
            Side::Left => &mut self.left,
            Side::Right => &mut self.right,
        }
    }

    /// How many zones are named, 0 to 6.
    pub fn count(&self) -> usize {
        self.left
            .iter()
            .chain(&self.right)
            .filter(|zone| **zone)
            .count()
    }

    /// The zones that are not among these.
    pub fn rest(&self) -> Self {
        Self {
            left: self.left.map(|zone| !zone),
            right: self.right.map(|zone| !zone),
        }
    }

    /// Whether nothing is named.
    pub fn is_empty(&self) -> bool {
        self.count() == 0
    }

    /// Whether any zone of this lung is named.
    pub fn has(&self, side: Side) -> bool {
        self.zones(side) != [false; 3]
    }

    /// What is left when only one lung is spoken of.
    pub fn one_side(&self, side: Side) -> Self {
        match side {
            Side::Left => Self {
                right: [false; 3],
                ..*self
            },
            Side::Right => Self {
                left: [false; 3],
                ..*self
            },
        }
    }

    /// The side, when exactly one is named.
    pub fn only_side(&self) -> Option<Side> {
        match (self.has(Side::Left), self.has(Side::Right)) {
            (true, false) => Some(Side::Left),
            (false, true) => Some(Side::Right),
            _ => None,
        }
    }

    /// The same zones of the other lung.
    pub fn swapped(&self) -> Self {
        Self {
            left: self.right,
            right: self.left,
        }
    }

    /// Whether no zone is named by both.
    pub fn is_disjoint(&self, other: &Self) -> bool {
        let pairs = |a: [bool; 3], b: [bool; 3]| a.into_iter().zip(b).all(|(a, b)| !(a && b));
        pairs(self.left, other.left) && pairs(self.right, other.right)
    }

    fn laterality(&self) -> &'static str {
        if self.has(Side::Left) && self.has(Side::Right) {
            "bilateral"
        } else {
            "unilateral"
        }
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_sentence())
    }
}

fn plain(text: &str) -> String {
    text.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .trim_end_matches('.')
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const THREE: &str = "bilateral pulmonary infection, three infected areas, lower left lung and middle lower right lung.";

    fn all_findings() -> impl Iterator<Item = Findings> {
        (0..64u8).map(Findings::from_bits)
    }

    #[test]
    fn a_sentence_of_the_data_is_read_and_written() {
        let findings = Findings::parse(THREE).unwrap();
        assert_eq!(
            findings,
            Findings {
                left: [false, false, true],
                right: [false, true, true]
            }
        );
        assert_eq!(findings.to_string(), THREE);
        assert_eq!(
            Findings::one_zone(Side::Left, 0).to_sentence(),
            "unilateral pulmonary infection, one infected area, upper left lung."
        );
    }

    #[test]
    fn all_64_findings_round_trip() {
        for findings in all_findings() {
            assert_eq!(
                Findings::parse(&findings.to_sentence()),
                Some(findings),
                "{findings}"
            );
        }
    }

    #[test]
    fn capitals_and_spacing_do_not_matter() {
        let text = "  Unilateral pulmonary infection,one infected area ,  Upper LEFT lung";
        assert_eq!(
            Findings::parse(text),
            Some(Findings::one_zone(Side::Left, 0))
        );
    }

    #[test]
    fn sentences_outside_the_grammar_or_against_themselves_are_not_read() {
        for text in [
            "",
            "🫁",
            "segment the infection",
            "unilateral pulmonary infection, two infected areas, upper left lung.",
            "bilateral pulmonary infection, one infected area, upper left lung.",
            "unilateral pulmonary infection, one infected area, upper left kidney.",
            "unilateral pulmonary infection, one infected area, left lung.",
            "unilateral pulmonary infection, one infected area, upper left lung and lower.",
            "bilateral pulmonary infection, two infected areas, upper left lung lower right lung.",
            "unilateral pulmonary infection, two infected areas, upper left lung and lower left lung.",
        ] {
            assert_eq!(Findings::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_mirrored_pair_differs_in_the_side_word_only() {
        let findings = Findings {
            left: [true, false, true],
            right: [false, true, true],
        };
        let [left, right] = findings.mirrored_pair().unwrap();
        assert_eq!(left, Findings::one_zone(Side::Left, 2));
        assert_eq!(left.swapped(), right);
        assert_eq!(Findings::one_zone(Side::Left, 0).mirrored_pair(), None);
    }

    #[test]
    fn one_side_keeps_that_side_only() {
        let findings = Findings::parse(THREE).unwrap();
        assert_eq!(
            findings.one_side(Side::Left),
            Findings::one_zone(Side::Left, 2)
        );
        assert_eq!(
            findings.one_side(Side::Right).only_side(),
            Some(Side::Right)
        );
        assert_eq!(findings.only_side(), None);
    }
}
