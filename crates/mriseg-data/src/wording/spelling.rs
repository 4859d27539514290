//! How a sentence spells sides and zones.

use mriseg::reading::{Side, ZONES};

use super::parts::{Composer, REPORT, listed};

const TOPS: [&str; 3] = ["top", "middle", "bottom"];
const LOBES: [[&str; 3]; 2] = [["LUL", "", "LLL"], ["RUL", "RML", "RLL"]];
const SHORT: [&str; 3] = ["UZ", "MZ", "LZ"];
/// What doctors also call the zones.
const LATIN: [&str; 3] = ["superior", "middle", "inferior"];
const ABBREVIATED: [[&str; 3]; 2] = [["LUZ", "LMZ", "LLZ"], ["RUZ", "RMZ", "RLZ"]];

/// How a sentence spells sides and the middle zone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spelling {
    pub(super) letters: usize,
    pub(super) mid: bool,
    pub(super) latin: bool,
    /// "upper lower left lung", as the data have it.
    pub(super) unjoined: bool,
    pub(super) reversed: bool,
    pub(super) and: &'static str,
    /// Whether this is the only place of the sentence.
    pub(super) alone: bool,
}

impl Spelling {
    pub(super) fn draw(c: &mut Composer<'_>) -> Self {
        Self {
            letters: if c.is(REPORT) && c.chance(0.2) {
                1 + c.below(2)
            } else {
                0
            },
            mid: c.chance(0.4),
            latin: c.chance(0.04),
            unjoined: c.is(REPORT) && c.chance(0.1),
            reversed: c.chance(0.15),
            and: c.one_of(&[" and ", " and ", " and ", " and ", " & "]),
            alone: true,
        }
    }

    pub(super) fn side(self, side: Side) -> &'static str {
        let [left, right] = [["left", "L", "Lt"], ["right", "R", "Rt"]];
        match side {
            Side::Left => left[self.letters],
            Side::Right => right[self.letters],
        }
    }

    pub(super) fn zones(self, zones: [bool; 3], names: [&str; 3]) -> String {
        let mut words: Vec<String> = (0..3)
            .filter(|&zone| zones[zone])
            .map(|zone| {
                let mid = self.mid && names[zone] == "middle" && names[0] == "upper";
                (if mid { "mid" } else { names[zone] }).to_owned()
            })
            .collect();
        if self.reversed {
            words.reverse();
        }
        if self.unjoined {
            return words.join(" ");
        }
        listed(&words, self.and)
    }

    pub(super) fn fill(self, template: &str, side: Side, zones: [bool; 3]) -> String {
        let index = usize::from(side == Side::Right);
        let zone = zones.iter().position(|z| *z).unwrap_or(0);
        let mut text = template.to_owned();
        for (slot, word) in [
            ("{s}", self.side(side)),
            ("{o}", self.side(side.other())),
            ("{lobe}", LOBES[index][zone]),
            ("{lz}", ABBREVIATED[index][zone]),
            ("{short}", SHORT[zone]),
        ] {
            if text.contains(slot) {
                text = text.replace(slot, word);
            }
        }
        if text.contains("{z}") {
            text = text.replace(
                "{z}",
                &self.zones(zones, if self.latin { LATIN } else { ZONES }),
            );
        }
        if text.contains("{t}") {
            let plain = Self {
                unjoined: false,
                ..self
            };
            text = text.replace("{t}", &plain.zones(zones, TOPS));
        }
        text
    }
}
