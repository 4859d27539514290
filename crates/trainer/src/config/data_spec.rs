//! Where cases come from, as `--data` and `data.source` say it.

use std::path::PathBuf;

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
        match text {
            "phantoms" => Self::Phantoms,
            folder => Self::Folder(PathBuf::from(folder)),
        }
    }
}

impl std::fmt::Display for DataSpec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Phantoms => f.write_str("phantoms"),
            Self::Folder(path) => write!(f, "{}", path.display()),
        }
    }
}
