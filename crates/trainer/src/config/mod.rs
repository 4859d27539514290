//! An experiment: its settings, presets and files.

pub(crate) mod file;
mod schema;

pub(crate) use crate::cli::{DataSpec, ExperimentArgs, Preset};
pub(crate) use crate::data::Role;
pub(crate) use schema::*;
