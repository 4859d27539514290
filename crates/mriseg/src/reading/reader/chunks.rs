//! Words about places as they stand together: "left upper", "upper zone of the left lung".

use super::super::lexicon::Meaning;
use super::tokens::{Mark, Token};

/// What divides places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Joint {
    None,
    And,
    Comma,
    Stop,
}

/// Words about places with nothing between them.
#[derive(Debug, Clone)]
pub(super) struct Chunk {
    pub(super) sides: [bool; 2],
    pub(super) zones: [bool; 3],
    pub(super) joint: Joint,
    /// "upper left" rather than "left upper".
    pub(super) zone_first: bool,
    /// "left lung", "left side": no zone is to follow.
    pub(super) closed: bool,
    /// "left upper zone": no further zone is to follow.
    pub(super) finished: bool,
    /// "the entire left lung".
    pub(super) whole: bool,
    /// "in the upper zone" rather than "upper zone".
    pub(super) introduced: bool,
    /// Of "both", not of two sides by name.
    pub(super) bilateral: bool,
    /// "worse on the left" compares.
    pub(super) worse: bool,
    /// "middle lobe": there is one on the right only.
    pub(super) middle_lobe: bool,
}

impl Chunk {
    fn new(joint: Joint) -> Self {
        Self {
            sides: [false; 2],
            zones: [false; 3],
            joint,
            zone_first: false,
            closed: false,
            finished: false,
            whole: false,
            introduced: false,
            bilateral: false,
            worse: false,
            middle_lobe: false,
        }
    }

    pub(super) fn sided(&self) -> bool {
        self.sides != [false; 2]
    }

    pub(super) fn zoned(&self) -> bool {
        self.zones != [false; 3]
    }

    /// "the left lung".
    pub(super) fn side_only(&self) -> bool {
        self.sided() && !self.zoned()
    }

    /// Names further zones.
    pub(super) fn add(&mut self, zones: [bool; 3]) {
        for (mine, zone) in self.zones.iter_mut().zip(zones) {
            *mine |= zone;
        }
    }
}

/// The chunks of some words; `None` stands for words that do not count.
pub(super) fn chunks<'a>(tokens: impl IntoIterator<Item = Option<&'a Token>>) -> Vec<Chunk> {
    let mut builder = Builder {
        chunks: Vec::new(),
        open: None,
        joint: Joint::None,
        worse: false,
        whole: false,
        everywhere: false,
        introduced: false,
    };
    for token in tokens {
        let meaning = match token {
            None => {
                builder.divide(Joint::Stop);
                continue;
            }
            Some(Token::Mark(Mark::Comma | Mark::Colon)) => {
                builder.divide(Joint::Comma);
                continue;
            }
            Some(Token::Mark(Mark::Stop | Mark::Question)) => {
                builder.divide(Joint::Stop);
                continue;
            }
            Some(Token::Word(_, meaning)) => *meaning,
        };
        match meaning {
            Some(Meaning::And | Meaning::Or) => builder.divide(Joint::And),
            Some(Meaning::But | Meaning::Except) => builder.divide(Joint::Stop),
            Some(Meaning::Side(side)) => {
                let mut sides = [false; 2];
                sides[side] = true;
                builder.side(sides, false);
            }
            Some(Meaning::Both | Meaning::Bilateral) => builder.side([true; 2], true),
            Some(Meaning::Zone(zone)) => {
                builder.zone(zone);
                let word = token.map_or("", Token::word);
                if matches!(
                    word,
                    "apex" | "apices" | "base" | "bases" | "top" | "bottom"
                ) {
                    builder.noun(word);
                }
            }
            Some(Meaning::Spot(sides, zone)) => {
                builder.divide(Joint::None);
                builder.side([sides & 1 != 0, sides & 2 != 0], false);
                builder.zone(zone);
                builder.noun("");
            }
            Some(Meaning::Lung | Meaning::SideNoun) => builder.close(token.map_or("", Token::word)),
            Some(Meaning::ZoneNoun) => builder.noun(token.map_or("", Token::word)),
            Some(Meaning::Worse) => builder.compare(),
            Some(Meaning::Whole) => builder.whole = true,
            Some(Meaning::Anything) => {
                builder.everywhere = token.is_some_and(|token| token.word() == "everywhere")
            }
            Some(Meaning::Finding) => builder.finding(),
            Some(Meaning::In) => builder.preposition(token.map_or("", Token::word)),
            _ => {}
        }
    }
    builder.divide(Joint::None);
    builder.chunks
}

