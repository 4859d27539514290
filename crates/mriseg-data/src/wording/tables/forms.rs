//! Tables of the ways in which a place can be named.
//!
//! `{s}` is the side and `{o}` the other one; `{z}` are zones (upper), `{t}` the same for lay people (top); `{lobe}`
//! and `{lz}` are abbreviations (LUL, LUZ), `{short}` of a zone alone (UZ); `[,]` is a comma that can be missing.

use crate::wording::parts::{ANY, LAY, PLAIN, REPORT};

/// Of which zones a form can be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Zones {
    Any,
    /// Any one: "both upper and lower zones" could mean one lung.
    One,
    /// The upper or the lower.
    OneEnd,
    /// Just this one.
    Only(usize),
    /// Not the middle.
    Ends,
    /// Not the middle of the left lung, which has no middle lobe.
    Lobes,
}

/// One way to name a place.
#[derive(Debug)]
pub(crate) struct Form {
    pub(crate) text: &'static str,
    /// The preposition.
    pub(crate) at: &'static str,
    /// What can stand before the noun: "left basal".
    pub(crate) before: &'static str,
    pub(crate) zones: Zones,
    pub(crate) styles: u8,
    pub(crate) plural: bool,
    pub(crate) needs_noun: bool,
    pub(crate) only_after: bool,
    pub(crate) comma: bool,
    /// Whether it would be read otherwise beside another place: "the bases and the left apex".
    pub(crate) alone: bool,
}

const fn form(text: &'static str, at: &'static str, styles: u8) -> Form {
    Form {
        text,
        at,
        before: "",
        zones: Zones::Any,
        styles,
        plural: false,
        needs_noun: false,
        only_after: false,
        comma: false,
        alone: false,
    }
}

impl Form {
    const fn before(self, before: &'static str) -> Self {
        Self { before, ..self }
    }

    const fn only(self, zones: Zones) -> Self {
        Self { zones, ..self }
    }

    const fn many(mut self) -> Self {
        self.plural = true;
        self
    }

    const fn with_noun(mut self) -> Self {
        self.needs_noun = true;
        self
    }

    const fn adverb(mut self) -> Self {
        self.needs_noun = true;
        self.only_after = true;
        self
    }

    const fn alone(mut self) -> Self {
        self.alone = true;
        self
    }

    const fn comma(mut self) -> Self {
        self.comma = true;
        self
    }
}

const UPPER: Zones = Zones::Only(0);
const MIDDLE: Zones = Zones::Only(1);
const LOWER: Zones = Zones::Only(2);
const TOLD: u8 = REPORT | PLAIN;
const SAID: u8 = PLAIN | LAY;

