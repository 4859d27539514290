//! The numbers of an evaluation, and the files about them.

pub(crate) mod ablation;
mod bootstrap;
mod by_area;
mod files;
mod html;
pub(crate) mod pictures;
mod summary;

pub(crate) use files::write;
pub(crate) use summary::*;
