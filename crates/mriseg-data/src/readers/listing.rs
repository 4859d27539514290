//! The pictures of a folder, found by name whatever their extension.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::DataError;

/// Extensions of pictures, the preferred first.
pub(crate) const EXTENSIONS: [&str; 8] =
    ["webp", "png", "jpg", "jpeg", "tif", "tiff", "bmp", "gif"];

/// The pictures of a folder by name without extension.
#[derive(Debug)]
pub(crate) struct Listing {
    dir: PathBuf,
    files: HashMap<String, Vec<PathBuf>>,
}

impl Listing {
    /// Lists a folder once; a folder that is not there holds nothing, which the rows that need it report.
    pub(crate) fn of(dir: &Path) -> Result<Self, DataError> {
        let mut files: HashMap<String, Vec<PathBuf>> = HashMap::new();
        if dir.is_dir() {
            for path in paths_in(dir)? {
                if rank(&path).is_some()
                    && path.is_file()
                    && let Some(stem) = path.file_stem().and_then(|stem| stem.to_str())
                {
                    files.entry(stem.to_owned()).or_default().push(path);
                }
            }
        }
        for found in files.values_mut() {
            found.sort_by_key(|path| rank(path));
        }
        Ok(Self {
            dir: dir.to_owned(),
            files,
        })
    }

    /// The file of this name; `name` may or may not end in an extension.
    pub(crate) fn find(&self, name: &str) -> Option<&PathBuf> {
        let by_stem = |stem: &str| self.files.get(stem);
        let stem = without_extension(name);
        let exact = by_stem(stem).and_then(|found| {
            found
                .iter()
                .find(|path| path.file_name() == Some(name.as_ref()))
        });
        exact.or_else(|| by_stem(name).or_else(|| by_stem(stem))?.first())
    }

    /// Names without extension, in order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let mut names: Vec<&str> = self.files.keys().map(String::as_str).collect();
        names.sort_unstable();
        names.into_iter()
    }

    /// Whether the folder holds no picture, or is not there.
    pub(crate) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The folder's path.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }
}

/// The paths in a folder, in order.
pub(crate) fn paths_in(dir: &Path) -> Result<Vec<PathBuf>, DataError> {
    let unreadable = DataError::unreadable(dir);
    let mut paths = Vec::new();
    for entry in fs::read_dir(dir).map_err(&unreadable)? {
        paths.push(entry.map_err(&unreadable)?.path());
    }
    paths.sort();
    Ok(paths)
}

/// The last part of a folder's path, links resolved.
pub(crate) fn folder_name(dir: &Path) -> String {
    let named = fs::canonicalize(dir).unwrap_or_else(|_| dir.to_owned());
    let name = named.file_name().unwrap_or(named.as_os_str());
    name.to_string_lossy().into_owned()
}

/// A file name without one of the [`EXTENSIONS`]; other dots are part of the name.
pub(crate) fn without_extension(name: &str) -> &str {
    match name.rsplit_once('.') {
        Some((stem, extension))
            if EXTENSIONS
                .iter()
                .any(|known| known.eq_ignore_ascii_case(extension)) =>
        {
            stem
        }
        _ => name,
    }
}

fn rank(path: &Path) -> Option<usize> {
    let extension = path.extension()?.to_str()?;
    EXTENSIONS
        .iter()
        .position(|known| known.eq_ignore_ascii_case(extension))
}
