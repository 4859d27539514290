//! Shards: a data set as a few tar files in the WebDataset convention, as `trainer pack` writes them.
//!
//! `<split>-000000.tar`, `<split>-000001.tar`, … hold one case after the other, each as entries of one key:
//! `000123.jpg` (the picture), `000123.mask.png` (the mask) and `000123.json` (`id` and `text`; cases of one picture
//! may share a number `picture`), and `000123.lung.png` where the lungs are marked. Further parts are not looked at.
//!
//! Opening reads the headers and the sentences; pictures and masks are found by seeking when a case is loaded. So memory
//! holds the sentences and a few numbers of every case, and no picture.
//!
//! Where many processes packed a share each, a folder holds theirs, `shard-0-of-4` and so on, each with such tar files and
//! a `shard.json` ([`ShareRecord`]). They are one data set, in the order of the shares.

mod entries;
mod layout;
mod read;
mod share;
mod write;

pub(crate) use read::{CaseParts, PictureKey, ShardCase, is_layout, open, splits};
pub use share::{Settings, Share, ShareFile, ShareRecord};
pub use write::{PackedCase, ShardWriter};
