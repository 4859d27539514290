//! A file that is open.

use js_sys::Date;
use mriseg_dicom::{self as dicom, Moment};
use tsify::{Ts, Tsify};
use wasm_bindgen::{JsError, prelude::wasm_bindgen};

use crate::messages::{Rendered, Segment, Spacing, StudyInfo, WindowSetting};

/// A DICOM file or a picture, open.
#[wasm_bindgen]
pub struct Study(dicom::Study);

/// Opens a DICOM file, with preamble or without, or a PNG, JPEG or WebP picture. `name` is what errors call the file.
///
/// # Errors
///
/// When the file is of another format, holds no pixels, is compressed in a way that is not decoded here, is too large, or is
/// damaged.
#[wasm_bindgen]
pub fn open(bytes: Vec<u8>, name: &str) -> Result<Study, JsError> {
    std::panic::set_hook(Box::new(|info| {
        web_sys::console::error_1(&info.to_string().into());
    }));
    dicom::Study::open(bytes, name).map(Study).map_err(refuse)
}

/// A mask as a NIfTI file of one slice (`.nii.gz`), with the spacing of its pixels where that is known.
///
/// # Errors
///
/// When the mask is not of this size, or too large for the format.
#[wasm_bindgen]
pub fn nifti(
    mask: &[u8],
    width: usize,
    height: usize,
    spacing: Option<Ts<Spacing>>,
) -> Result<Vec<u8>, JsError> {
    let spacing = spacing.map(|spacing| spacing.to_rust()).transpose()?;
    let spacing = spacing.map(|spacing| [spacing.row, spacing.column]);
    dicom::nifti::write(mask, width, height, spacing).map_err(|what| JsError::new(&what))
}

#[wasm_bindgen]
impl Study {
    /// What the file holds, without a word of the patient.
    ///
    /// # Errors
    ///
    /// Never.
    pub fn info(&self) -> Result<Ts<StudyInfo>, JsError> {
        Ok(StudyInfo::from(self.0.info()).into_ts()?)
    }

    /// A frame through a linear window, MONOCHROME1 turned and, with `invert`, black and white exchanged; its longest side has
    /// at most `longest` pixels. One of the file's own windows is drawn with the curve that the file names.
    ///
    /// # Errors
    ///
    /// When there is no such frame, it is damaged, or the window is not wider than 0.
    pub fn render(
        &mut self,
        frame: usize,
        centre: f64,
        width: f64,
        invert: bool,
        longest: usize,
    ) -> Result<Ts<Rendered>, JsError> {
        let window = dicom::WindowSetting { centre, width };
        let rendered = self
            .0
            .render(frame, window, invert, longest)
            .map_err(refuse)?;
        Ok(Rendered::from(rendered).into_ts()?)
    }

    /// The value of a pixel in rescaled units, or its red, green and blue.
    ///
    /// # Errors
    ///
    /// When there is no such frame or pixel.
    pub fn value(&mut self, frame: usize, x: usize, y: usize) -> Result<Vec<f64>, JsError> {
        self.0.value(frame, x, y).map_err(refuse)
    }

    /// A window that the middle 99 % of a frame's values span.
    ///
    /// # Errors
    ///
    /// When there is no such frame, or it is damaged.
    pub fn auto(&mut self, frame: usize) -> Result<Ts<WindowSetting>, JsError> {
        let window = self.0.auto(frame).map_err(refuse)?;
        Ok(WindowSetting::from(window).into_ts()?)
    }

    /// A frame for the engine, as PNG: greys of 16 bits through the file's first window or table, MONOCHROME1 turned; colours
    /// of 8 bits. A picture is given as the file it came in.
    ///
    /// # Errors
    ///
    /// When there is no such frame, or it is damaged.
    pub fn picture(&mut self, frame: usize) -> Result<Vec<u8>, JsError> {
        self.0.picture(frame).map_err(refuse)
    }

    /// Masks of a frame as a DICOM SEG file that refers to it.
    ///
    /// # Errors
    ///
    /// When the file is a picture, there is no such frame, a mask is not of its size, or the file does not say which study,
    /// series and instance it is.
    pub fn segmentation(
        &self,
        frame: usize,
        segments: Vec<Ts<Segment>>,
    ) -> Result<Vec<u8>, JsError> {
        let segments: Vec<(Segment, Vec<u8>)> = (segments.into_iter())
            .map(|segment| {
                let segment = segment.to_rust()?;
                let mask = segment.mask.to_vec();
                Ok((segment, mask))
            })
            .collect::<Result<_, JsError>>()?;
        let segments: Vec<dicom::Segment<'_>> = (segments.iter())
            .map(|(segment, mask)| dicom::Segment {
                label: &segment.label,
                mask,
                colour: segment.colour.into(),
                algorithm: &segment.algorithm,
            })
            .collect();
        self.0
            .segmentation(frame, &segments, &now())
            .map_err(refuse)
    }
}

/// The local date and time.
fn now() -> Moment {
    let now = Date::new_0();
    let (year, month, day) = (now.get_full_year(), now.get_month() + 1, now.get_date());
    let (hours, minutes, seconds) = (now.get_hours(), now.get_minutes(), now.get_seconds());
    Moment {
        date: format!("{year:04}{month:02}{day:02}"),
        time: format!("{hours:02}{minutes:02}{seconds:02}"),
    }
}

fn refuse(error: impl std::fmt::Display) -> JsError {
    JsError::new(&error.to_string())
}
