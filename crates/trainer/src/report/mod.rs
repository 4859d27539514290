//! The numbers of an evaluation, and the files about them.

pub(crate) mod ablation;
mod bootstrap;
mod by_area;
mod describe;
mod document;
mod files;
mod html;
pub(crate) mod pictures;
mod summary;

pub(crate) use describe::describe;
pub(crate) use files::{cases_csv, read_cases, write};
pub(crate) use summary::{Meta, Summary};
