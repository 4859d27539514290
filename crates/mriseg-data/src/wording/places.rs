//! Where: names of zones, sides and both lungs.

use mriseg::reading::{Findings, Side};

use super::parts::{Composer, LAY, REPORT, SlotRole, listed};
use super::spelling::Spelling;
use super::tables::forms::{
    BOTH_LUNGS, BOTH_SIDES, Form, GROUPS, SIDES, SINGLE, WHOLE_BOTH, WHOLE_SIDE, Zones,
};

/// A place in words.
#[derive(Debug, Clone, Default)]
pub(super) struct Place {
    /// "the left base"; empty where only `after` can be said.
    np: String,
    /// "at the left base".
    pub(super) after: String,
    /// "left basal".
    pub(super) before: Option<String>,
    /// Whether "the whole left lung" could be taken for the organ.
    pub(super) needs_noun: bool,
    pub(super) plural: bool,
}

impl Place {
    /// The name of the place, with or without articles.
    pub(super) fn np(&self, telegraphic: bool) -> String {
        articles(&self.np, telegraphic)
    }

    /// The same with its preposition.
    pub(super) fn at(&self, telegraphic: bool) -> String {
        articles(&self.after, telegraphic)
    }

    /// Whether "lung" after the name would become part of it: "left", "upper left".
    pub(super) fn ends_in_a_side(&self) -> bool {
        ["left", "right"].iter().any(|side| self.np.ends_with(side))
    }

    pub(super) fn has_comma(&self) -> bool {
        self.np.contains(',')
    }
}

fn articles(text: &str, telegraphic: bool) -> String {
    if telegraphic {
        text.trim_start_matches("the ").replace(" the ", " ")
    } else {
        text.to_owned()
    }
}

fn form_fits(form: &Form, side: Option<Side>, zones: [bool; 3]) -> bool {
    match form.zones {
        Zones::Any => true,
        Zones::One => zones.iter().filter(|zone| **zone).count() == 1,
        Zones::OneEnd => !zones[1] && zones[0] != zones[2],
        Zones::Ends => !zones[1],
        Zones::Only(zone) => (0..3).all(|z| zones[z] == (z == zone)),
        Zones::Lobes => !zones[1] || side == Some(Side::Right),
    }
}

/// Draws a form and fills it.
fn place(
    c: &mut Composer<'_>,
    forms: &'static [Form],
    spelling: Spelling,
    side: Side,
    zones: [bool; 3],
    one_sided: bool,
) -> Place {
    let style = c.style;
    let in_style: Vec<&'static Form> = forms
        .iter()
        .filter(|form| {
            form.styles & style != 0
                && form_fits(form, one_sided.then_some(side), zones)
                && (spelling.alone || !form.alone)
        })
        .collect();
    let form: &'static Form = in_style[c.below(in_style.len())];
    c.note(SlotRole::Place, form.text);
    let spelling = Spelling {
        letters: if form.text.contains('-') || form.text == "the {s}" {
            0
        } else {
            spelling.letters
        },
        ..spelling
    };
    let comma = if form.comma && c.chance(0.7) { "," } else { "" };
    let mut np = spelling.fill(&form.text.replace("[,]", comma), side, zones);
    if c.is(LAY) && c.chance(0.08) {
        let lung = format!("the {} lung", spelling.side(side));
        let whose = c.one_of(&["my", "my", "his", "her"]);
        np = np.replace(&lung, &format!("{whose} {} lung", spelling.side(side)));
    }
    Place {
        after: if form.at.is_empty() {
            np.clone()
        } else {
            format!("{} {np}", form.at)
        },
        before: (!form.before.is_empty()).then(|| {
            let single = Spelling {
                letters: if form.before.contains('-') {
                    0
                } else {
                    spelling.letters
                },
                ..spelling
            };
            single.fill(form.before, side, zones)
        }),
        np: if form.only_after { String::new() } else { np },
        needs_noun: form.needs_noun,
        plural: form.plural,
    }
}

