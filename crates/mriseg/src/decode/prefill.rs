//! Sentence and picture as the model has read them.

use super::Picker;
use crate::mask_lm::{CachedLm, DecodeState};
use burn::tensor::{Int, Tensor};

/// Where every decoding of one sentence and picture begins. A clone has a cache of its own, so many decodings can begin
/// here.
#[derive(Debug, Clone)]
pub struct Prefill {
    pub(super) state: DecodeState,
    /// See [`Picker::marginals`].
    pub(super) marginals: Option<Tensor<3>>,
}

impl Prefill {
    /// Reads sentence and picture, and the marginal probabilities where the picker's rule mixes them in.
    ///
    /// # Shapes
    /// - text: `[1, text]`
    /// - image: `[1, image, token_dim]`
    pub fn new(lm: &CachedLm, picker: &Picker, text: Tensor<2, Int>, image: Tensor<3>) -> Self {
        let state = lm.prefill(text, image);
        Self {
            marginals: picker.marginals(lm, &state),
            state,
        }
    }
}
