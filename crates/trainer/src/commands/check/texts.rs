//! What is wrong with sentences: by themselves, beside those that are learned from, and beside their masks.

use mriseg::image::Mask;
use mriseg::reading::{Findings, Reading, Side, named_side};
use mriseg::sentence::{contradiction, half};
use mriseg::text::TextTokenizer;
use mriseg_data::{Case, Dataset, SideConvention};

use super::lint::{Lint, Rule};
use crate::config::Experiment;
use crate::data::changed_pictures;
use crate::data::text::Vocabulary;

/// Fewer sentences about one side do not show what their words mean.
const FEWEST: usize = 4;
/// Share of the sentences about one side that must agree on what their words mean.
const AGREED: f64 = 0.75;
/// Share of a mask on the side that is named, below which it lies on the other.
const BESIDE: f64 = 0.1;

/// Notes what is wrong with the sentences of a split; `first` is the split that is learned from.
pub(super) fn check(
    dataset: &Dataset,
    tokenizer: &TextTokenizer,
    vocabulary: &Vocabulary,
    first: bool,
    lint: &mut Lint,
) {
    let experiment = Experiment::tiny();
    let split = dataset.split();
    for (case, text) in dataset.texts().enumerate() {
        let mut note = |rule, detail: String| lint.note(rule, split, dataset.id(case), detail);
        match tokenizer.encode(text, experiment.model.lm.text_tokens, "") {
            Err(error) => note(Rule::LongSentence, error.to_string()),
            Ok(_) if !vocabulary.knows(text) => note(
                Rule::UnknownWords,
                format!("no word of \"{text}\" occurs in the training sentences"),
            ),
            Ok(_) => {}
        }
        if let Some(said) = against_itself(text) {
            note(Rule::SelfContradiction, format!("\"{text}\": {said}"));
        }
    }
    if first {
        for line in changed_pictures(dataset, &experiment) {
            lint.note(Rule::Mirrored, split, "", line);
        }
    }
}

/// What a sentence about lungs says against itself.
fn against_itself(text: &str) -> Option<String> {
    let of_grammar = Findings::parse(text).is_some();
    (!of_grammar && Reading::names_lungs(text))
        .then(|| Reading::of(text).contradiction)
        .flatten()
}

/// What a sentence says against its mask.
pub(super) fn against_mask(case: &Case, convention: SideConvention) -> Option<String> {
    let (text, mask) = (&case.text, &case.mask);
    if let Some(findings) = Findings::parse(text) {
        return contradiction(&findings, mask, convention);
    }
    let reading = Reading::names_lungs(text).then(|| Reading::of(text));
    if mask.is_empty() {
        return (!Reading::denies(text))
            .then(|| "the sentence denies nothing, but the mask is empty".to_owned());
    }
    let reading = reading.filter(|reading| reading.contradiction.is_none())?;
    if reading.negated {
        return contradiction(&Findings::default(), mask, convention);
    }
    let sided = reading.target.is_some() && reading.sided;
    sided
        .then(|| contradiction(&reading.places, mask, convention))
        .flatten()
}

/// A sentence that is not about lungs and names one side.
pub(super) struct Sided {
    side: Side,
    /// The share of its mask on that side of the picture, 0 to 1.
    share: f64,
}

impl Sided {
    /// Of a case, if it is one of such a sentence.
    pub(super) fn of(case: &Case, convention: SideConvention) -> Option<Self> {
        let (text, mask) = (&case.text, &case.mask);
        if mask.is_empty() || Findings::parse(text).is_some() || Reading::names_lungs(text) {
            return None;
        }
        let side = named_side(text)?;
        Some(Self {
            side,
            share: share_on(mask, side.in_picture(convention)),
        })
    }
}

fn share_on(mask: &Mask, side: Side) -> f64 {
    half(mask, mask.width / 2, side).area() as f64 / mask.area() as f64
}

