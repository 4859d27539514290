//! What can go wrong between a user's input and a mask, one clear sentence each, with the value and the remedy.

use crate::bundle::BundleError;
use crate::decode::{DeviceError, PickError};
use crate::segmenter::InputError;
use crate::text::TextError;
use crate::vision::NoTokenizers;
use burn::tensor::ExecutionError;

/// Any mistake in what was handed to a [`Segmenter`](crate::segmenter::Segmenter). Each module below it has its own error.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The model bundle could not be read.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// The sentence cannot be read.
    #[error(transparent)]
    Text(#[from] TextError),
    /// Tokens, a mask or a number that do not suit the model or the picture.
    #[error(transparent)]
    Input(#[from] InputError),
    /// A tokenizer is absent that is not part of the model.
    #[error(transparent)]
    NoTokenizers(#[from] NoTokenizers),
    /// The rule by which codes are picked cannot be prepared.
    #[error(transparent)]
    Pick(#[from] PickError),
    /// The device failed.
    #[error(transparent)]
    Device(#[from] DeviceError),
}

impl From<ExecutionError> for Error {
    fn from(error: ExecutionError) -> Self {
        DeviceError::from(error).into()
    }
}
