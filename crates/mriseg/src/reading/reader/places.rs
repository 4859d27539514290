//! Which zones belong to which side: "left upper and middle zones", "upper zone of the left lung", "left: upper".

use super::super::Findings;
use super::super::lexicon;
use super::chunks::{Chunk, Joint, chunks};
use super::tokens::Token;

/// The places that some words name.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// Zone by zone; a side without a zone has all.
    pub(super) findings: Findings,
    /// A side or a zone was named.
    pub(super) placed: bool,
    /// A zone was named.
    pub(super) zoned: bool,
    /// A side was named, "bilateral" too.
    pub(super) sided: bool,
    /// Fewest zones that can be meant: a side without zones counts as one.
    pub(super) fewest: usize,
    /// Left and right were named, left out "bilateral" that stands for itself.
    pub(super) explicit: [bool; 2],
}

/// Reads the places of the words; `None` stands for words that do not count.
pub(super) fn places<'a>(tokens: impl IntoIterator<Item = Option<&'a Token>>) -> Places {
    let mut chunks = chunks(tokens);
    join_sides(&mut chunks);
    attach_zones(&mut chunks);
    share_zones(&mut chunks);
    union(&chunks)
}

/// "left and right" is one place.
fn join_sides(chunks: &mut Vec<Chunk>) {
    let mut joined: Vec<Chunk> = Vec::with_capacity(chunks.len());
    for chunk in chunks.drain(..) {
        match joined.last_mut() {
            Some(last)
                if last.side_only()
                    && chunk.side_only()
                    && !last.closed
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
            (next.side_only() && !next.worse && attached.is_empty())
                || next.joint != Joint::Stop && (!next.sided() || next.zone_first)
        });
        let overview = |last: &Chunk| {
            let list = last.closed && chunk.joint == Joint::Comma && !chunk.introduced;
            last.bilateral && last.side_only() && forward && !list
        };
        // "left upper zone and middle and lower right", "all of the left lung and the lower zone of the right"
        let complete = |last: &Chunk| {
            forward
                && (last.finished
                    || last.side_only() && (last.whole || chunk.joint == Joint::And)
                    || chunk.introduced && last.zoned())
        };
        match attached.last_mut() {
            Some(last)
                if carried.is_none()
                    && !complete(last)
                    && last.sided()
                    && (!last.zone_first || !forward)
                    && (chunk.joint != Joint::Stop || last.side_only() && !forward)
                    && !(last.worse && last.side_only())
                    && !overview(last) =>
            {
                last.add(chunk.zones);
                last.finished |= chunk.finished;
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
        } else if last.sided()
            && last.zoned()
            && last.zone_first
            && !last.closed
            && !last.finished
            && !next.whole
            && next.side_only()
        {
            next.zones = last.zones;
            next.zone_first = true;
        }
    }
}

fn union(chunks: &[Chunk]) -> Places {
    let mut places = Places::default();
    // "bilateral, worse on the left" is no other place.
    let compares = |i: usize| {
        let chunk = &chunks[i];
        let both = |side| {
            chunks[..i]
                .iter()
                .any(|before: &Chunk| before.sides[side] || !before.sided())
        };
        chunk.worse && chunk.sided() && !chunk.bilateral && both(0) && both(1)
    };
    let counted = (0..chunks.len()).filter(|&i| !compares(i));
    let counted: Vec<&Chunk> = counted.map(|i| &chunks[i]).collect();
    let named = counted
        .iter()
        .any(|chunk| chunk.sided() && !chunk.bilateral);
    for chunk in &counted {
        places.placed = true;
        places.sided |= chunk.sided();
        if chunk.bilateral
            && chunk.side_only()
            && (named || counted.iter().any(|other| other.zoned()))
        {
            continue;
        }
        places.zoned |= chunk.zoned();
        let sides = match chunk.sides {
            [false, false] if chunk.middle_lobe => [false, true],
            [false, false] => [true; 2],
            sides => sides,
        };
        for (side, _) in sides.iter().enumerate().filter(|(_, named)| **named) {
            let precise = |other: &&Chunk| other.sides[side] && other.zoned();
            if chunk.side_only() && counted.iter().copied().any(|other| precise(&other)) {
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