/// One zone of one lung.
pub(crate) const SINGLE: [Form; 57] = [
    form("the {z} {s} lung", "in", ANY).before("{z} {s} lung"),
    form("the {s} {z} lung", "in", ANY).before("{s} {z} lung"),
    form("the {s} {z} zone", "in", TOLD).before("{s} {z} zone"),
    form("the {s} {z} field", "in", REPORT),
    form("the {s} {z} lung field", "in", TOLD),
    form("the {s} {z} lung zone", "in", TOLD).before("{s} {z} lung zone"),
    form("the {s} {z} lobe", "in", ANY)
        .before("{s} {z} lobe")
        .only(Zones::Lobes),
    form("the {z} {s} lobe", "in", SAID).only(Zones::Lobes),
    form("the {s} {z} third", "in", REPORT),
    form("the {z} third of the {s} lung", "in", ANY),
    form("the {z} zone of the {s} lung", "in", ANY),
    form("the {z} lobe of the {s} lung", "in", ANY).only(Zones::Lobes),
    form("the {z} part of the {s} lung", "in", ANY),
    form("the {z} region of the {s} lung", "in", PLAIN),
    form("the {z} area of the {s} lung", "in", SAID),
    form("the {z} portion of the {s} lung", "in", TOLD),
    form("the {z} field of the {s} lung", "in", REPORT),
    form("the {s} lung[,] {z} zone", "in", TOLD).comma(),
    form("the {s} lung[,] {z} part", "in", SAID).comma(),
    form("the {s} lung[,] {z} third", "in", TOLD).comma(),
    form("the {z} zone on the {s}", "in", TOLD),
    form("the {z} zone on the {s} side", "in", TOLD),
    form("the {z} part on the {s} side", "in", SAID),
    form("the {z} {s} hemithorax", "in", REPORT),
    form("the {z} zone of the {s} hemithorax", "in", REPORT),
    form("the {s} side[,] {z} zone", "on", TOLD).comma(),
    form("the {s} base", "at", TOLD)
        .before("{s} basal")
        .only(LOWER),
    form("the {s} lung base", "at", TOLD).only(LOWER),
    form("the base of the {s} lung", "at", ANY).only(LOWER),
    form("the {s} basal zone", "in", REPORT).only(LOWER),
    form("the {s} apex", "at", TOLD)
        .before("{s} apical")
        .only(UPPER),
    form("the {s} lung apex", "at", TOLD).only(UPPER),
    form("the apex of the {s} lung", "at", TOLD).only(UPPER),
    form("the {s} apical zone", "in", REPORT).only(UPPER),
    form("the {s} midzone", "in", TOLD)
        .before("{s} midzone")
        .only(MIDDLE),
    form("the midzone of the {s} lung", "in", TOLD).only(MIDDLE),
    form("the {lobe}", "in", REPORT)
        .before("{lobe}")
        .only(Zones::Lobes),
    form("the {lz}", "in", REPORT).before("{lz}"),
    form("the {t} of the {s} lung", "in", SAID),
    form("the {t} part of the {s} lung", "in", LAY).only(Zones::Ends),
    form("the {t} third of the {s} lung", "in", SAID).only(Zones::Ends),
    form("the {t} of the lung on the {s}", "in", LAY),
    form("the {t} {s}", "in", LAY).only(Zones::Ends),
    form("the {t} {s} part of the lungs", "in", LAY),
    form("the {z} {s}", "in", SAID).alone(),
    form("the {s} lung at the {t}", "in", LAY).only(LOWER),
    form("the {s} side at the {t}", "on", LAY).only(Zones::Ends),
    form("the {s} {short}", "in", REPORT).before("{s} {short}"),
    form("the {z} aspect of the {s} lung", "in", REPORT),
    form("the {s} lung[,] {z} lobe", "in", TOLD)
        .comma()
        .only(Zones::Lobes),
    form("low in the {s} lung", "", ANY).adverb().only(LOWER),
    form("low down in the {s} lung", "", LAY)
        .adverb()
        .only(LOWER),
    form("down in the {s} lung", "", LAY).adverb().only(LOWER),
    form("high in the {s} lung", "", ANY).adverb().only(UPPER),
    form("high up in the {s} lung", "", LAY)
        .adverb()
        .only(UPPER),
    form("up in the {s} lung", "", LAY).adverb().only(UPPER),
    form("halfway up the {s} lung", "", LAY)
        .adverb()
        .only(MIDDLE),
];

