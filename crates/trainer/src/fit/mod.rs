//! Training: batches, gradients on all cores, optimizer, the tokenizers, the language model.

mod alone;
mod cases;
mod context;
mod dense;
mod learner;
mod lm;
mod objective;
mod optimizer;
mod shards;
mod tokenizers;

pub(crate) use dense::DenseTrainer;
pub(crate) use learner::Learner;
pub(crate) use lm::{LmState, LmTrainer, Progress, optimizer};
pub(crate) use objective::StepMeasures;
pub(crate) use tokenizers::{train_image_tokenizer, train_mask_tokenizer};

use crate::system::interrupt::Interrupt;
use crate::system::progress::Display;

/// What every training stage is given beside its data.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    /// How progress is shown.
    pub(crate) display: Display,
    /// Whether the user asked to stop.
    pub(crate) interrupt: Interrupt,
    /// Seed of every random choice.
    pub(crate) seed: u64,
    /// Threads that share the cases of a step.
    pub(crate) workers: usize,
}
