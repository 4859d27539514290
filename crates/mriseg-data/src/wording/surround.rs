//! What stands around a sentence: openings, headings, remarks and its last character.

use super::body::{Body, Kind};
use super::parts::{Choice, Composer, LAY, REPORT, SlotRole};
use super::tables::fillers;

/// Puts remarks, headings and a full stop around a sentence.
pub(super) fn surrounded(c: &mut Composer<'_>, body: Body, finding: bool) -> String {
    let tells = matches!(body.kind, Kind::Told | Kind::Bare);
    let asks = matches!(body.kind, Kind::Verb | Kind::Wish);
    let mut text = body.text;
    let mut question = body.question;
    if finding && body.kind == Kind::Bare && c.is(REPORT) && c.chance(0.06) {
        text = format!("{}{text}", c.one_of(&["?", "? ", "??"]));
    }
    if body.kind == Kind::Verb && body.head.is_empty() && c.chance(0.45) {
        let opening = c.draw(SlotRole::Opening, &fillers::OPENINGS);
        question |= ["can", "could", "would", "will", "are you", "is it", "hey"]
            .iter()
            .any(|start| opening.starts_with(start))
            && body.tail.is_empty();
        text = format!("{opening} {text}");
    }
    if asks && c.chance(0.14) {
        let remark = remark(c, &fillers::WITHIN);
        text = format!("{text} {remark}");
    }
    text = format!("{}{text}{}", body.head, body.tail);
    if finding && tells && !c.is(LAY) && c.chance(0.1) {
        let besides = c.draw(SlotRole::Filler, &fillers::BESIDES);
        let glue = c.one_of(&[", ", ". ", "; "]);
        text = format!("{text}{glue}{besides}");
    }
    let headed = tells && finding && c.chance(if c.is(LAY) { 0.05 } else { 0.13 });
    if headed {
        let heading = c.draw(SlotRole::Heading, &fillers::HEADINGS);
        text = format!("{heading} {text}");
    }
    if body.kind != Kind::Alone && c.chance(0.12) {
        let mut before = remark(c, &fillers::BEFORE);
        if c.is(REPORT) && c.chance(0.25) {
            let more = remark(c, &fillers::BEFORE);
            before = format!("{before}{}{more}", c.one_of(&[". ", ", "]));
        }
        let glue = if headed {
            ". "
        } else {
            c.one_of(&[", ", ". ", ": ", ", ", " - "])
        };
        text = format!("{before}{glue}{text}");
    }
    let after = if body.kind != Kind::Alone && c.chance(0.13) {
        remark(c, &fillers::AFTER)
    } else {
        String::new()
    };
    let stop = c.chance(if c.is(REPORT) { 0.65 } else { 0.4 });
    let shout = c.chance(0.03);
    let marks = question && c.chance(0.85);
    match (after.is_empty(), marks) {
        (true, true) => text.push('?'),
        (true, false) if shout => text.push('!'),
        (true, false) if stop => text.push('.'),
        (true, false) => {}
        (false, true) => text = format!("{text}? {after}"),
        (false, false) => {
            let glue = c.one_of(&[", ", " ", ". ", ", "]);
            text = format!("{text}{glue}{after}");
            if stop {
                text.push('.');
            }
        }
    }
    text
}

/// Fills in the numbers of a remark.
fn with_numbers(c: &mut Composer<'_>, template: &str) -> String {
    let mut text = template.to_owned();
    if text.contains("{age}") {
        text = text.replace("{age}", &(18 + c.below(77)).to_string());
    }
    if text.contains("{day}") {
        text = text.replace("{day}", &(2 + c.below(19)).to_string());
    }
    text
}

/// Draws a remark at random.
fn remark(c: &mut Composer<'_>, list: &[Choice]) -> String {
    let template = c.draw(SlotRole::Filler, list);
    with_numbers(c, template)
}