/// Notes whose mask lies on the other side, where the sentences of the split show that sides are those of the picture; and
/// where most do not agree, that alone.
pub(super) fn note_sides(split: &str, sided: &[(String, Sided)], lint: &mut Lint) {
    let beside: Vec<_> = (sided.iter())
        .filter(|(_, sided)| sided.share < BESIDE)
        .collect();
    let on_side = sided.iter().filter(|(_, sided)| sided.share > 0.5).count();
    let agree = |count: usize| sided.len() >= FEWEST && count as f64 >= AGREED * sided.len() as f64;
    if agree(beside.len()) {
        let detail = format!(
            "{} of {} sentences that name one side have their mask on the other: if the patient's left is meant, check with --sides patient, and train with data.side_convention = \"patient\"",
            beside.len(),
            sided.len()
        );
        lint.note(Rule::Contradiction, split, "", detail);
    } else if agree(on_side) {
        for (id, sided) in beside {
            let detail = format!(
                "the sentence names the {} side only, where {:.0}% of the mask lie",
                sided.side,
                100.0 * sided.share
            );
            lint.note(Rule::Contradiction, split, id, detail);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mriseg::image::GrayImage;

    const VIEWER: SideConvention = SideConvention::Viewer;

    /// A case with a mark on one side of the picture; `None`: nowhere.
    fn case(text: &str, marked: Option<Side>) -> Case {
        let mut mask = Mask::empty(16, 4);
        if let Some(side) = marked {
            let at = if side == Side::Left { 2 } else { 12 };
            mask.pixels[at..at + 3].fill(1);
        }
        Case {
            text: text.to_owned(),
            mask,
            ..Case::new("a", GrayImage::new(16, 4, vec![0.5; 64]))
        }
    }

    #[test]
    fn a_sentence_of_any_words_contradicts_its_mask() {
        let said = |text: &str, marked| against_mask(&case(text, marked), VIEWER);
        let (left, right) = (Some(Side::Left), Some(Side::Right));
        for (text, marked) in [
            (
                "Consolidation at the left base with air bronchograms.",
                None,
            ),
            ("one polyp", None),
            ("opacity in the right lung.", left),
            ("RUL opacity", left),
            ("the lungs are clear", right),
            ("infection of both lungs", right),
        ] {
            assert!(said(text, marked).is_some(), "{text}");
        }
        for (text, marked) in [
            ("no polyp", None),
            ("the lungs are clear", None),
            ("opacity in the right lung.", right),
            ("one polyp in the left of the image", right),
            ("a polyp without stalk", left),
        ] {
            assert_eq!(said(text, marked), None, "{text}");
        }
    }

    #[test]
    fn a_sentence_about_lungs_contradicts_itself() {
        for text in [
            "Unilateral pulmonary infection, one infected area, left lung and middle right lung.",
            "bilateral pneumonia of the left lung only",
        ] {
            assert!(against_itself(text).is_some(), "{text}");
        }
        for text in [
            "two brown areas near the top edge",
            "both spots on the left",
            "infection in both lungs",
        ] {
            assert_eq!(against_itself(text), None, "{text}");
        }
    }

    #[test]
    fn sides_are_judged_by_what_most_sentences_mean() {
        let found = |masks: &[Side]| {
            let sided: Vec<(String, Sided)> = (masks.iter().enumerate())
                .map(|(i, &side)| {
                    let case = case("one polyp in the left of the image", Some(side));
                    (i.to_string(), Sided::of(&case, VIEWER).unwrap())
                })
                .collect();
            let mut lint = Lint::default();
            note_sides("train", &sided, &mut lint);
            let findings = lint.findings.into_iter();
            findings
                .map(|finding| (finding.id, finding.detail))
                .collect::<Vec<_>>()
        };
        use Side::{Left, Right};
        let one = found(&[Left, Left, Right, Left, Left]);
        assert_eq!(one.len(), 1);
        assert_eq!(one[0].0, "2");
        let all = found(&[Right, Right, Right, Right, Left]);
        assert!(
            all.len() == 1 && all[0].1.contains("--sides patient"),
            "{all:?}"
        );
        assert_eq!(found(&[Left, Right, Left, Right]), []);
        assert_eq!(found(&[Right, Right]), []);
        assert!(Sided::of(&case("opacity in the left lung", Some(Left)), VIEWER).is_none());
        assert!(Sided::of(&case("left and right", Some(Left)), VIEWER).is_none());
    }
}
