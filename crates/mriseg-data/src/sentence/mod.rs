//! Sentences about findings: exchanging their sides and heights, and whether a mask lies where its sentence says.

mod agreement;
mod swap;

pub use agreement::contradiction;
pub use mriseg::reading::{Findings, Side};
pub(crate) use swap::swap_heights;
pub use swap::{swap_sides, wrong_side};

/// Every zone, by its side and its number from the top; the left lung first.
pub(crate) fn all_zones() -> impl Iterator<Item = (Side, usize)> {
    Side::BOTH
        .into_iter()
        .flat_map(|side| (0..3).map(move |zone| (side, zone)))
}
