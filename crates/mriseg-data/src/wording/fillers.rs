//! What a sentence can have around what it means: openings, headings, remarks, and that the rest is clear.

use mriseg::reading::Side;

use super::lexicon::Noun;
use super::parts::{ANY, Choice, Composer, LAY, PLAIN, REPORT, Role};

const TOLD: u8 = REPORT | PLAIN;
const SAID: u8 = PLAIN | LAY;

/// Before a verb.
pub(super) const OPENINGS: [Choice; 26] = [
    ("please", ANY),
    ("can you", SAID),
    ("can you please", SAID),
    ("could you", SAID),
    ("could you please", SAID),
    ("would you", SAID),
    ("would you please", SAID),
    ("will you", SAID),
    ("I want you to", SAID),
    ("I'd like you to", SAID),
    ("I would like you to", SAID),
    ("I need you to", SAID),
    ("kindly", ANY),
    ("try to", SAID),
    ("now", SAID),
    ("your task is to", PLAIN),
    ("the task is to", PLAIN),
    ("the goal is to", PLAIN),
    ("go ahead and", SAID),
    ("just", LAY),
    ("hey, can you", LAY),
    ("use the model to", PLAIN),
    ("are you able to", SAID),
    ("is it possible to", SAID),
    ("you should", SAID),
    ("quickly", LAY),
];

/// Headings of reports.
pub(super) const HEADINGS: [Choice; 20] = [
    ("Findings:", TOLD),
    ("IMPRESSION:", TOLD),
    ("Chest X-ray:", ANY),
    ("CXR:", REPORT),
    ("Report:", ANY),
    ("Result:", ANY),
    ("Conclusion:", TOLD),
    ("Opinion:", REPORT),
    ("Summary:", TOLD),
    ("Diagnosis:", ANY),
    ("Radiology report:", TOLD),
    ("Comment:", REPORT),
    ("Observation:", PLAIN),
    ("Answer:", SAID),
    ("Thorax:", REPORT),
    ("Description:", PLAIN),
    ("Assessment:", REPORT),
    ("Interpretation:", TOLD),
    ("Note:", SAID),
    ("Final report:", REPORT),
];

/// Remarks before the sentence.
pub(super) const BEFORE: [Choice; 40] = [
    ("AP view", REPORT),
    ("PA view", REPORT),
    ("portable film", TOLD),
    ("portable AP chest", REPORT),
    ("supine film", REPORT),
    ("erect film", REPORT),
    ("frontal view", TOLD),
    ("single view", REPORT),
    ("compared with the previous", TOLD),
    ("comparison: none", REPORT),
    ("compared with last week", ANY),
    ("{age}-year-old patient", ANY),
    ("{age}-year-old woman", ANY),
    ("{age}-year-old man", ANY),
    ("{age} yo M", REPORT),
    ("{age} yo F", REPORT),
    ("male, {age}", REPORT),
    ("female, {age}", REPORT),
    ("day {day}", TOLD),
    ("day {day} after admission", TOLD),
    ("follow-up", TOLD),
    ("follow-up film", REPORT),
    ("cough and fever", ANY),
    ("fever for {day} days", ANY),
    ("short of breath", ANY),
    ("patient on the ward", PLAIN),
    ("patient number {age}", PLAIN),
    ("case {age}", PLAIN),
    ("this is my X-ray", LAY),
    ("here is a picture", LAY),
    ("this is my mother's X-ray", LAY),
    ("hello", LAY),
    ("hi", LAY),
    ("good morning", LAY),
    ("ok", SAID),
    ("next one", SAID),
    ("in this image", SAID),
    ("on this film", TOLD),
    ("in this X-ray", SAID),
    ("I'm not a doctor", LAY),
];

/// Remarks inside the sentence, at its end.
pub(super) const WITHIN: [Choice; 20] = [
    ("in this image", ANY),
    ("in this picture", SAID),
    ("in the image", ANY),
    ("in the picture", SAID),
    ("on this X-ray", ANY),
    ("on the X-ray", ANY),
    ("on this film", REPORT),
    ("on this chest X-ray", ANY),
    ("on the radiograph", TOLD),
    ("on this radiograph", TOLD),
    ("in this scan", SAID),
    ("of this patient", TOLD),
    ("here", SAID),
    ("for me", LAY),
    ("on the current film", REPORT),
    ("on AP view", REPORT),
    ("in this photo", LAY),
    ("in the photo", LAY),
    ("today", ANY),
    ("on this view", REPORT),
];

/// Remarks after the sentence.
pub(super) const AFTER: [Choice; 24] = [
    ("please", ANY),
    ("pls", LAY),
    ("thanks", ANY),
    ("thank you", ANY),
    ("thanks a lot", LAY),
    ("many thanks", SAID),
    ("as discussed", TOLD),
    ("as before", TOLD),
    ("as reported", TOLD),
    ("follow-up advised", REPORT),
    ("clinical correlation advised", REPORT),
    ("if possible", SAID),
    ("for my homework", LAY),
    ("it is urgent", SAID),
    ("as you can see", SAID),
    ("I think", SAID),
    ("ok?", LAY),
    ("that is all", SAID),
    ("for the report", TOLD),
    ("for teaching", TOLD),
    ("for the study", PLAIN),
    ("reported by the registrar", REPORT),
    ("discussed with the team", REPORT),
    ("day {day}", REPORT),
];

