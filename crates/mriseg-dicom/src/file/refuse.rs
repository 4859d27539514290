//! DICOM files that hold no picture that can be read, by the name of what they hold.

use crate::error::Fault;

/// Media Storage Directory.
pub(super) const DICOMDIR: &str = "1.2.840.10008.1.3.10";

const TRANSCODE: &str = "convert it to Explicit VR Little Endian first, for example with `dcmdjpls` or `gdcmconv --raw`";

/// Refuses a file by its SOP class, where that class has no pixels or the data set has none.
pub(crate) fn refuse_kind(sop_class: &str, has_pixels: bool) -> Result<(), Fault> {
    const STORAGE: &str = "1.2.840.10008.5.1.4.1.1.";
    let number = sop_class.strip_prefix(STORAGE).unwrap_or("");
    let what = match number {
        _ if sop_class == DICOMDIR => {
            return Err(Fault::Refused(
                "a DICOMDIR, the list of files of a disc".to_owned(),
                "open one of the files that it lists",
            ));
        }
        "104.1" => "an encapsulated PDF document",
        "104.2" => "an encapsulated CDA document",
        "11.1" => "a presentation state",
        "66.4" => "a segmentation (SEG)",
        "481.3" => "a set of radiotherapy contours (RTSTRUCT)",
        "481.5" => "a radiotherapy plan",
        _ if number.starts_with("88.") => "a structured report (SR)",
        _ if number.starts_with("9.") => "a recording of a waveform",
        _ if number.starts_with("11.") => "a presentation state",
        _ if !has_pixels => "a DICOM file without pixels",
        _ => return Ok(()),
    };
    Err(Fault::Refused(
        what.to_owned(),
        "open the image that it belongs to",
    ))
}

/// Refuses a file by its transfer syntax, where nothing here decodes that.
pub(crate) fn refuse_syntax(syntax: &str) -> Result<(), Fault> {
    const PREFIX: &str = "1.2.840.10008.1.2";
    let Some(number) = syntax.strip_prefix(PREFIX) else {
        return Err(Fault::Refused(
            format!("the private transfer syntax {syntax}"),
            TRANSCODE,
        ));
    };
    let (what, remedy) = match number {
        "" | ".1" | ".1.99" | ".2" | ".5" | ".4.50" | ".4.57" | ".4.70" | ".4.90" | ".4.91" => {
            return Ok(());
        }
        ".4.51" => ("JPEG Extended (12 bits, lossy)", TRANSCODE),
        ".4.80" => ("JPEG-LS (lossless)", TRANSCODE),
        ".4.81" => ("JPEG-LS (near lossless)", TRANSCODE),
        ".4.92" | ".4.93" => ("JPEG 2000 Part 2 (multi-component)", TRANSCODE),
        ".4.94" | ".4.95" | ".4.204" | ".4.205" => (
            "JPIP: a reference to pixels on a server",
            "export the file with its pixels",
        ),
        ".4.110" | ".4.111" | ".4.112" => ("JPEG XL", TRANSCODE),
        ".4.201" | ".4.202" | ".4.203" => ("High-Throughput JPEG 2000", TRANSCODE),
        _ if number.starts_with(".4.10") => ("a video (MPEG or HEVC)", "export one frame of it"),
        _ => {
            return Err(Fault::Refused(
                format!("the transfer syntax {syntax}, which is not known"),
                TRANSCODE,
            ));
        }
    };
    Err(Fault::Refused(
        format!("its pixels are compressed as {what}, which is not decoded here"),
        remedy,
    ))
}
