//! From files to cases: dataset readers, the sentences that refer to what a mask holds, augmentation, and
//! synthetic chest X-rays.
//!
//! [`Dataset`] is where to begin: a folder or the phantom generator becomes a list of cases, each a picture, a
//! sentence and the mask of what the sentence names.
//!
//! | module | what |
//! |---|---|
//! | `dataset` | [`Dataset`], the list of cases, wherever they come from; [`Case`], one of them loaded |
//! | `readers` | tables of sentences, and where the files they name are; masks of lungs |
//! | [`shards`] | packed data (tar files), read and written |
//! | [`phantom`] | synthetic chest X-rays with exact masks |
//! | [`wording`] | one request said in many ways, some of them held out from training |
//! | `requests` | [`ask()`], which request a training case makes; [`answer()`], the mask that annotations give for it |
//! | `augment` | [`augment()`], random changes for training; [`Disturbance`], damage that pictures come with |
//! | `error` | [`DataError`]: what is wrong with a dataset, with the file and the remedy |
#![warn(missing_docs)]

mod augment;
mod case;
mod dataset;
mod encoded;
mod error;
pub mod phantom;
mod readers;
mod requests;
pub mod shards;
pub mod wording;

pub use mriseg::bundle::SideConvention;
pub use mriseg::image::MaskRule;
pub use mriseg::reading::{Findings, Side, other_side, swap_sides};

pub use augment::{AugmentConfig, Disturbance, Warp, augment};
pub use case::{Case, CaseFacts};
pub use dataset::Dataset;
pub use error::DataError;
pub use phantom::{PhantomConfig, SentenceKind};
pub use readers::{IncompleteRows, Remarks};
pub use requests::{Asked, RequestMix, answer, ask, derived_cases};
pub use shards::{PackedCase, ShardWriter};
pub use wording::Wording;
