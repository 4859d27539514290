//! Sentences about the lungs themselves: a verb with the lungs as its object, or a name for their shape.

use mriseg::reading::Side;

use super::body::{Body, Kind, filled};
use super::nouns::Phrase;
use super::parts::{ANY, Choice, Composer, LAY, PLAIN, REPORT, SlotRole};
use super::tables::clear::{NOT_THAT_LUNG, NOT_THE_FINDINGS};
use super::tables::frames::{VERBS, WISHES};

const TOLD: u8 = REPORT | PLAIN;
const SAID: u8 = PLAIN | LAY;

/// Wishes that would rather ask for what is in the lungs.
const AMBIGUOUS: [&str; 6] = [
    "what about",
    "this is",
    "interested",
    "how big",
    "do you see",
    "target",
];

/// Objects of verbs: both lungs.
pub(super) const BOTH: [Choice; 22] = [
    ("the lungs", ANY),
    ("both lungs", ANY),
    ("lungs", ANY),
    ("the lung fields", TOLD),
    ("both lung fields", TOLD),
    ("lung fields", REPORT),
    ("the whole lungs", ANY),
    ("the two lungs", SAID),
    ("the lungs themselves", ANY),
    ("the lung parenchyma", TOLD),
    ("the pulmonary parenchyma", REPORT),
    ("the lung area", ANY),
    ("the left and right lung", ANY),
    ("the left and the right lung", SAID),
    ("both whole lungs", SAID),
    ("all lung tissue", PLAIN),
    ("the lung tissue", ANY),
    ("the pair of lungs", LAY),
    ("my lungs", LAY),
    ("the complete lungs", SAID),
    ("the lungs as organs", PLAIN),
    ("the two lung fields", TOLD),
];

/// Objects of verbs: one lung.
pub(super) const ONE: [Choice; 15] = [
    ("the {s} lung", ANY),
    ("{s} lung", ANY),
    ("the {s} lung field", TOLD),
    ("the whole {s} lung", ANY),
    ("the entire {s} lung", ANY),
    ("the {s} lung itself", ANY),
    ("the {s} lung parenchyma", TOLD),
    ("the {s} lung tissue", SAID),
    ("the {s} lung area", SAID),
    ("only the {s} lung", ANY),
    ("just the {s} lung", SAID),
    ("the lung on the {s}", SAID),
    ("the lung on the {s} side", SAID),
    ("my {s} lung", LAY),
    ("the complete {s} lung", SAID),
];

/// Names for the shape of the lungs or, after a side, of a lung.
pub(super) const SHAPES: [Choice; 17] = [
    ("lung mask", ANY),
    ("lung segmentation", ANY),
    ("lung outline", ANY),
    ("lung contour", TOLD),
    ("lung contours", TOLD),
    ("lung boundary", TOLD),
    ("lung boundaries", TOLD),
    ("lung border", SAID),
    ("lung borders", SAID),
    ("lung edges", SAID),
    ("lung silhouette", PLAIN),
    ("lung shape", SAID),
    ("lung region mask", PLAIN),
    ("lung field mask", PLAIN),
    ("lung field outline", TOLD),
    ("lung anatomy mask", PLAIN),
    ("lung field segmentation", TOLD),
];

/// Frames of a shape.
pub(super) const SHAPE_FRAMES: [Choice; 18] = [
    ("{m}", ANY),
    ("the {m}", ANY),
    ("{m} only", ANY),
    ("only the {m}", ANY),
    ("give me the {m}", SAID),
    ("I want the {m}", SAID),
    ("I need the {m}", SAID),
    ("I would like the {m}", SAID),
    ("make the {m}", SAID),
    ("create the {m}", ANY),
    ("compute the {m}", PLAIN),
    ("output the {m}", PLAIN),
    ("show the {m}", ANY),
    ("show me the {m}", SAID),
    ("draw the {m}", ANY),
    ("produce the {m}", TOLD),
    ("return the {m}", PLAIN),
    ("trace the {m}", TOLD),
];

