//! Tables of the names of the finding and of adjectives.

use crate::wording::parts::{ANY, Choice, LAY, PLAIN, REPORT};

/// Which adjectives suit a noun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    Disease,
    Shadow,
    Spot,
    /// Takes neither adjective nor article.
    Fixed,
}

/// A name of the finding. Without a plural it is a mass noun.
#[derive(Debug)]
pub(crate) struct Noun {
    pub(crate) one: &'static str,
    pub(crate) many: &'static str,
    pub(crate) styles: u8,
    pub(crate) class: Class,
}

const fn noun(one: &'static str, many: &'static str, styles: u8, class: Class) -> Noun {
    Noun {
        one,
        many,
        styles,
        class,
    }
}

pub(crate) const NOUNS: [Noun; 77] = [
    noun("infection", "", ANY, Class::Disease),
    noun("pneumonia", "", ANY, Class::Disease),
    noun("opacity", "opacities", REPORT | PLAIN, Class::Shadow),
    noun("consolidation", "", REPORT | PLAIN, Class::Shadow),
    noun("infiltrate", "infiltrates", REPORT | PLAIN, Class::Shadow),
    noun("pulmonary infection", "", REPORT | PLAIN, Class::Disease),
    noun("lung infection", "", ANY, Class::Disease),
    noun("opacification", "", REPORT | PLAIN, Class::Shadow),
    noun(
        "airspace opacity",
        "airspace opacities",
        REPORT,
        Class::Shadow,
    ),
    noun(
        "lung opacity",
        "lung opacities",
        REPORT | PLAIN,
        Class::Shadow,
    ),
    noun("airspace opacification", "", REPORT, Class::Shadow),
    noun(
        "consolidative change",
        "consolidative changes",
        REPORT,
        Class::Shadow,
    ),
    noun("infiltration", "", REPORT | PLAIN, Class::Shadow),
    noun("ground-glass", "", REPORT, Class::Shadow),
    noun(
        "ground-glass opacity",
        "ground-glass opacities",
        REPORT | PLAIN,
        Class::Shadow,
    ),
    noun("ground-glass change", "", REPORT, Class::Shadow),
    noun("GGO", "GGOs", REPORT, Class::Shadow),
    noun("lesion", "lesions", ANY, Class::Shadow),
    noun("lung lesion", "lung lesions", PLAIN | LAY, Class::Shadow),
    noun("airspace disease", "", REPORT, Class::Disease),
    noun("air-space shadowing", "", REPORT, Class::Shadow),
    noun("haze", "", REPORT | PLAIN, Class::Shadow),
    noun("haziness", "", ANY, Class::Shadow),
    noun("shadowing", "", REPORT | PLAIN, Class::Shadow),
    noun("density", "densities", REPORT | PLAIN, Class::Shadow),
    noun("increased density", "", REPORT, Class::Fixed),
    noun("abnormality", "abnormalities", ANY, Class::Shadow),
    noun("infected area", "infected areas", ANY, Class::Spot),
    noun("infected region", "infected regions", PLAIN, Class::Spot),
    noun("infected tissue", "", PLAIN | LAY, Class::Fixed),
    noun("affected area", "affected areas", ANY, Class::Spot),
    noun("abnormal area", "abnormal areas", PLAIN | LAY, Class::Spot),
    noun("COVID", "", ANY, Class::Fixed),
    noun("COVID-19", "", ANY, Class::Fixed),
    noun("COVID-19 pneumonia", "", ANY, Class::Disease),
    noun("COVID pneumonia", "", REPORT | PLAIN, Class::Disease),
    noun("COVID infection", "", ANY, Class::Disease),
    noun("viral pneumonia", "", REPORT | PLAIN, Class::Disease),
    noun("inflammation", "", ANY, Class::Disease),
    noun(
        "inflammatory change",
        "inflammatory changes",
        REPORT,
        Class::Shadow,
    ),
    noun("disease", "", REPORT | PLAIN, Class::Disease),
    noun(
        "pneumonic change",
        "pneumonic changes",
        REPORT,
        Class::Shadow,
    ),
    noun("bronchopneumonia", "", REPORT, Class::Disease),
    noun("everything abnormal", "", ANY, Class::Fixed),
    noun("white spot", "white spots", LAY, Class::Spot),
    noun("white patch", "white patches", LAY, Class::Spot),
    noun("cloudy area", "cloudy areas", LAY, Class::Spot),
    noun("cloudy patch", "cloudy patches", LAY, Class::Spot),
    noun("cloudiness", "", LAY, Class::Disease),
    noun("white stuff", "", LAY, Class::Fixed),
    noun("shadow", "shadows", LAY | PLAIN, Class::Shadow),
    noun("sick part", "sick parts", LAY, Class::Spot),
    noun("bad spot", "bad spots", LAY, Class::Spot),
    noun("problem area", "problem areas", LAY, Class::Spot),
    noun("white area", "white areas", LAY, Class::Spot),
    noun("white fog", "", LAY, Class::Fixed),
    noun("grey patch", "grey patches", LAY, Class::Spot),
    noun("bad stuff", "", LAY, Class::Fixed),
    noun("sick area", "sick areas", LAY, Class::Spot),
    noun("spot of infection", "spots of infection", LAY, Class::Spot),
    noun(
        "patch of pneumonia",
        "patches of pneumonia",
        LAY | PLAIN,
        Class::Spot,
    ),
    noun("finding", "findings", REPORT | PLAIN, Class::Shadow),
    noun("PNA", "", REPORT, Class::Fixed),
    noun("LRTI", "", REPORT, Class::Fixed),
    noun("pneumonitis", "", REPORT, Class::Disease),
    noun("TB", "", REPORT | PLAIN, Class::Fixed),
    noun(
        "infective change",
        "infective changes",
        REPORT,
        Class::Shadow,
    ),
    noun("pathology", "", REPORT | PLAIN, Class::Disease),
    noun("airspace shadowing", "", REPORT, Class::Shadow),
    noun("spot", "spots", LAY, Class::Spot),
    noun("cloud", "clouds", LAY, Class::Spot),
    noun("blob", "blobs", LAY, Class::Spot),
    noun("smudge", "smudges", LAY, Class::Spot),
    noun("white thing", "white things", LAY, Class::Spot),
    noun("problem", "problems", LAY, Class::Spot),
    noun("gunk", "", LAY, Class::Fixed),
    noun("illness", "", LAY, Class::Disease),
];

