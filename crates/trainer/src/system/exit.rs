//! From errors to one sentence on stderr and an exit code: 0 fine, 1 failure, 2 usage, 3 data, 130 interrupted.

use std::process::ExitCode;

use crate::system::say::{lost, note};
use mriseg::bundle::BundleError;
use mriseg::error::Error;
use mriseg::image::ImageError;
use mriseg::tensor_source::WeightsError;
use mriseg::text::TextError;
use mriseg::vision::NoTokenizers;
use mriseg_data::DataError;
use mriseg_dicom::StudyError;
use mriseg_emu3::Emu3DirError;

/// What kind of failure an error is; it decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Anything that is neither the command line's nor the data's fault.
    Failure,
    /// The command line or the configuration is wrong.
    Usage,
    /// An input file is missing, unreadable or contradictory.
    Data,
    /// Stopped by Ctrl-C after saving.
    Interrupted,
}

impl Kind {
    /// The process exit code of this kind.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Failure => 1,
            Self::Usage => 2,
            Self::Data => 3,
            Self::Interrupted => 130,
        }
    }
}

/// A finished sentence with its kind; survives `anyhow` context added around it.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
struct Marked {
    kind: Kind,
    message: String,
}

/// A new error of the given kind.
pub(crate) fn error(kind: Kind, message: impl Into<String>) -> anyhow::Error {
    Marked {
        kind,
        message: message.into(),
    }
    .into()
}

/// A mistake on the command line or in a configuration (exit code 2).
pub(crate) fn usage(message: impl Into<String>) -> anyhow::Error {
    error(Kind::Usage, message)
}

/// A problem with an input file (exit code 3).
pub(crate) fn data(message: impl Into<String>) -> anyhow::Error {
    error(Kind::Data, message)
}

/// The kind of an error: that of the outermost cause that has one, [`Kind::Failure`] without any.
pub(crate) fn kind_of(error: &anyhow::Error) -> Kind {
    error.chain().find_map(own_kind).unwrap_or(Kind::Failure)
}

fn own_kind(cause: &(dyn std::error::Error + 'static)) -> Option<Kind> {
    if let Some(marked) = cause.downcast_ref::<Marked>() {
        return Some(marked.kind);
    }
    if cause.is::<DataError>()
        || cause.is::<ImageError>()
        || cause.is::<StudyError>()
        || cause.is::<WeightsError>()
    {
        return Some(Kind::Data);
    }
    if let Some(error) = cause.downcast_ref::<Emu3DirError>() {
        return Some(match error {
            Emu3DirError::WrongConfig { .. } => Kind::Data,
            _ => Kind::Usage,
        });
    }
    if cause.is::<NoTokenizers>() {
        return Some(Kind::Usage);
    }
    if let Some(error) = cause.downcast_ref::<TextError>() {
        return Some(match error {
            TextError::Empty { .. } | TextError::TooLong { .. } => Kind::Usage,
            TextError::Tokenizer { .. } => Kind::Data,
        });
    }
    if let Some(error) = cause.downcast_ref::<BundleError>() {
        return Some(match error {
            BundleError::Config(_) => Kind::Failure,
            _ => Kind::Data,
        });
    }
    match cause.downcast_ref::<Error>()? {
        Error::Bundle(error) => own_kind(error),
        Error::Text(error) => own_kind(error),
        Error::NoTokenizers(error) => own_kind(error),
        Error::Input(_) => Some(Kind::Usage),
        Error::Pick(_) | Error::Device(_) => None,
    }
}

/// The error with its causes in one piece; a cause that its parent already quotes is not repeated.
pub(crate) fn sentence(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain() {
        let part = cause.to_string();
        if text.contains(&part) {
            continue;
        }
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&part);
    }
    text
}

/// Reports the outcome of the program once and turns it into the exit code.
pub(crate) fn report(outcome: anyhow::Result<()>) -> ExitCode {
    match outcome.and_then(|()| all_was_printed()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let kind = kind_of(&error);
            let label = if kind == Kind::Interrupted {
                "stopped"
            } else {
                "error"
            };
            note!("{label}: {}", sentence(&error));
            ExitCode::from(kind.code())
        }
    }
}

fn all_was_printed() -> anyhow::Result<()> {
    match lost() {
        Some(error) => Err(anyhow::anyhow!(
            "cannot write all of this to standard output: {error}"
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;

    #[test]
    fn a_mark_survives_context_and_decides_the_code() {
        let error = Err::<(), _>(data("mask `a.png` is missing"))
            .context("reading split `train`")
            .unwrap_err();
        assert_eq!(kind_of(&error), Kind::Data);
        assert_eq!(kind_of(&error).code(), 3);
        assert_eq!(
            sentence(&error),
            "reading split `train`: mask `a.png` is missing"
        );
    }

    #[test]
    fn an_unmarked_error_is_a_plain_failure() {
        let error = anyhow::anyhow!("no adapter");
        assert_eq!(kind_of(&error).code(), 1);
    }

    #[test]
    fn errors_of_the_libraries_have_their_code() {
        let empty = || ImageError::Empty {
            name: "a.png".into(),
        };
        let prompt = || TextError::Empty {
            example: "left lung".into(),
        };
        let lost = burn::tensor::ExecutionError::WithContext {
            reason: "lost".into(),
        };
        let cut_off = BundleError::Missing {
            file: "card.md".into(),
        };
        for (error, code) in [
            (empty().into(), 3),
            (DataError::from(empty()).into(), 3),
            (Error::from(cut_off).into(), 3),
            (prompt().into(), 2),
            (Error::from(prompt()).into(), 2),
            (Error::from(NoTokenizers).into(), 2),
            (Error::from(lost).into(), 1),
        ] {
            let error: anyhow::Error = error;
            assert_eq!(kind_of(&error).code(), code, "{error}");
            assert_eq!(kind_of(&error.context("reading")).code(), code);
        }
    }

    #[test]
    fn a_cause_quoted_by_its_parent_is_said_once() {
        let error = anyhow::anyhow!("disk full").context("cannot write `x`: disk full");
        assert_eq!(sentence(&error), "cannot write `x`: disk full");
    }
}
