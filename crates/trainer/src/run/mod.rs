//! One training run in its folder, from settings to bundle.

pub(crate) mod borrowed;
pub(crate) mod bundle_dir;
pub(crate) mod checkpoint;
mod folder;
pub(crate) mod metrics;
mod open;
pub(crate) mod pretrained;
pub(crate) mod warm_start;

pub(crate) use folder::RunDir;
pub(crate) use open::Run;
