//! What the program needs of the machine: devices, threads, memory, files, the terminal.

pub(crate) mod atomic;
pub(crate) mod device;
pub(crate) mod exit;
pub(crate) mod files;
pub(crate) mod interrupt;
pub(crate) mod memory;
pub(crate) mod progress;
pub(crate) mod threads;
pub(crate) mod timing;
