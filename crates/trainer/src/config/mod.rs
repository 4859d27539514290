//! An experiment: settings, presets, files, checks.

mod checks;
mod checks_emu3;
mod data_spec;
mod file;
mod number;
mod presets;
mod resolve;
mod schema;

pub(crate) use data_spec::{DataSpec, must_be_text, stored};
#[cfg(test)]
pub(crate) use file::with_overrides;
pub(crate) use presets::Preset;
pub(crate) use resolve::ExperimentArgs;
pub(crate) use schema::*;
