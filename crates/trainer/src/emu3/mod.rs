//! Emu3's pretrained vision tokenizer: its folder, and its codes on disk and in memory.

mod codes_dir;
mod set;
mod shard;
mod tokenizer_dir;

pub(crate) use codes_dir::{CodesDir, Origin, shards_of};
pub(crate) use set::{CodedCases, Codes};
pub(crate) use shard::{Row, Shard};
pub(crate) use tokenizer_dir::{Emu3Dir, emu3_argument, vision_of, vision_of_bundle};
