//! Phantoms rendered when they are asked for, the latest kept.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use crate::phantom::{Phantom, PhantomConfig, Rendering};

/// Kept because the next cases of a list ask for the same picture.
const KEPT: usize = 32;

#[derive(Debug)]
pub(super) struct Renderings {
    pub(super) config: PhantomConfig,
    kept: Mutex<VecDeque<(usize, Arc<Rendering>)>>,
}

impl Renderings {
    pub(super) fn new(config: &PhantomConfig) -> Self {
        Self {
            config: config.clone(),
            kept: Mutex::default(),
        }
    }

    /// Picture number `picture` of a split.
    pub(super) fn get(&self, split: &str, picture: usize) -> Arc<Rendering> {
        let lock = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, rendering)) = lock().iter().find(|(number, _)| *number == picture) {
            return Arc::clone(rendering);
        }
        let phantom = Phantom::generate(&self.config, split, picture);
        let rendering = Arc::new(phantom.render(self.config.size));
        let mut kept = lock();
        kept.push_front((picture, Arc::clone(&rendering)));
        kept.truncate(KEPT);
        rendering
    }
}
