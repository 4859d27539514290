//! Random numbers that depend on nothing but a purpose, a seed and a number.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use sha2::{Digest, Sha256};

/// A generator for one purpose (`stage`) and number.
pub(crate) fn rng(stage: &str, seed: u64, number: u64) -> ChaCha8Rng {
    let label = format!("{stage}/{seed}/{number}");
    ChaCha8Rng::from_seed(Sha256::digest(label).into())
}
