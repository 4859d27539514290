//! What the masks of a data set have in common, told once.

use anyhow::Result;
use mriseg::image::Mask;
use mriseg_data::{DataError, Dataset, MaskRule};
use rayon::prelude::*;
use std::collections::BTreeMap;

use crate::system::Display;
use crate::system::exit::data;

/// Gathers what masks have in common, one by one.
#[derive(Debug, Default)]
pub(crate) struct MaskSurvey {
    masks: usize,
    marked: usize,
    large: usize,
    /// How many are read in each way that needs to be said.
    readings: BTreeMap<String, usize>,
}

/// What counts of one mask.
#[derive(Debug)]
pub(crate) struct MaskLook {
    is_marked: bool,
    is_large: bool,
    reading: Option<String>,
}

impl MaskLook {
    /// Of a mask, and how its values were read where that needs to be said.
    pub(crate) fn of(mask: &Mask, reading: Option<String>) -> Self {
        Self {
            is_marked: !mask.is_empty(),
            is_large: mask.area() * 2 > mask.pixels.len() || touches_all_edges(mask),
            reading,
        }
    }
}

impl MaskSurvey {
    /// Adds a mask.
    pub(crate) fn add(&mut self, look: MaskLook) {
        self.masks += 1;
        self.marked += usize::from(look.is_marked);
        self.large += usize::from(look.is_large);
        if let Some(reading) = look.reading {
            *self.readings.entry(reading).or_default() += 1;
        }
    }

    /// How the values of the masks are read, where that needs to be said.
    pub(crate) fn notes(&self) -> Vec<String> {
        let note = |(reading, masks): (&String, &usize)| {
            if *masks == self.masks {
                format!("masks hold {reading}")
            } else {
                format!("{masks} of {} masks hold {reading}", self.masks)
            }
        };
        self.readings.iter().map(note).collect()
    }

    /// That white seems to be the background.
    pub(crate) fn white_background(&self) -> Option<String> {
        (self.large * 2 > self.masks).then(|| {
            format!(
                "{} of {} masks mark more than half of the picture, or touch all four edges of it: if white is the background, say which value is marked, such as data.mask_value = \"0\" (or --mask-value 0)",
                self.large, self.masks
            )
        })
    }

    /// That no mask has the value that is said to be marked.
    pub(crate) fn nothing_marked(&self, rule: &MaskRule) -> Option<String> {
        (!rule.is_default() && self.masks > 0 && self.marked == 0).then(|| {
            format!(
                "no pixel of any mask has the value {rule} of data.mask_value (or --mask-value); trainer check, without it, names the values that they hold"
            )
        })
    }
}

fn touches_all_edges(mask: &Mask) -> bool {
    let (width, height) = (mask.width, mask.height);
    let is_marked = |at: usize| mask.pixels[at] != 0;
    (0..width).any(is_marked)
        && (0..width).any(|x| is_marked((height - 1) * width + x))
        && (0..height).any(|y| is_marked(y * width))
        && (0..height).any(|y| is_marked(y * width + width - 1))
}

/// Reads the mask files of some splits before anything is computed from them, and says what is worth saying.
///
/// # Errors
/// A mask that is missing or does not tell what is marked, with the number of such masks; or none is marked by `rule`.
pub(crate) fn survey_masks(splits: &[&Dataset], rule: &MaskRule, display: Display) -> Result<()> {
    const CHUNK: usize = 256;
    let mut survey = MaskSurvey::default();
    let mut faults = Vec::new();
    for dataset in splits {
        let cases: Vec<usize> = (0..dataset.len()).collect();
        for chunk in cases.chunks(CHUNK) {
            let look = |&case: &usize| {
                let decoded = dataset.load_mask(case)?;
                Ok(decoded.map(|decoded| MaskLook::of(&decoded.mask, decoded.reading)))
            };
            let looks: Vec<Result<_, DataError>> = chunk.par_iter().map(look).collect();
            for look in looks {
                match look {
                    Ok(look) => look.into_iter().for_each(|look| survey.add(look)),
                    Err(fault) => faults.push(fault.to_string()),
                }
            }
        }
    }
    if let [first, rest @ ..] = faults.as_slice() {
        return Err(data(match rest.len() {
            0 => first.clone(),
            more => format!("{first}; so it is with {more} more masks, trainer check lists them"),
        }));
    }
    if let Some(fault) = survey.nothing_marked(rule) {
        return Err(data(fault));
    }
    for note in survey.notes() {
        display.line(&format!("note: {note}"));
    }
    if let Some(warning) = survey.white_background() {
        display.line(&format!("warning: {warning}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(from: usize, to: usize) -> Mask {
        let inside = |i: usize| (from..to).contains(&(i % 8)) && (from..to).contains(&(i / 8));
        Mask::new(8, 8, (0..64).map(|i| u8::from(inside(i))).collect())
    }

    #[test]
    fn what_most_masks_share_is_told_once() {
        let mut survey = MaskSurvey::default();
        for _ in 0..3 {
            let reading = "0 and 2: 2 is read as marked";
            survey.add(MaskLook::of(&square(2, 4), Some(reading.to_owned())));
        }
        assert_eq!(survey.notes(), ["masks hold 0 and 2: 2 is read as marked"]);
        survey.add(MaskLook::of(&square(2, 4), None));
        let notes = survey.notes();
        assert_eq!(notes, ["3 of 4 masks hold 0 and 2: 2 is read as marked"]);
        assert_eq!(survey.white_background(), None);
    }

    #[test]
    fn masks_that_mark_most_of_the_picture_or_all_edges_look_inverted() {
        let mut survey = MaskSurvey::default();
        survey.add(MaskLook::of(&square(0, 8), None));
        let frame = square(1, 7).pixels.iter().map(|&pixel| 1 - pixel).collect();
        survey.add(MaskLook::of(&Mask::new(8, 8, frame), None));
        survey.add(MaskLook::of(&square(2, 4), None));
        let said = survey.white_background().unwrap();
        assert!(said.starts_with("2 of 3 masks mark"), "{said}");
        assert!(said.contains("data.mask_value"), "{said}");
    }

    #[test]
    fn a_value_that_no_mask_has_is_named() {
        let mut survey = MaskSurvey::default();
        survey.add(MaskLook::of(&Mask::empty(8, 8), None));
        assert_eq!(survey.nothing_marked(&MaskRule::default()), None);
        let said = survey.nothing_marked(&"7".parse().unwrap()).unwrap();
        assert!(said.contains("value 7 of data.mask_value"), "{said}");
        survey.add(MaskLook::of(&square(2, 4), None));
        assert_eq!(survey.nothing_marked(&"7".parse().unwrap()), None);
    }
}
