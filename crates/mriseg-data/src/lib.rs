//! From files to samples: dataset readers, the sentences that refer to what a mask holds, augmentation, and
//! synthetic chest X-rays.
//!
//! [`Dataset`] is where to begin: a folder or the phantom generator becomes a list of cases, each a picture, a
//! sentence and the mask of what the sentence names.
#![warn(missing_docs)]

pub mod augment;
pub mod dataset;
pub mod derive;
mod error;
mod listing;
mod lvit;
pub mod phantom;
mod qata;
pub mod sentence;

pub use mriseg::bundle::SideConvention;
use mriseg::image::{GrayImage, Mask};

pub use augment::{AugmentConfig, Warp, augment};
pub use dataset::Dataset;
pub use derive::{derive, derived_cases};
pub use error::DataError;
pub use phantom::{PhantomConfig, SentenceKind};
pub use sentence::{Findings, Side, swap_sides, wrong_side};

/// One case, loaded: what a model sees and what it should answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Name of the case, unique within its split unless the source repeats it.
    pub id: String,
    /// The sentence that says what to segment.
    pub text: String,
    /// The picture.
    pub image: GrayImage,
    /// What the sentence names, of the picture's size.
    pub mask: Mask,
    /// Pixels of the mask file that were neither black nor white (they were thresholded at half).
    pub intermediate_pixels: usize,
}
