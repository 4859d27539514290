//! A folder of its own for this process, in memory where the system has such a place.

use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A folder whose files are replaced from input to input.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        let memory = Path::new("/dev/shm");
        let folder = tempfile::tempdir_in(memory).or_else(|_| tempfile::tempdir());
        Self(folder.expect("a temporary folder"))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file; its folders are made.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path().join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).expect("a folder in the temporary one");
        }
        fs::write(&path, bytes).expect("a file in the temporary folder");
        path
    }
}
