//! Phantoms drawn when they are asked for, the latest kept.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use crate::phantom::{Drawing, Phantom, PhantomConfig};

/// Drawings kept because the next cases of a list ask for the same picture.
const KEPT: usize = 32;

#[derive(Debug)]
pub(super) struct Drawings {
    pub(super) config: PhantomConfig,
    kept: Mutex<VecDeque<(usize, Arc<Drawing>)>>,
}

impl Drawings {
    pub(super) fn new(config: &PhantomConfig) -> Self {
        Self {
            config: config.clone(),
            kept: Mutex::default(),
        }
    }

    /// Picture number `picture` of a split.
    pub(super) fn get(&self, split: &str, picture: usize) -> Arc<Drawing> {
        let lock = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, drawing)) = lock().iter().find(|(number, _)| *number == picture) {
            return Arc::clone(drawing);
        }
        let phantom = Phantom::generate(&self.config, split, picture);
        let drawing = Arc::new(phantom.draw(self.config.size));
        let mut kept = lock();
        kept.push_front((picture, Arc::clone(&drawing)));
        kept.truncate(KEPT);
        drawing
    }
}
