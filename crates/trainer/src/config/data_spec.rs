//! Where cases come from, as `--data` and `data.source` say it.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::system::usage;

/// The word `phantoms` or a folder (`./phantoms` for a folder of that name).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DataSpec {
    /// The built-in generator.
    Phantoms,
    /// A dataset on disk.
    Folder(PathBuf),
}

impl From<&str> for DataSpec {
    fn from(text: &str) -> Self {
        Self::from(OsString::from(text))
    }
}

impl From<OsString> for DataSpec {
    fn from(text: OsString) -> Self {
        if text == OsStr::new("phantoms") {
            Self::Phantoms
        } else {
            Self::Folder(PathBuf::from(text))
        }
    }
}

/// As the settings of a run keep it, which are text; `option` names it.
///
/// # Errors
/// The folder's name is no text.
pub(crate) fn stored(option: &str, spec: &DataSpec) -> Result<String> {
    match spec {
        DataSpec::Phantoms => Ok(spec.to_string()),
        DataSpec::Folder(path) => must_be_text(option, path).map(str::to_owned),
    }
}

/// Refuses a path that the settings of a run cannot keep; `option` names it.
///
/// # Errors
/// It is not UTF-8.
pub(crate) fn must_be_text<'a>(option: &str, path: &'a Path) -> Result<&'a str> {
    path.to_str().ok_or_else(|| {
        usage(format!(
            "{option} `{}`: this name is not UTF-8, and a run keeps it in its settings, which are; rename it, or make a link to it with a plain name",
            path.display()
        ))
    })
}

impl std::fmt::Display for DataSpec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Phantoms => f.write_str("phantoms"),
            Self::Folder(path) => write!(f, "{}", path.display()),
        }
    }
}
