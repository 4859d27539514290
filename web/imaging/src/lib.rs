//! wasm-bindgen shell over [`mriseg_dicom`]: files in; pictures, values and segmentations out.
//!
//! A module of its own, so that a page that opens no DICOM file does not download it, and so that a panic of a decoder ends
//! nothing but it.

pub mod messages;
mod study;

pub use study::{Study, nifti, open};
