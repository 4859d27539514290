//! Clauses that say where there is nothing, and what is not meant.

use crate::wording::parts::{ANY, Choice, LAY, PLAIN, REPORT};

const TOLD: u8 = REPORT | PLAIN;
const SAID: u8 = PLAIN | LAY;

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
