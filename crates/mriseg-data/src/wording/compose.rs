//! Sentences about findings: in zones, of one side, or all.

use mriseg::reading::{Findings, Side};

use super::body::{BARE, Body, Kind, filled, frame, usage};
use super::nothing::nothing;
use super::nouns::{Detail, Phrase, Use, with_noun};
use super::parts::{Choice, Composer, REPORT, SlotRole};
use super::places::{self, Place};
use super::tables::clear::{
    COMPARED, EXCEPT, NOT_PLACE, NOT_THERE, ONE_NOT_OTHER, OTHER_SIDE, PLACE_CLEAR, REST,
};
use super::tables::frames::{ALL, CLAUSES, PLACE_FIRST, PLACE_ONLY, VERBS};
use super::tables::lexicon::{COUNTS, Noun};

fn noun_for(c: &mut Composer<'_>, frame: &str) -> &'static Noun {
    let everything = frame == BARE || usage(frame) == Use::Asked;
    // "Findings: left lung" is a heading and a place.
    Noun::draw(c, |noun| {
        (everything || !noun.is_everything()) && (frame != BARE || noun.one != "finding")
    })
}

/// Findings in these zones.
pub(super) fn zones(c: &mut Composer<'_>, findings: &Findings) -> Body {
    if findings.is_empty() {
        return nothing(c);
    }
    let only = findings.only_side();
    let rest = findings.rest();
    if rest.count() == 1 && c.chance(0.4) {
        let place = places::zones(c, &rest);
        return except(c, &place);
    }
    let mut body = if c.chance(0.06) {
        clauses(c, findings)
    } else {
        let place = places::zones(c, findings);
        let few = findings.left != [true; 3] && findings.right != [true; 3];
        let detail = Detail {
            count: c.chance(0.09).then(|| findings.count()),
            laterality: c.chance(0.09).then_some(if only.is_some() {
                "unilateral"
            } else {
                "bilateral"
            }),
            spread: few,
        };
        somewhere(c, &place, detail)
    };
    if let Some(side) = only
        && c.chance(0.14)
    {
        other_side_clear(c, &mut body, side);
    } else if findings.count() < 5 && c.chance(0.12) {
        place_clear(c, &mut body, &rest);
    } else if findings.count() < 5 && c.chance(0.05) {
        let rest = c.draw(SlotRole::Negation, &REST);
        attach(c, &mut body, rest.to_owned());
    } else if only.is_none() && c.chance(0.06) {
        compared(c, &mut body);
    }
    body
}

/// All findings of a side.
pub(super) fn side(c: &mut Composer<'_>, side: Side) -> Body {
    match c.below(100) {
        0..=7 => return one_not_other(c, side),
        8..=11 => {
            let place = places::side(c, side.other());
            return except(c, &place);
        }
        _ => {}
    }
    let place = places::side(c, side);
    let mut body = somewhere(c, &place, Detail::default());
    if c.chance(0.2) {
        other_side_clear(c, &mut body, side);
    }
    body
}

/// Findings at a place, with or without a name.
fn somewhere(c: &mut Composer<'_>, place: &Place, detail: Detail) -> Body {
    if !place.needs_noun && c.chance(0.2) {
        return place_only(c, place);
    }
    if !place.np(false).is_empty() && !place.has_comma() && c.chance(0.08) {
        let frame = c.draw(SlotRole::Frame, &PLACE_FIRST);
        let noun = noun_for(c, frame);
        let text = filled(frame, &noun.phrase(c, Use::Told, detail));
        return Body::new(
            at_place(&text, place, c.is(REPORT) && c.chance(0.3)),
            Kind::Told,
        );
    }
    let (frame, kind) = frame(c, |_| true);
    let noun = noun_for(c, frame);
    let phrase = noun.placed(c, place, usage(frame), detail);
    Body::new(filled(frame, &phrase), kind)
}

fn at_place(frame: &str, place: &Place, telegraphic: bool) -> String {
    let [are, have] = if place.plural {
        ["are", "have"]
    } else {
        ["is", "has"]
    };
    let mut text = frame
        .replace("{p}", &place.np(telegraphic))
        .replace("{at}", &place.at(telegraphic))
        .replace("{are}", are)
        .replace("{have}", have);
    if place.plural && frame.contains("{p} shows") {
        text = text.replacen(" shows ", " show ", 1);
    }
    text
}

/// "left lower zone", "the left base is affected".
fn place_only(c: &mut Composer<'_>, place: &Place) -> Body {
    if c.chance(0.5) {
        c.note(SlotRole::Frame, "{p}");
        let telegraphic = c.chance(0.85);
        let text = match &place.before {
            // "left basal", "bibasal", "bilateral".
            Some(before) if c.is(REPORT) && !before.contains('-') && c.chance(0.15) => {
                before.clone()
            }
            _ if c.chance(0.15) => place.at(c.chance(0.3)),
            _ => place.np(telegraphic),
        };
        return Body::new(text, Kind::Bare);
    }
    // "the left base and the zone on the right only" would leave open what is meant.
    let frame = c.fitting(&PLACE_ONLY, |frame| {
        !place.plural || !frame.ends_with("only")
    });
    c.note(SlotRole::Frame, frame);
    let text = at_place(frame, place, c.is(REPORT) && c.chance(0.6));
    let kind = if frame.starts_with('{') {
        Kind::Told
    } else {
        Kind::Alone
    };
    Body::new(text, kind)
}

/// A sentence of the data, its clauses changed a little.
fn clauses(c: &mut Composer<'_>, findings: &Findings) -> Body {
    let frame = c.styled(&CLAUSES);
    c.note(SlotRole::Frame, frame.replace([';', ':'], ","));
    let noun = Noun::draw(c, |noun| noun.many.is_empty() && !noun.is_everything());
    let place = places::zones(c, findings);
    let count = findings.count();
    let laterality = *c.pick(if findings.only_side().is_some() {
        &["unilateral", "unilateral", "one-sided"]
    } else {
        &["bilateral", "bilateral", "two-sided"]
    });
    let number = if c.chance(0.7) {
        COUNTS[count - 1].to_owned()
    } else {
        count.to_string()
    };
    let kind = c.one_of(&["infected", "infected", "affected", "abnormal", "involved"]);
    let area = c.one_of(&["area", "area", "zone", "region"]);
    let text = frame
        .replace("{l}", &format!("{laterality} {}", noun.one))
        .replace(
            "{c}",
            &format!(
                "{number} {kind} {area}{}",
                if count == 1 { "" } else { "s" }
            ),
        );
    let name = place.np(true);
    let name = if name.is_empty() {
        place.at(true)
    } else {
        name
    };
    let text = text
        .replace("in {p}", &place.at(true))
        .replace("{p}", &name);
    Body::new(text, Kind::Bare)
}

/// Adds that the other side of `side` is clear.
fn other_side_clear(c: &mut Composer<'_>, body: &mut Body, side: Side) {
    body.names_other_side = true;
    if c.chance(0.3) {
        let clause = clear_of(c, &NOT_THERE, side);
        let comma = if clause.starts_with("sparing") {
            " "
        } else {
            ", "
        };
        body.tail = format!("{comma}{clause}");
        return;
    }
    let clause = clear_of(c, &OTHER_SIDE, side);
    // "The other side is clear" only after the side is named.
    let first = !clause.contains("other") && !clause.contains("contralateral");
    if first && c.chance(0.4) {
        let glue = c.one_of(&[". ", ". ", ", ", "; ", ", but "]);
        body.head = format!("{clause}{glue}");
    } else {
        attach(c, body, clause);
    }
}

/// "no consolidation on the left, only on the right".
fn one_not_other(c: &mut Composer<'_>, side: Side) -> Body {
    let frame = c.draw(SlotRole::Frame, &ONE_NOT_OTHER);
    let text = frame
        .replace("{s}", &side.to_string())
        .replace("{o}", &side.other().to_string());
    let mut body = Body::new(with_noun(c, text), Kind::Told);
    body.names_other_side = true;
    body
}

/// All findings but those of `place`.
fn except(c: &mut Composer<'_>, place: &Place) -> Body {
    let (frame, kind) = asking(c);
    let all = c.draw(SlotRole::Noun, &ALL);
    let except = c.draw(SlotRole::Negation, &EXCEPT);
    let name = match place.np(false) {
        name if name.is_empty() => format!("what is {}", place.at(false)),
        name => name,
    };
    let phrase = Phrase {
        text: format!("{all} {except} {name}"),
        plural: false,
    };
    let mut body = Body::new(filled(frame, &phrase), kind);
    body.names_other_side = true;
    body
}

/// Adds that some of these zones, in which there is nothing, are clear.
fn place_clear(c: &mut Composer<'_>, body: &mut Body, zones: &Findings) {
    let (side, zone) = loop {
        let (side, zone) = (*c.pick(&Side::BOTH), c.below(3));
        if zones.zones(side)[zone] {
            break (side, zone);
        }
    };
    let mut clear = Findings::one_zone(side, zone);
    match c.below(4) {
        0 if zones.zones(side.other())[zone] => clear.zones_mut(side.other())[zone] = true,
        1 if zones.zones(side) != [true; 3] => clear = zones.one_side(side),
        _ => {}
    }
    let place = places::zones(c, &clear);
    let after = body.head.is_empty() && c.chance(0.35);
    let named = !place.np(false).is_empty();
    let list = if after { &NOT_PLACE[..] } else { &PLACE_CLEAR };
    let template = c.fitting(list, |text| named || !text.contains("{p}"));
    c.note(SlotRole::Negation, template);
    let text = at_place(template, &place, c.is(REPORT));
    let text = with_noun(c, text);
    body.names_other_side = true;
    if after {
        body.tail = format!(", {text}");
        return;
    }
    let glue = c.one_of(&[". ", ". ", "; "]);
    if c.chance(0.4) {
        body.head = format!("{text}{glue}");
    } else {
        let glue = if body.question { "? " } else { glue };
        body.question = false;
        body.tail = format!("{glue}{text}");
    }
}

/// Adds that one side has more of it.
fn compared(c: &mut Composer<'_>, body: &mut Body) {
    let side = *c.pick(&Side::BOTH);
    let clause = c
        .draw(SlotRole::Filler, &COMPARED)
        .replace("{s}", &side.to_string())
        .replace("{o}", &side.other().to_string());
    body.tail = format!(", {clause}");
}

fn attach(c: &mut Composer<'_>, body: &mut Body, clause: String) {
    let glue: &str = if body.question {
        "? "
    } else if matches!(body.kind, Kind::Told | Kind::Bare) {
        c.one_of(&[", ", ", ", ". ", "; ", ", and ", " and "])
    } else {
        c.one_of(&[". ", "; ", ". "])
    };
    let glue = if glue == " and " && body.text.contains(" and ") {
        ", "
    } else {
        glue
    };
    body.question = false;
    body.tail = format!("{glue}{clause}");
}

/// All findings.
pub(super) fn everything(c: &mut Composer<'_>) -> Body {
    if c.chance(0.15) {
        let (frame, kind) = asking(c);
        let text = c.draw(SlotRole::Noun, &ALL);
        let phrase = Phrase {
            text: text.to_owned(),
            plural: false,
        };
        return Body::new(filled(frame, &phrase), kind);
    }
    if c.chance(0.5) {
        let place = places::both(c);
        let mut body = somewhere(c, &place, Detail::default());
        if c.chance(0.1) {
            compared(c, &mut body);
        }
        return body;
    }
    let (frame, kind) = frame(c, |_| true);
    let noun = noun_for(c, frame);
    let phrase = noun.phrase(c, usage(frame), Detail::default());
    Body::new(filled(frame, &phrase), kind)
}

/// Draws a frame for what is asked for, or none.
fn asking(c: &mut Composer<'_>) -> (&'static str, Kind) {
    frame(c, |frame| {
        frame == BARE
            || VERBS
                .iter()
                .any(|(text, _)| *text == frame && !text.contains("{is}"))
    })
}

/// Draws a clause that says the other side, of `side`, is clear.
fn clear_of(c: &mut Composer<'_>, list: &[Choice], side: Side) -> String {
    let template = c.draw(SlotRole::Negation, list);
    with_noun(c, template.replace("{o}", &side.other().to_string()))
}
