//! What each subcommand does.

pub(crate) mod check;
