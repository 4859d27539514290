//! The pictures of folders, found by name however a table writes it.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::names::{fold, number, rank, without_extension};
use crate::DataError;

/// The pictures of some folders by name without extension.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    dirs: Vec<PathBuf>,
    pictures: Vec<Named>,
    /// Numbers of pictures by three keys, each looser than the one before: the name, folded, as a number.
    keys: [HashMap<String, Vec<usize>>; 3],
    /// Other files by folded name: what a table means may be there in a format that is not read.
    others: HashMap<String, PathBuf>,
}

/// The files of one folder that have the same name, each of another format, the preferred first.
#[derive(Debug)]
struct Named {
    stem: String,
    paths: Vec<PathBuf>,
}

/// What a name stands for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found<'a> {
    One(&'a Path),
    /// All that it could be.
    Several(Vec<&'a Path>),
    Nothing,
}

impl Listing {
    /// Lists folders once; one that is not there holds nothing, which the rows that need it report.
    pub(crate) fn of(dirs: &[PathBuf]) -> Result<Self, DataError> {
        let mut listing = Self {
            dirs: dirs.to_vec(),
            ..Self::default()
        };
        for dir in dirs.iter().filter(|dir| dir.is_dir()) {
            let first = listing.pictures.len();
            let files = paths_in(dir)?.into_iter().filter(|path| !path.is_dir());
            for path in files {
                let stem = path
                    .file_stem()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned();
                if rank(&path).is_none() {
                    listing
                        .others
                        .insert(fold(stem.trim_end_matches(".nii")), path);
                    continue;
                }
                let same = listing.keys[0].entry(stem.clone()).or_default();
                match same.last() {
                    Some(&i) if i >= first => listing.pictures[i].paths.push(path),
                    _ => {
                        same.push(listing.pictures.len());
                        listing.pictures.push(Named {
                            stem,
                            paths: vec![path],
                        });
                    }
                }
            }
        }
        for (i, named) in listing.pictures.iter_mut().enumerate() {
            named.paths.sort_by_key(|path| rank(path));
            for (key, pictures) in keys(&named.stem).into_iter().zip(&mut listing.keys).skip(1) {
                if let Some(key) = key {
                    pictures.entry(key).or_default().push(i);
                }
            }
        }
        Ok(listing)
    }

    /// The picture that one of `names` stands for, with or without an extension: by the exact name, else in other
    /// capitals, else as a number that lost its zeros.
    pub(crate) fn find(&self, names: &[String]) -> Found<'_> {
        for level in 0..self.keys.len() {
            for name in names {
                for name in [name, without_extension(name)] {
                    let key = keys(name).into_iter().nth(level).flatten();
                    let pictures = key.and_then(|key| self.keys[level].get(&key));
                    match pictures.map(Vec::as_slice) {
                        None => {}
                        Some([one]) => return Found::One(self.pictures[*one].file(names)),
                        Some(several) => {
                            let files = several.iter().map(|&i| self.pictures[i].file(names));
                            return Found::Several(files.collect());
                        }
                    }
                }
            }
        }
        Found::Nothing
    }

    /// The picture of exactly this name, without extension.
    pub(crate) fn named(&self, stem: &str) -> Option<&Path> {
        match self.keys[0].get(stem)?[..] {
            [one] => self.pictures[one].paths.first().map(PathBuf::as_path),
            _ => None,
        }
    }

    /// A file of one of these names in a format that is not read.
    pub(crate) fn other_format(&self, names: &[String]) -> Option<&Path> {
        let other = names.iter().find_map(|name| {
            let stem = Path::new(name)
                .file_stem()?
                .to_str()?
                .trim_end_matches(".nii");
            self.others
                .get(&fold(name))
                .or_else(|| self.others.get(&fold(stem)))
        });
        other.map(PathBuf::as_path)
    }

    /// Names without extension, in order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let mut names: Vec<&str> = self
            .pictures
            .iter()
            .map(|named| named.stem.as_str())
            .collect();
        names.sort_unstable();
        names.into_iter()
    }

    /// Every picture, in the format that is preferred.
    pub(crate) fn pictures(&self) -> impl Iterator<Item = &Path> {
        self.pictures
            .iter()
            .filter_map(|named| named.paths.first())
            .map(PathBuf::as_path)
    }

    /// Whether the folders hold no picture, or are not there.
    pub(crate) fn is_empty(&self) -> bool {
        self.pictures.is_empty()
    }

    /// The folders' paths, for messages.
    pub(crate) fn place(&self) -> String {
        let dirs: Vec<String> = self
            .dirs
            .iter()
            .map(|dir| dir.display().to_string())
            .collect();
        if dirs.is_empty() {
            "any folder".to_owned()
        } else {
            dirs.join(" or ")
        }
    }
}

