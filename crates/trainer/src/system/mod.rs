//! What the program needs of the machine: devices, threads, memory, files, the terminal.

pub(crate) mod atomic;
pub(crate) mod cuda;
pub(crate) mod device;
pub(crate) mod exit;
pub(crate) mod files;
mod interrupt;
pub(crate) mod lock;
pub(crate) mod memory;
pub(crate) mod outputs;
mod progress;
pub(crate) mod say;
pub(crate) mod threads;
mod timing;

pub(crate) use atomic::{cannot_write, create_folder, replace_dir, write_atomic, write_dir_atomic};
pub(crate) use device::{Chosen, DeviceArgs, DeviceChoice};
pub(crate) use exit::{Kind, usage};
pub(crate) use files::{json_if_there, read_json};
pub(crate) use interrupt::Interrupt;
pub(crate) use lock::FolderLock;
pub(crate) use progress::{Display, Stage};
pub(crate) use threads::{beside, side_by_side, with_a_partner};
pub(crate) use timing::{median, milliseconds};
