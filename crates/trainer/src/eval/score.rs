//! The numbers of one case, and means over cases.

use mriseg::image::Mask;
use mriseg::metrics::{Overlap, boundary_overlap, hausdorff95};
use serde::{Deserialize, Serialize};

/// One case: a picture, a sentence and the mask that the model drew.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct CaseResult {
    /// The picture's id in its dataset.
    pub(crate) id: String,
    /// What kind of sentence it is, such as `one_side` or `absent`.
    pub(crate) kind: String,
    /// The sentence that the model was given.
    pub(crate) text: String,
    /// Dice, 0 to 1; `None` when truth and prediction are both empty.
    pub(crate) dice: Option<f64>,
    /// Intersection over union, 0 to 1; `None` when both are empty.
    pub(crate) iou: Option<f64>,
    /// Dice of the truth after a round trip through the mask tokenizer: the best any prediction can do.
    pub(crate) oracle_dice: Option<f64>,
    /// Dice of the bands of two pixels along the outlines; `None` when both masks are empty.
    pub(crate) boundary_dice: Option<f64>,
    /// 95th percentile of the distances between the outlines, in pixels; `None` when a mask is empty.
    pub(crate) hausdorff95: Option<f64>,
    /// Pixels inside both masks.
    pub(crate) intersection: u64,
    /// Pixels inside the prediction.
    pub(crate) predicted_area: u64,
    /// Pixels inside the truth.
    pub(crate) truth_area: u64,
    /// Pixels of the picture.
    #[serde(default)]
    pub(crate) pixels: u64,
    /// Passes through the model that decoding took.
    pub(crate) passes: usize,
    /// Milliseconds of the prefill before it.
    pub(crate) prefill_ms: f64,
    /// Milliseconds of both.
    pub(crate) decode_ms: f64,
    /// Milliseconds from prepared picture and sentence to mask.
    pub(crate) ms: f64,
    /// Whether the model could be asked: the sentence fits.
    #[serde(default = "always")]
    pub(crate) asked: bool,
}

fn always() -> bool {
    true
}

impl CaseResult {
    /// Compares masks of the same size.
    pub(crate) fn new(
        id: impl Into<String>,
        kind: impl Into<String>,
        text: impl Into<String>,
        [predicted, truth, oracle]: [&Mask; 3],
        cost: DecodeCost,
        ms: f64,
    ) -> Self {
        const BAND: usize = 2;
        let overlap = Overlap::of(&predicted.pixels, &truth.pixels);
        Self {
            id: id.into(),
            kind: kind.into(),
            text: text.into(),
            dice: overlap.dice(),
            iou: overlap.iou(),
            oracle_dice: Overlap::of(&oracle.pixels, &truth.pixels).dice(),
            boundary_dice: boundary_overlap(predicted, truth, BAND).dice(),
            hausdorff95: hausdorff95(predicted, truth),
            intersection: overlap.intersection,
            predicted_area: overlap.predicted,
            truth_area: overlap.truth,
            pixels: truth.pixels.len() as u64,
            passes: cost.passes,
            prefill_ms: cost.prefill_ms,
            decode_ms: cost.ms,
            ms,
            asked: true,
        }
    }

    /// The same where the model could not be asked: it failed, also where there is nothing to draw.
    pub(crate) fn unasked(self) -> Self {
        Self {
            asked: false,
            dice: Some(0.0),
            iou: Some(0.0),
            boundary_dice: Some(0.0),
            hausdorff95: None,
            intersection: 0,
            predicted_area: 0,
            ..self
        }
    }

    fn overlap(&self) -> Overlap {
        Overlap {
            intersection: self.intersection,
            predicted: self.predicted_area,
            truth: self.truth_area,
        }
    }
}

/// What decoding a mask took, from the tokens of sentence and picture to those of the mask.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct DecodeCost {
    /// Passes through the model after the prefill.
    pub(crate) passes: usize,
    /// Milliseconds of the prefill.
    pub(crate) prefill_ms: f64,
    /// Milliseconds, prefill included.
    pub(crate) ms: f64,
}

impl DecodeCost {
    /// Where nothing is decoded.
    pub(crate) const NONE: Self = Self {
        passes: 0,
        prefill_ms: 0.0,
        ms: 0.0,
    };
}

/// Dice with one way to treat the sentence.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct TextScore {
    /// Cases.
    pub(crate) cases: usize,
    /// Mean over images.
    pub(crate) dice_per_image: Option<f64>,
    /// All pixels as one picture.
    pub(crate) dice_pooled: Option<f64>,
}

impl TextScore {
    /// Of some cases.
    pub(crate) fn of(cases: &[CaseResult]) -> Self {
        Self {
            cases: cases.len(),
            dice_per_image: mean_dice(cases),
            dice_pooled: pooled(cases).dice(),
        }
    }
}

/// Mean Dice per image; cases that are empty in truth and prediction are left out.
pub(crate) fn mean_dice(cases: &[CaseResult]) -> Option<f64> {
    mean(cases.iter().filter_map(|case| case.dice))
}

/// All pixels of all cases as one picture.
pub(crate) fn pooled(cases: &[CaseResult]) -> Overlap {
    let mut pooled = Overlap::default();
    for case in cases {
        pooled += case.overlap();
    }
    pooled
}

/// Mean; `None` of nothing.
pub(crate) fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0usize), |(sum, count), value| {
        (sum + value, count + 1)
    });
    (count > 0).then(|| sum / count as f64)
}
