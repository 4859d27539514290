//! A case for tests.

use mriseg::image::Mask;

use super::score::{CaseResult, DecodeCost};

/// A case from pixel counts: inside both, prediction, truth.
pub(crate) fn case(id: &str, kind: &str, counts: [usize; 3]) -> CaseResult {
    const WIDTH: usize = 256;
    let [intersection, predicted, truth] = counts;
    let pixels = |range: std::ops::Range<usize>| {
        let mut mask = Mask::empty(WIDTH, 1);
        mask.pixels[range].fill(1);
        mask
    };
    let start = predicted - intersection;
    let truth = pixels(start..start + truth);
    let masks = [&pixels(0..predicted), &truth, &truth];
    let cost = DecodeCost {
        passes: 64,
        prefill_ms: 1.0,
        ms: 5.0,
    };
    CaseResult::new(id, kind, "left lung", masks, cost, 10.0)
}
