//! Phantoms: synthetic chest X-rays on which only the sentence decides what the answer is.
//!
//! Each picture shows a different chest with one to four opacities, and comes with several sentences: all of it, one
//! lung, one zone, and something that is not there. Everything follows from the seed, the name of the split and the
//! number of the picture; the size only sets how finely the same chest is sampled.

mod anatomy;
mod chest;
mod lesion;
mod noise;
mod render;

pub use chest::{Phantom, PhantomConfig, Referral, SentenceKind};
pub use render::Rendering;
