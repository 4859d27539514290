//! `index.html`: one self-contained page, pictures included.

use std::fmt::Write;

use super::summary::Summary;
use crate::eval::{CaseResult, PromptProbe};

/// A case with its picture.
pub(super) struct Shown<'a> {
    /// The case.
    pub(super) case: &'a CaseResult,
    /// Its picture, PNG.
    pub(super) png: Vec<u8>,
}

pub(super) const STYLE: &str = "\
body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}
table{border-collapse:collapse;margin:1rem 0}
th,td{padding:.3rem .8rem;border-bottom:1px solid #ccc;text-align:left}
td.number,th.number{text-align:right;font-variant-numeric:tabular-nums}
figure{margin:1rem 0}
img{max-width:100%;image-rendering:pixelated}
code{background:#f2f2f2;padding:.1rem .3rem;overflow-wrap:anywhere}
.notice{border-left:4px solid #e69f00;padding-left:1rem}
";

/// The page about `summary`, with titled groups of pictures.
pub(super) fn page(summary: &Summary, groups: &[(&str, Vec<Shown<'_>>)]) -> String {
    let meta = &summary.meta;
    let title = format!("{} {} ({} text)", meta.data, meta.split, meta.text_mode);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>mriseg: {title}</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n\
         <p class=\"notice\">Research and teaching. Not a medical device; not for diagnosis.</p>\n",
        title = escape(&title)
    );
    page.push_str(&numbers(summary));
    page.push_str(&kinds(summary));
    if let Some(probe) = &summary.probe {
        page.push_str(&probes(probe));
    }
    if groups.iter().any(|(_, shown)| !shown.is_empty()) {
        page.push_str(
            "<p>Below, from left to right: the image, the truth (orange), the prediction (blue, with the truth outlined \
             in orange), and what the mask tokenizer makes of the truth, where that was measured.</p>\n",
        );
    }
    for (title, shown) in groups.iter().filter(|(_, shown)| !shown.is_empty()) {
        let _ = writeln!(page, "<h2>{}</h2>", escape(title));
        for Shown { case, png } in shown {
            let _ = writeln!(page, "{}", figure(case, png));
        }
    }
    let _ = write!(
        page,
        "<h2>Again</h2>\n<p><code>{}</code></p>\n<p>Model <code>{}</code>, data <code>{}</code>, seed {}.</p>\n\
         </body>\n</html>\n",
        escape(&meta.command),
        escape(&meta.model_hash),
        escape(&meta.data_fingerprint),
        meta.seed
    );
    page
}

fn numbers(summary: &Summary) -> String {
    let interval = summary
        .dice_per_image_ci95
        .map_or(String::new(), |[low, high]| {
            format!("95 % interval {low:.3} to {high:.3}")
        });
    let skipped = format!(
        "mean over {} images; {} with truth and prediction both empty are left out",
        summary.cases - summary.empty_cases,
        summary.empty_cases
    );
    let empty = format!("of {} cases with an empty truth", summary.empty_truth_cases);
    let pooled = "all pixels of all cases as one picture";
    let rows = [
        (
            "Dice per image",
            fraction(summary.dice_per_image),
            interval.as_str(),
        ),
        (
            "IoU per image",
            fraction(summary.iou_per_image),
            skipped.as_str(),
        ),
        ("Dice pooled", fraction(summary.dice_pooled), pooled),
        ("IoU pooled", fraction(summary.iou_pooled), pooled),
        (
            "Oracle Dice per image",
            fraction(summary.oracle_dice_per_image),
            "the mask tokenizer alone: no prediction can beat it",
        ),
        (
            "Empty masks found empty",
            fraction(summary.empty_correct),
            empty.as_str(),
        ),
        (
            "Milliseconds per image",
            summary
                .ms_per_image
                .map_or_else(none, |ms| format!("{ms:.0}")),
            "from picture and sentence to mask",
        ),
    ];
    let mut html = format!("<p>{} cases.</p>\n<table>\n", summary.cases);
    for (name, value, note) in rows {
        let _ = writeln!(
            html,
            "<tr><th scope=\"row\">{name}</th><td class=\"number\">{value}</td><td>{note}</td></tr>"
        );
    }
    html.push_str(
        "</table>\n<p>The two conventions are different numbers and must not be compared with each other: \
         <b>per image</b> weighs every picture alike, <b>pooled</b> lets large masks count more. A prediction where \
         the truth is empty has Dice 0.</p>\n",
    );
    html
}

fn probes(probe: &PromptProbe) -> String {
    let mut html = String::from(
        "<h2>What each part of a sentence does</h2>\n<table>\n<tr><th scope=\"col\">Probe</th><th scope=\"col\"></th>\
         <th scope=\"col\" class=\"number\">Cases</th><th scope=\"col\">Measure</th>\
         <th scope=\"col\" class=\"number\">Value</th><th scope=\"col\" class=\"number\">Of plain</th>\
         <th scope=\"col\">Should be</th></tr>\n",
    );
    for row in &probe.rows {
        let _ = writeln!(
            html,
            "<tr><td>{}</td><td>{}</td><td class=\"number\">{}</td><td>{}</td><td class=\"number\">{}</td>\
             <td class=\"number\">{}</td><td>{}</td></tr>",
            escape(&row.group),
            escape(&row.name),
            row.cases,
            row.measure.title(),
            fraction(row.value),
            fraction(row.relative),
            escape(&row.should)
        );
    }
    html.push_str("</table>\n");
    html
}

fn kinds(summary: &Summary) -> String {
    let mut html = String::from(
        "<h2>By kind of sentence</h2>\n<table>\n<tr><th scope=\"col\">Kind</th>\
         <th scope=\"col\" class=\"number\">Cases</th><th scope=\"col\" class=\"number\">Dice per image</th>\
         <th scope=\"col\" class=\"number\">Empty masks found empty</th></tr>\n",
    );
    for (kind, numbers) in &summary.per_kind {
        let _ = writeln!(
            html,
            "<tr><th scope=\"row\">{}</th><td class=\"number\">{}</td><td class=\"number\">{}</td>\
             <td class=\"number\">{}</td></tr>",
            escape(kind),
            numbers.cases,
            fraction(numbers.dice),
            fraction(numbers.empty_correct)
        );
    }
    html.push_str("</table>\n");
    html
}

fn figure(case: &CaseResult, png: &[u8]) -> String {
    let caption = format!(
        "{}: “{}”. Dice {}, oracle {}",
        case.id,
        case.text,
        fraction(case.dice),
        fraction(case.oracle_dice)
    );
    format!(
        "<figure><img alt=\"Image, truth, prediction and oracle of {id}\" src=\"data:image/png;base64,{data}\">\
         <figcaption>{caption}</figcaption></figure>",
        id = escape(&case.id),
        data = base64(png),
        caption = escape(&caption)
    )
}

fn fraction(value: Option<f64>) -> String {
    value.map_or_else(none, |value| format!("{value:.3}"))
}

fn none() -> String {
    "–".to_owned()
}

pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

pub(super) fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let [a, b, c] = [0, 1, 2].map(|i| u32::from(chunk.get(i).copied().unwrap_or(0)));
        let bits = a << 16 | b << 8 | c;
        for i in 0..4 {
            if i <= chunk.len() {
                text.push(char::from(ALPHABET[(bits >> (18 - 6 * i)) as usize & 63]));
            } else {
                text.push('=');
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval::fixtures::case;
    use crate::report::summary::tests::meta;

    #[test]
    fn base64_equals_the_vectors_of_rfc_4648() {
        for (plain, coded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
        assert_eq!(base64(&[0xfb, 0xff]), "+/8=");
    }

    #[test]
    fn a_sentence_cannot_inject_markup() {
        let mut case = case("a\"b", "k", [1, 2, 2]);
        case.text = "<script>alert(1)</script>".into();
        let summary = Summary::from_cases(std::slice::from_ref(&case), meta());
        let shown = vec![Shown {
            case: &case,
            png: vec![1],
        }];
        let page = page(&summary, &[("Best", shown)]);
        assert!(!page.contains("<script"), "{page}");
        assert!(page.contains("&lt;script&gt;") && page.contains("of a&quot;b\""));
    }

    #[test]
    fn both_conventions_the_ceiling_and_the_command_are_on_the_page() {
        let summary = Summary::from_cases(&[case("a", "one-side", [2, 4, 4])], meta());
        let page = page(&summary, &[]);
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
        let page = page(&summary, &[]);
        assert!(!page.contains("http") && !page.contains("<link"), "{page}");
    }

    #[test]
    fn missing_numbers_are_a_dash() {
        let page = page(&Summary::from_cases(&[], meta()), &[]);
        assert!(page.contains("–") && !page.contains("NaN"), "{page}");
    }
}
