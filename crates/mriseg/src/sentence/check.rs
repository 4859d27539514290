//! What a check says.

use serde::Serialize;

/// Smallest part of a mask that counts, as a share of the picture: 100 pixels of 224 x 224.
pub(super) const SMALLEST_PART: f64 = 0.002;

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckKind {
    /// Whether anything is drawn where something is asked for, and nothing where nothing is.
    Presence,
    /// The number of findings that the sentence gives, and the connected parts of the mask.
    Count,
    /// The lungs that the sentence names, and the halves of the picture.
    Side,
    /// The zones that the sentence names, and the height in the picture.
    Level,
}

/// Whether a mask agrees with its sentence in one respect. A rule of thumb for people: it sees the mask, not the picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What is compared.
    pub kind: CheckKind,
    /// Whether mask and sentence agree.
    pub agrees: bool,
    /// What is compared with what, for people: one sentence.
    pub message: String,
}

impl Check {
    pub(super) fn new(kind: CheckKind, agrees: bool, message: impl Into<String>) -> Self {
        Self {
            kind,
            agrees,
            message: message.into(),
        }
    }
}
