//! From files to samples: dataset readers, the sentences that refer to what a mask holds, augmentation, and
//! synthetic chest X-rays.
//!
//! [`Dataset`] is where to begin: a folder or the phantom generator becomes a list of cases, each a picture, a
//! sentence and the mask of what the sentence names.
#![warn(missing_docs)]

mod augment;
mod dataset;
mod encoded;
mod error;
pub mod phantom;
mod readers;
mod requests;
mod sample;
pub mod sentence;
pub mod shards;
pub mod sides;
pub mod wording;

pub use mriseg::bundle::SideConvention;

pub use augment::{AugmentConfig, Disturbance, Warp, augment};
pub use dataset::Dataset;
pub use error::DataError;
pub use phantom::{PhantomConfig, SentenceKind};
pub use requests::{Asked, RequestMix, answer, ask, derived_cases};
pub use sample::Sample;
pub use sentence::{Findings, Side, swap_sides, wrong_side};
pub use shards::{PackedCase, ShardWriter};
pub use wording::Wording;