/// Several zones of one lung.
pub(crate) const GROUPS: [Form; 16] = [
    form("the {z} {s} lung", "in", ANY).before("{z} {s} lung"),
    form("the {s} {z} zones", "in", TOLD)
        .before("{s} {z} zone")
        .many(),
    form("the {s} {z} lung", "in", ANY).before("{s} {z} lung"),
    form("the {s} {z} lobes", "in", ANY)
        .before("{s} {z} lobe")
        .only(Zones::Lobes)
        .many(),
    form("the {s} {z} lung fields", "in", TOLD).many(),
    form("the {s} {z} lung zones", "in", TOLD)
        .before("{s} {z} lung zone")
        .many(),
    form("the {z} zones of the {s} lung", "in", ANY).many(),
    form("the {z} thirds of the {s} lung", "in", TOLD).many(),
    form("the {z} parts of the {s} lung", "in", ANY).many(),
    form("the {z} lobes of the {s} lung", "in", ANY)
        .only(Zones::Lobes)
        .many(),
    form("the {s} lung[,] {z} zones", "in", TOLD).comma().many(),
    form("the {s} lung[,] {z} parts", "in", SAID).comma().many(),
    form("the {z} zones on the {s}", "in", TOLD).many(),
    form("the {z} zones on the {s} side", "in", ANY).many(),
    form("the {z} {s} hemithorax", "in", REPORT),
    form("the {t} of the {s} lung", "in", SAID),
];

/// The same zones of both lungs.
pub(crate) const BOTH_SIDES: [Form; 32] = [
    form("both {z} zones", "in", ANY)
        .only(Zones::One)
        .before("bilateral {z} zone")
        .many(),
    form("the bilateral {z} zones", "in", TOLD).many(),
    form("the {z} zones bilaterally", "in", TOLD).many(),
    form("both {z} lung zones", "in", TOLD)
        .only(Zones::One)
        .many(),
    form("both {z} lung fields", "in", TOLD)
        .only(Zones::One)
        .many(),
    form("both {z} lungs", "in", ANY).only(Zones::One).many(),
    form("both {z} lobes", "in", ANY)
        .before("bilateral {z} lobe")
        .only(Zones::OneEnd)
        .many(),
    form("the {z} zones of both lungs", "in", ANY).many(),
    form("the {z} parts of both lungs", "in", ANY).many(),
    form("the {z} thirds of both lungs", "in", TOLD).many(),
    form("the {z} zones on both sides", "in", ANY).many(),
    form("the {s} and {o} {z} zones", "in", TOLD).many(),
    form("the {z} {s} and {o} lung", "in", TOLD).many(),
    form("the {z} left lung and the {z} right lung", "in", TOLD).many(),
    form("both lungs[,] {z} zones", "in", TOLD).comma().many(),
    form("both bases", "at", TOLD)
        .before("bibasal")
        .only(LOWER)
        .many(),
    form("both lung bases", "at", ANY).only(LOWER).many(),
    form("the bases of both lungs", "at", ANY)
        .only(LOWER)
        .many(),
    form("both apices", "at", TOLD)
        .before("biapical")
        .only(UPPER)
        .many(),
    form("both lung apices", "at", TOLD).only(UPPER).many(),
    form("both midzones", "in", TOLD).only(MIDDLE).many(),
    form("the {t} of both lungs", "in", SAID).many(),
    form("both lung bases", "at", REPORT)
        .before("bibasilar")
        .only(LOWER)
        .many(),
    form("the lung bases", "at", TOLD)
        .alone()
        .only(LOWER)
        .many(),
    form("the bases", "at", TOLD).alone().only(LOWER).many(),
    form("the apices", "at", TOLD).alone().only(UPPER).many(),
    form("the lung apices", "at", TOLD)
        .alone()
        .only(UPPER)
        .many(),
    form("the midzones", "in", TOLD).alone().only(MIDDLE).many(),
    form("the {z} zones", "in", TOLD)
        .alone()
        .only(Zones::One)
        .many(),
    form("the {z} lobes", "in", TOLD)
        .alone()
        .only(Zones::OneEnd)
        .many(),
    form("b/l {z} zones", "in", REPORT)
        .before("b/l {z} zone")
        .many(),
    form("b/l bases", "at", REPORT)
        .before("b/l basal")
        .only(LOWER)
        .many(),
];

