//! Codes of pictures and masks that were made before training: on disk and in memory.

mod dir;
mod origin;
mod set;
mod shard;

pub(crate) use dir::{CodesDir, shards_of};
pub(crate) use origin::Origin;
pub(crate) use set::{CodedCases, Codes};
pub(crate) use shard::{Row, Shard};
