//! Losses as free functions: no state, no random numbers.

mod next_token;
mod reconstruction;

pub use next_token::next_token_loss;
pub use reconstruction::{mask_reconstruction_loss, picture_reconstruction_loss};
