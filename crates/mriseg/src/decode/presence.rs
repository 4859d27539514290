//! Whether anything is drawn at all. A model with a presence head tells it before the first token, of the whole picture
//! and sentence; token by token, a mask would begin wherever one cell is more likely drawn than not.

use super::{Decoded, TokenEvent};
use crate::sequence::SequenceLayout;
use burn::tensor::activation::sigmoid;
use burn::tensor::{Bool, ExecutionError, Int, Tensor};
use std::sync::Arc;

/// The mask without foreground, and when it is the answer.
#[derive(Debug, Clone)]
pub struct EmptyMask {
    /// `[1, mask]`
    codes: Tensor<2, Int>,
    /// The same off the device.
    host: Arc<[u32]>,
    /// Logit of presence below which it is the answer.
    threshold: f32,
}

/// Which masks of a batch are empty.
#[derive(Debug, Clone)]
pub(super) struct Absent {
    /// `[batch, 1]`
    absent: Tensor<2, Bool>,
    /// Probability that there is nothing to draw: `[batch, 1]`.
    probabilities: Tensor<2>,
}

impl EmptyMask {
    /// `threshold` is the least probability of presence with which something is drawn.
    ///
    /// # Shapes
    /// - codes: `[1, mask]`
    pub(super) async fn new(codes: Tensor<2, Int>, threshold: f32) -> Result<Self, ExecutionError> {
        let read = codes.clone().into_data_async().await?;
        Ok(Self {
            codes,
            host: read.iter().collect(),
            threshold: (threshold / (1.0 - threshold)).ln(),
        })
    }

    /// The whole mask, where `logit` says that there is nothing to draw.
    pub(super) fn instead(&self, logit: f32, layout: SequenceLayout) -> Option<Vec<TokenEvent>> {
        let event = |(index, &token)| TokenEvent {
            index,
            cell: layout.cell(index),
            token,
            probability: probability(-logit),
        };
        let empty = self.host.iter().enumerate();
        (logit < self.threshold).then(|| empty.map(event).collect())
    }

    /// The chance with which a mask that is drawn by chance has anything drawn, one half where `logit` is at the
    /// threshold.
    pub(super) fn chance(&self, logit: f32) -> f32 {
        probability(logit - self.threshold)
    }

    /// Its code at a position.
    pub(super) fn code(&self, index: usize) -> u32 {
        self.host[index]
    }

    /// # Shapes
    /// - logits: `[batch, 1]`
    pub(super) fn of_batch(&self, logits: Tensor<2>) -> Absent {
        Absent {
            absent: logits.clone().lower_elem(self.threshold),
            probabilities: sigmoid(logits.neg()),
        }
    }

    /// What was decoded at `index`, or its own code where the mask is empty.
    pub(super) fn instead_of(&self, decoded: Decoded, index: usize, absent: &Absent) -> Decoded {
        let code = self.codes.clone().slice_dim(1, index..index + 1);
        let code = code.expand(decoded.ids.dims());
        Decoded {
            ids: decoded.ids.mask_where(absent.absent.clone(), code),
            probabilities: decoded
                .probabilities
                .mask_where(absent.absent.clone(), absent.probabilities.clone()),
        }
    }
}

/// Of a logit.
pub(super) fn probability(logit: f32) -> f32 {
    1.0 / (1.0 + (-logit).exp())
}
