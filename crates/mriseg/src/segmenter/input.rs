//! What a caller can hand over that does not fit.

/// A value that does not suit the model or the picture.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// More tokens than cells.
    #[error(
        "{tokens} tokens are given and this model's masks have {cells}: keep the first {cells}"
    )]
    TooManyTokens {
        /// Tokens that are given.
        tokens: usize,
        /// Tokens of a whole mask.
        cells: usize,
    },
    /// A token that is no code.
    #[error(
        "token {index} is {code}, and this model's codes are 0 to {}: give tokens that it decoded",
        codes - 1
    )]
    NoCode {
        /// Position in the order of decoding.
        index: usize,
        /// What stands there.
        code: u32,
        /// How many codes there are.
        codes: usize,
    },
    /// A mask whose pixels are not as many as its sides say.
    #[error(
        "the mask has {pixels} pixels, not {width} x {height}: give one value a pixel, row by row"
    )]
    MaskPixels {
        /// Values that are given.
        pixels: usize,
        /// Stated width.
        width: usize,
        /// Stated height.
        height: usize,
    },
    /// A mask of another size than the picture.
    #[error(
        "the mask has {} x {} pixels and the picture {} x {}: scale the mask to the picture's size",
        mask.0, mask.1, picture.0, picture.1
    )]
    MaskSize {
        /// Width and height of the mask.
        mask: (usize, usize),
        /// Width and height of the picture.
        picture: (usize, usize),
    },
    /// No number of masks that can be sampled.
    #[error("{samples} masks cannot be sampled: ask for 1 to {most}")]
    Samples {
        /// What was asked for.
        samples: usize,
        /// Most that are sampled together.
        most: usize,
    },
    /// No temperature.
    #[error(
        "the temperature is {0}: give a number above 0, where 1 is the model's own distribution"
    )]
    Temperature(f32),
    /// A token of which an inspection knows nothing.
    #[error("token {index} was not inspected: name one from 0 to {}", rows - 1)]
    NotInspected {
        /// What was asked for.
        index: usize,
        /// Tokens that were inspected.
        rows: usize,
    },
    /// A tokenizer whose codes draw nothing by themselves.
    #[error(
        "what a code of this model draws depends on the codes around it: it has no codebook to show"
    )]
    NoCodebook,
}
