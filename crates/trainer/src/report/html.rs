//! `index.html`: one self-contained page, pictures included.

use maud::{Markup, html};

use super::describe::hindrances;
use super::document::{document, png};
use super::summary::Summary;
use crate::eval::{CaseResult, PromptProbe};

/// A case with its picture.
pub(super) struct Shown<'a> {
    /// The case.
    pub(super) case: &'a CaseResult,
    /// Its picture, PNG.
    pub(super) png: Vec<u8>,
}

/// The page about `summary`, with titled groups of pictures.
pub(super) fn page(summary: &Summary, groups: &[(&str, Vec<Shown<'_>>)]) -> Markup {
    let meta = &summary.meta;
    let title = format!("{} {} ({} text)", meta.data, meta.split, meta.text_mode);
    let groups: Vec<_> = groups
        .iter()
        .filter(|(_, shown)| !shown.is_empty())
        .collect();
    let body = html! {
        (numbers(summary))
        (kinds(summary))
        @if let Some(probe) = &summary.probe { (probes(probe)) }
        @if !groups.is_empty() {
            p {
                "Below, from left to right: the image, the truth (orange), the prediction (blue, with the truth outlined \
                 in orange), and what the mask tokenizer makes of the truth, where that was measured."
            }
        }
        @for (title, shown) in groups {
            h2 { (title) }
            @for Shown { case, png: bytes } in shown {
                figure {
                    img alt={"Image, truth, prediction and oracle of " (case.id)} src=(png(bytes));
                    figcaption {
                        (case.id) ": “" (case.text) "”. Dice " (fraction(case.dice))
                        ", oracle " (fraction(case.oracle_dice))
                    }
                }
            }
        }
        h2 { "Again" }
        p { code { (meta.command) } }
        p {
            "Model " code { (meta.model_hash) } ", data " code { (meta.data_fingerprint) } ", seed " (meta.seed) "."
        }
    };
    document(&title, &title, body)
}

fn numbers(summary: &Summary) -> Markup {
    let interval = summary.dice_per_image_ci95;
    let interval = interval.map(|[low, high]| format!("95 % interval {low:.3} to {high:.3}"));
    let skipped = format!(
        "mean over {} images; {} with truth and prediction both empty are left out",
        summary.cases - summary.empty_cases,
        summary.empty_cases
    );
    let empty = format!("of {} cases with an empty truth", summary.empty_truth_cases);
    let pooled = "all pixels of all cases as one picture";
    let ceiling = "the mask tokenizer alone: no prediction can beat it";
    let rows = [
        (
            "Dice per image",
            summary.dice_per_image,
            interval.as_deref().unwrap_or_default(),
        ),
        ("IoU per image", summary.iou_per_image, &skipped),
        ("Dice pooled", summary.dice_pooled, pooled),
        ("IoU pooled", summary.iou_pooled, pooled),
        (
            "Oracle Dice per image",
            summary.oracle_dice_per_image,
            ceiling,
        ),
        ("Empty masks found empty", summary.empty_correct, &empty),
    ];
    let ms = summary.ms_per_image.map(|ms| format!("{ms:.0}"));
    html! {
        p { (summary.cases) " cases." }
        @for line in hindrances(summary) { p { (line) "." } }
        table {
            @for (name, value, note) in rows {
                tr { th scope="row" { (name) } td.number { (fraction(value)) } td { (note) } }
            }
            tr {
                th scope="row" { "Milliseconds per image" }
                td.number { (ms.as_deref().unwrap_or(NONE)) }
                td { "from picture and sentence to mask" }
            }
        }
        p {
            "The two conventions are different numbers and must not be compared with each other: "
            b { "per image" } " weighs every picture alike, " b { "pooled" }
            " lets large masks count more. A prediction where the truth is empty has Dice 0."
        }
    }
}

fn probes(probe: &PromptProbe) -> Markup {
    html! {
        h2 { "What each part of a sentence does" }
        table {
            tr {
                th scope="col" { "Probe" } th scope="col" {}
                th.number scope="col" { "Cases" } th scope="col" { "Measure" }
                th.number scope="col" { "Value" } th.number scope="col" { "Of plain" }
                th scope="col" { "Should be" }
            }
            @for row in &probe.rows {
                tr {
                    td { (row.group) } td { (row.name) }
                    td.number { (row.cases) } td { (row.measure.title()) }
                    td.number { (fraction(row.value)) } td.number { (fraction(row.relative)) }
                    td { (row.should) }
                }
            }
        }
    }
}

fn kinds(summary: &Summary) -> Markup {
    html! {
        h2 { "By kind of sentence" }
        table {
            tr {
                th scope="col" { "Kind" } th.number scope="col" { "Cases" }
                th.number scope="col" { "Dice per image" }
                th.number scope="col" { "Empty masks found empty" }
            }
            @for (kind, numbers) in &summary.per_kind {
                tr {
                    th scope="row" { (kind) } td.number { (numbers.cases) }
                    td.number { (fraction(numbers.dice)) }
                    td.number { (fraction(numbers.empty_correct)) }
                }
            }
        }
    }
}

/// In the place of a number that there is not.
pub(super) const NONE: &str = "–";

fn fraction(value: Option<f64>) -> String {
    value.map_or_else(|| NONE.to_owned(), |value| format!("{value:.3}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::fixtures::case;
    use crate::report::summary::tests::meta;

    #[test]
    fn a_sentence_cannot_inject_markup() {
        let mut case = case("a\"b", "k", [1, 2, 2]);
        case.text = "<script>alert(1)</script>".into();
        let summary = Summary::from_cases(std::slice::from_ref(&case), meta());
        let shown = vec![Shown {
            case: &case,
            png: vec![1],
        }];
        let page = page(&summary, &[("Best", shown)]).into_string();
        assert!(!page.contains("<script"), "{page}");
        assert!(page.contains("&lt;script&gt;") && page.contains("of a&quot;b\""));
    }

    #[test]
    fn both_conventions_the_ceiling_and_the_command_are_on_the_page() {
        let summary = Summary::from_cases(&[case("a", "one-side", [2, 4, 4])], meta());
        let page = page(&summary, &[]).into_string();
        for text in [
            "Dice per image",
            "Dice pooled",
            "Oracle Dice",
            "one-side",
            "trainer eval --bundle b --data phantoms",
            "not for diagnosis",
        ] {
            assert!(page.contains(text), "{text}");
        }
    }

    #[test]
    fn nothing_on_the_page_is_loaded_from_elsewhere() {
        let summary = Summary::from_cases(&[case("a", "one-side", [2, 4, 4])], meta());
        let page = page(&summary, &[]).into_string();
        assert!(!page.contains("http") && !page.contains("<link"), "{page}");
    }

    #[test]
    fn missing_numbers_are_a_dash() {
        let page = page(&Summary::from_cases(&[], meta()), &[]).into_string();
        assert!(page.contains("–") && !page.contains("NaN"), "{page}");
    }
}
