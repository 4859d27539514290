//! What the annotations of a picture answer to a request.
//!
//! Phantoms know every finding by itself. Of real data one mask for everything is known; it is cut by sides, which
//! sentences name reliably, never by zones, which they do not.

use mriseg::image::Mask;
use mriseg::reading::{Findings, Request, Side};
use mriseg::sentence::{half, separating_column};

use crate::case::mark;
use crate::{Case, SideConvention};

/// Largest share of a mask on a side that counts as having nothing: masks spill over the middle.
const SPILL: f64 = 0.01;

/// The mask that a picture's annotations give for a request, of the picture's size; `None` where they do not say.
pub fn answer(case: &Case, request: &Request, convention: SideConvention) -> Option<Mask> {
    let empty = || Mask::empty(case.mask.width, case.mask.height);
    match *request {
        Request::Nothing | Request::Other => Some(empty()),
        Request::Lungs(side) => {
            let lungs = case.lungs.as_ref()?;
            Some(match side {
                None => lungs.clone(),
                Some(side) => half(lungs, separating_column(lungs), side.in_picture(convention)),
            })
        }
        _ if !case.lesions.is_empty() => Some(mark(empty(), &case.lesions, &zones_of(request))),
        _ => answer_of_the_whole(case, request, convention),
    }
}

/// The zones whose findings a request asks for; none where it asks for no finding.
pub fn zones_of(request: &Request) -> Findings {
    const ALL: [bool; 3] = [true; 3];
    match *request {
        Request::Zones(findings) => findings,
        Request::Side(Side::Left) => Findings {
            left: ALL,
            ..Findings::default()
        },
        Request::Side(Side::Right) => Findings {
            right: ALL,
            ..Findings::default()
        },
        Request::Everything => Findings {
            left: ALL,
            right: ALL,
        },
        Request::Nothing | Request::Lungs(_) | Request::Other => Findings::default(),
    }
}

/// What a request asks for as 8 bits: findings in the three zones of the "left lung" from the top, in those of the
/// "right lung", the "left lung" itself, the "right lung" itself.
pub fn bits_of(request: &Request) -> [bool; 8] {
    let Findings {
        left: [a, b, c],
        right: [d, e, f],
    } = zones_of(request);
    let lung = |side: Side| match *request {
        Request::Lungs(asked) => asked.is_none_or(|asked| asked == side),
        _ => false,
    };
    [a, b, c, d, e, f, lung(Side::Left), lung(Side::Right)]
}

/// The answer where one mask for everything is known: one of its halves, if mask and sentence agree about the sides.
fn answer_of_the_whole(case: &Case, request: &Request, convention: SideConvention) -> Option<Mask> {
    let stated = Findings::parse(&case.text)?;
    let mask = &case.mask;
    let side = match *request {
        Request::Everything => return Some(mask.clone()),
        Request::Zones(zones) if zones == stated => return Some(mask.clone()),
        _ if stated.is_empty() => return mask.is_empty().then(|| mask.clone()),
        Request::Side(side) => side,
        Request::Zones(zones) => {
            let side = zones.only_side()?;
            // A zone word alone is too noisy in real data to cut a mask by it.
            let known = stated.has(side);
            if known && zones != stated.one_side(side) {
                return None;
            }
            side
        }
        Request::Nothing | Request::Lungs(_) | Request::Other => return None,
    };
    let middle = separating_column(mask);
    let part = |side: Side| half(mask, middle, side.in_picture(convention));
    let has_nothing = |part: &Mask| part.area() as f64 <= SPILL * mask.area() as f64;
    let (asked, other) = (part(side), part(side.other()));
    match (stated.has(side), stated.has(side.other())) {
        (true, true) => (!has_nothing(&asked) && !has_nothing(&other)).then_some(asked),
        (true, false) => has_nothing(&other).then(|| mask.clone()),
        (false, true) => has_nothing(&asked).then(|| Mask::empty(mask.width, mask.height)),
        (false, false) => None,
    }
}

