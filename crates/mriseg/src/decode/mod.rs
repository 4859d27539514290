//! Decoding of mask tokens, with everything a page wants to show about each: greedy, of many masks at once
//! ([`Greedy`]) or of one mask token by token or several in a pass ([`MaskDecoder`]), and sampled ([`MaskSampler`]).
//!
//! Only mask codes can be decoded: the unembedding has no other rows.

mod drafts;
mod forced;
mod greedy;
mod pick;
mod prefill;
mod presence;
mod sampled;
mod speculative;

pub use forced::force_tokens;
pub use greedy::Greedy;
pub use pick::{DecisionRule, Pick, PickError, Picker};
pub use prefill::Prefill;
pub use sampled::{Agreement, MaskSampler};
pub use speculative::{DecodeStrategy, MaskDecoder};

use crate::sequence::{Cell, SequenceLayout};
use burn::tensor::{Device, ExecutionError, Int, Tensor, TensorData};
use serde::{Deserialize, Serialize};

/// A mask token at the moment of its decoding.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TokenEvent {
    /// Position in the mask, from 0.
    pub index: usize,
    /// The cell that the token describes.
    pub cell: Cell,
    /// Code of the mask tokenizer.
    pub token: u32,
    /// The model's probability of this code.
    pub probability: f32,
    /// Whether it stood before decoding began: it was read, not picked.
    #[serde(default)]
    pub given: bool,
}

impl TokenEvent {
    /// A cell that takes its code.
    fn picked(index: usize, code: usize, probability: f32, layout: SequenceLayout) -> Self {
        Self {
            index,
            cell: layout.cell(index),
            token: code as u32,
            probability,
            given: false,
        }
    }
}

/// One pass of [`MaskDecoder`] through the model.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct DecodedPass {
    /// The tokens that stand since, in the order of decoding; none where every cell had one before.
    pub tokens: Vec<TokenEvent>,
    /// What was drafted for the same cells before the pass, from the first of them on. The first drafts that are the
    /// tokens themselves were accepted; the first that differs was replaced, and those after it were dropped.
    pub drafts: Vec<u32>,
    /// Where the drafts come from; `None` where there are none.
    pub drafted_by: Option<DraftedBy>,
}

/// Where drafts come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DraftedBy {
    /// Look-ahead heads.
    Heads,
    /// What the marginal probabilities of every cell pick.
    Marginals,
}

impl DecodedPass {
    /// Whether every cell had a token before.
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }
}

/// What one step decoded.
#[derive(Debug, Clone)]
pub struct Picked {
    /// Picked codes: `[batch, 1]`.
    pub ids: Tensor<2, Int>,
    /// Their probabilities: `[batch, 1]`.
    pub probabilities: Tensor<2>,
}

/// The device failed while computing (a lost GPU, for example).
#[derive(Debug, thiserror::Error)]
#[error("the device stopped answering: {0}; load the model again or choose the CPU")]
pub struct DeviceError(String);

impl From<ExecutionError> for DeviceError {
    fn from(error: ExecutionError) -> Self {
        Self(error.to_string())
    }
}

/// Codes as a tensor `[masks, mask]`; `codes` holds whole masks one after the other.
pub fn code_tensor(codes: &[u32], mask: usize, device: &Device) -> Tensor<2, Int> {
    let ids: Vec<i32> = codes.iter().map(|&code| code as i32).collect();
    Tensor::from_data(TensorData::new(ids, [codes.len() / mask, mask]), device)
}
