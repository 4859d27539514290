//! Files that are read whole.

use anyhow::Result;
use serde::de::DeserializeOwned;
use std::fs;
use std::path::Path;

use super::exit::data;

/// Bytes of a file.
///
/// # Errors
/// It cannot be read; `remedy` says what to do.
pub(crate) fn read(path: &Path, remedy: &str) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| {
        data(format!(
            "cannot read `{}`: {error}; {remedy}",
            path.display()
        ))
    })
}

/// The value in a JSON file.
///
/// # Errors
/// It cannot be read, or holds something else; `remedy` says what to do.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path, remedy: &str) -> Result<T> {
    serde_json::from_slice(&read(path, remedy)?).map_err(|error| {
        data(format!(
            "`{}` is damaged: {error}; {remedy}",
            path.display()
        ))
    })
}

/// The same where the file may be missing or of another version.
pub(crate) fn json_if_there<T: DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}
