//! The numbers of an evaluation for people, on a terminal.

use super::summary::Summary;

/// Which sentences the model could not read, or not a word of, and how these cases count.
pub(super) fn hindrances(summary: &Summary) -> Vec<String> {
    let mut lines = Vec::new();
    if summary.unasked > 0 {
        lines.push(format!(
            "{} of these cases could not be asked: their sentence is longer than the model reads; they count as failed, with a Dice of 0",
            summary.unasked
        ));
    }
    if summary.unknown_words > 0 {
        lines.push(format!(
            "{} of these cases have a sentence of which the model knows no word; they count as they were answered",
            summary.unknown_words
        ));
    }
    lines
}

/// The numbers for people.
pub(crate) fn describe(summary: &Summary) -> String {
    let percent =
        |value: Option<f64>| value.map_or("-".to_owned(), |v| format!("{:.1} %", 100.0 * v));
    let dense = |of: &dyn Fn(&Summary) -> Option<f64>| match &summary.baseline {
        Some(baseline) => format!(" (dense {})", percent(of(baseline))),
        None => String::new(),
    };
    let mut text = format!(
        "{} cases ({} empty in truth and prediction)\n  Dice per image {}{}   pooled {}{}\n  IoU per image  {}   pooled {}\n  oracle Dice    {}  (the mask tokenizer alone)",
        summary.cases,
        summary.empty_cases,
        percent(summary.dice_per_image),
        dense(&|baseline| baseline.dice_per_image),
        percent(summary.dice_pooled),
        dense(&|baseline| baseline.dice_pooled),
        percent(summary.iou_per_image),
        percent(summary.iou_pooled),
        percent(summary.oracle_dice_per_image),
    );
    for line in hindrances(summary) {
        text += &format!("\n  {line}");
    }
    text += &format!(
        "\n  boundary Dice  {}{}   HD95 {} pixels\n  score nothing  {} of what is to be drawn (Dice below .02)",
        percent(summary.boundary_dice_per_image),
        dense(&|baseline| baseline.boundary_dice_per_image),
        (summary.hausdorff95_per_image).map_or("-".to_owned(), |pixels| format!("{pixels:.1}")),
        percent(summary.missed),
    );
    for (i, row) in summary.by_area.iter().enumerate() {
        text += &format!(
            "\n  area up to {:>7}: {} cases, Dice {}{}, left empty {}",
            percent(Some(row.up_to)),
            row.cases,
            percent(row.dice),
            dense(&|baseline| baseline.by_area.get(i)?.dice),
            percent(row.left_empty)
        );
    }
    if summary.empty_truth_cases > 0 {
        text += &format!(
            "\n  absent findings answered with an empty mask {}",
            percent(summary.empty_correct)
        );
    }
    if let Some(swap) = summary.side_swap.filter(|swap| swap.side_pairs > 0) {
        text += &format!(
            "\n  side word swapped: the mask moves to the other side in {} of {} pictures; {} of what is marked lies on the other side",
            swap.side_pairs_moved,
            swap.side_pairs,
            percent(swap.wrong_side_pixels)
        );
    }
    if let Some(by_text) = &summary.by_text {
        let cases = by_text.values().map(|score| score.cases).max().unwrap_or(0);
        let scores: Vec<String> = by_text
            .iter()
            .map(|(mode, score)| format!("{mode} {}", percent(score.dice_per_image)))
            .collect();
        text += &format!(
            "\n  Dice per image by sentence, {cases} cases: {}",
            scores.join(", ")
        );
    }
    if let Some(probe) = &summary.probe {
        text += &format!("\n\n{}", probe.table());
    }
    if let (Some(ms), Some(passes), Some(prefill), Some(decode)) = (
        summary.ms_per_image,
        summary.passes_per_mask,
        summary.prefill_ms_per_mask,
        summary.decode_ms_per_mask,
    ) {
        text += &format!(
            "\n  {ms:.0} ms per image; of these {prefill:.1} ms prefill and {:.1} ms for decoding in {passes:.1} passes",
            decode - prefill
        );
    }
    text
}
