//! Folder layouts: which files belong to a case.

pub(crate) mod files;
pub(crate) mod listing;
pub(crate) mod lungs;
pub(crate) mod lvit;
pub(crate) mod qata;
