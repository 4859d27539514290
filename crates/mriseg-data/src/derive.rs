//! Several sentences for one real picture: each lung on its own, and a lung that has nothing.
//!
//! Made from the mask and the side words (which are reliable; zone words are not). Codes of Emu3's tokenizer are made
//! for these cases once; training on pictures asks more, see [`ask`](crate::ask).

use mriseg::image::Mask;

use crate::sentence::{Findings, Side};
use crate::{Sample, SideConvention};

/// The share of a mask below which a side counts as having nothing: what spills over the middle.
const SPILL: f64 = 0.01;

/// Sentences about one lung only, with the part of the mask that lies on its side of the picture: of a bilateral
/// finding the left and the right part, of a unilateral one the other lung, which has nothing. None when the
/// sentence is not of the grammar, or when the mask does not bear it out.
pub fn derived_cases(sample: &Sample, convention: SideConvention) -> Vec<(String, Mask)> {
    let Some(findings) = Findings::parse(&sample.text).filter(|findings| !findings.is_empty())
    else {
        return Vec::new();
    };
    let middle = separating_column(&sample.mask);
    let total = sample.mask.area() as f64;
    let part = |side: Side| half(&sample.mask, middle, side.in_picture(convention));
    let has_nothing = |mask: &Mask| mask.area() as f64 <= SPILL * total;
    match findings.only_side() {
        Some(side) if has_nothing(&part(side.other())) => {
            let empty = Mask::empty(sample.mask.width, sample.mask.height);
            vec![(findings.swapped().to_sentence(), empty)]
        }
        Some(_) => Vec::new(),
        None => {
            let parts = Side::BOTH.map(|side| (findings.one_side(side).to_sentence(), part(side)));
            if parts.iter().any(|(_, mask)| has_nothing(mask)) {
                return Vec::new();
            }
            parts.into()
        }
    }
}

/// The column between the lungs: of those near the middle of the picture the one that cuts the fewest marked
/// pixels, and of these the most central.
pub fn separating_column(mask: &Mask) -> usize {
    let centre = mask.width / 2;
    let reach = mask.width / 8;
    let cut = |x: usize| {
        mask.pixels[x..]
            .iter()
            .step_by(mask.width)
            .filter(|&&pixel| pixel != 0)
            .count()
    };
    (centre - reach..=centre + reach)
        .filter(|&x| x < mask.width)
        .min_by_key(|&x| (cut(x), x.abs_diff(centre)))
        .unwrap_or(centre)
}

/// The part of a mask on one side of the picture.
pub(crate) fn half(mask: &Mask, middle: usize, side: Side) -> Mask {
    let mut part = mask.clone();
    for row in part.pixels.chunks_exact_mut(mask.width) {
        match side {
            Side::Left => row[middle..].fill(0),
            Side::Right => row[..middle].fill(0),
        }
    }
    part
}

#[cfg(test)]
mod tests {
    use super::*;
    use mriseg::image::GrayImage;

    const BOTH: &str =
        "bilateral pulmonary infection, two infected areas, upper left lung and lower right lung.";

    fn sample(text: &str, columns: &[usize]) -> Sample {
        let mut mask = Mask::empty(8, 2);
        for &x in columns {
            mask.pixels[x] = 1;
        }
        Sample {
            text: text.into(),
            mask,
            ..Sample::new("a", GrayImage::new(8, 2, vec![0.5; 16]))
        }
    }

    #[test]
    fn a_bilateral_case_becomes_one_case_per_lung() {
        let cases = derived_cases(&sample(BOTH, &[1, 2, 6]), SideConvention::Viewer);
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
        let patient = derived_cases(&sample(BOTH, &[1, 2, 6]), SideConvention::Patient);
        assert_eq!((&patient[0].1, &patient[1].1), (&cases[1].1, &cases[0].1));
    }

    #[test]
    fn the_lung_that_a_unilateral_case_does_not_name_is_empty() {
        let text = "unilateral pulmonary infection, one infected area, upper left lung.";
        let cases = derived_cases(&sample(text, &[1]), SideConvention::Viewer);
        assert_eq!(cases.len(), 1);
        assert_eq!(
            cases[0].0,
            "unilateral pulmonary infection, one infected area, upper right lung."
        );
        assert!(cases[0].1.is_empty());
    }

    #[test]
    fn a_mask_that_does_not_bear_its_sentence_out_gives_no_case() {
        assert!(derived_cases(&sample(BOTH, &[1, 2]), SideConvention::Viewer).is_empty());
        let left = "unilateral pulmonary infection, one infected area, upper left lung.";
        assert!(derived_cases(&sample(left, &[1, 6]), SideConvention::Viewer).is_empty());
        assert!(derived_cases(&sample("what you see", &[1]), SideConvention::Viewer).is_empty());
    }

    #[test]
    fn the_lungs_are_parted_where_no_lesion_is_cut() {
        let mut mask = Mask::empty(32, 1);
        mask.pixels[2..18].fill(1);
        assert_eq!(separating_column(&mask), 18);
        assert_eq!(separating_column(&Mask::empty(32, 1)), 16);
        assert_eq!(separating_column(&Mask::empty(1, 1)), 0);
    }
}
