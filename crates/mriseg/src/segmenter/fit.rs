//! Whether tokens suit the model, and a mask the picture.

use super::input::InputError;
use super::loaded::{Frame, Loaded};
use crate::image::Mask;

impl Loaded {
    /// Refuses tokens that no mask of this model begins with.
    pub(super) fn check_tokens(&self, tokens: &[u32]) -> Result<(), InputError> {
        let layout = self.layout();
        let (cells, codes) = (layout.mask(), layout.codes);
        if tokens.len() > cells {
            let tokens = tokens.len();
            return Err(InputError::TooManyTokens { tokens, cells });
        }
        let mut numbered = tokens.iter().copied().enumerate();
        match numbered.find(|&(_, code)| code as usize >= codes) {
            Some((index, code)) => Err(InputError::NoCode { index, code, codes }),
            None => Ok(()),
        }
    }
}

impl Frame {
    /// A mask of the picture as the model draws it: prepared like the picture, then scaled to `size` by `size` pixels.
    pub(super) fn truth(&self, mask: &Mask, size: usize) -> Result<Mask, InputError> {
        let (of_mask, picture) = ((mask.width, mask.height), (self.width, self.height));
        if of_mask != picture {
            return Err(InputError::MaskSize {
                mask: of_mask,
                picture,
            });
        }
        Ok(match &self.preparation {
            Some(preparation) => preparation.mask(mask).resized(size, size),
            None => mask.resized(size, size),
        })
    }
}
