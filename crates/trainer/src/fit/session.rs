//! What training stages have in common.

use crate::system::{Chosen, Display, Interrupt};

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
    /// Further devices that share the cases of a step of the language model.
    pub(crate) replicas: Vec<Chosen>,
}