/// A side, for all its findings.
pub(super) fn side(c: &mut Composer<'_>, side: Side) -> Place {
    let spelling = Spelling::draw(c);
    place(c, &SIDES, spelling, side, [true; 3], true)
}

/// Both lungs.
pub(super) fn both(c: &mut Composer<'_>) -> Place {
    let spelling = Spelling {
        letters: 0,
        ..Spelling::draw(c)
    };
    place(c, &BOTH_LUNGS, spelling, Side::Left, [true; 3], false)
}

/// One zone of one lung, or several of both.
pub(super) fn zones(c: &mut Composer<'_>, findings: &Findings) -> Place {
    let spelling = Spelling {
        alone: findings.count() == 1,
        ..Spelling::draw(c)
    };
    let common: [bool; 3] = std::array::from_fn(|z| findings.left[z] && findings.right[z]);
    let shared = Findings {
        left: common,
        right: common,
    };
    if findings.left == findings.right && c.chance(0.65) {
        let spelling = Spelling {
            alone: true,
            ..spelling
        };
        return both_sides(c, spelling, common);
    }
    if findings.count() > 1 && findings.count() < 5 && c.chance(0.12) {
        return each(c, spelling, findings);
    }
    if !shared.is_empty() && findings.left != findings.right && c.chance(0.25) {
        let rest: [Findings; 2] = Side::BOTH.map(|side| {
            let mut rest = findings.one_side(side);
            for (zone, common) in rest.zones_mut(side).iter_mut().zip(common) {
                *zone &= !common;
            }
            rest
        });
        let mut places = vec![both_sides(c, spelling, common)];
        for (side, rest) in Side::BOTH.into_iter().zip(rest) {
            if rest.has(side) {
                places.extend(one_side(c, spelling, side, rest.zones(side)));
            }
        }
        return joined(c, places);
    }
    let mut sides = Side::BOTH;
    if c.chance(0.3) {
        sides.reverse();
    }
    if findings.only_side().is_none() && c.is(REPORT) && c.chance(0.07) {
        return by_colon(c, spelling, findings, sides);
    }
    let mut places = Vec::new();
    for side in sides {
        if findings.has(side) {
            places.extend(one_side(c, spelling, side, findings.zones(side)));
        }
    }
    joined(c, places)
}

/// The same zones of both lungs.
fn both_sides(c: &mut Composer<'_>, spelling: Spelling, zones: [bool; 3]) -> Place {
    let spelling = Spelling {
        unjoined: false,
        ..spelling
    };
    if zones == [true; 3] && c.chance(0.7) {
        return place(c, &WHOLE_BOTH, spelling, Side::Left, zones, false);
    }
    let side = if c.chance(0.8) {
        Side::Left
    } else {
        Side::Right
    };
    place(c, &BOTH_SIDES, spelling, side, zones, false)
}

/// The places that together are these zones of one lung.
fn one_side(c: &mut Composer<'_>, spelling: Spelling, side: Side, zones: [bool; 3]) -> Vec<Place> {
    let named: Vec<usize> = (0..3).filter(|&zone| zones[zone]).collect();
    let single = |zone: usize| std::array::from_fn(|z| z == zone);
    match named[..] {
        [_] => vec![place(c, &SINGLE, spelling, side, zones, true)],
        [_, _, _] if c.chance(0.55) => {
            vec![place(c, &WHOLE_SIDE, spelling, side, zones, true)]
        }
        [a, b] if c.chance(0.3) => [a, b]
            .map(|zone| place(c, &SINGLE, spelling, side, single(zone), true))
            .into(),
        _ => vec![place(c, &GROUPS, spelling, side, zones, true)],
    }
}

