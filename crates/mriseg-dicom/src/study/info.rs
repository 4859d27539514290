//! What a file holds, without a word of the patient.

use dicom_dictionary_std::tags;
use mriseg::image::Levels;

use super::{orientation::Orientation, spacing::Spacing};
use crate::{
    file::{Attributes, syntax_name},
    grey::{Greys, NamedWindow},
    pixels::{Photometric, Pixels},
};

/// Which kind of file is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// DICOM.
    Dicom,
    /// PNG, JPEG or WebP.
    Picture,
}

/// What a file holds.
#[derive(Debug, Clone, PartialEq)]
pub struct StudyInfo {
    /// Which kind of file it is.
    pub kind: Kind,
    /// Pixels across.
    pub width: usize,
    /// Pixels down.
    pub height: usize,
    /// Frames; 1 unless it is a multi-frame file.
    pub frames: usize,
    /// Bits of a stored value.
    pub bits: u32,
    /// Whether pixels have red, green and blue.
    pub colour: bool,
    /// Least value of the first frame, in rescaled units.
    pub minimum: f64,
    /// Greatest value of the first frame, in rescaled units.
    pub maximum: f64,
    /// Windows of the file, its own choice first; the full range where it has none.
    pub windows: Vec<NamedWindow>,
    /// Whether low values are bright (MONOCHROME1); [`super::Study::render`] and [`super::Study::picture`] turn them.
    pub inverted: bool,
    /// Size of a pixel, where the file says it.
    pub spacing: Option<Spacing>,
    /// Modality, such as "DX".
    pub modality: Option<String>,
    /// Which side of the patient lies at which edge.
    pub orientation: Option<Orientation>,
    /// Name of the transfer syntax.
    pub transfer_syntax: Option<String>,
    /// What is worth knowing about the pixels, each without capital and full stop.
    pub notes: Vec<String>,
}

impl StudyInfo {
    /// Of a picture. Range and windows are left to be measured.
    pub(super) fn of_picture(levels: &Levels) -> Self {
        Self {
            kind: Kind::Picture,
            width: levels.width,
            height: levels.height,
            frames: 1,
            bits: u16::BITS - levels.max.leading_zeros(),
            colour: levels.colours.is_some(),
            minimum: 0.0,
            maximum: 0.0,
            windows: Vec::new(),
            inverted: false,
            spacing: None,
            modality: None,
            orientation: None,
            transfer_syntax: None,
            notes: Vec::new(),
        }
    }

    /// Of a DICOM file. Range and windows are left to be measured.
    pub(super) fn of_dicom(
        attributes: Attributes<'_>,
        pixels: &Pixels,
        greys: &Greys,
        syntax: &str,
    ) -> Self {
        let layout = &pixels.layout;
        let colour = layout.samples == 3 || layout.photometric == Photometric::Palette;
        // A code string: nothing but a modality fits.
        let modality = attributes.text(tags::MODALITY).filter(|text| {
            text.len() <= 16
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_uppercase() || byte == b'_')
        });
        Self {
            kind: Kind::Dicom,
            width: layout.width,
            height: layout.height,
            frames: pixels.frames,
            bits: layout.bits_stored,
            colour,
            minimum: 0.0,
            maximum: 0.0,
            windows: Vec::new(),
            inverted: greys.inverted,
            spacing: Spacing::read(attributes),
            modality,
            orientation: Orientation::read(attributes),
            transfer_syntax: Some(syntax_name(syntax).to_owned()),
            notes: notes(attributes, greys, colour, syntax),
        }
    }
}

fn notes(attributes: Attributes<'_>, greys: &Greys, colour: bool, syntax: &str) -> Vec<String> {
    const JPEG_BASELINE: &str = "1.2.840.10008.1.2.4.50";
    let mut notes = Vec::new();
    let is = |tag, value: &str| attributes.text(tag).as_deref() == Some(value);
    if greys.inverted {
        notes.push("low values are bright in this file (MONOCHROME1); they were turned".to_owned());
    }
    if !colour && greys.windows.is_empty() {
        notes.push(
            "the file has no window: greys go from its least to its greatest value".to_owned(),
        );
    }
    if is(tags::LOSSY_IMAGE_COMPRESSION, "01") || syntax == JPEG_BASELINE {
        notes.push("the pixels were compressed with a loss".to_owned());
    }
    if is(tags::BURNED_IN_ANNOTATION, "YES") {
        notes.push(
            "the file says that text is part of the pixels, which may name the patient".to_owned(),
        );
    }
    if attributes.has_overlay() {
        notes.push("drawings over the picture (overlay planes) are not shown".to_owned());
    }
    notes
}
