//! Names of the finding, with adjectives, articles and counts that change nothing.

use super::parts::{ANY, Choice, Composer, LAY, PLAIN, REPORT, Role, listed};
use super::places::Place;

/// Which adjectives suit a noun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Disease,
    Shadow,
    Spot,
    /// Takes neither adjective nor article.
    Fixed,
}

/// A name of the finding. Without a plural it is a mass noun.
#[derive(Debug)]
pub(super) struct Noun {
    pub(super) one: &'static str,
    pub(super) many: &'static str,
    styles: u8,
    class: Class,
}

const fn noun(one: &'static str, many: &'static str, styles: u8, class: Class) -> Noun {
    Noun {
        one,
        many,
        styles,
        class,
    }
}

pub(super) const NOUNS: [Noun; 61] = [
    noun("infection", "", ANY, Class::Disease),
    noun("pneumonia", "", ANY, Class::Disease),
    noun("opacity", "opacities", REPORT | PLAIN, Class::Shadow),
    noun("consolidation", "", REPORT | PLAIN, Class::Shadow),
    noun("infiltrate", "infiltrates", REPORT | PLAIN, Class::Shadow),
    noun("pulmonary infection", "", REPORT | PLAIN, Class::Disease),
    noun("lung infection", "", ANY, Class::Disease),
    noun("opacification", "", REPORT | PLAIN, Class::Shadow),
    noun("airspace opacity", "airspace opacities", REPORT, Class::Shadow),
    noun("lung opacity", "lung opacities", REPORT | PLAIN, Class::Shadow),
    noun("airspace opacification", "", REPORT, Class::Shadow),
    noun("consolidative change", "consolidative changes", REPORT, Class::Shadow),
    noun("infiltration", "", REPORT | PLAIN, Class::Shadow),
    noun("ground-glass", "", REPORT, Class::Shadow),
    noun("ground-glass opacity", "ground-glass opacities", REPORT | PLAIN, Class::Shadow),
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
    noun("inflammatory change", "inflammatory changes", REPORT, Class::Shadow),
    noun("disease", "", REPORT | PLAIN, Class::Disease),
    noun("pneumonic change", "pneumonic changes", REPORT, Class::Shadow),
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
    noun("patch of pneumonia", "patches of pneumonia", LAY | PLAIN, Class::Spot),
];

pub(super) const DISEASE: [Choice; 12] = [
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
];
pub(super) const SHADOW: [Choice; 19] = [
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
];
pub(super) const SPOT: [Choice; 11] = [
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
];
/// Adjectives that would name a whole lung where a whole lung is spoken of.
pub(super) const SPREAD: [Choice; 3] = [
    ("diffuse", REPORT | PLAIN),
    ("widespread", ANY),
    ("scattered", REPORT | PLAIN),
];
pub(super) const CAUTIOUS: [Choice; 6] = [
    ("focal", REPORT | PLAIN),
    ("acute", REPORT),
    ("definite", REPORT | PLAIN),
    ("visible", PLAIN | LAY),
    ("obvious", ANY),
    ("convincing", REPORT),
];
pub(super) const SIZES: [&str; 5] = ["areas", "regions", "foci", "patches", "zones"];
pub(super) const SIZE: [&str; 5] = ["area", "region", "focus", "patch", "zone"];
pub(super) const COUNTS: [&str; 6] = ["one", "two", "three", "four", "five", "six"];

/// Words for the finding with their number.
pub(super) struct Phrase {
    pub(super) text: String,
    pub(super) plural: bool,
}

/// What a phrase says besides the noun and the place.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Detail {
    /// How many zones are meant, where the sentence may say so.
    pub(super) count: Option<usize>,
    /// "bilateral" or "unilateral", where true.
    pub(super) laterality: Option<&'static str>,
    /// Whether [`SPREAD`] changes nothing.
    pub(super) spread: bool,
}

/// How a phrase is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// "there is an opacity"
    Told,
    /// "segment the opacity"
    Asked,
    /// "opacity"
    Headline,
    /// "no opacity"
    Denied,
}

impl Noun {
    /// Draws one in the style; the common ones come more often.
    pub(super) fn draw(c: &mut Composer<'_>, fits: impl Fn(&Self) -> bool) -> &'static Self {
        let style = c.style;
        loop {
            let noun = if c.chance(0.25) {
                c.pick(&NOUNS[..7])
            } else {
                c.pick(&NOUNS)
            };
            if noun.styles & style != 0 && fits(noun) {
                c.note(Role::Noun, noun.one);
                return noun;
            }
        }
    }

    pub(super) fn is_fixed(&self) -> bool {
        self.class == Class::Fixed
    }

    /// "everything abnormal" answers another question than "is there ...?".
    pub(super) fn is_everything(&self) -> bool {
        self.one.starts_with("everything")
    }

    fn adjectives(&self) -> &'static [Choice] {
        match self.class {
            Class::Disease => &DISEASE,
            Class::Shadow => &SHADOW,
            Class::Spot | Class::Fixed => &SPOT,
        }
    }

    /// The noun without place.
    pub(super) fn phrase(&self, c: &mut Composer<'_>, usage: Use, detail: Detail) -> Phrase {
        self.with(c, usage, detail, None)
    }

