//! Radiographs in, segmentations out. [`Study`] opens a DICOM file, or a picture of 8 or 16 bits, and gives grey values in
//! their own units, pictures through a window, and the picture that a model reads; it writes masks as DICOM SEG.
//! [`nifti`] writes them as NIfTI.
//!
//! `dicom-object` parses; the codecs are called here, and each is told the size that it may fill before it allocates.
//! No attribute of the patient leaves a [`Study`], except inside of a DICOM SEG.

mod error;
mod file;
mod grey;
pub mod nifti;
mod pixels;
mod seg;
mod study;

pub use error::StudyError;
pub use grey::NamedWindow;
pub use seg::{Moment, Segment};
pub use study::{
    Kind, Orientation, Rendered, Spacing, Study, StudyInfo, WindowSetting, is_dicom, picture,
};
