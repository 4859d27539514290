//! From rows of a table to the files they name.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::files::FileCase;
use super::listing::{Found, Listing};
use super::names::{fold, folder_and_name, of_mask, of_picture, plain};
use super::table::{Row, Table};
use crate::DataError;

/// What is to happen with rows that lack their picture, their mask or their sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IncompleteRows {
    /// They are an error that lists them.
    #[default]
    Refuse,
    /// The other rows are used; [`Remarks`] list those that are left out.
    LeaveOut,
}

/// What is worth knowing about the table of a split.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remarks {
    /// Rows that are left out, with what they lack.
    pub incomplete: Vec<String>,
    /// Rows that say the same of the same picture as one before.
    pub repeated: Vec<String>,
    /// Pictures that no row names.
    pub unused: Vec<PathBuf>,
    /// Tables whose encoding was guessed.
    pub guessed: Vec<String>,
}

impl IncompleteRows {
    /// What `--skip-incomplete` says.
    pub fn left_out_if(skip: bool) -> Self {
        if skip { Self::LeaveOut } else { Self::Refuse }
    }
}

impl Remarks {
    pub(crate) fn extend(&mut self, other: Self) {
        self.incomplete.extend(other.incomplete);
        self.repeated.extend(other.repeated);
        self.unused.extend(other.unused);
        self.guessed.extend(other.guessed);
    }
}

/// Where the files of a split are looked for.
#[derive(Debug)]
pub(super) struct Places {
    pub(super) images: Listing,
    pub(super) masks: Listing,
}

/// The cases of some rows.
///
/// # Errors
/// Rows lack a file or a sentence, and are refused; or no row is complete.
pub(super) fn cases<'a>(
    table: &Table,
    rows: impl Iterator<Item = &'a Row>,
    places: &Places,
    incomplete_rows: IncompleteRows,
) -> Result<(Vec<FileCase>, Remarks), DataError> {
    let [title, _] = &table.titles;
    let (mut cases, mut remarks) = (Vec::new(), Remarks::default());
    let mut said: HashMap<(PathBuf, &str), &str> = HashMap::new();
    let mut named: HashMap<PathBuf, (&str, &str)> = HashMap::new();
    for row in rows {
        let found = files(table, row, places).and_then(|(image, mask)| {
            let (first, name) = *named
                .entry(image.to_owned())
                .or_insert((&row.place, &row.name));
            if may_be_one(name, &row.name) {
                return Ok((image, mask));
            }
            let image = image.display();
            Err(vec![format!(
                "{first} calls its picture {image} otherwise, \"{name}\"; name each as its file"
            )])
        });
        match found {
            Ok((image, mask)) => {
                let first = *said
                    .entry((image.to_owned(), &row.text))
                    .or_insert(&row.place);
                if first != row.place {
                    let Row { place, name, .. } = row;
                    remarks
                        .repeated
                        .push(format!("{place}, {title} \"{name}\": the same as {first}"));
                }
                cases.push(FileCase::new(&row.text, image, mask));
            }
            Err(lacks) => {
                let Row { place, name, .. } = row;
                let lacks = lacks.join(", ");
                remarks
                    .incomplete
                    .push(format!("{place}, {title} \"{name}\": {lacks}"));
            }
        }
    }
    let refused = incomplete_rows == IncompleteRows::Refuse || cases.is_empty();
    if refused && !remarks.incomplete.is_empty() {
        return Err(DataError::Rows {
            path: table.path.clone(),
            rows: remarks.incomplete,
        });
    }
    Ok((cases, remarks))
}

/// Picture and mask of a row, or all that it lacks.
fn files<'a>(
    table: &Table,
    row: &Row,
    places: &'a Places,
) -> Result<(&'a Path, &'a Path), Vec<String>> {
    let [name_title, text_title] = &table.titles;
    if let Some(fault) = &row.fault {
        return Err(vec![fault.clone()]);
    }
    if row.name.is_empty() {
        return Err(vec![format!("an empty {name_title}")]);
    }
    let mut lacks = Vec::new();
    if row.text.is_empty() {
        lacks.push(format!("an empty {text_title}"));
    }
    let mask_name = if row.mask.is_empty() {
        &row.name
    } else {
        &row.mask
    };
    let image = one("picture", &places.images, &row.name, &of_picture(&row.name));
    let mask = one("mask", &places.masks, mask_name, &of_mask(mask_name));
    match (image, mask) {
        (Ok(image), Ok(mask)) if lacks.is_empty() => Ok((image, mask)),
        (image, mask) => {
            lacks.extend([image.err(), mask.err()].into_iter().flatten());
            Err(lacks)
        }
    }
}

/// The one file that is `written`, which may be called by any of these names, or what is wrong.
fn one<'a>(
    what: &str,
    listing: &'a Listing,
    written: &str,
    names: &[String],
) -> Result<&'a Path, String> {
    match listing.find(names) {
        Found::One(path) => Ok(path),
        Found::Several(paths) => {
            let folder = folder_and_name(folder_and_name(written).0).1;
            let is_there = |path: &&&Path| {
                let parent = path.parent().and_then(Path::file_name);
                parent.is_some_and(|parent| fold(&parent.to_string_lossy()) == fold(folder))
            };
            let there: Vec<_> = paths.iter().filter(is_there).collect();
            if let [path] = there[..] {
                return Ok(path);
            }
            let is_alike = |path: &&Path| path.file_name() == paths[0].file_name();
            let remedy = if paths.iter().all(is_alike) {
                format!("keep one of the folders, or write it before the name, in a column {what}")
            } else {
                "write the name as its file has it".to_owned()
            };
            let paths: Vec<String> = paths
                .iter()
                .map(|path| path.display().to_string())
                .collect();
            let paths = paths.join(" or ");
            Err(format!("its {what} may be {paths}; {remedy}"))
        }
        Found::Nothing => Err(match listing.other_format(names) {
            Some(path) => format!(
                "its {what} is {}, a format that is not read here; convert it to PNG (of 16 bits, if it is DICOM)",
                path.display()
            ),
            None => format!("no {what} {} in {}", plain(&names[0]), listing.place()),
        }),
    }
}

/// Whether two names for the same file do not look like those of two files of which one is missing.
fn may_be_one(one: &str, other: &str) -> bool {
    let folder = |name: &str| fold(&folder_and_name(name).0.replace('\\', "/"));
    let folders = [one, other].map(folder);
    let same_folder = folders[0] == folders[1] || folders.iter().any(String::is_empty);
    same_folder && fold(plain(one)) == fold(plain(other))
}
