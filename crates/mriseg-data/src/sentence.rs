//! Sentences about findings beside masks: exchanging their sides, and whether the mask lies where they say.

mod agreement;
mod swap;

pub use agreement::contradiction;
pub use mriseg::reading::{Findings, Side};
pub(crate) use swap::swap_heights;
pub use swap::{swap_sides, wrong_side};
