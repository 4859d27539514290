//! One file per subcommand.

pub(crate) mod ablate;
pub(crate) mod baseline;
pub(crate) mod bench;
pub(crate) mod check;
pub(crate) mod devices;
pub(crate) mod eval;
pub(crate) mod export;
pub(crate) mod pack;
pub(crate) mod predict;
pub(crate) mod tokenize;
pub(crate) mod train;
