//! What the module hands to JavaScript and takes from it: plain objects, which nobody has to free.

use js_sys::Uint8Array;
use mriseg_dicom as dicom;
use serde::{Deserialize, Serialize};
use tsify::Tsify;

/// What a file holds, without a word of the patient.
#[derive(Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
#[tsify(missing_as_null)]
pub struct StudyInfo {
    /// DICOM, or PNG, JPEG and WebP.
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
    /// Windows of the file, its own choice first; the full range where it has none. Never empty.
    pub windows: Vec<NamedWindow>,
    /// Whether low values are bright in the file (MONOCHROME1). `render` and `picture` have turned them: `invert` is a wish
    /// of the viewer alone.
    pub inverted: bool,
    /// Size of a pixel; null where the file does not say it.
    pub spacing: Option<Spacing>,
    /// Modality, such as "DX"; null for pictures.
    pub modality: Option<String>,
    /// Letters for the edges; null where the file does not say them.
    pub orientation: Option<Orientation>,
    /// Name of the transfer syntax; null for pictures.
    pub transfer_syntax: Option<String>,
    /// What is worth knowing about the pixels, each without capital and full stop.
    pub notes: Vec<String>,
}

/// Which kind of file is open.
#[derive(Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// DICOM.
    Dicom,
    /// PNG, JPEG or WebP.
    Picture,
}

/// A window with the name that the file gives it.
#[derive(Serialize, Tsify)]
pub struct NamedWindow {
    /// What the file calls it, or "Window 1", "Table 1", "Full range".
    pub name: String,
    /// Value in the middle, in rescaled units.
    pub centre: f64,
    /// Values from black to white.
    pub width: f64,
}

/// A linear window.
#[derive(Serialize, Tsify)]
pub struct WindowSetting {
    /// Value in the middle, in rescaled units.
    pub centre: f64,
    /// Values from black to white.
    pub width: f64,
}

/// Distance of the centres of neighbouring pixels.
#[derive(Serialize, Deserialize, Tsify)]
pub struct Spacing {
    /// Between rows (downwards), in mm.
    pub row: f64,
    /// Between columns (across), in mm.
    pub column: f64,
    /// The attribute that says it, and where it holds.
    pub from: String,
}

/// Letters for the edges of a picture: R, L, A, P, H and F of the patient, or several.
#[derive(Serialize, Tsify)]
pub struct Orientation {
    /// At the viewer's left.
    pub left: String,
    /// At the viewer's right.
    pub right: String,
    /// Above.
    pub top: String,
    /// Below.
    pub bottom: String,
}

/// A frame through a window.
#[derive(Serialize, Tsify)]
pub struct Rendered {
    /// Pixels across.
    pub width: usize,
    /// Pixels down.
    pub height: usize,
    /// Red, green, blue and opacity (255) of every pixel, row by row.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    #[tsify(type = "Uint8Array")]
    pub rgba: Uint8Array,
}

/// A mask to write.
#[derive(Deserialize, Tsify)]
pub struct Segment {
    /// What it shows, for example the sentence that was asked.
    pub label: String,
    /// 0 outside, anything else inside, row by row, of the frame's size.
    #[serde(with = "serde_wasm_bindgen::preserve")]
    #[tsify(type = "Uint8Array")]
    pub mask: Uint8Array,
    /// Red, green and blue to draw it in, 0 to 255.
    pub colour: (u8, u8, u8),
    /// Name of the model that drew it; empty for what a person drew.
    pub algorithm: String,
}

impl From<&dicom::StudyInfo> for StudyInfo {
    fn from(info: &dicom::StudyInfo) -> Self {
        let info = info.clone();
        Self {
            kind: match info.kind {
                dicom::Kind::Dicom => Kind::Dicom,
                dicom::Kind::Picture => Kind::Picture,
            },
            width: info.width,
            height: info.height,
            frames: info.frames,
            bits: info.bits,
            colour: info.colour,
            minimum: info.minimum,
            maximum: info.maximum,
            windows: info.windows.into_iter().map(NamedWindow::from).collect(),
            inverted: info.inverted,
            spacing: info.spacing.map(Spacing::from),
            modality: info.modality,
            orientation: info.orientation.map(Orientation::from),
            transfer_syntax: info.transfer_syntax,
            notes: info.notes,
        }
    }
}

impl From<dicom::NamedWindow> for NamedWindow {
    fn from(window: dicom::NamedWindow) -> Self {
        Self {
            name: window.name,
            centre: window.centre,
            width: window.width,
        }
    }
}

impl From<dicom::WindowSetting> for WindowSetting {
    fn from(window: dicom::WindowSetting) -> Self {
        Self {
            centre: window.centre,
            width: window.width,
        }
    }
}

impl From<dicom::Spacing> for Spacing {
    fn from(spacing: dicom::Spacing) -> Self {
        Self {
            row: spacing.row,
            column: spacing.column,
            from: spacing.from,
        }
    }
}

impl From<dicom::Orientation> for Orientation {
    fn from(edges: dicom::Orientation) -> Self {
        Self {
            left: edges.left,
            right: edges.right,
            top: edges.top,
            bottom: edges.bottom,
        }
    }
}

impl From<dicom::Rendered> for Rendered {
    fn from(rendered: dicom::Rendered) -> Self {
        Self {
            width: rendered.width,
            height: rendered.height,
            rgba: Uint8Array::from(rendered.rgba.as_slice()),
        }
    }
}
