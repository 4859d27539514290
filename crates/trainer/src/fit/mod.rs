//! Training: cases of a step, gradients on all cores, optimizer, the tokenizers, the language model.

mod alone;
mod batch;
mod cases;
mod context;
mod dense;
#[cfg(test)]
mod equality;
mod learner;
mod lm;
mod measures;
mod objective;
mod optimizer;
mod session;
mod shards;
mod tokenizers;

pub(crate) use dense::DenseTrainer;
pub(crate) use learner::Learner;
pub(crate) use lm::{LmState, LmTrainer, Progress, optimizer};
pub(crate) use measures::StepMeasures;
pub(crate) use session::Session;
pub(crate) use tokenizers::{train_image_tokenizer, train_mask_tokenizer};
