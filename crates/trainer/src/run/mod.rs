//! One training run in its folder, from settings to bundle.

pub(crate) mod baseline;
pub(crate) mod borrowed;
pub(crate) mod bundle_dir;
mod card;
pub(crate) mod checkpoint;
pub(crate) mod export;
#[cfg(test)]
mod faults;
mod finish;
mod folder;
mod metrics;
mod open;
mod pretrained;
mod record;
mod resumed;
mod state;
mod train;
mod vision;
mod warm_start;

pub(crate) use folder::RunDir;
pub(crate) use state::Run;
pub(crate) use vision::{emu3_argument, vision_of_bundle};
