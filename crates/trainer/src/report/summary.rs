//! The numbers of an evaluation: one [`Summary`] for all its cases.

use mriseg_data::Disturbance;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use super::bootstrap;
use super::by_area::{self, AreaSummary};
use crate::eval::side_swap::SideSwap;
use crate::eval::{CaseResult, PromptProbe, TextScore, mean, pooled};

/// What was evaluated on what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Meta {
    /// How the sentences were treated: `given`, `none`, `shuffled` or `wrong-side`.
    pub(crate) text_mode: String,
    /// In which words: `given`, `varied`, `held-out` or `lay`.
    #[serde(default = "given")]
    pub(crate) wordings: String,
    /// What happened to the pictures; `plain`: nothing.
    #[serde(default = "plain")]
    pub(crate) pictures: String,
    /// Part of the data.
    pub(crate) split: String,
    /// Name of the data.
    pub(crate) data: String,
    /// Hash of the data's content.
    pub(crate) data_fingerprint: String,
    /// Hash of the model's weights and configuration.
    pub(crate) model_hash: String,
    /// Seed of the bootstrap, and of the shuffled sentences.
    pub(crate) seed: u64,
    /// The command that gives these numbers again.
    pub(crate) command: String,
}

fn given() -> String {
    "given".to_owned()
}

fn plain() -> String {
    Disturbance::Plain.as_str().to_owned()
}

/// The numbers of an evaluation.
///
/// Dice and IoU are fractions from 0 to 1. A case whose truth and prediction are both empty has neither: it is left
/// out of every per-image mean and counted in `empty_cases` (nnU-Net's rule). A prediction where the truth is empty has
/// Dice 0 and does count. A mean over no cases is `null`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Summary {
    /// All cases, the empty ones included.
    pub(crate) cases: usize,
    /// Of these, cases that could not be asked since their sentence does not fit the model: they count as failed, with a Dice
    /// of 0 whatever their truth.
    #[serde(default)]
    pub(crate) unasked: usize,
    /// Cases whose sentence has no word that the model knows: they are asked, and count as they are answered.
    #[serde(default)]
    pub(crate) unknown_words: usize,
    /// Cases with truth and prediction both empty.
    pub(crate) empty_cases: usize,
    /// Cases with an empty truth, whatever was predicted.
    pub(crate) empty_truth_cases: usize,
    /// Share of the cases with an empty truth whose prediction is empty too.
    pub(crate) empty_correct: Option<f64>,
    /// Mean Dice over images.
    pub(crate) dice_per_image: Option<f64>,
    /// 95 % bootstrap interval of `dice_per_image`.
    pub(crate) dice_per_image_ci95: Option<[f64; 2]>,
    /// Mean IoU over images.
    pub(crate) iou_per_image: Option<f64>,
    /// Dice of all pixels of all cases as one picture.
    pub(crate) dice_pooled: Option<f64>,
    /// IoU of all pixels of all cases as one picture.
    pub(crate) iou_pooled: Option<f64>,
    /// Mean Dice of the mask tokenizer alone: the ceiling.
    pub(crate) oracle_dice_per_image: Option<f64>,
    /// Mean Dice of the bands of two pixels along the outlines (boundary Dice), where not both masks are empty.
    pub(crate) boundary_dice_per_image: Option<f64>,
    /// Mean 95th percentile of the distances between the outlines, in pixels, where no mask is empty.
    pub(crate) hausdorff95_per_image: Option<f64>,
    /// Mean passes through the model per mask: its number of tokens when decoding is greedy.
    pub(crate) passes_per_mask: Option<f64>,
    /// Mean milliseconds of the prefill, in which the model reads the tokens of sentence and picture.
    pub(crate) prefill_ms_per_mask: Option<f64>,
    /// Mean milliseconds of prefill and decoding.
    pub(crate) decode_ms_per_mask: Option<f64>,
    /// Mean milliseconds per case; of a case alone when cases are decoded one at a time.
    pub(crate) ms_per_image: Option<f64>,
    /// Share of the cases with something to draw that score nothing: empty, or beside it.
    #[serde(default)]
    pub(crate) missed: Option<f64>,
    /// Where something is to be drawn, by its area.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) by_area: Vec<AreaSummary>,
    /// The same, by kind of sentence.
    pub(crate) per_kind: BTreeMap<String, KindSummary>,
    /// Whether the side word moves the mask, where that was asked for.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub(crate) side_swap: Option<SideSwap>,
    /// Whether the sentence matters, where that was asked for: the same numbers with every way to treat it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) by_text: Option<BTreeMap<String, TextScore>>,
    /// The same numbers of the dense model, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) baseline: Option<Box<Self>>,
    /// What each part of a sentence does, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) probe: Option<PromptProbe>,
    /// What was evaluated on what.
    #[serde(flatten)]
    pub(crate) meta: Meta,
}

