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
        "the sentence has {tokens} tokens, this model reads at most {limit}: shorten it to about {limit} words"
    )]
    PromptTooLong {
        /// Tokens of the sentence.
        tokens: usize,
        /// Tokens that fit.
        limit: usize,
    },
    /// Not one word of the sentence occurred in training.
    #[error(
        "none of the words in \"{text}\" is known to this model: try a sentence like \"{example}\""
    )]
    UnknownPrompt {
        /// The sentence, shortened.
        text: String,
        /// A sentence that the model understands.
        example: String,
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
        "this model reads pictures with Emu3's vision tokenizer, which is not part of its bundle and too large for a browser: name its folder with --emu3, or take another model"
    )]
    Emu3Missing,
    /// A model configuration that cannot be built.
    #[error("model configuration: {0}")]
    Config(String),
    /// The device failed while computing (a lost GPU, for example).
    #[error("the device stopped answering: {0}; load the model again or choose the CPU")]
    Device(String),
}

/// At most 60 characters of a user's text, for messages.
pub(crate) fn excerpt(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut short: String = text.chars().take(LONGEST).collect();
    if text.chars().count() > LONGEST {
        short.push('…');
    }
    short
}
