//! Ctrl-C: the first one asks the running step to finish and save, the second one stops at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};

use crate::system::exit::Kind;
use crate::system::say::note;

/// Whether the user asked to stop. Clones share one answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Interrupt {
    requested: Arc<AtomicBool>,
}

impl Interrupt {
    /// Listens to Ctrl-C and to the system's request to terminate, for the rest of the process.
    ///
    /// # Errors
    /// A handler is installed already, or the system refuses one.
    pub(crate) fn install() -> Result<Self> {
        let interrupt = Self::default();
        let handle = interrupt.clone();
        ctrlc::set_handler(move || {
            if handle.request() {
                std::process::exit(Kind::Interrupted.code().into());
            }
            note!("stopping: finishing this step and saving (Ctrl-C again stops at once)");
        })
        .context("listening to Ctrl-C")?;
        Ok(interrupt)
    }

    /// Asks to stop; `true` when that was asked before.
    pub(crate) fn request(&self) -> bool {
        self.requested.swap(true, Ordering::SeqCst)
    }

    /// Whether to finish the current step, save and leave.
    pub(crate) fn requested(&self) -> bool {
        self.requested.load(Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_request_knows_of_the_first() {
        let interrupt = Interrupt::default();
        assert!(!interrupt.requested());
        assert!(!interrupt.request());
        assert!(interrupt.clone().requested());
        assert!(interrupt.request());
    }

    #[cfg(unix)]
    #[test]
    fn a_real_signal_is_noticed_and_the_process_goes_on() {
        use std::process::Command;
        use std::time::{Duration, Instant};
        let interrupt = Interrupt::install().unwrap();
        let sent = Command::new("sh")
            .args(["-c", &format!("kill -INT {}", std::process::id())])
            .status()
            .unwrap();
        assert!(sent.success());
        let start = Instant::now();
        while !interrupt.requested() && start.elapsed() < Duration::from_secs(10) {
            std::thread::yield_now();
        }
        assert!(interrupt.requested());
    }
}
