//! A picture and a sentence that the model has read.

use super::loaded::{Frame, Input, Loaded};
use crate::decode::Prefill;
use burn::tensor::{Int, Tensor};

/// What every decoding of one picture and sentence begins with. Reading them costs as much as many tokens: whoever decodes
/// them again, behind other tokens, keeps this. It holds the cache of the prefix, and cloning copies that.
#[derive(Debug, Clone)]
pub struct Prompted {
    pub(super) frame: Frame,
    pub(super) prefill: Prefill,
    /// `[1, text]`
    pub(super) text: Tensor<2, Int>,
    /// `[1, image, token_dim]`
    pub(super) image: Tensor<3>,
}

impl Prompted {
    /// Reads the only query of `input`.
    pub(super) fn new(loaded: &Loaded, input: Input) -> Self {
        let Input {
            text,
            image,
            mut frames,
        } = input;
        Self {
            frame: frames.pop().expect("one query"),
            prefill: Prefill::new(&loaded.lm, &loaded.picker, text.clone(), image.clone()),
            text,
            image,
        }
    }

    /// How masks lie in the picture.
    pub fn frame(&self) -> &Frame {
        &self.frame
    }
}