/// "left upper, left lower and right middle zones".
fn each(c: &mut Composer<'_>, spelling: Spelling, findings: &Findings) -> Place {
    let spelling = Spelling {
        unjoined: false,
        reversed: false,
        ..spelling
    };
    let (name, item, tail) = *c.pick(&EACH);
    c.note(SlotRole::Place, name);
    let mut sides = Side::BOTH;
    if c.chance(0.2) {
        sides.reverse();
    }
    let items: Vec<String> = sides
        .into_iter()
        .flat_map(|side| (0..3).map(move |zone| (side, zone)))
        .filter(|&(side, zone)| findings.zones(side)[zone])
        .map(|(side, zone)| spelling.fill(item, side, std::array::from_fn(|z| z == zone)))
        .collect();
    let np = format!("the {}{tail}", listed(&items, spelling.and));
    Place {
        after: format!("in {np}"),
        np,
        plural: true,
        ..Place::default()
    }
}

const EACH: [(&str, &str, &str); 5] = [
    ("each {s} {z} zones", "{s} {z}", " zones"),
    ("each {z} {s} lung", "{z} {s}", " lung"),
    ("each {s} {z} lung", "{s} {z}", " lung"),
    ("each {s} {z} lung fields", "{s} {z}", " lung fields"),
    ("each {s} {z} lung zones", "{s} {z}", " lung zones"),
];

/// "left: upper, middle; right: lower".
fn by_colon(
    c: &mut Composer<'_>,
    spelling: Spelling,
    findings: &Findings,
    sides: [Side; 2],
) -> Place {
    let (name, item) = *c.pick(&[
        ("colon {s}: {z}", "{s}: {z}"),
        ("colon {s} lung: {z}", "{s} lung: {z}"),
        ("colon {s}: {z}", "{s} ({z})"),
    ]);
    c.note(SlotRole::Place, name);
    let spelling = Spelling {
        and: c.one_of(&[", ", " and ", " + "]),
        ..spelling
    };
    let items = sides.map(|side| spelling.fill(item, side, findings.zones(side)));
    let np = items.join(if item.contains('(') { ", " } else { "; " });
    Place {
        after: format!("in {np}"),
        np,
        plural: true,
        ..Place::default()
    }
}

/// Several places as one.
fn joined(c: &mut Composer<'_>, mut places: Vec<Place>) -> Place {
    if places.len() == 1 {
        return places.swap_remove(0);
    }
    if c.chance(0.15) {
        places.reverse();
    }
    // "on the left and the right base" would be read in two ways.
    let loose = places.iter().any(|place| {
        let text = &place.after;
        text.contains(" on the ") || text.contains(',') || text.ends_with(" at the bottom")
    });
    let grouped = places.iter().any(|place| place.after.contains(" and "));
    let glue: &str = if loose {
        c.one_of(&["; ", "; ", ", and ", " as well as "])
    } else if grouped {
        c.one_of(&["; ", ", ", " as well as ", ", and ", " plus "])
    } else {
        c.one_of(&[
            " and ",
            " and ",
            " and ",
            " and ",
            ", ",
            " plus ",
            " as well as ",
            " & ",
            " + ",
        ])
    };
    let whole = |text: &dyn Fn(&Place) -> &str| -> String {
        let items: Vec<String> = places.iter().map(|place| text(place).to_owned()).collect();
        if glue.trim().is_empty() || glue == ", " || glue == "; " {
            items.join(glue)
        } else {
            listed(&items, glue)
        }
    };
    let can_name = places.iter().all(|place| !place.np.is_empty());
    let np = if can_name {
        whole(&|place| &place.np)
    } else {
        String::new()
    };
    // Each with its own preposition, or one for all.
    let after = if !can_name || c.chance(0.4) {
        whole(&|place| &place.after)
    } else {
        format!("in {np}")
    };
    let before = (places.len() == 2 && places.iter().all(|place| place.before.is_some()))
        .then(|| {
            let words: Vec<&str> = places
                .iter()
                .filter_map(|place| place.before.as_deref())
                .collect();
            words.join(" and ")
        })
        .filter(|text| text.matches(" and ").count() == 1);
    Place {
        np,
        after,
        before,
        needs_noun: places.iter().any(|place| place.needs_noun),
        plural: true,
    }
}
