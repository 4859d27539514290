//! Sentences about things that no model of lung findings was trained to find, and plain nonsense.

use mriseg::reading::{Findings, Side};

use super::body::{BARE, Body, Kind, filled, frame, usage};
use super::nonsense::{invented, mash, salad};
use super::nouns::{Phrase, Use, with_article};
use super::parts::{Composer, SlotRole};
use super::places;
use super::tables::off_topic::{ELSEWHERE, NONSENSE, Sort, THINGS};

/// A sentence about something else.
pub(super) fn other(c: &mut Composer<'_>) -> Body {
    match c.below(100) {
        0..=63 => thing(c),
        64..=79 => {
            let word = invented(c);
            c.note(SlotRole::Thing, word.clone());
            let sort = *c.pick(&[Sort::The, Sort::A, Sort::Mass]);
            let mut body = framed(c, &word, sort);
            body.verbatim = true;
            body
        }
        80..=88 => {
            let text = *c.pick(&NONSENSE);
            c.note(SlotRole::Thing, text);
            Body::new(text.to_owned(), Kind::Alone)
        }
        89..=93 => alone(c, mash),
        _ => alone(c, salad),
    }
}

fn alone(c: &mut Composer<'_>, text: fn(&mut Composer<'_>) -> String) -> Body {
    let text = text(c);
    c.note(SlotRole::Thing, text.clone());
    let mut body = Body::new(text, Kind::Alone);
    body.verbatim = true;
    body
}

fn thing(c: &mut Composer<'_>) -> Body {
    let counts = THINGS.map(|(_, names)| names.split(',').count());
    let mut index = c.below(counts.iter().sum());
    let mut list = 0;
    while index >= counts[list] {
        index -= counts[list];
        list += 1;
    }
    let (sort, names) = THINGS[list];
    let name = names.split(',').nth(index).unwrap_or("heart");
    c.note(SlotRole::Thing, name);
    let side = *c.pick(&Side::BOTH);
    if sort == Sort::Paired && c.chance(0.6) {
        return framed(c, &format!("{side} {name}"), Sort::The);
    }
    if sort == Sort::Sided {
        let name = match c.below(3) {
            0 => format!("{side} {name}"),
            1 => format!("{side}-sided {name}"),
            _ => name.to_owned(),
        };
        return framed(c, &name, Sort::Mass);
    }
    framed(c, name, sort)
}

/// The thing in a frame, sometimes with a place.
fn framed(c: &mut Composer<'_>, name: &str, sort: Sort) -> Body {
    let (frame, kind) = frame(c, |_| true);
    let plural = sort == Sort::Many;
    let the = sort == Sort::The || sort == Sort::Paired && c.chance(0.5);
    let text = match usage(frame) {
        Use::Headline if c.chance(0.7) => name.to_owned(),
        _ if name.starts_with("an ") => name.to_owned(),
        Use::Asked if sort == Sort::Mass || plural => {
            format!(
                "{}{name}",
                c.one_of(&["the ", "", "all ", "any ", "all the "])
            )
        }
        Use::Asked => format!("the {name}"),
        _ if the => format!("the {name}"),
        _ if plural || sort == Sort::Mass => name.to_owned(),
        _ => with_article(name),
    };
    let text = if c.chance(0.22) {
        format!("{text} {}", elsewhere(c))
    } else {
        text
    };
    Body::new(
        filled(frame, &Phrase { text, plural }),
        if frame == BARE { Kind::Bare } else { kind },
    )
}

fn elsewhere(c: &mut Composer<'_>) -> String {
    let side = *c.pick(&Side::BOTH);
    if c.chance(0.25) {
        let zone = c.below(3);
        return places::zones(c, &Findings::one_zone(side, zone)).at(false);
    }
    let place = *c.pick(&ELSEWHERE);
    c.note(SlotRole::Place, place);
    place.replace("{s}", &side.to_string())
}
