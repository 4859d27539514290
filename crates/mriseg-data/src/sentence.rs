//! Sentences about findings beside masks: exchanging their sides, and whether the mask lies where they say.

mod agreement;
mod swap;

pub use agreement::contradiction;
pub use mriseg::reading::{Findings, Side, ZONES};
pub use swap::{swap_heights, swap_sides, wrong_side};
