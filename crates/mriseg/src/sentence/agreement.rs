//! Whether a mask lies where its sentence says.

use super::separating_column;
use crate::bundle::SideConvention;
use crate::image::Mask;
use crate::reading::{Findings, Side};

/// Largest share of a mask that may lie on a side its sentence does not name, and smallest share that a named side
/// must hold. Masks of neighbouring lungs touch the middle, so neither is zero.
const FOREIGN_SHARE: f64 = 0.5;
const NAMED_SHARE: f64 = 0.01;

/// Says what is wrong when the mask does not lie where the sentence says, judging by sides alone (zone words are
/// too noisy for that in real data). `None` when they agree.
pub fn contradiction(
    findings: &Findings,
    mask: &Mask,
    convention: SideConvention,
) -> Option<String> {
    let total = mask.area();
    if findings.is_empty() {
        return (total > 0).then(|| {
            format!("the sentence names no infection, but the mask marks {total} pixels")
        });
    }
    if total == 0 {
        return Some("the sentence names an infection, but the mask is empty".to_owned());
    }
    let middle = separating_column(mask);
    let on_left: usize = mask
        .pixels
        .chunks_exact(mask.width)
        .map(|row| marked(&row[..middle]))
        .sum();
    let share = |side: Side| {
        let area = match side.in_picture(convention) {
            Side::Left => on_left,
            Side::Right => total - on_left,
        };
        area as f64 / total as f64
    };
    let percent = |share: f64| (share * 100.0).round();
    if let Some(side) = findings.only_side() {
        let foreign = share(side.other());
        return (foreign > FOREIGN_SHARE).then(|| {
            let half = side.other().in_picture(convention);
            format!(
                "the sentence names the {side} lung only, but {}% of the mask lies on the {half} side of the picture",
                percent(foreign)
            )
        });
    }
    let missing = Side::BOTH
        .into_iter()
        .find(|&side| share(side) < NAMED_SHARE)?;
    Some(format!(
        "the sentence names both lungs, but only {}% of the mask lies on the {} side of the picture",
        percent(share(missing)),
        missing.in_picture(convention)
    ))
}

fn marked(pixels: &[u8]) -> usize {
    pixels.iter().map(|&pixel| usize::from(pixel)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_on_the_wrong_side_contradicts_its_sentence() {
        let mut mask = Mask::empty(10, 4);
        mask.pixels[11..14].fill(1);
        let left = Findings::one_zone(Side::Left, 1);
        let (viewer, patient) = (SideConvention::Viewer, SideConvention::Patient);
        assert_eq!(contradiction(&left, &mask, viewer), None);
        assert_eq!(contradiction(&left.swapped(), &mask, patient), None);
        let said = contradiction(&left, &mask, patient).unwrap();
        assert!(
            said.contains(
                "left lung only, but 100% of the mask lies on the left side of the picture"
            ),
            "{said}"
        );
        assert!(
            contradiction(&left.swapped(), &mask, viewer)
                .unwrap()
                .contains("right lung only")
        );
        let both = Findings {
            left: left.left,
            right: left.left,
        };
        assert!(
            contradiction(&both, &mask, viewer)
                .unwrap()
                .contains("only 0% of the mask lies on the right side")
        );
        mask.pixels[17] = 1;
        assert_eq!(contradiction(&both, &mask, viewer), None);
        assert!(
            contradiction(&left, &Mask::empty(4, 4), viewer)
                .unwrap()
                .contains("empty")
        );
        assert!(
            contradiction(&Findings::default(), &mask, viewer)
                .unwrap()
                .contains("4 pixels")
        );
    }
}
