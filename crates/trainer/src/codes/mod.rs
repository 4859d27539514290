//! Codes of pictures and masks that were made before training: on disk and in memory.

mod dir;
mod set;
mod shard;

pub(crate) use dir::{CodesDir, Origin, shards_of};
pub(crate) use set::{CodedCases, Codes};
pub(crate) use shard::{Row, Shard};
