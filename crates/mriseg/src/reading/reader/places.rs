//! Which zones belong to which side: "left upper and middle zones", "upper zone of the left lung", "left: upper".

use super::super::Findings;
use super::super::lexicon::{self, Meaning};
use super::tokens::{Mark, Token};

/// The places that some words name.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// Zone by zone; a side without a zone has all.
    pub(super) findings: Findings,
    /// A side or a zone was named.
    pub(super) placed: bool,
    /// A zone was named.
    pub(super) zoned: bool,
    /// Fewest zones that can be meant: a side without zones counts as one.
    pub(super) fewest: usize,
    /// Left and right were named, left out "bilateral" that stands for itself.
    pub(super) explicit: [bool; 2],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Joint {
    None,
    And,
    Comma,
    Stop,
}

/// Words about places with nothing between them.
#[derive(Debug, Clone)]
struct Chunk {
    sides: [bool; 2],
    zones: [bool; 3],
    joint: Joint,
    /// "upper left" rather than "left upper".
    zone_first: bool,
    /// "left lung", "left side": no zone is to follow.
    closed: bool,
    /// Of "both", not of two sides by name.
    bilateral: bool,
    /// "worse on the left" compares.
    worse: bool,
    /// "middle lobe": there is one on the right only.
    middle_lobe: bool,
}

impl Chunk {
    fn new(joint: Joint) -> Self {
        Self {
            sides: [false; 2],
            zones: [false; 3],
            joint,
            zone_first: false,
            closed: false,
            bilateral: false,
            worse: false,
            middle_lobe: false,
        }
    }

    fn sided(&self) -> bool {
        self.sides != [false; 2]
    }

    fn zoned(&self) -> bool {
        self.zones != [false; 3]
    }

    fn side_only(&self) -> bool {
        self.sided() && !self.zoned()
    }

    fn add(&mut self, zones: [bool; 3]) {
        for (mine, zone) in self.zones.iter_mut().zip(zones) {
            *mine |= zone;
        }
    }
}

/// Reads the places of the words; `None` stands for words that do not count.
pub(super) fn places<'a>(tokens: impl IntoIterator<Item = Option<&'a Token>>) -> Places {
    let mut chunks = chunks(tokens);
    join_sides(&mut chunks);
    attach_zones(&mut chunks);
    share_zones(&mut chunks);
    union(&chunks)
}

