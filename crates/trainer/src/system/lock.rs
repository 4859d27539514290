//! One writer per folder: a lock that says who has it, and that the system takes back from a process that is gone.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::atomic::{cannot_write, write_through};
use super::exit::usage;
use super::files::json_if_there;
use super::progress::duration;

/// Name of the file that is locked.
pub(crate) const LOCK: &str = ".lock";

/// The only right to write into a folder, until it is dropped or the process ends. The file stays: whoever removed it
/// could let two others in.
#[derive(Debug)]
pub(crate) struct FolderLock {
    _file: File,
}

/// Who has a lock.
#[derive(Debug, Serialize, Deserialize)]
struct Owner {
    process: u32,
    host: String,
    /// Seconds since 1970.
    since: u64,
}

impl FolderLock {
    /// Takes the lock of a folder.
    ///
    /// # Errors
    /// Another process has it: says which; or the folder cannot be written to.
    pub(crate) fn take(folder: &Path) -> Result<Self> {
        let path = folder.join(LOCK);
        let failed = |error| cannot_write(&path, &error);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(usage(format!(
                    "`{}` is in use by {}: wait until it is done, stop it, or name another folder",
                    folder.display(),
                    owner(&path)
                )));
            }
            Err(TryLockError::Error(error)) if has_no_locks(&error) => {}
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let owner = Owner {
            process: std::process::id(),
            host: hostname::get().unwrap_or_default().to_string_lossy().into(),
            since: now(),
        };
        file.set_len(0).map_err(failed)?;
        write_through(&mut file, &path, &serde_json::to_vec(&owner)?)?;
        Ok(Self { _file: file })
    }
}

/// Whether a file system knows no locks, or is one of a network where no daemon keeps them.
fn has_no_locks(error: &io::Error) -> bool {
    const ENOLCK: i32 = if cfg!(target_os = "linux") { 37 } else { 77 };
    error.kind() == ErrorKind::Unsupported || (cfg!(unix) && error.raw_os_error() == Some(ENOLCK))
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_secs()
}

/// For people: who has the lock.
fn owner(path: &Path) -> String {
    let Some(owner) = json_if_there::<Owner>(path) else {
        return "another process".to_owned();
    };
    let time = Duration::from_secs(now().saturating_sub(owner.since));
    format!(
        "process {} on {}, for {}",
        owner.process,
        owner.host,
        duration(time)
    )
}

/// Whether a file is one that a process leaves behind when it is killed, or a lock.
pub(crate) fn is_hidden_leftover(name: &str) -> bool {
    name == LOCK || (name.starts_with('.') && name.ends_with(super::atomic::TEMPORARY))
}

/// Whether a folder holds anything but a lock and what writes leave behind that were cut off.
pub(crate) fn is_occupied(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|entries| {
        let mut names = entries.flatten().map(|entry| entry.file_name());
        names.any(|name| !name.to_str().is_some_and(is_hidden_leftover))
    })
}

/// Removes what writes into a folder left behind that were cut off. Its lock must be held.
pub(crate) fn sweep(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let leftover = name.to_str().is_some_and(is_hidden_leftover) && name != LOCK;
        // What cannot be removed is in nobody's way.
        if leftover && fs::remove_dir_all(entry.path()).is_err() {
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_writer_who_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let lock = FolderLock::take(folder.path()).unwrap();
        let said = FolderLock::take(folder.path()).unwrap_err().to_string();
        let process = format!("process {} on ", std::process::id());
        assert!(said.contains(&process) && said.contains("for "), "{said}");
        drop(lock);
        FolderLock::take(folder.path()).unwrap();
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_network_without_a_daemon_for_locks_is_no_error_and_a_broken_disk_is() {
        const ENOLCK: i32 = 37;
        const EIO: i32 = 5;
        assert!(has_no_locks(&io::Error::from_raw_os_error(ENOLCK)));
        assert!(has_no_locks(&ErrorKind::Unsupported.into()));
        assert!(!has_no_locks(&io::Error::from_raw_os_error(EIO)));
    }

    #[test]
    fn what_was_cut_off_is_swept_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let lock = FolderLock::take(folder.path()).unwrap();
        fs::write(at(".a1.tmp"), b"half").unwrap();
        fs::create_dir(at(".b2.tmp")).unwrap();
        fs::write(at(".b2.tmp/c"), b"half").unwrap();
        assert!(!is_occupied(folder.path()));
        for name in ["codes.json", ".hidden", "x.tmp"] {
            fs::write(at(name), b"whole").unwrap();
        }
        sweep(folder.path());
        let mut names: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        assert_eq!(names, [".hidden", ".lock", "codes.json", "x.tmp"]);
        assert!(is_occupied(folder.path()));
        drop(lock);
    }
}
