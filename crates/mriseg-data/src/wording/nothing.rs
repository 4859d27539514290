//! Sentences that say there is nothing.

use mriseg::reading::Side;

use super::body::{Body, Kind};
use super::nouns::denied;
use super::parts::{ANY, Choice, Composer, LAY, PLAIN, REPORT, SlotRole};
use super::places;
use super::tables::denials::{CLEAR_STATEMENTS, CLEAR_THINGS, DENIALS, SHOWING, STATING};

/// No findings.
pub(super) fn nothing(c: &mut Composer<'_>) -> Body {
    match c.below(100) {
        0..=19 => {
            let frame = c.draw(SlotRole::Frame, &STATING);
            let clear = c.draw(SlotRole::Clear, &CLEAR_STATEMENTS);
            return Body::new(frame.replace("{c}", clear), Kind::Told);
        }
        20..=34 => {
            let frame = c.draw(SlotRole::Frame, &SHOWING);
            let clear = c.fitting(&CLEAR_THINGS, |clear| {
                !frame.starts_with("this is") || clear.starts_with('a')
            });
            c.note(SlotRole::Clear, clear);
            let mut clear = clear.to_owned();
            if frame == "{c}" && c.chance(0.7) {
                clear = clear
                    .trim_start_matches("an ")
                    .trim_start_matches("a ")
                    .to_owned();
            }
            return Body::new(frame.replace("{c}", &clear), Kind::Told);
        }
        35..=37 => {
            let side = *c.pick(&Side::BOTH);
            let clear = c.draw(SlotRole::Clear, &ONE_CLEAR);
            c.note(SlotRole::Frame, "{c}");
            return Body::new(clear.replace("{s}", &side.to_string()), Kind::Told);
        }
        _ => {}
    }
    let frame = if c.chance(0.2) {
        c.note(SlotRole::Frame, DENIALS[0].0);
        DENIALS[0].0
    } else {
        c.draw(SlotRole::Frame, &DENIALS)
    };
    let names = denied(c, frame);
    let mut text = frame.replace("{n}", &names);
    if c.chance(0.3) {
        let place = if c.chance(0.5) {
            let side = *c.pick(&Side::BOTH);
            places::side(c, side)
        } else {
            places::both(c)
        };
        text = format!("{text} {}", place.at(c.is(REPORT) && c.chance(0.4)));
    } else if c.chance(0.05) {
        text.push_str(if c.is(LAY) {
            " anywhere"
        } else {
            " in any zone"
        });
    }
    Body::new(text, Kind::Told)
}

pub(super) const ONE_CLEAR: [Choice; 8] = [
    ("{s} lung clear", REPORT | PLAIN),
    ("{s} lung is clear", ANY),
    ("the {s} lung is clear", ANY),
    ("the {s} lung is normal", ANY),
    ("nothing on the {s}", ANY),
    ("nothing in the {s} lung", ANY),
    ("nothing on the {s} side", ANY),
    ("the {s} side is clear", ANY),
];
