//! Writes that are either complete or absent: temporary sibling, fsync, rename.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use tempfile::Builder;

use crate::system::exit;

/// End of the names of temporary files and folders, which begin with a dot.
pub(crate) const TEMPORARY: &str = ".tmp";

/// Replaces `path` by `bytes`, atomically.
///
/// # Errors
/// Names `path` and what to do; the old file stays as it was and no temporary file remains.
pub(crate) fn write_atomic(path: &Path, bytes: &[u8]) -> Result<()> {
    let parent = parent_of(path);
    let write = || -> io::Result<()> {
        faults::here()?;
        let mut file = hidden(0o666).tempfile_in(&parent)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        faults::here()?;
        file.persist(path).map_err(|e| e.error)?;
        sync_dir(&parent);
        Ok(())
    };
    write().map_err(|e| cannot_write(path, &e))
}

/// Writes `bytes` to an open file, which lies at `path`.
///
/// # Errors
/// Names `path` and what to do; a part of them may be written.
pub(crate) fn write_through(file: &mut File, path: &Path, bytes: &[u8]) -> Result<()> {
    faults::here()
        .and_then(|()| file.write_all(bytes))
        .map_err(|error| cannot_write(path, &error))
}

/// Makes a folder and those that it lies in, where they are missing.
///
/// # Errors
/// Names the folder and what to do.
pub(crate) fn create_folder(path: &Path) -> Result<()> {
    faults::here()
        .and_then(|()| fs::create_dir_all(path))
        .map_err(|error| cannot_write(path, &error))
}

/// Builds the folder `path` in a temporary sibling with `build`, then renames it into place.
///
/// # Errors
/// `path` exists and is not an empty folder, `build` fails, or a write fails. Nothing half-written remains.
pub(crate) fn write_dir_atomic(path: &Path, build: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    must_be_free("--out", path)?;
    let failed = |error: io::Error| cannot_write(path, &error);
    let parent = parent_of(path);
    create_folder(&parent)?;
    let folder = faults::here()
        .and_then(|()| hidden(0o777).tempdir_in(&parent))
        .map_err(failed)?;
    build(folder.path()).with_context(|| format!("building the folder `{}`", path.display()))?;
    sync_tree(folder.path()).map_err(failed)?;
    rename(folder.path(), path).map_err(failed)?;
    // The folder is in place under its own name: there is nothing left to clean up.
    let _ = folder.keep();
    sync_dir(&parent);
    Ok(())
}

/// Refuses a folder that has content, which is never overwritten; `option` names it.
///
/// # Errors
/// It has, or it is no folder.
pub(crate) fn must_be_free(option: &str, path: &Path) -> Result<()> {
    match fs::read_dir(path).map(|mut entries| entries.next().is_some()) {
        Ok(true) => Err(exit::usage(format!(
            "the folder `{}` exists and is not empty; remove it or choose another name",
            path.display()
        ))),
        Ok(false) => Ok(()),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(e) => Err(cannot_write_with(option, path, &e)),
    }
}

/// Builds a folder as [`write_dir_atomic`] does and puts it in the place of `path`, which may exist.
///
/// # Errors
/// As [`write_dir_atomic`]; the old folder stays as it was unless the new one is complete.
pub(crate) fn replace_dir(path: &Path, build: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    recover_dir(path)?;
    let [new, old] = siblings(path);
    let failed = |error: io::Error| cannot_write(path, &error);
    for leftover in [&new, &old] {
        if leftover.exists() {
            fs::remove_dir_all(leftover).map_err(|e| cannot_write(leftover, &e))?;
        }
    }
    write_dir_atomic(&new, build)?;
    if path.exists() {
        rename(path, &old).map_err(failed)?;
    }
    rename(&new, path).map_err(failed)?;
    if old.exists() {
        fs::remove_dir_all(&old).map_err(|e| cannot_write(&old, &e))?;
    }
    Ok(())
}

/// What [`replace_dir`] was about to put in the place of `path`, and what it took from there. Each is complete.
fn siblings(path: &Path) -> [PathBuf; 2] {
    ["new", "old"].map(|suffix| {
        let mut name = path.file_name().unwrap_or_default().to_os_string();
        name.push(".");
        name.push(suffix);
        path.with_file_name(name)
    })
}

