//! Dice and IoU (docs/METHOD.md, section 11), per image and pooled over a data set, and how well outlines agree. The same predictions score very
//! differently under the two conventions; every report names its own.

mod boundary;
mod overlap;

pub use boundary::{boundary_overlap, hausdorff95};
pub use overlap::Overlap;