    fn with(
        &self,
        c: &mut Composer<'_>,
        usage: Use,
        detail: Detail,
        before: Option<&str>,
    ) -> Phrase {
        if let (Some(count), None) = (detail.count, before)
            && !self.is_everything()
        {
            return self.counted(c, usage, count);
        }
        let mut words: Vec<&str> = Vec::new();
        if self.class != Class::Fixed {
            if before.is_none()
                && let Some(laterality) = detail.laterality
            {
                words.push(laterality);
            }
            if usage == Use::Denied {
                if c.chance(0.12) {
                    words.push(c.styled(&CAUTIOUS));
                }
            } else if detail.spread && self.class != Class::Spot && c.chance(0.06) {
                words.push(c.styled(&SPREAD));
            } else if c.chance(0.22) {
                words.push(c.styled(self.adjectives()));
            }
        }
        words.extend(before);
        let plural = !self.many.is_empty() && c.chance(0.5);
        words.push(if plural { self.many } else { self.one });
        let text = words.join(" ");
        let mass = self.many.is_empty();
        let text = match usage {
            Use::Headline | Use::Denied => text,
            _ if self.is_everything() => text,
            Use::Told if mass || plural => {
                if c.chance(0.12) {
                    format!("some {text}")
                } else {
                    text
                }
            }
            Use::Told => with_article(&text),
            Use::Asked => {
                let every: &[&str] = match (mass, plural) {
                    (true, _) => &["the ", "the ", "the ", "", "", "any ", "all ", "all the "],
                    (_, true) => &[
                        "the ", "the ", "the ", "", "any ", "all ", "all the ", "all of the ",
                    ],
                    _ => &["the ", "the ", "the ", "any ", "every "],
                };
                format!("{}{text}", c.pick(every))
            }
        };
        Phrase { text, plural }
    }

    /// "two areas of infection", "two infected areas".
    fn counted(&self, c: &mut Composer<'_>, usage: Use, count: usize) -> Phrase {
        let plural = count > 1;
        let number = if c.chance(0.75) {
            COUNTS[count - 1].to_owned()
        } else {
            count.to_string()
        };
        let number = if plural {
            number
        } else {
            (*c.pick(&["one", "1", "a single"])).to_owned()
        };
        let text = if self.many.is_empty() {
            let size = c.below(SIZES.len());
            let size = if plural { SIZES[size] } else { SIZE[size] };
            format!("{number} {size} of {}", self.one)
        } else {
            format!("{number} {}", if plural { self.many } else { self.one })
        };
        let text = if usage == Use::Asked && plural && c.chance(0.5) {
            format!("the {text}")
        } else {
            text
        };
        Phrase { text, plural }
    }

    /// The noun with its place.
    pub(super) fn placed(
        &self,
        c: &mut Composer<'_>,
        place: &Place,
        usage: Use,
        detail: Detail,
    ) -> Phrase {
        if !self.is_fixed()
            && detail.count.is_none()
            && let Some(before) = &place.before
            && (place.after.is_empty() || c.chance(if c.is(LAY) { 0.12 } else { 0.4 }))
        {
            return self.with(c, usage, detail, Some(before));
        }
        let phrase = self.phrase(c, usage, detail);
        let telegraphic = usage == Use::Headline;
        let np = place.np(telegraphic || c.is(REPORT) && c.chance(0.25));
        let text = match c.below(20) {
            _ if np.is_empty() => format!("{} {}", phrase.text, place.after),
            0..=2 if telegraphic => format!("{}, {np}", phrase.text),
            3..=5 if telegraphic => {
                let glue = c.pick(&[": ", ", ", " - ", ": "]);
                return Phrase {
                    text: format!("{np}{glue}{}", phrase.text),
                    plural: phrase.plural,
                };
            }
            0..=1 if !place.has_comma() => {
                let verb = c.styled(&AFFECTING);
                format!("{} {verb} {np}", phrase.text)
            }
            6 if telegraphic => format!("{} {np}", phrase.text),
            7 => format!("{}, {}", phrase.text, place.at(telegraphic)),
            _ => format!("{} {}", phrase.text, place.at(telegraphic)),
        };
        Phrase {
            text,
            plural: phrase.plural,
        }
    }
}

pub(super) const AFFECTING: [Choice; 7] = [
    ("affecting", ANY),
    ("involving", REPORT | PLAIN),
    ("confined to", REPORT),
    ("limited to", REPORT | PLAIN),
    ("located in", PLAIN | LAY),
    ("localised to", REPORT),
    ("within", ANY),
];

/// "a shadow", "an opacity".
pub(super) fn with_article(text: &str) -> String {
    let vowel = text.starts_with(['a', 'e', 'i', 'o', 'u'])
        && !text.starts_with("uni")
        && !text.starts_with("one");
    format!("{} {text}", if vowel { "an" } else { "a" })
}

/// Two nouns that are both denied: "infection or consolidation".
pub(super) fn neither(c: &mut Composer<'_>) -> Phrase {
    let fits = |noun: &Noun| !noun.is_everything() && noun.many.is_empty();
    let first = Noun::draw(c, fits);
    let mut nouns = vec![first.phrase(c, Use::Denied, Detail::default()).text];
    if c.chance(0.15) {
        let second = Noun::draw(c, |noun| fits(noun) && noun.one != first.one);
        nouns.push(second.one.to_owned());
    }
    Phrase {
        text: listed(&nouns, " or "),
        plural: false,
    }
}