/// The folder that [`replace_dir`] left complete: `path` itself, or, when the process ended between its two renames,
/// the new one or else the old one; `path` where there is none.
pub(crate) fn complete_dir(path: &Path) -> PathBuf {
    let there = |folder: &PathBuf| folder.is_dir();
    let left = || siblings(path).into_iter().find(there);
    Some(path.to_owned())
        .filter(there)
        .or_else(left)
        .unwrap_or_else(|| path.to_owned())
}

/// Puts in its place what [`complete_dir`] finds; whether it lay elsewhere. Nobody else may write there meanwhile.
///
/// # Errors
/// It cannot be renamed.
pub(crate) fn recover_dir(path: &Path) -> Result<bool> {
    let left = complete_dir(path);
    if left == path {
        return Ok(false);
    }
    rename(&left, path).map_err(|error| cannot_write(path, &error))?;
    Ok(true)
}

fn rename(from: &Path, to: &Path) -> io::Result<()> {
    faults::here()?;
    fs::rename(from, to)
}

/// The error for a failed write: path, reason and remedy in one sentence.
pub(crate) fn cannot_write(path: &Path, error: &io::Error) -> anyhow::Error {
    cannot_write_with("--out", path, error)
}

/// The same where another option names the place.
pub(crate) fn cannot_write_with(option: &str, path: &Path, error: &io::Error) -> anyhow::Error {
    let at = path.display();
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => anyhow!(
            "cannot write `{at}`: the disk is full; free some space or write to another disk with {option}"
        ),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => anyhow!(
            "cannot write `{at}`: the folder is read-only for you; choose a writable one with {option}"
        ),
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => anyhow!(
            "cannot write `{at}`: a part of this path is a file, not a folder; choose another one with {option}"
        ),
        io::ErrorKind::DirectoryNotEmpty => anyhow!(
            "cannot write `{at}`: the folder is there by now, and not empty; choose another one with {option}"
        ),
        io::ErrorKind::NotFound => anyhow!(
            "cannot write `{at}`: its folder does not exist; create it or choose another one with {option}"
        ),
        _ => anyhow!(
            "cannot write `{at}`: {error}; check the disk or choose another folder with {option}"
        ),
    }
}

/// Temporary files or folders that others may read as if they were made plainly (`mode` before the umask).
pub(super) fn hidden(mode: u32) -> Builder<'static, 'static> {
    let mut builder = Builder::new();
    builder.prefix(".").suffix(TEMPORARY);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(mode));
    builder
}

pub(super) fn parent_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

/// Makes a rename durable. Some file systems cannot sync a folder; the content is already synced then.
fn sync_dir(path: &Path) {
    if let Ok(dir) = File::open(path) {
        let _ = dir.sync_all();
    }
}

fn sync_tree(path: &Path) -> io::Result<()> {
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_tree(&entry.path())?;
        } else {
            File::open(entry.path())?.sync_all()?;
        }
    }
    Ok(())
}

