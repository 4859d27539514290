//! Everything that mriseg reads and did not write, as functions of bytes. None may panic, whatever the bytes; a refusal
//! is an error value. `./scripts/fuzz` calls them millions of times, and `cargo test` with the corpus that is kept.
//!
//! Functions that need files write them to a folder in memory, so that what is tried is what users call.
#![warn(missing_docs)]

mod bundles;
mod checkpoints;
mod data;
mod folder;
mod pictures;
mod texts;

pub use bundles::{bundles, manifests, smallest};
pub use checkpoints::{checkpoints, configs};
pub use data::{packed, tables};
pub use pictures::{dicom, pictures};
pub use texts::{sentences, tokenizers};

/// A function that is fuzzed.
pub type Target = fn(&[u8]);

/// All of them, by name.
pub const TARGETS: [(&str, Target); 10] = [
    ("bundles", bundles),
    ("checkpoints", checkpoints),
    ("configs", configs),
    ("dicom", dicom),
    ("manifests", manifests),
    ("packed", packed),
    ("pictures", pictures),
    ("sentences", sentences),
    ("tables", tables),
    ("tokenizers", tokenizers),
];
