//! Say what to segment in a medical image and get the mask token by token.
//!
//! Referring segmentation as next-token prediction over one sequence `[text | image | mask]`
//! (NTP-MRISeg, arXiv 2511.05044). Pure computation: bytes in, bytes out, on any burn backend, native
//! and wasm32. A user starts at [`segmenter::Segmenter`], a trainer at [`model::Model`].
#![warn(missing_docs)]

pub mod bundle;
pub mod config;
pub mod decode;
pub mod dense;
pub mod efficientnet;
pub mod error;
pub mod image;
mod layers;
pub mod loss;
pub mod mask_lm;
pub mod metrics;
pub mod model;
pub mod reading;
pub mod segmenter;
pub mod sentence;
pub mod sequence;
pub mod tensor_source;
pub mod text;
mod transformer;
pub mod vision;
pub mod vq;

#[cfg(test)]
#[path = "../../mriseg-ops/src/testing/devices.rs"]
mod testing;
