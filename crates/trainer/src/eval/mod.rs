//! How good a model is: masks decoded and compared, and probes of what it has learned.

pub(crate) mod baseline;
mod decode;
mod evaluator;
mod prompt_probe;
pub(crate) mod side_swap;
mod strategy_probe;

pub(crate) use crate::report::{CaseResult, mean, pooled};
pub(crate) use decode::*;
pub(crate) use evaluator::*;
pub(crate) use prompt_probe::*;
pub(crate) use strategy_probe::*;
