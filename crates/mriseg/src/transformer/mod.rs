//! The transformer: block, rotary positions, heads that look further ahead, and all of it as decoding runs it. One block
//! serves training and decoding; operations are those of `mriseg-ops`.

mod block;
mod decoding;
mod look_ahead;
mod rotary;

pub(crate) use block::{TransformerBlock, TransformerBlockConfig};
pub(crate) use decoding::TransformerParts;
pub(crate) use look_ahead::{Anchored, LookAhead};
pub(crate) use rotary::RotaryTable;