/// The numbers of one kind of sentence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct KindSummary {
    /// Cases of this kind.
    pub(crate) cases: usize,
    /// Mean Dice over images, as in [`Summary::dice_per_image`].
    pub(crate) dice: Option<f64>,
    /// As in [`Summary::empty_correct`].
    pub(crate) empty_correct: Option<f64>,
}

impl Summary {
    /// Summarises `cases`.
    pub(crate) fn from_cases(cases: &[CaseResult], meta: Meta) -> Self {
        let dice: Vec<f64> = cases.iter().filter_map(|case| case.dice).collect();
        let pooled = pooled(cases);
        let asked = || cases.iter().filter(|case| case.asked);
        let mut kinds: BTreeMap<String, Vec<&CaseResult>> = BTreeMap::new();
        for case in cases {
            kinds.entry(case.kind.clone()).or_default().push(case);
        }
        Self {
            cases: cases.len(),
            unasked: cases.iter().filter(|case| !case.asked).count(),
            unknown_words: 0,
            empty_cases: cases.len() - dice.len(),
            empty_truth_cases: cases.iter().filter(|case| case.truth_area == 0).count(),
            empty_correct: empty_correct(cases.iter()),
            dice_per_image: mean(dice.iter().copied()),
            dice_per_image_ci95: bootstrap::ci95_of_mean(&dice, meta.seed),
            iou_per_image: mean(cases.iter().filter_map(|case| case.iou)),
            dice_pooled: pooled.dice(),
            iou_pooled: pooled.iou(),
            oracle_dice_per_image: mean(cases.iter().filter_map(|case| case.oracle_dice)),
            boundary_dice_per_image: mean(cases.iter().filter_map(|case| case.boundary_dice)),
            hausdorff95_per_image: mean(cases.iter().filter_map(|case| case.hausdorff95)),
            passes_per_mask: mean(asked().map(|case| case.passes as f64)),
            prefill_ms_per_mask: mean(asked().map(|case| case.prefill_ms)),
            decode_ms_per_mask: mean(asked().map(|case| case.decode_ms)),
            ms_per_image: mean(asked().map(|case| case.ms)),
            missed: by_area::missed(cases),
            by_area: by_area::summaries(cases),
            per_kind: kinds
                .into_iter()
                .map(|(kind, cases)| {
                    let summary = KindSummary {
                        cases: cases.len(),
                        dice: mean(cases.iter().filter_map(|case| case.dice)),
                        empty_correct: empty_correct(cases.iter().copied()),
                    };
                    (kind, summary)
                })
                .collect(),
            side_swap: None,
            by_text: None,
            baseline: None,
            probe: None,
            meta,
        }
    }
}

