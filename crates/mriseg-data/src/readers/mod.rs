//! Folders of files: where table, pictures and masks are, and which of them belong to a case.
//!
//! [`table`] reads a table whatever program wrote it, [`listing`] finds a file however the table spells its name
//! ([`names`]), [`layout`] knows where they are, [`rows`] puts them together. [`lungs`] are a folder of their own.

pub(crate) mod files;
pub(crate) mod layout;
pub(crate) mod listing;
pub(crate) mod lungs;
pub(crate) mod names;
mod rows;
mod table;

pub use rows::{IncompleteRows, Remarks};
