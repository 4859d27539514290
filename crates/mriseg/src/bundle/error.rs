//! What can be wrong with a bundle.

use super::format::{FORMAT_VERSION, MANIFEST};
use crate::config::ConfigError;
use crate::text::TextError;

/// A bundle that cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The manifest is no manifest.
    #[error("{MANIFEST}: not a readable manifest ({0}); download or export the bundle again")]
    Manifest(String),
    /// The bundle is newer than this build.
    #[error(
        "{MANIFEST}: the bundle has format version {found}, this build reads up to {FORMAT_VERSION}: update mriseg"
    )]
    TooNew {
        /// Version of the bundle.
        found: u64,
    },
    /// A file is absent.
    #[error("{file}: the bundle lacks this file; download or export it again")]
    Missing {
        /// File name.
        file: String,
    },
    /// A file was cut short or changed.
    #[error(
        "{file}: damaged: expected {expected_bytes} bytes with sha256 {expected}, found {bytes} bytes with sha256 {found}; download or export the bundle again"
    )]
    Damaged {
        /// File name.
        file: String,
        /// Length in the manifest.
        expected_bytes: u64,
        /// Digest in the manifest.
        expected: String,
        /// Length found.
        bytes: u64,
        /// Digest found.
        found: String,
    },
    /// Weights do not fit the architecture of the manifest.
    #[error("{file}: the weights do not fit the architecture of {MANIFEST}: {reason}")]
    Weights {
        /// File name.
        file: String,
        /// What does not fit.
        reason: String,
    },
    /// The architecture of the manifest cannot be built.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The text tokenizer is broken or does not fit the model.
    #[error(transparent)]
    Tokenizer(#[from] TextError),
}