#[cfg(not(test))]
mod faults {
    /// Where tests can have a write fail.
    #[inline]
    pub(super) fn here() -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod faults {
    use std::cell::Cell;
    use std::io;

    /// What becomes of this thread's writes.
    #[derive(Clone, Copy)]
    struct Disk {
        /// Writes that go well before all fail.
        takes: usize,
        fails: io::ErrorKind,
        failed: bool,
    }

    thread_local! {
        static DISK: Cell<Option<Disk>> = const { Cell::new(None) };
    }

    /// `run` on a disk that takes `writes` more writes and then fails; whether it came to that.
    pub(crate) fn after<R>(
        takes: usize,
        fails: io::ErrorKind,
        run: impl FnOnce() -> R,
    ) -> (R, bool) {
        let failed = false;
        DISK.set(Some(Disk {
            takes,
            fails,
            failed,
        }));
        let result = run();
        (result, DISK.take().is_some_and(|disk| disk.failed))
    }

    pub(super) fn here() -> io::Result<()> {
        let Some(mut disk) = DISK.get() else {
            return Ok(());
        };
        disk.failed = disk.takes == 0;
        disk.takes = disk.takes.saturating_sub(1);
        DISK.set(Some(disk));
        if disk.failed {
            Err(disk.fails.into())
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_replaced_folder_is_the_old_one_or_the_new_one() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("last");
        for text in ["one", "two"] {
            replace_dir(&path, |folder| {
                write_atomic(&folder.join("a"), text.as_bytes())
            })
            .unwrap();
        }
        replace_dir(&path, |_| anyhow::bail!("disk full")).unwrap_err();
        assert_eq!(fs::read(path.join("a")).unwrap(), b"two");
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_write_replaces_the_file_and_leaves_no_temporary_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.json");
        write_atomic(&path, b"old").unwrap();
        write_atomic(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(names(dir.path()), ["a.json"]);
    }

    #[test]
    fn a_full_disk_keeps_the_old_file_and_names_path_and_remedy() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("last.bin");
        write_atomic(&path, b"old").unwrap();
        for writes in 0..2 {
            let (written, failed) = faults::after(writes, io::ErrorKind::StorageFull, || {
                write_atomic(&path, b"new")
            });
            let error = written.unwrap_err().to_string();
            assert!(failed && error.contains("last.bin"), "{error}");
            assert!(
                error.contains("disk is full") && error.contains("--out"),
                "{error}"
            );
            assert_eq!(fs::read(&path).unwrap(), b"old");
            assert_eq!(names(dir.path()), ["last.bin"]);
        }
    }

    #[test]
    fn a_real_full_disk_is_said_to_be_one() {
        let full = Path::new("/dev/full");
        if !full.exists() {
            println!("skipped: this system has no /dev/full");
            return;
        }
        let mut file = fs::OpenOptions::new().write(true).open(full).unwrap();
        let error = write_through(&mut file, full, b"x")
            .unwrap_err()
            .to_string();
        assert!(error.contains("disk is full"), "{error}");
    }

    #[test]
    fn after_any_end_of_a_replacement_a_complete_folder_is_found() {
        let text = |path: &Path| fs::read(complete_dir(path).join("a")).unwrap();
        let write = |folder: &Path, text: &[u8]| write_atomic(&folder.join("a"), text);
        let mut ends = 0;
        for writes in 0.. {
            let root = tempfile::tempdir().unwrap();
            let path = root.path().join("last");
            replace_dir(&path, |folder| write(folder, b"old")).unwrap();
            let replace = || replace_dir(&path, |folder| write(folder, b"new"));
            let (replaced, failed) = faults::after(writes, io::ErrorKind::StorageFull, replace);
            assert_eq!(replaced.is_err(), failed);
            let left = text(&path);
            assert!(failed || left == b"new");
            // The process ended between the two renames.
            if !path.exists() {
                ends += 1;
                assert_eq!(left, b"new");
                assert!(recover_dir(&path).unwrap() && !recover_dir(&path).unwrap());
            }
            replace_dir(&path, |folder| write(folder, b"newer")).unwrap();
            assert_eq!(text(&path), b"newer");
            assert_eq!(names(root.path()), ["last"]);
            if !failed {
                break;
            }
        }
        assert_eq!(ends, 1);
    }

    #[test]
    fn the_old_folder_is_put_back_when_it_is_all_there_is() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("last");
        assert!(!recover_dir(&path).unwrap());
        fs::create_dir(root.path().join("last.old")).unwrap();
        assert!(recover_dir(&path).unwrap());
        assert_eq!(names(root.path()), ["last"]);
    }

    #[test]
    fn a_parent_that_is_a_file_is_said_plainly() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("file"), b"").unwrap();
        let error = write_atomic(&dir.path().join("file/a.json"), b"x")
            .unwrap_err()
            .to_string();
        assert!(error.contains("a part of this path is a file"), "{error}");
    }

    #[test]
    fn a_folder_appears_complete_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let bundle = dir.path().join("bundles/phantom");
        let error = write_dir_atomic(&bundle, |tmp| {
            fs::write(tmp.join("manifest.json"), b"{}")?;
            anyhow::bail!("no weights")
        })
        .unwrap_err();
        assert!(exit::sentence(&error).contains("no weights"));
        assert_eq!(names(&dir.path().join("bundles")), Vec::<String>::new());

        write_dir_atomic(&bundle, |tmp| {
            Ok(fs::write(tmp.join("manifest.json"), b"{}")?)
        })
        .unwrap();
        assert_eq!(names(&dir.path().join("bundles")), ["phantom"]);
        assert_eq!(names(&bundle), ["manifest.json"]);
    }

    #[test]
    fn a_folder_with_content_is_never_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("keep.txt"), b"mine").unwrap();
        let error = write_dir_atomic(dir.path(), |_| Ok(())).unwrap_err();
        assert_eq!(exit::kind_of(&error), exit::Kind::Usage);
        assert_eq!(names(dir.path()), ["keep.txt"]);
    }
}