fn chunks<'a>(tokens: impl IntoIterator<Item = Option<&'a Token>>) -> Vec<Chunk> {
    let mut builder = Builder {
        chunks: Vec::new(),
        open: None,
        joint: Joint::None,
        worse: false,
    };
    for token in tokens {
        let meaning = match token {
            None => {
                builder.divide(Joint::Stop);
                continue;
            }
            Some(Token::Mark(Mark::Comma)) => {
                builder.divide(Joint::Comma);
                continue;
            }
            Some(Token::Mark(Mark::Stop)) => {
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
            Some(Meaning::Zone(zone)) => builder.zone(zone),
            Some(Meaning::Spot(sides, zone)) => {
                builder.divide(Joint::None);
                builder.side([sides & 1 != 0, sides & 2 != 0], false);
                builder.zone(zone);
            }
            Some(Meaning::Lung | Meaning::SideNoun) => builder.close(),
            Some(Meaning::ZoneNoun) => builder.noun(token.map_or("", Token::word)),
            Some(Meaning::Worse) => builder.compare(),
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
}

impl Builder {
    fn divide(&mut self, joint: Joint) {
        if let Some(chunk) = self.open.take() {
            self.chunks.push(chunk);
            self.joint = joint;
        }
        // ", and" joins as "and" does; nothing weakens a full stop.
        if joint == Joint::Stop || joint == Joint::And && self.joint != Joint::Stop || self.joint == Joint::None {
            self.joint = joint;
        }
        if joint == Joint::Stop {
            self.worse = false;
        }
    }

    fn start(&mut self) -> &mut Chunk {
        let mut chunk = Chunk::new(std::mem::replace(&mut self.joint, Joint::None));
        chunk.worse = std::mem::take(&mut self.worse);
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
        }
    }

    fn zone(&mut self, zone: usize) {
        if self.open.as_ref().is_some_and(|chunk| chunk.sided() && chunk.zone_first) {
            self.divide(Joint::None);
        }
        if self.open.is_none() {
            self.start();
        }
        if let Some(chunk) = &mut self.open {
            chunk.zones[zone] = true;
        }
    }

    fn close(&mut self) {
        if let Some(chunk) = &mut self.open {
            chunk.closed |= chunk.sided();
        }
    }

    fn noun(&mut self, word: &str) {
        if let Some(chunk) = &mut self.open {
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

/// "left and right" is one place.
fn join_sides(chunks: &mut Vec<Chunk>) {
    let mut joined: Vec<Chunk> = Vec::with_capacity(chunks.len());
    for chunk in chunks.drain(..) {
        match joined.last_mut() {
            Some(last)
                if last.side_only()
                    && chunk.side_only()
                    && !last.bilateral
                    && !chunk.bilateral
                    && !chunk.worse
                    && chunk.joint != Joint::Stop =>
            {
                last.sides[0] |= chunk.sides[0];
                last.sides[1] |= chunk.sides[1];
                last.closed = chunk.closed;
            }
            _ => joined.push(chunk),
        }
    }
    *chunks = joined;
}

/// Gives zones that stand alone to a side before or after them.
fn attach_zones(chunks: &mut Vec<Chunk>) {
    let mut attached: Vec<Chunk> = Vec::with_capacity(chunks.len());
    let mut rest = std::mem::take(chunks).into_iter().peekable();
    let mut carried: Option<Chunk> = None;
    while let Some(mut chunk) = rest.next() {
        if chunk.sided() {
            if let Some(zones) = carried.take() {
                chunk.zone_first |= !chunk.zoned();
                chunk.add(zones.zones);
                chunk.joint = zones.joint;
            }
            attached.push(chunk);
            continue;
        }
        let next = rest.peek();
        let forward = next.is_some_and(|next| {
            (next.side_only() && !next.worse)
                || next.joint != Joint::Stop && (!next.sided() || next.zone_first && !next.bilateral)
        });
        let overview = |last: &Chunk| last.bilateral && last.side_only() && next.is_some_and(|next| next.zone_first);
        match attached.last_mut() {
            Some(last)
                if carried.is_none()
                    && last.sided()
                    && (!last.zone_first || !forward)
                    && (chunk.joint != Joint::Stop || last.side_only() && !forward)
                    && !(last.worse && last.side_only())
                    && !overview(last) =>
            {
                last.add(chunk.zones);
            }
            _ if forward => {
                if let Some(before) = carried.take() {
                    chunk.add(before.zones);
                    chunk.joint = before.joint;
                }
                carried = Some(chunk);
            }
            _ => {
                if let Some(before) = carried.take() {
                    chunk.add(before.zones);
                    chunk.middle_lobe = false;
                }
                attached.push(chunk);
            }
        }
    }
    attached.extend(carried);
    *chunks = attached;
}

/// "left and right lower zones", "lower zones of left and right".
fn share_zones(chunks: &mut [Chunk]) {
    for i in 1..chunks.len() {
        let (before, after) = chunks.split_at_mut(i);
        let (last, next) = (&mut before[i - 1], &mut after[0]);
        if next.joint != Joint::And || last.bilateral || next.bilateral {
            continue;
        }
        if last.side_only() && !last.closed && next.sided() && next.zoned() && !next.zone_first {
            last.zones = next.zones;
        } else if last.sided() && last.zoned() && last.zone_first && !last.closed && next.side_only() {
            next.zones = last.zones;
            next.zone_first = true;
        }
    }
}

fn union(chunks: &[Chunk]) -> Places {
    let mut places = Places::default();
    let by_name = |chunk: &&Chunk| chunk.sided() && !chunk.bilateral && !chunk.worse;
    let overview = chunks.iter().any(|chunk| chunk.bilateral);
    let both = overview
        || [0, 1].iter().all(|&side| chunks.iter().filter(by_name).any(|chunk| chunk.sides[side]));
    // "bilateral, worse on the left" is no other place.
    let counted = chunks.iter().filter(|chunk| !(chunk.worse && both && chunk.sided() && !chunk.bilateral));
    let counted: Vec<&Chunk> = counted.collect();
    let named = counted.iter().any(|chunk| chunk.sided() && !chunk.bilateral);
    for chunk in &counted {
        places.placed = true;
        if chunk.bilateral && chunk.side_only() && named {
            continue;
        }
        places.zoned |= chunk.zoned();
        let sides = match chunk.sides {
            [false, false] if chunk.middle_lobe => [false, true],
            [false, false] => [true; 2],
            sides => sides,
        };
        for side in 0..2 {
            let precise = |other: &&Chunk| other.sides[side] && other.zoned();
            if !sides[side] || chunk.side_only() && counted.iter().copied().any(|other| precise(&other)) {
                continue;
            }
            places.explicit[side] |= chunk.sided();
            places.fewest += chunk.zones.iter().filter(|zone| **zone).count().max(1);
            let known = places.findings.zones_mut(lexicon::side_of(side));
            for (known, zone) in known.iter_mut().zip(chunk.zones) {
                *known |= zone || chunk.side_only();
            }
        }
    }
    places
}
