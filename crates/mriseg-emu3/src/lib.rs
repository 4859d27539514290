//! Emu3's vision tokenizer (SBER-MoVQGAN), the paper's tokenizer of pictures and masks: network, weights, their folder, and how a model
//! that was trained on its codes reads pictures with it ([`Emu3Vision`]). Native only: it is too large for a browser.
#![warn(missing_docs)]

mod config;
mod dir;
mod layers;
mod network;
mod tokenizer;
mod vision;
mod weights;

pub use config::Emu3Config;
pub use dir::{Emu3Dir, Emu3DirError};
pub use tokenizer::Emu3Tokenizer;
pub use vision::Emu3Vision;
pub use weights::{RandomTensors, SafetensorsFile};