/// Adjectives of diseases.
pub(crate) const DISEASE: [Choice; 14] = [
    ("mild", ANY),
    ("moderate", REPORT | PLAIN),
    ("severe", ANY),
    ("extensive", REPORT | PLAIN),
    ("acute", REPORT | PLAIN),
    ("new", ANY),
    ("persistent", REPORT),
    ("patchy", REPORT | PLAIN),
    ("focal", REPORT),
    ("suspected", REPORT | PLAIN),
    ("probable", REPORT),
    ("obvious", LAY | PLAIN),
    ("possible", REPORT | PLAIN),
    ("residual", REPORT),
];
/// Adjectives of shadows.
pub(crate) const SHADOW: [Choice; 23] = [
    ("patchy", REPORT | PLAIN),
    ("subtle", REPORT | PLAIN),
    ("dense", REPORT | PLAIN),
    ("ill-defined", REPORT),
    ("small", ANY),
    ("large", ANY),
    ("focal", REPORT),
    ("faint", ANY),
    ("extensive", REPORT),
    ("confluent", REPORT),
    ("mild", REPORT | PLAIN),
    ("new", ANY),
    ("rounded", REPORT),
    ("vague", REPORT | PLAIN),
    ("fluffy", REPORT | LAY),
    ("heterogeneous", REPORT),
    ("big", LAY),
    ("suspicious", PLAIN | LAY),
    ("increasing", REPORT),
    ("cavitating", REPORT),
    ("nodular", REPORT),
    ("hazy", ANY),
    ("reticular", REPORT),
];
/// Adjectives of spots.
pub(crate) const SPOT: [Choice; 13] = [
    ("small", ANY),
    ("big", LAY),
    ("large", ANY),
    ("strange", LAY),
    ("weird", LAY),
    ("blurry", LAY),
    ("suspicious", PLAIN | LAY),
    ("bright", PLAIN | LAY),
    ("obvious", PLAIN | LAY),
    ("faint", ANY),
    ("fuzzy", LAY),
    ("little", LAY),
    ("odd", LAY),
];
/// Adjectives that would name a whole lung where a whole lung is spoken of.
pub(crate) const SPREAD: [Choice; 3] = [
    ("diffuse", REPORT | PLAIN),
    ("widespread", ANY),
    ("scattered", REPORT | PLAIN),
];
/// Adjectives of what is not there.
pub(crate) const CAUTIOUS: [Choice; 6] = [
    ("focal", REPORT | PLAIN),
    ("acute", REPORT),
    ("definite", REPORT | PLAIN),
    ("visible", PLAIN | LAY),
    ("obvious", ANY),
    ("convincing", REPORT),
];
/// What findings are counted in.
pub(crate) const SIZES: [&str; 5] = ["areas", "regions", "foci", "patches", "zones"];
pub(crate) const SIZE: [&str; 5] = ["area", "region", "focus", "patch", "zone"];
pub(crate) const COUNTS: [&str; 6] = ["one", "two", "three", "four", "five", "six"];

/// Between a finding and its place.
pub(crate) const AFFECTING: [Choice; 7] = [
    ("affecting", ANY),
    ("involving", REPORT | PLAIN),
    ("confined to", REPORT),
    ("limited to", REPORT | PLAIN),
    ("located in", PLAIN | LAY),
    ("localised to", REPORT),
    ("within", ANY),
];

/// British and American spelling.
pub(crate) const SPELLINGS: [(&str, &str); 13] = [
    ("tumour", "tumor"),
    ("oedema", "edema"),
    ("grey", "gray"),
    ("colour", "color"),
    ("localised", "localized"),
    ("localise", "localize"),
    ("haemorrhage", "hemorrhage"),
    ("oesophagus", "esophagus"),
    ("centred", "centered"),
    ("aeroplane", "airplane"),
    ("fetus", "foetus"),
    ("haemoptysis", "hemoptysis"),
    ("haemothorax", "hemothorax"),
];
