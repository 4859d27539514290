//! What a sentence can have around what it means: openings, headings, remarks, and that the rest is clear.

use mriseg::reading::Side;

use crate::wording::nouns::with_noun;
use crate::wording::parts::{ANY, Choice, Composer, LAY, PLAIN, REPORT, Role};

const TOLD: u8 = REPORT | PLAIN;
const SAID: u8 = PLAIN | LAY;

/// Before a verb.
pub(crate) const OPENINGS: [Choice; 26] = [
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
pub(crate) const HEADINGS: [Choice; 20] = [
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
pub(crate) const BEFORE: [Choice; 67] = [
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
    ("{age}yo male smoker", REPORT),
    ("{age}yo female", REPORT),
    ("{age} y/o male", REPORT),
    ("{age} y/o female", REPORT),
    ("{age} year old lady", SAID),
    ("cough, fever and SOB", REPORT),
    ("SOB", REPORT),
    ("febrile", REPORT),
    ("febrile and short of breath", TOLD),
    ("haemoptysis", TOLD),
    ("smoker", ANY),
    ("ex-smoker, {age}", REPORT),
    ("post-op day {day}", REPORT),
    ("intubated patient", REPORT),
    ("{day} days of cough", ANY),
    ("{day}/7 cough", REPORT),
    ("low saturations", REPORT),
    ("raised CRP", REPORT),
    ("crackles on auscultation", REPORT),
    ("seen in the emergency department", TOLD),
    ("bed {day}", REPORT),
    ("new admission", TOLD),
    ("ITU film", REPORT),
    ("patient unwell", REPORT),
    ("night sweats and weight loss", TOLD),
    ("I have been coughing", LAY),
    ("my doctor sent me this", LAY),
];

/// Remarks inside the sentence, at its end.
pub(crate) const WITHIN: [Choice; 20] = [
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
pub(crate) const AFTER: [Choice; 33] = [
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
    ("start antibiotics", REPORT),
    ("for antibiotics", REPORT),
    ("repeat film in {day} weeks", REPORT),
    ("please review", TOLD),
    ("needs a CT", REPORT),
    ("patient informed", REPORT),
    ("it hurts there", LAY),
    ("I'm worried", LAY),
    ("sorry to bother you", LAY),
];

/// What reports add about other organs.
pub(crate) const BESIDES: [Choice; 19] = [
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
    ("no effusion, no pneumothorax", REPORT),
    ("no effusion or pneumothorax", TOLD),
    ("normal mediastinum", REPORT),
    ("mediastinum normal", REPORT),
    ("no cardiomegaly", REPORT),
    ("bones unremarkable", REPORT),
    ("lines in situ", REPORT),
    ("heart normal", TOLD),
    ("no pneumothorax or effusion", REPORT),
];

/// That the other side is clear.
pub(crate) const OTHER_SIDE: [Choice; 56] = [
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
    ("{o} lung unremarkable", REPORT),
    ("the {o} is clear", ANY),
    ("the {o} is fine", LAY),
    ("{o} normal", REPORT),
    ("{o} unremarkable", REPORT),
    ("{o} side normal", TOLD),
    ("{o} lung not affected", TOLD),
    ("the {o} lung is not affected", ANY),
    ("the {o} lung is not involved", REPORT),
    ("the {o} lung is spared", REPORT),
    ("{o} lung free of {n}", REPORT),
    ("the {o} lung is free of {n}", TOLD),
    ("no findings on the {o}", TOLD),
    ("nothing wrong on the {o}", LAY),
    ("nothing wrong with the {o} lung", LAY),
    ("there is no {n} on the {o}", ANY),
    ("there is no {n} in the {o} lung", SAID),
    ("the {o} one is fine", LAY),
    ("ignore the {o} lung", SAID),
    ("ignore the {o} side", SAID),
    ("the {o} lung looks normal", ANY),
    ("the {o} lung is OK", LAY),
];

/// The same, only after the sentence and without a break.
pub(crate) const NOT_THERE: [Choice; 11] = [
    ("not the {o}", ANY),
    ("not the {o} lung", SAID),
    ("not on the {o}", ANY),
    ("sparing the {o} lung", REPORT),
    ("but not the {o}", SAID),
    ("but not on the {o}", SAID),
    ("but nothing on the {o}", SAID),
    ("not in the {o} lung", ANY),
    ("but not in the {o} lung", ANY),
    ("rather than the {o}", SAID),
    ("and not on the {o}", ANY),
];

/// That one side is meant and not the other, in one sentence; `{n}` is the finding.
pub(crate) const ONE_NOT_OTHER: [Choice; 18] = [
    ("not the {o} lung, the {s} lung", SAID),
    ("not the {o} one, the {s} one", LAY),
    ("not on the {o}, on the {s}", ANY),
    ("no {n} on the {o}, only on the {s}", ANY),
    ("there is no {n} on the {o}, only on the {s}", SAID),
    ("no findings {o}, findings {s}", REPORT),
    ("{o} fine, {s} sick", LAY),
    ("nothing {o}, {n} {s}", REPORT),
    ("only the {s} lung is affected, not the {o}", ANY),
    ("{n} {s}, not {o}", REPORT),
    ("{s} but not {o}", ANY),
    ("only {s}, not {o}", ANY),
    ("no {n} {o}, {n} {s}", REPORT),
    ("{s} yes, {o} no", LAY),
    ("on the {s} and not on the {o}", SAID),
    ("it is the {s} lung, not the {o} one", SAID),
    ("it's on the {s}, not on the {o}", SAID),
    ("{n} on the {s} only, not on the {o}", ANY),
];

/// That some place is clear, before or after the sentence.
pub(crate) const PLACE_CLEAR: [Choice; 12] = [
    ("{p} clear", TOLD),
    ("{p} {are} clear", ANY),
    ("{p} {are} normal", ANY),
    ("{p} {are} spared", REPORT),
    ("{p} spared", REPORT),
    ("{p} {are} fine", LAY),
    ("{p} {are} not affected", ANY),
    ("{p} unremarkable", REPORT),
    ("nothing {at}", ANY),
    ("no {n} {at}", ANY),
    ("there is no {n} {at}", SAID),
    ("nothing wrong {at}", LAY),
];

/// The same, only after the sentence.
pub(crate) const NOT_PLACE: [Choice; 6] = [
    ("not {p}", ANY),
    ("but not {p}", ANY),
    ("sparing {p}", REPORT),
    ("not {at}", ANY),
    ("but not {at}", ANY),
    ("but nothing {at}", SAID),
];

/// Between all findings and the place whose findings are not meant.
pub(crate) const EXCEPT: [Choice; 7] = [
    ("except", ANY),
    ("except for", ANY),
    ("but", ANY),
    ("apart from", ANY),
    ("excluding", TOLD),
    ("other than", SAID),
    ("but not", SAID),
];

/// Findings of both sides: where there are more.
pub(crate) const COMPARED: [Choice; 12] = [
    ("worse on the {s}", ANY),
    ("more on the {s}", ANY),
    ("more on the {s} than on the {o}", ANY),
    ("{s} worse than {o}", TOLD),
    ("{s} more than {o}", TOLD),
    ("{s} greater than {o}", REPORT),
    ("{s} > {o}", REPORT),
    ("greater on the {s}", REPORT),
    ("the {s} is worse", SAID),
    ("the {s} side is worse", SAID),
    ("the {s} lung is worse than the {o}", SAID),
    ("worse on the {s} side", ANY),
];

/// The lungs are meant, whatever is in them.
pub(crate) const NOT_THE_FINDINGS: [Choice; 9] = [
    ("not the lesions", ANY),
    ("not the findings", TOLD),
    ("not the infection", ANY),
    ("not the opacities", TOLD),
    ("without the lesions", ANY),
    ("without the pneumonia", SAID),
    ("ignore the findings", ANY),
    ("ignore the infection", ANY),
    ("ignore the lesions", SAID),
];

/// The lungs of the other side are not meant.
pub(crate) const NOT_THAT_LUNG: [Choice; 5] = [
    ("not the {o}", ANY),
    ("not the {o} one", SAID),
    ("not the {o} lung", ANY),
    ("without the {o} one", SAID),
    ("but not the {o} one", LAY),
];

/// That everything else is clear.
pub(crate) const REST: [Choice; 12] = [
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
pub(crate) fn with_numbers(c: &mut Composer<'_>, template: &str) -> String {
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
pub(crate) fn remark(c: &mut Composer<'_>, list: &[Choice]) -> String {
    let template = c.draw(Role::Filler, list);
    with_numbers(c, template)
}

/// Draws a clause that says the other side, of `side`, is clear.
pub(crate) fn clear_of(c: &mut Composer<'_>, list: &[Choice], side: Side) -> String {
    let template = c.draw(Role::Negation, list);
    with_noun(c, template.replace("{o}", &side.other().to_string()))
}
