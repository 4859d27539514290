//! What all pages have in common: they load nothing from elsewhere.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, html};

const STYLE: &str = "\
body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}
table{border-collapse:collapse;margin:1rem 0}
th,td{padding:.3rem .8rem;border-bottom:1px solid #ccc;text-align:left}
td.number,th.number{text-align:right;font-variant-numeric:tabular-nums}
figure{margin:1rem 0}
img{max-width:100%;image-rendering:pixelated}
code{background:#f2f2f2;padding:.1rem .3rem;overflow-wrap:anywhere}
.notice{border-left:4px solid #e69f00;padding-left:1rem}
";

/// A page of its own.
pub(super) fn document(title: &str, heading: &str, body: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width";
                title { "mriseg: " (title) }
                style { (STYLE) }
            }
            body {
                h1 { (heading) }
                p.notice { "Research and teaching. Not a medical device; not for diagnosis." }
                (body)
            }
        }
    }
}

/// A PNG file as the address of an image.
pub(super) fn png(bytes: &[u8]) -> String {
    format!("data:image/png;base64,{}", STANDARD.encode(bytes))
}
