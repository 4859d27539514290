//! Names of the finding, with adjectives, articles and counts that change nothing.

use super::parts::{Choice, Composer, LAY, REPORT, SlotRole, listed};
use super::places::Place;
use super::tables::lexicon::{
    AFFECTING, CAUTIOUS, COUNTS, Class, DISEASE, NOUNS, Noun, SHADOW, SIZE, SIZES, SPOT, SPREAD,
};

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
                c.note(SlotRole::Noun, noun.one);
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
            if detail.spread && self.class != Class::Spot && c.chance(0.06) {
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
            Use::Headline => text,
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
                        "the ",
                        "the ",
                        "the ",
                        "",
                        "any ",
                        "all ",
                        "all the ",
                        "all of the ",
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
            (c.one_of(&["one", "1", "a single"])).to_owned()
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
        // "upper left" and "lung infection" would become another place with another noun.
        let merges = self.one.starts_with("lung") && place.ends_in_a_side();
        let repeats = |before: &str| self.one.starts_with("lung") && before.contains("lung");
        if !self.is_fixed()
            && !merges
            && detail.count.is_none()
            && let Some(before) = &place.before
            && !repeats(before)
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
            3..=5 if telegraphic && !merges => {
                let glue = c.one_of(&[": ", ", ", " - ", ": "]);
                return Phrase {
                    text: format!("{np}{glue}{}", phrase.text),
                    plural: phrase.plural,
                };
            }
            0..=1 if !place.has_comma() => {
                let verb = if place.after.starts_with("in ") {
                    c.styled(&AFFECTING)
                } else {
                    AFFECTING[0].0
                };
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

/// Puts a name of the finding in the place of `{n}`, where a text has one.
pub(super) fn with_noun(c: &mut Composer<'_>, text: String) -> String {
    if !text.contains("{n}") {
        return text;
    }
    let noun = Noun::draw(c, |noun| !noun.is_everything());
    let many = !noun.many.is_empty() && c.chance(0.5);
    text.replace("{n}", if many { noun.many } else { noun.one })
}

/// "a shadow", "an opacity".
pub(super) fn with_article(text: &str) -> String {
    let vowel = text.starts_with(['a', 'e', 'i', 'o', 'u'])
        && !text.starts_with("uni")
        && !text.starts_with("one");
    format!("{} {text}", if vowel { "an" } else { "a" })
}

/// One or two nouns that a frame denies: "infection or consolidation".
pub(super) fn denied(c: &mut Composer<'_>, frame: &str) -> String {
    let singular = ["is ", "isn't", "ruled", "has "]
        .iter()
        .any(|word| frame.contains(word));
    let either = frame.contains("no {n}") && !singular;
    let in_number = |c: &mut Composer<'_>, noun: &Noun, adjective: bool| {
        let many = !noun.many.is_empty() && !singular && (!either || c.chance(0.5));
        let word = if many { noun.many } else { noun.one };
        if adjective && noun.class != Class::Fixed && c.chance(0.12) {
            format!("{} {word}", c.styled(&CAUTIOUS))
        } else {
            word.to_owned()
        }
    };
    let first = Noun::draw(c, |noun| !noun.is_everything());
    let mut nouns = vec![in_number(c, first, true)];
    if c.chance(0.15) {
        let second = Noun::draw(c, |noun| {
            !noun.is_everything() && !noun.one.contains(first.one) && !first.one.contains(noun.one)
        });
        nouns.push(in_number(c, second, false));
    }
    listed(&nouns, " or ")
}
