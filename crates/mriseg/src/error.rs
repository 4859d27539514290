//! What can go wrong between a user's input and a mask, one clear sentence each.

use crate::image::ImageError;

/// A mistake in what was handed to the model: the message carries the value and the remedy.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The image could not be read.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The model bundle could not be read.
    #[error(transparent)]
    Bundle(#[from] crate::bundle::BundleError),
    /// The sentence is empty.
    #[error("the sentence is empty: write what to segment, for example \"{example}\"")]
    EmptyPrompt {
        /// A sentence that the model understands.
        example: String,
    },
    /// The sentence has more tokens than the model reads.
    #[error(
        "the sentence is too long: {words} words, which are {tokens} tokens, and this model reads {limit} tokens, about {} ordinary words: shorten it",
        limit / 2
    )]
    PromptTooLong {
        /// Words of the sentence.
        words: usize,
        /// Tokens of the sentence.
        tokens: usize,
        /// Tokens that fit.
        limit: usize,
    },
    /// The text tokenizer file is broken or lacks what the model needs.
    #[error("{file}: {reason}")]
    Tokenizer {
        /// File name.
        file: String,
        /// What is wrong and what to do.
        reason: String,
    },
    /// A file of weights that cannot be used.
    #[error("{file}: {reason}")]
    Weights {
        /// File name.
        file: String,
        /// What is wrong and what to do.
        reason: String,
    },
    /// The model was trained on the codes of a tokenizer that is not part of it.
    #[error(
        "this model reads pictures with a pretrained vision tokenizer (Emu3's), which is not part of its bundle and too large for a browser: name its folder with --emu3, or take another model"
    )]
    NoTokenizers,
    /// A model configuration that cannot be built.
    #[error("model configuration: {0}")]
    Config(String),
    /// The device failed while computing (a lost GPU, for example).
    #[error("the device stopped answering: {0}; load the model again or choose the CPU")]
    Device(String),
}
