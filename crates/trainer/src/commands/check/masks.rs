//! What `check` says of masks, and of tags that turn them.

use mriseg_data::{Case, MaskRule};

use super::lint::{Lint, Rule};
use crate::data::{MaskLook, MaskSurvey};

/// What the mask of one case says.
pub(super) struct MaskFacts {
    extent: Option<String>,
    intermediate_pixels: usize,
    look: MaskLook,
    is_turned: bool,
    is_turned_alone: bool,
    is_coloured: bool,
}

/// What is told once about all cases.
#[derive(Debug, Default)]
pub(super) struct Files {
    survey: MaskSurvey,
    cases: usize,
    turned: usize,
    turned_alone: usize,
    coloured: usize,
}

impl MaskFacts {
    /// `may_be_empty`: the sentence, or the finding that it contradicts the mask, says that nothing is marked.
    pub(super) fn of(case: &Case, may_be_empty: bool) -> Self {
        Self {
            extent: extent(case, may_be_empty),
            intermediate_pixels: case.intermediate_pixels,
            look: MaskLook::of(&case.mask, case.files.mask_reading.clone()),
            is_turned: case.files.picture_turned,
            is_turned_alone: case.files.picture_turned != case.files.mask_turned,
            is_coloured: case.image.colours().is_some(),
        }
    }

    /// Says it, and counts it among those of all cases.
    pub(super) fn note(self, lint: &mut Lint, files: &mut Files, split: &str, id: &str) {
        if self.intermediate_pixels > 0 {
            let detail = format!(
                "{} pixels of the mask lie between its two values; they are split at half",
                self.intermediate_pixels
            );
            lint.note(Rule::NotBinary, split, id, detail);
        }
        if let Some(detail) = self.extent {
            lint.note(Rule::Extent, split, id, detail);
        }
        files.survey.add(self.look);
        files.cases += 1;
        files.turned += usize::from(self.is_turned);
        files.turned_alone += usize::from(self.is_turned_alone);
        files.coloured += usize::from(self.is_coloured);
    }
}

/// That a mask marks nearly all of the picture, or nearly nothing.
fn extent(case: &Case, may_be_empty: bool) -> Option<String> {
    /// Largest and least share of the picture that are nothing special, in millionths.
    const MOST: usize = 950_000;
    const LEAST: usize = 50;
    let (area, pixels) = (case.mask.area(), case.mask.pixels.len());
    let share = area * 1_000_000 / pixels.max(1);
    match area {
        0 if may_be_empty => None,
        0 => Some("the mask marks nothing".to_owned()),
        _ if share > MOST => Some(format!("the mask marks {area} of {pixels} pixels")),
        _ if share < LEAST => Some(format!("the mask marks only {area} of {pixels} pixels")),
        _ => None,
    }
}

impl Files {
    /// Says it.
    pub(super) fn note(&self, rule: &MaskRule, lint: &mut Lint) {
        const ALL: &str = "all splits";
        if let Some(detail) = self.survey.nothing_marked(rule) {
            lint.note(Rule::UnclearMask, ALL, "", detail);
        }
        if let Some(detail) = self.survey.white_background() {
            lint.note(Rule::WhiteBackground, ALL, "", detail);
        }
        lint.notes.extend(self.survey.notes());
        if self.turned > 0 {
            lint.notes.push(format!(
                "{} carr{} an orientation tag and {} turned",
                counted(self.turned),
                if self.turned == 1 { "ies" } else { "y" },
                if self.turned == 1 { "was" } else { "were" },
            ));
        }
        if self.turned_alone > 0 {
            let detail = format!(
                "of {}, picture or mask alone carries an orientation tag and was turned; see that they lie on each other",
                counted(self.turned_alone)
            );
            lint.note(Rule::TurnedAlone, ALL, "", detail);
        }
        if self.coloured * 2 > self.cases {
            lint.notes.push(format!(
                "{} of {} pictures are in colour, of which a model reads the brightness alone unless it is trained as configs/polyp-cpu.toml does (model.image.input_channels = 3)",
                self.coloured, self.cases
            ));
        }
    }
}

fn counted(pictures: usize) -> String {
    format!("{pictures} picture{}", if pictures == 1 { "" } else { "s" })
}