struct Builder {
    chunks: Vec<Chunk>,
    open: Option<Chunk>,
    joint: Joint,
    worse: bool,
    /// "all" was said, and no other noun since.
    whole: bool,
    everywhere: bool,
    /// "in" was said after the last place.
    introduced: bool,
}

impl Builder {
    fn divide(&mut self, joint: Joint) {
        if let Some(chunk) = self.open.take() {
            self.chunks.push(chunk);
            self.joint = joint;
        }
        // ", and" joins as "and" does; nothing weakens a full stop.
        if joint == Joint::Stop
            || joint == Joint::And && self.joint != Joint::Stop
            || self.joint == Joint::None
        {
            self.joint = joint;
        }
        if joint == Joint::Stop {
            self.worse = false;
        }
    }

    fn start(&mut self) -> &mut Chunk {
        let mut chunk = Chunk::new(std::mem::replace(&mut self.joint, Joint::None));
        chunk.worse = std::mem::take(&mut self.worse);
        chunk.whole = std::mem::take(&mut self.whole) | std::mem::take(&mut self.everywhere);
        chunk.introduced = std::mem::take(&mut self.introduced);
        self.open.insert(chunk)
    }

    fn side(&mut self, sides: [bool; 2], bilateral: bool) {
        if self.open.as_ref().is_some_and(Chunk::sided) {
            self.divide(Joint::None);
        }
        if self.open.is_none() {
            self.start();
        }
        if let Some(chunk) = &mut self.open {
            chunk.sides = sides;
            chunk.bilateral = bilateral;
            chunk.zone_first = chunk.zoned();
            chunk.finished = false;
        }
    }

    fn zone(&mut self, zone: usize) {
        if self
            .open
            .as_ref()
            .is_some_and(|chunk| chunk.sided() && chunk.zone_first)
        {
            self.divide(Joint::None);
        }
        if self.open.is_none() {
            self.start();
        }
        if let Some(chunk) = &mut self.open {
            chunk.zones[zone] = true;
        }
    }

    fn close(&mut self, word: &str) {
        if let Some(chunk) = &mut self.open {
            // "both lungs", but not "bilateral lung infection"
            chunk.closed |= chunk.sided() && (!chunk.bilateral || word.ends_with('s'));
            chunk.finished |= chunk.zoned();
        }
    }

    fn finding(&mut self) {
        self.whole = false;
        // "bilateral opacities in the left lower and right upper zones"
        if self
            .open
            .as_ref()
            .is_some_and(|chunk| chunk.bilateral && chunk.side_only())
        {
            self.divide(Joint::Comma);
        }
    }

    fn preposition(&mut self, word: &str) {
        self.whole = word == "throughout";
        self.introduced = self.open.is_none();
    }

    fn noun(&mut self, word: &str) {
        if let Some(chunk) = &mut self.open {
            chunk.finished |= chunk.zoned();
            chunk.middle_lobe |= word == "lobe" && chunk.zones == [false, true, false];
        }
    }

    fn compare(&mut self) {
        // "left predominant" or "predominantly left"
        match &mut self.open {
            Some(chunk) if chunk.side_only() && !chunk.bilateral => chunk.worse = true,
            _ => {
                self.divide(Joint::Comma);
                self.worse = true;
            }
        }
    }
}
