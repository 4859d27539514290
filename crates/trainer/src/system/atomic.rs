//! Writes that are either complete or absent: temporary sibling, fsync, rename.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use tempfile::Builder;

use crate::system::exit;

/// Replaces `path` by `bytes`, atomically.
///
/// # Errors
/// Names `path` and what to do; the old file stays as it was and no temporary file remains.
pub(crate) fn write_atomic(path: &Path, bytes: &[u8]) -> Result<()> {
    write_atomic_with(path, |file| file.write_all(bytes))
}

/// Replaces `path` by what `fill` writes, atomically.
///
/// # Errors
/// As [`write_atomic`]; an error of `fill` counts as a failed write.
pub(crate) fn write_atomic_with(
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<()> {
    let parent = parent_of(path);
    let write = || -> io::Result<()> {
        let mut file = hidden(0o666).tempfile_in(&parent)?;
        fill(&mut file)?;
        file.flush()?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|e| e.error)?;
        sync_dir(&parent);
        Ok(())
    };
    write().map_err(|e| cannot_write(path, &e))
}

/// Builds the folder `path` in a temporary sibling with `build`, then renames it into place.
///
/// # Errors
/// `path` exists and is not an empty folder, `build` fails, or a write fails. Nothing half-written remains.
pub(crate) fn write_dir_atomic(path: &Path, build: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    match fs::read_dir(path) {
        Ok(mut entries) => {
            if entries.next().is_some() {
                return Err(exit::usage(format!(
                    "the folder `{}` exists and is not empty; remove it or choose another name",
                    path.display()
                )));
            }
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => {}
        Err(e) => return Err(cannot_write(path, &e)),
    }
    let parent = parent_of(path);
    fs::create_dir_all(&parent).map_err(|e| cannot_write(&parent, &e))?;
    let folder = hidden(0o777)
        .tempdir_in(&parent)
        .map_err(|e| cannot_write(path, &e))?;
    build(folder.path()).with_context(|| format!("building the folder `{}`", path.display()))?;
    sync_tree(folder.path()).map_err(|e| cannot_write(path, &e))?;
    fs::rename(folder.path(), path).map_err(|e| cannot_write(path, &e))?;
    // The folder is in place under its own name: there is nothing left to clean up.
    let _ = folder.keep();
    sync_dir(&parent);
    Ok(())
}

/// Builds a folder as [`write_dir_atomic`] does and puts it in the place of `path`, which may exist.
///
/// # Errors
/// As [`write_dir_atomic`]; the old folder stays as it was unless the new one is complete.
pub(crate) fn replace_dir(path: &Path, build: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let sibling = |suffix: &str| {
        let mut name = path.file_name().unwrap_or_default().to_os_string();
        name.push(suffix);
        path.with_file_name(name)
    };
    let (new, old) = (sibling(".new"), sibling(".old"));
    for leftover in [&new, &old] {
        if leftover.exists() {
            fs::remove_dir_all(leftover).map_err(|e| cannot_write(leftover, &e))?;
        }
    }
    write_dir_atomic(&new, build)?;
    if path.exists() {
        fs::rename(path, &old).map_err(|e| cannot_write(path, &e))?;
    }
    fs::rename(&new, path).map_err(|e| cannot_write(path, &e))?;
    if old.exists() {
        fs::remove_dir_all(&old).map_err(|e| cannot_write(&old, &e))?;
    }
    Ok(())
}

/// The error for a failed write: path, reason and remedy in one sentence.
pub(crate) fn cannot_write(path: &Path, error: &io::Error) -> anyhow::Error {
    let at = path.display();
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => anyhow!(
            "cannot write `{at}`: the disk is full; free some space or write to another disk with --out"
        ),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => anyhow!(
            "cannot write `{at}`: the folder is read-only for you; choose a writable one with --out"
        ),
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => anyhow!(
            "cannot write `{at}`: a part of this path is a file, not a folder; choose another one with --out"
        ),
        io::ErrorKind::NotFound => anyhow!(
            "cannot write `{at}`: its folder does not exist; create it or choose another one with --out"
        ),
        _ => anyhow!(
            "cannot write `{at}`: {error}; check the disk or choose another folder with --out"
        ),
    }
}

/// Temporary files or folders that others may read as if they were made plainly (`mode` before the umask).
fn hidden(mode: u32) -> Builder<'static, 'static> {
    let mut builder = Builder::new();
    builder.prefix(".").suffix(".tmp");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(mode));
    builder
}

fn parent_of(path: &Path) -> PathBuf {
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
        let full = Path::new("/dev/full");
        if !full.exists() {
            println!("skipped: this system has no /dev/full");
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("last.bin");
        write_atomic(&path, b"old").unwrap();
        let error = write_atomic_with(&path, |file| {
            file.write_all(b"half of it")?;
            fs::OpenOptions::new()
                .write(true)
                .open(full)?
                .write_all(b"rest")
        })
        .unwrap_err()
        .to_string();
        assert!(error.contains("last.bin"), "{error}");
        assert!(
            error.contains("disk is full") && error.contains("--out"),
            "{error}"
        );
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(names(dir.path()), ["last.bin"]);
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