/// All zones of one lung; never without a noun, which would be the organ.
pub(crate) const WHOLE_SIDE: [Form; 11] = [
    form("throughout the {s} lung", "", ANY).adverb(),
    form("the entire {s} lung", "in", ANY).with_noun(),
    form("the whole {s} lung", "in", ANY).with_noun(),
    form("the whole of the {s} lung", "in", PLAIN).with_noun(),
    form("all of the {s} lung", "in", SAID).with_noun(),
    form("all zones of the {s} lung", "in", TOLD)
        .with_noun()
        .many(),
    form("all three zones of the {s} lung", "in", TOLD)
        .with_noun()
        .many(),
    form("all {s} lung zones", "in", REPORT).with_noun().many(),
    form("throughout the {s} hemithorax", "", REPORT).adverb(),
    form("diffusely in the {s} lung", "", REPORT).adverb(),
    form("everywhere in the {s} lung", "", SAID).adverb(),
];

/// All zones of both lungs.
pub(crate) const WHOLE_BOTH: [Form; 13] = [
    form("throughout both lungs", "", ANY).adverb(),
    form("diffuse in both lungs", "", TOLD).adverb(),
    form("diffusely in both lungs", "", REPORT).adverb(),
    form("everywhere in both lungs", "", SAID).adverb(),
    form("all zones of both lungs", "in", ANY)
        .with_noun()
        .many(),
    form("all six zones", "in", TOLD).with_noun().many(),
    form("all six lung zones", "in", TOLD).with_noun().many(),
    form("the entire left and right lung", "in", TOLD)
        .with_noun()
        .many(),
    form("the whole of both lungs", "in", SAID)
        .with_noun()
        .many(),
    form("all of both lungs", "in", SAID).with_noun().many(),
    form("all zones bilaterally", "in", REPORT)
        .with_noun()
        .many(),
    form("every zone of both lungs", "in", PLAIN).with_noun(),
    form("all parts of both lungs", "in", LAY)
        .with_noun()
        .many(),
];

/// A side with all its findings.
pub(crate) const SIDES: [Form; 16] = [
    form("the {s} lung", "in", ANY).before("{s} lung"),
    form("the {s} side", "on", ANY).before("{s}-sided"),
    form("the {s} hemithorax", "in", REPORT),
    form("the {s}", "on", ANY).before("{s}"),
    form("the {s} side of the chest", "on", ANY),
    form("the {s} side of the lungs", "on", SAID),
    form("the {s} half of the chest", "in", SAID),
    form("the lung on the {s}", "in", SAID),
    form("the lung on the {s} side", "in", SAID),
    form("the {s}-hand side", "on", SAID),
    form("the {s} half of the thorax", "in", TOLD),
    form("the {s}-hand lung", "in", LAY),
    form("the {s} chest", "in", ANY),
    form("the patient's {s} lung", "in", SAID),
    form("the {s} lung field", "in", TOLD).with_noun(),
    form("the {s} thorax", "in", REPORT),
];

/// Both lungs with all findings. Those that need a noun could mean the organ.
pub(crate) const BOTH_LUNGS: [Form; 16] = [
    form("both lungs", "in", ANY).before("bilateral").many(),
    form("both sides", "on", ANY).before("two-sided").many(),
    form("bilaterally", "", TOLD).adverb(),
    form("the lungs", "in", ANY).with_noun().many(),
    form("the lung fields", "in", TOLD).with_noun().many(),
    form("both lung fields", "in", TOLD).with_noun().many(),
    form("either lung", "in", TOLD).with_noun(),
    form("the chest", "in", ANY).with_noun(),
    form("both hemithoraces", "in", REPORT).many(),
    form("the left and right lung", "in", ANY).many(),
    form("both the left and the right lung", "in", SAID).many(),
    form("the two lungs", "in", SAID).with_noun().many(),
    form("both lungs", "in", REPORT).before("b/l").many(),
    form("b/l", "", REPORT).adverb(),
    form("either side", "on", TOLD).with_noun(),
    form("each lung", "in", SAID).with_noun(),
];