/// Sentences about one lung with their masks: of a bilateral finding each lung, of a unilateral one the other lung,
/// which has nothing. Empty when the sentence is not of the grammar or contradicts the mask. Codes of Emu3's tokenizer
/// are made for these cases once.
pub fn derived_cases(case: &Case, convention: SideConvention) -> Vec<(String, Mask)> {
    let Some(stated) = Findings::parse(&case.text) else {
        return Vec::new();
    };
    let asked = match stated.only_side() {
        Some(_) => vec![stated.swapped()],
        None if stated.is_empty() => Vec::new(),
        None => Side::BOTH.map(|side| stated.one_side(side)).into(),
    };
    let answered = asked.into_iter().filter_map(|findings| {
        let mask = answer(case, &Request::Zones(findings), convention)?;
        Some((findings.to_sentence(), mask))
    });
    answered.collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use mriseg::image::GrayImage;

    use super::*;
    use crate::{Dataset, PhantomConfig};

    pub(crate) const VIEWER: SideConvention = SideConvention::Viewer;
    pub(crate) const BOTH: &str =
        "bilateral pulmonary infection, two infected areas, upper left lung and lower right lung.";

    /// A picture of 8 by 2 pixels with findings in some columns of its first row, and lungs.
    pub(crate) fn case(text: &str, columns: &[usize]) -> Case {
        let mut mask = Mask::empty(8, 2);
        for &x in columns {
            mask.pixels[x] = 1;
        }
        Case {
            text: text.into(),
            mask,
            lungs: Some(Mask::new(8, 2, [0, 1, 1, 0, 0, 1, 1, 0].repeat(2))),
            ..Case::new("a", GrayImage::new(8, 2, vec![0.5; 16]))
        }
    }

    #[test]
    fn one_mask_for_everything_answers_by_its_halves() {
        let case = case(BOTH, &[1, 2, 6]);
        let left = answer(&case, &Request::Side(Side::Left), VIEWER).unwrap();
        assert_eq!(left.pixels[..8], [0, 1, 1, 0, 0, 0, 0, 0]);
        let upper = Request::Zones(Findings::one_zone(Side::Left, 0));
        assert_eq!(answer(&case, &upper, VIEWER).unwrap(), left);
        let patient = answer(&case, &Request::Side(Side::Right), SideConvention::Patient);
        assert_eq!(patient.unwrap(), left);
        let lower = Request::Zones(Findings::one_zone(Side::Left, 2));
        assert_eq!(answer(&case, &lower, VIEWER), None, "zones are noisy");
        assert!(answer(&case, &Request::Nothing, VIEWER).unwrap().is_empty());
        assert_eq!(
            answer(&case, &Request::Everything, VIEWER).unwrap(),
            case.mask
        );
    }

    #[test]
    fn the_side_without_a_finding_is_empty_and_a_doubtful_mask_says_nothing() {
        let text = "unilateral pulmonary infection, one infected area, upper left lung.";
        let right = Request::Side(Side::Right);
        let clear = answer(&case(text, &[1]), &right, VIEWER).unwrap();
        assert!(clear.is_empty());
        assert_eq!(answer(&case(text, &[1, 6]), &right, VIEWER), None);
        assert_eq!(answer(&case(BOTH, &[1]), &right, VIEWER), None);
    }

    #[test]
    fn lungs_are_answered_where_they_are_annotated() {
        let mut case = case(BOTH, &[1, 6]);
        let left = answer(&case, &Request::Lungs(Some(Side::Left)), VIEWER).unwrap();
        assert_eq!(left.pixels[..8], [0, 1, 1, 0, 0, 0, 0, 0]);
        case.lungs = None;
        assert_eq!(answer(&case, &Request::Lungs(None), VIEWER), None);
    }

    #[test]
    fn phantoms_answer_every_request_exactly() {
        let data = Dataset::phantoms(&PhantomConfig::default(), "train", 12);
        for i in 0..data.len() {
            let case = data.load(i).unwrap();
            let findings = Findings::parse(&case.text).unwrap();
            let again = answer(&case, &Request::Zones(findings), VIEWER).unwrap();
            assert_eq!(again, case.mask, "{}", case.text);
            let all = answer(&case, &Request::Everything, VIEWER).unwrap();
            let sides =
                Side::BOTH.map(|side| answer(&case, &Request::Side(side), VIEWER).unwrap().area());
            assert_eq!(sides.iter().sum::<usize>(), all.area());
            assert!(all.area() > 0);
            let lungs = answer(&case, &Request::Lungs(None), VIEWER).unwrap();
            let outside = all.pixels.iter().zip(&lungs.pixels);
            let outside = outside.filter(|&(&lesion, &lung)| lesion > lung).count();
            assert!(20 * outside <= all.area(), "{outside} of {}", all.area());
        }
    }

    #[test]
    fn a_bilateral_case_becomes_one_case_per_lung() {
        let cases = derived_cases(&case(BOTH, &[1, 2, 6]), SideConvention::Viewer);
        assert_eq!(
            cases[0].0,
            "unilateral pulmonary infection, one infected area, upper left lung."
        );
        assert_eq!(cases[0].1.pixels[..8], [0, 1, 1, 0, 0, 0, 0, 0]);
        assert_eq!(
            cases[1].0,
            "unilateral pulmonary infection, one infected area, lower right lung."
        );
        assert_eq!(cases[1].1.pixels[..8], [0, 0, 0, 0, 0, 0, 1, 0]);
        let patient = derived_cases(&case(BOTH, &[1, 2, 6]), SideConvention::Patient);
        assert_eq!((&patient[0].1, &patient[1].1), (&cases[1].1, &cases[0].1));
    }

    #[test]
    fn the_lung_that_a_unilateral_case_does_not_name_is_empty() {
        let text = "unilateral pulmonary infection, one infected area, upper left lung.";
        let cases = derived_cases(&case(text, &[1]), SideConvention::Viewer);
        assert_eq!(cases.len(), 1);
        assert_eq!(
            cases[0].0,
            "unilateral pulmonary infection, one infected area, upper right lung."
        );
        assert!(cases[0].1.is_empty());
    }

    #[test]
    fn a_mask_that_does_not_bear_its_sentence_out_gives_no_case() {
        assert!(derived_cases(&case(BOTH, &[1, 2]), SideConvention::Viewer).is_empty());
        let left = "unilateral pulmonary infection, one infected area, upper left lung.";
        assert!(derived_cases(&case(left, &[1, 6]), SideConvention::Viewer).is_empty());
        assert!(derived_cases(&case("what you see", &[1]), SideConvention::Viewer).is_empty());
    }

    #[test]
    fn the_bits_of_a_request_are_its_zones_and_its_lungs() {
        let bits = |request: Request| bits_of(&request).map(u8::from);
        let zones = Findings::from_bits(0b100_001);
        assert_eq!(bits(Request::Zones(zones)), [1, 0, 0, 0, 0, 1, 0, 0]);
        assert_eq!(bits(Request::Side(Side::Right)), [0, 0, 0, 1, 1, 1, 0, 0]);
        assert_eq!(bits(Request::Everything), [1, 1, 1, 1, 1, 1, 0, 0]);
        assert_eq!(bits(Request::Lungs(None)), [0, 0, 0, 0, 0, 0, 1, 1]);
        let left = Request::Lungs(Some(Side::Left));
        assert_eq!(bits(left), [0, 0, 0, 0, 0, 0, 1, 0]);
        assert_eq!(bits(Request::Nothing), bits(Request::Other));
        assert_eq!(bits(Request::Other), [0; 8]);
    }
}
