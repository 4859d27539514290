//! Transfer syntaxes that are read (PS3.6, annex A).

pub(super) const IMPLICIT_LITTLE: &str = "1.2.840.10008.1.2";
pub(super) const EXPLICIT_LITTLE: &str = "1.2.840.10008.1.2.1";
pub(super) const DEFLATED: &str = "1.2.840.10008.1.2.1.99";
pub(super) const EXPLICIT_BIG: &str = "1.2.840.10008.1.2.2";

/// Name of a transfer syntax that is read.
pub(crate) fn syntax_name(syntax: &str) -> &'static str {
    match syntax {
        IMPLICIT_LITTLE => "Implicit VR Little Endian",
        EXPLICIT_LITTLE => "Explicit VR Little Endian",
        DEFLATED => "Deflated Explicit VR Little Endian",
        EXPLICIT_BIG => "Explicit VR Big Endian",
        "1.2.840.10008.1.2.5" => "RLE Lossless",
        "1.2.840.10008.1.2.4.50" => "JPEG Baseline",
        "1.2.840.10008.1.2.4.57" => "JPEG Lossless",
        "1.2.840.10008.1.2.4.70" => "JPEG Lossless, first-order prediction",
        "1.2.840.10008.1.2.4.90" => "JPEG 2000 (lossless)",
        _ => "JPEG 2000",
    }
}