impl Named {
    /// The file of exactly one of these names, else that of the preferred format.
    fn file(&self, names: &[String]) -> &Path {
        let is_named = |path: &&PathBuf| {
            path.file_name()
                .is_some_and(|file| names.iter().any(|name| file == name.as_str()))
        };
        self.paths.iter().find(is_named).unwrap_or(&self.paths[0])
    }
}

fn keys(name: &str) -> [Option<String>; 3] {
    let folded = fold(name);
    let number = number(&folded).map(str::to_owned);
    [Some(name.to_owned()), Some(folded), number]
}

/// The paths in a folder, in order, without what systems leave there: hidden files (`.DS_Store`, and `._*` beside
/// every file that macOS copies), lock files of spreadsheet programs, Windows' thumbnails.
pub(crate) fn paths_in(dir: &Path) -> Result<Vec<PathBuf>, DataError> {
    let unreadable = DataError::unreadable(dir);
    let mut paths = Vec::new();
    for entry in fs::read_dir(dir).map_err(&unreadable)? {
        let path = entry.map_err(&unreadable)?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .to_lowercase();
        let left = ["thumbs.db", "desktop.ini", "__macosx"].contains(&name.as_str());
        if !left && !name.starts_with('.') && !name.starts_with("~$") {
            paths.push(path);
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(dir: &Path, files: &[&str]) -> Listing {
        for file in files {
            fs::write(dir.join(file), b"").unwrap();
        }
        Listing::of(&[dir.to_owned()]).unwrap()
    }

    fn found(listing: &Listing, name: &str) -> String {
        let file = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
        match listing.find(&[name.to_owned()]) {
            Found::One(path) => file(path),
            Found::Several(paths) => paths.into_iter().map(file).collect::<Vec<_>>().join(" | "),
            Found::Nothing => String::new(),
        }
    }

    #[test]
    fn a_name_is_found_in_other_spellings_where_only_one_picture_fits() {
        let dir = tempfile::tempdir().unwrap();
        let files = [
            "0001.png",
            "007.png",
            "07.png",
            "Sub-A.png",
            "b.PNG",
            "B.jpg",
            "slide.tif",
            "e\u{301}.png",
            "x.png",
            "x.jpg",
        ];
        let listing = listing(dir.path(), &files);
        for (name, expected) in [
            ("1", "0001.png"),
            ("1.0", "0001.png"),
            ("0001", "0001.png"),
            ("7", "007.png | 07.png"),
            ("07", "07.png"),
            ("sub-a.PNG", "Sub-A.png"),
            ("b", "b.PNG"),
            ("slide.png", "slide.tif"),
            ("\u{e9}", "e\u{301}.png"),
            ("x", "x.png"),
            ("x.jpg", "x.jpg"),
            ("y", ""),
        ] {
            assert_eq!(found(&listing, name), expected, "{name}");
        }
    }

    #[test]
    fn what_systems_leave_behind_is_no_picture_and_other_formats_are_known() {
        let dir = tempfile::tempdir().unwrap();
        let listing = listing(
            dir.path(),
            &[
                "._a.png",
                ".DS_Store",
                "Thumbs.db",
                "~$a.png",
                "scan.dcm",
                "vol.nii.gz",
                "a.png",
            ],
        );
        assert_eq!(listing.names().collect::<Vec<_>>(), ["a"]);
        for name in ["scan", "scan.png", "Scan.dcm"] {
            assert!(
                listing
                    .other_format(&[name.to_owned()])
                    .unwrap()
                    .ends_with("scan.dcm"),
                "{name}"
            );
        }
        assert!(listing.other_format(&["vol".to_owned()]).is_some());
    }

    #[cfg(unix)]
    #[test]
    fn a_name_that_is_not_unicode_is_a_picture_like_any_other() {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(OsStr::from_bytes(b"l\xe9sion.png")), b"").unwrap();
        let listing = Listing::of(&[dir.path().to_owned()]).unwrap();
        assert_eq!(listing.pictures().count(), 1);
        assert_eq!(listing.find(&["lesion".to_owned()]), Found::Nothing);
    }
}