/// What reports add about other organs.
pub(super) const BESIDES: [Choice; 10] = [
    ("no pleural effusion", TOLD),
    ("no effusion", TOLD),
    ("no pneumothorax", TOLD),
    ("no pleural effusion or pneumothorax", REPORT),
    ("heart size normal", REPORT),
    ("heart size is normal", TOLD),
    ("normal heart size", REPORT),
    ("cardiac silhouette is normal", REPORT),
    ("the heart is normal", SAID),
    ("bones intact", REPORT),
];

/// That the other side is clear.
pub(super) const OTHER_SIDE: [Choice; 34] = [
    ("{o} lung clear", TOLD),
    ("{o} lung is clear", ANY),
    ("the {o} lung is clear", ANY),
    ("the {o} lung is normal", ANY),
    ("{o} lung normal", TOLD),
    ("the {o} lung is fine", LAY),
    ("the {o} lung is healthy", SAID),
    ("the {o} lung is unremarkable", REPORT),
    ("the {o} side is clear", ANY),
    ("the {o} side is normal", ANY),
    ("the {o} side is fine", LAY),
    ("the {o} side looks ok", LAY),
    ("{o} side clear", TOLD),
    ("{o} clear", REPORT),
    ("nothing on the {o}", ANY),
    ("nothing on the {o} side", ANY),
    ("nothing in the {o} lung", ANY),
    ("there is nothing on the {o}", SAID),
    ("the other side is clear", ANY),
    ("other side clear", TOLD),
    ("the other lung is clear", ANY),
    ("the other lung is normal", ANY),
    ("the other lung is fine", LAY),
    ("nothing on the other side", ANY),
    ("contralateral lung is normal", REPORT),
    ("contralateral lung clear", REPORT),
    ("the contralateral lung is clear", TOLD),
    ("no {n} on the {o}", ANY),
    ("no {n} on the {o} side", ANY),
    ("no {n} in the {o} lung", ANY),
    ("no {n} on the other side", ANY),
    ("no {n} in the other lung", SAID),
    ("the {o} side has nothing", LAY),
    ("{o} hemithorax clear", REPORT),
];

/// The same, only after the sentence and without a break.
pub(super) const NOT_THERE: [Choice; 7] = [
    ("not the {o}", ANY),
    ("not the {o} lung", SAID),
    ("not on the {o}", ANY),
    ("sparing the {o} lung", REPORT),
    ("but not the {o}", SAID),
    ("but not on the {o}", SAID),
    ("but nothing on the {o}", SAID),
];

/// The lungs of the other side are not meant.
pub(super) const NOT_THAT_LUNG: [Choice; 5] = [
    ("not the {o}", ANY),
    ("not the {o} one", SAID),
    ("not the {o} lung", ANY),
    ("without the {o} one", SAID),
    ("but not the {o} one", LAY),
];

/// That everything else is clear.
pub(super) const REST: [Choice; 12] = [
    ("the rest is clear", ANY),
    ("the rest is fine", LAY),
    ("the rest is normal", ANY),
    ("rest clear", REPORT),
    ("rest of the lungs clear", REPORT),
    ("the rest of the lungs is clear", ANY),
    ("elsewhere clear", REPORT),
    ("otherwise clear", TOLD),
    ("nothing elsewhere", ANY),
    ("nothing else", ANY),
    ("the remaining zones are clear", TOLD),
    ("lungs otherwise clear", REPORT),
];

/// Numbers where a remark has them.
pub(super) fn with_numbers(c: &mut Composer<'_>, template: &str) -> String {
    let mut text = template.to_owned();
    if text.contains("{age}") {
        text = text.replace("{age}", &(18 + c.below(77)).to_string());
    }
    if text.contains("{day}") {
        text = text.replace("{day}", &(2 + c.below(19)).to_string());
    }
    text
}

/// Draws a remark.
pub(super) fn remark(c: &mut Composer<'_>, list: &[Choice]) -> String {
    let template = c.draw(Role::Filler, list);
    with_numbers(c, template)
}

/// Draws a clause that says the other side, of `side`, is clear.
pub(super) fn clear_of(c: &mut Composer<'_>, list: &[Choice], side: Side) -> String {
    let template = c.draw(Role::Negation, list);
    let mut text = template.replace("{o}", &side.other().to_string());
    if text.contains("{n}") {
        let noun = Noun::draw(c, |noun| !noun.is_everything());
        let many = !noun.many.is_empty() && c.chance(0.5);
        text = text.replace("{n}", if many { noun.many } else { noun.one });
    }
    text
}