/// Names of the organ that need no verb.
pub(super) const ORGAN: [Choice; 12] = [
    ("lung fields", ANY),
    ("both lung fields", ANY),
    ("the lungs themselves", ANY),
    ("whole lungs", ANY),
    ("complete lungs", SAID),
    ("lung parenchyma", TOLD),
    ("lung tissue", ANY),
    ("organ: lungs", ANY),
    ("structure: lungs", PLAIN),
    ("anatomy: lungs", TOLD),
    ("the lungs as organs", PLAIN),
    ("only the lungs themselves", ANY),
];

/// The same for one lung.
pub(super) const ONE_ORGAN: [Choice; 9] = [
    ("{s} lung field", ANY),
    ("the {s} lung itself", ANY),
    ("{s} lung parenchyma", TOLD),
    ("{s} lung tissue", ANY),
    ("organ: {s} lung", ANY),
    ("structure: {s} lung", PLAIN),
    ("anatomy: {s} lung", TOLD),
    ("the {s} lung as an organ", PLAIN),
    ("only the {s} lung itself", ANY),
];

/// The lungs, or one of them.
pub(super) fn lungs(c: &mut Composer<'_>, side: Option<Side>) -> Body {
    let word = side.map(|side| side.to_string()).unwrap_or_default();
    let mut body = match c.below(100) {
        0..=59 => {
            let (frames, kind): (&[Choice], Kind) = if c.chance(0.7) {
                (&VERBS, Kind::Verb)
            } else {
                (&WISHES, Kind::Wish)
            };
            let frame = if kind == Kind::Verb && c.chance(0.25) {
                VERBS[0].0
            } else {
                c.fitting(frames, |frame| {
                    !AMBIGUOUS.iter().any(|start| frame.contains(start))
                })
            };
            c.note(SlotRole::Frame, frame);
            let objects: &[Choice] = if side.is_some() { &ONE } else { &BOTH };
            let object = c.fitting(objects, |object| {
                kind == Kind::Verb && !frame.contains("{is}")
                    || !["only", "just", "all"]
                        .iter()
                        .any(|word| object.starts_with(word))
            });
            c.note(SlotRole::Lungs, object);
            let phrase = Phrase {
                text: object.replace("{s}", &word),
                plural: side.is_none() && !object.contains("tissue") && !object.ends_with("a"),
            };
            Body::new(filled(frame, &phrase), kind)
        }
        60..=84 => {
            let frame = c.draw(SlotRole::Frame, &SHAPE_FRAMES);
            let shape = c.draw(SlotRole::Lungs, &SHAPES);
            let shape = match side {
                Some(_) => format!("{word} {shape}"),
                None => shape.to_owned(),
            };
            let kind = match frame.split(' ').next() {
                Some("I") => Kind::Wish,
                Some("{m}" | "the" | "only") => Kind::Bare,
                _ => Kind::Verb,
            };
            Body::new(frame.replace("{m}", &shape), kind)
        }
        _ => {
            c.note(SlotRole::Frame, "{m}");
            let organ = c.draw(
                SlotRole::Lungs,
                if side.is_some() { &ONE_ORGAN } else { &ORGAN },
            );
            Body::new(organ.replace("{s}", &word), Kind::Bare)
        }
    };
    if let Some(side) = side
        && !body.question
        && body.kind != Kind::Bare
        && c.chance(0.08)
    {
        let clause = c.draw(SlotRole::Negation, &NOT_THAT_LUNG);
        body.tail = format!(", {}", clause.replace("{o}", &side.other().to_string()));
        body.names_other_side = true;
    } else if !body.question && c.chance(0.08) {
        let clause = c.draw(SlotRole::Negation, &NOT_THE_FINDINGS);
        body.tail = format!(", {clause}");
    }
    body
}
