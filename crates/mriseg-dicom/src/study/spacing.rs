//! Size of a pixel (PS3.3, 10.7).

use dicom_dictionary_std::tags;

use crate::file::Attributes;

/// Distance of the centres of neighbouring pixels.
#[derive(Debug, Clone, PartialEq)]
pub struct Spacing {
    /// Between rows (downwards), in mm.
    pub row: f64,
    /// Between columns (across), in mm.
    pub column: f64,
    /// The attribute that says it, and where it holds: in the patient, or on the detector.
    pub from: String,
}

impl Spacing {
    /// Reads the attribute that comes closest to the patient; `None` where the file says nothing.
    pub(super) fn read(attributes: Attributes<'_>) -> Option<Self> {
        let measured = pair(
            attributes.group(tags::PIXEL_MEASURES_SEQUENCE),
            tags::PIXEL_SPACING,
        );
        let detector = pair(attributes, tags::IMAGER_PIXEL_SPACING);
        let scanned = pair(attributes, tags::NOMINAL_SCANNED_PIXEL_SPACING);
        match (measured, detector, scanned) {
            // The same as on the detector: nothing was calibrated (10.7.1.3).
            (Some(measured), detector, _) if detector != Some(measured) => {
                Some(Self::new(measured, "PixelSpacing"))
            }
            (_, Some(detector), _) => Some(Self::of_detector(attributes, detector)),
            (_, _, Some(scanned)) => Some(Self::new(
                scanned,
                "NominalScannedPixelSpacing, of the scanned film",
            )),
            _ => None,
        }
    }

    fn new([row, column]: [f64; 2], from: &str) -> Self {
        Self {
            row,
            column,
            from: from.to_owned(),
        }
    }

    /// The patient stands before the detector and looks larger on it.
    fn of_detector(attributes: Attributes<'_>, spacing: [f64; 2]) -> Self {
        let magnification = attributes.number(tags::ESTIMATED_RADIOGRAPHIC_MAGNIFICATION_FACTOR);
        match magnification.filter(|&factor| (1.0..10.0).contains(&factor)) {
            Some(factor) => Self::new(
                spacing.map(|length| length / factor),
                &format!("ImagerPixelSpacing, divided by the estimated magnification of {factor}"),
            ),
            None => Self::new(
                spacing,
                "ImagerPixelSpacing, on the detector; in the patient lengths are smaller",
            ),
        }
    }
}

/// Row and column spacing, both above 0.
fn pair(attributes: Attributes<'_>, tag: dicom_core::Tag) -> Option<[f64; 2]> {
    let spacing: [f64; 2] = attributes.numbers(tag).try_into().ok()?;
    spacing
        .iter()
        .all(|&length| length > 0.0)
        .then_some(spacing)
}
