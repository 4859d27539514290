//! The command line.

mod request;

pub(crate) use request::*;
