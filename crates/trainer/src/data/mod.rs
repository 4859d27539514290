//! Cases: splits, samples in memory, tensors, and what a model is asked about a case.

pub(crate) mod gallery;
mod question;
mod samples;
mod splits;
pub(crate) mod text;

pub(crate) use crate::cli::{TextMode, Words};
pub(crate) use question::{Asking, Question};
pub(crate) use samples::*;
pub(crate) use splits::*;
