//! Numbers of an experiment, checked many at a time.

use anyhow::Result;
use std::fmt::Display;

use crate::system::usage;

/// Refuses the first of some named numbers that does not fit.
///
/// # Errors
/// Its name, its value, and `must`: what it must be.
pub(super) fn check<T: Copy + Display>(
    numbers: &[(&str, T)],
    fits: impl Fn(T) -> bool,
    must: &str,
) -> Result<()> {
    match numbers.iter().find(|(_, value)| !fits(*value)) {
        Some((name, value)) => Err(usage(format!("{name} = {value}: {must}"))),
        None => Ok(()),
    }
}
