//! What is wrong with a file.

use mriseg::image::{ImageError, MAX_PIXELS};

/// Why a file gives no picture, or a mask no file. Every message names the file and says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StudyError {
    /// A DICOM file that holds something else than grey values or colours of 8 to 16 bits in a known compression.
    #[error("{name}: {what}; {remedy}")]
    Refused {
        /// The file as the caller calls it.
        name: String,
        /// What the file holds.
        what: String,
        /// What to do.
        remedy: &'static str,
    },
    /// The header announces more pixels a frame than [`MAX_PIXELS`].
    #[error(
        "{name}: {width} x {height} pixels is more than the limit of {MAX_PIXELS} pixels; shrink the picture first"
    )]
    TooLarge {
        /// The file as the caller calls it.
        name: String,
        /// Pixels across, from the header.
        width: u32,
        /// Pixels down, from the header.
        height: u32,
    },
    /// The file contradicts itself or ends too early.
    #[error(
        "{name}: cannot be decoded ({reason}); the file is cut off or damaged, copy or export it again"
    )]
    Damaged {
        /// The file as the caller calls it.
        name: String,
        /// What contradicts.
        reason: String,
    },
    /// A file that is no DICOM file, and no picture that can be read.
    #[error(transparent)]
    Picture(#[from] ImageError),
    /// A frame, pixel or mask that the file does not have.
    #[error("{name}: {what}")]
    OutOfRange {
        /// The file as the caller calls it.
        name: String,
        /// What was asked for, and what there is.
        what: String,
    },
}

/// What is wrong, before the name of the file is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    Refused(String, &'static str),
    TooLarge(u32, u32),
    Damaged(String),
    OutOfRange(String),
}

impl Fault {
    pub(crate) fn damaged(reason: impl std::fmt::Display) -> Self {
        Self::Damaged(reason.to_string())
    }

    /// The same, of a file with this name.
    pub(crate) fn of(self, name: &str) -> StudyError {
        let name = name.to_owned();
        match self {
            Self::Refused(what, remedy) => StudyError::Refused { name, what, remedy },
            Self::TooLarge(width, height) => StudyError::TooLarge {
                name,
                width,
                height,
            },
            Self::Damaged(reason) => StudyError::Damaged { name, reason },
            Self::OutOfRange(what) => StudyError::OutOfRange { name, what },
        }
    }
}