fn empty_correct<'a>(cases: impl Iterator<Item = &'a CaseResult>) -> Option<f64> {
    mean(
        cases
            .filter(|case| case.truth_area == 0)
            .map(|case| f64::from(u8::from(case.predicted_area == 0 && case.asked))),
    )
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::eval::fixtures::case;

    pub(crate) fn meta() -> Meta {
        Meta {
            text_mode: "given".into(),
            wordings: given(),
            pictures: plain(),
            split: "test".into(),
            data: "phantoms".into(),
            data_fingerprint: "d0".into(),
            model_hash: "m0".into(),
            seed: 7,
            command: "trainer eval --bundle b --data phantoms".into(),
        }
    }

    #[test]
    fn the_summary_equals_the_hand_worked_values() {
        let cases = [
            case("a", "one-side", [2, 4, 4]),
            case("b", "one-side", [10, 10, 10]),
            case("c", "absent", [0, 0, 0]),
            case("d", "absent", [0, 6, 0]),
        ];
        let summary = Summary::from_cases(&cases, meta());
        assert_eq!(
            (
                summary.cases,
                summary.empty_cases,
                summary.empty_truth_cases
            ),
            (4, 1, 2)
        );
        // Dice: 4/8, 20/20, skipped, 0. IoU: 2/6, 1, skipped, 0.
        assert_eq!(summary.dice_per_image, Some(0.5));
        let iou = summary.iou_per_image.unwrap();
        assert!((iou - (1.0 / 3.0 + 1.0) / 3.0).abs() < 1e-12);
        // Pooled: intersection 12, predicted 20, truth 14.
        assert_eq!(summary.dice_pooled, Some(24.0 / 34.0));
        assert_eq!(summary.iou_pooled, Some(12.0 / 22.0));
        assert_eq!(summary.empty_correct, Some(0.5));
        assert_eq!(summary.oracle_dice_per_image, Some(1.0));
        assert_eq!(summary.ms_per_image, Some(10.0));
    }

    #[test]
    fn a_false_alarm_lowers_the_mean_and_a_right_empty_mask_does_not() {
        let hit = case("a", "one-side", [5, 5, 5]);
        let dice =
            |other: CaseResult| Summary::from_cases(&[hit.clone(), other], meta()).dice_per_image;
        assert_eq!(dice(case("b", "absent", [0, 0, 0])), Some(1.0));
        assert_eq!(dice(case("b", "absent", [0, 1, 0])), Some(0.5));
    }

    #[test]
    fn a_case_that_cannot_be_asked_has_failed_also_where_nothing_is_to_be_drawn() {
        let cases = [
            case("a", "k", [5, 5, 5]),
            case("b", "k", [5, 5, 5]).unasked(),
            case("c", "k", [0, 0, 0]).unasked(),
        ];
        let summary = Summary::from_cases(&cases, meta());
        assert_eq!((summary.cases, summary.unasked), (3, 2));
        assert_eq!(summary.dice_per_image, Some(1.0 / 3.0));
        assert_eq!(summary.iou_per_image, Some(1.0 / 3.0));
        assert_eq!((summary.empty_cases, summary.empty_correct), (0, Some(0.0)));
        // Pooled: intersection 5, predicted 5, truth 10.
        assert_eq!(summary.dice_pooled, Some(10.0 / 15.0));
        assert_eq!(summary.oracle_dice_per_image, Some(1.0));
        let one = Summary::from_cases(&cases[..1], meta());
        assert_eq!(summary.passes_per_mask, one.passes_per_mask);
    }

    #[test]
    fn kinds_are_summarised_apart() {
        let cases = [
            case("a", "one-side", [2, 4, 4]),
            case("b", "absent", [0, 0, 0]),
            case("c", "absent", [0, 0, 0]),
        ];
        let kinds = Summary::from_cases(&cases, meta()).per_kind;
        assert_eq!(
            kinds["one-side"],
            KindSummary {
                cases: 1,
                dice: Some(0.5),
                empty_correct: None
            }
        );
        assert_eq!(
            kinds["absent"],
            KindSummary {
                cases: 2,
                dice: None,
                empty_correct: Some(1.0)
            }
        );
    }

    #[test]
    fn no_cases_give_null_and_not_nan() {
        let summary = Summary::from_cases(&[], meta());
        let json = serde_json::to_value(&summary).unwrap();
        for key in [
            "dice_per_image",
            "iou_pooled",
            "empty_correct",
            "dice_per_image_ci95",
        ] {
            assert!(json[key].is_null(), "{key}");
        }
        assert_eq!(json["cases"], 0);
    }

    #[test]
    fn the_json_object_is_flat_and_has_the_promised_keys() {
        let summary = Summary::from_cases(&[case("a", "k", [1, 2, 2])], meta());
        let json = serde_json::to_value(&summary).unwrap();
        for key in [
            "cases",
            "empty_cases",
            "dice_per_image",
            "iou_per_image",
            "dice_pooled",
            "iou_pooled",
            "oracle_dice_per_image",
            "ms_per_image",
        ] {
            assert!(json[key].is_number(), "{key}");
        }
        assert_eq!(json["split"], "test");
        assert_eq!(serde_json::from_value::<Summary>(json).unwrap(), summary);
    }
}
