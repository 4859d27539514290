//! The model of a preset, with random weights.

use anyhow::Result;

use crate::config::{Experiment, ExperimentArgs, Preset};

/// Seed of random weights.
pub(super) const SEED: u64 = 1;

/// The experiment of a preset with some settings changed.
///
/// # Errors
/// A setting is unknown or impossible.
pub(super) fn resolve(preset: Preset, set: &[String]) -> Result<Experiment> {
    let arguments = ExperimentArgs {
        preset: Some(preset),
        set: set.to_vec(),
        ..ExperimentArgs::default()
    };
    Experiment::resolve(&arguments, None)
}
