//! The LViT layout: `Train_Folder`, `Val_Folder` and `Test_Folder`, each with `img`, `labelcol` and a
//! `*_text.xlsx` whose columns Image and Description hold file names and sentences.
//!
//! QaTa as distributed with LViT names the masks in the column Image (`mask_covid_1.png` for `covid_1.png`), other
//! data sets name pictures; both are understood.

use std::path::{Path, PathBuf};

use calamine::{Data, Range, Reader, open_workbook_auto};

use super::files::FileCase;
use super::listing::{Listing, paths_in, without_extension};
use crate::DataError;

const FOLDERS: [(&str, &str); 3] = [
    ("train", "Train_Folder"),
    ("valid", "Val_Folder"),
    ("test", "Test_Folder"),
];
const MASK_PREFIX: &str = "mask_";

/// Whether the folder has any of the split folders.
pub(crate) fn is_layout(dir: &Path) -> bool {
    FOLDERS.iter().any(|(_, folder)| dir.join(folder).is_dir())
}

/// The cases of a split.
///
/// # Errors
/// The split's folder or its table is missing or cannot be read, or a row lacks a file or its sentence.
pub(crate) fn open(dir: &Path, split: &str) -> Result<Vec<FileCase>, DataError> {
    let there: Vec<_> = (FOLDERS.iter())
        .filter(|(_, folder)| dir.join(folder).is_dir())
        .collect();
    let Some((_, folder)) = there.iter().find(|(name, _)| *name == split) else {
        return Err(DataError::UnknownSplit {
            path: dir.to_owned(),
            split: split.to_owned(),
            known: there.iter().map(|(name, _)| (*name).to_owned()).collect(),
        });
    };
    let folder = dir.join(folder);
    let path = table_of(&folder)?;
    let images = Listing::of(&folder.join("img"))?;
    let masks = Listing::of(&folder.join("labelcol"))?;
    let (mut cases, mut faulty) = (Vec::new(), Vec::new());
    for Row { number, name, text } in rows(&path)? {
        let plain = name.strip_prefix(MASK_PREFIX).unwrap_or(&name);
        let image = images.find(plain).or_else(|| images.find(&name));
        let mask = masks
            .find(&name)
            .or_else(|| masks.find(&format!("{MASK_PREFIX}{plain}")))
            .or_else(|| masks.find(plain));
        let mut lacks = Vec::new();
        if text.is_empty() {
            lacks.push("an empty Description".to_owned());
        }
        if image.is_none() {
            lacks.push(format!("no picture {}", images.dir().join(plain).display()));
        }
        if mask.is_none() {
            lacks.push(format!(
                "no mask {} (with or without {MASK_PREFIX})",
                masks.dir().join(plain).display()
            ));
        }
        match (image, mask) {
            (Some(image), Some(mask)) if lacks.is_empty() => {
                cases.push(FileCase::new(without_extension(plain), &text, image, mask));
            }
            _ => faulty.push(format!(
                "row {number}, Image \"{name}\": {}",
                lacks.join(", ")
            )),
        }
    }
    if !faulty.is_empty() {
        return Err(DataError::Rows { path, rows: faulty });
    }
    if cases.is_empty() {
        return Err(DataError::Table {
            path,
            reason: "the sheet has no rows under its header".to_owned(),
        });
    }
    Ok(cases)
}

struct Row {
    /// As the spreadsheet program counts.
    number: usize,
    name: String,
    text: String,
}

fn rows(path: &Path) -> Result<Vec<Row>, DataError> {
    let broken = |reason: String| DataError::Table {
        path: path.to_owned(),
        reason,
    };
    let mut book = open_workbook_auto(path)
        .map_err(|error| broken(format!("cannot be read ({error}); save it again as .xlsx")))?;
    let sheet: Range<Data> = book
        .worksheet_range_at(0)
        .ok_or_else(|| broken("the workbook has no sheet".to_owned()))?
        .map_err(|error| broken(format!("cannot be read ({error}); save it again as .xlsx")))?;
    let first = sheet.start().map_or(0, |(row, _)| row as usize);
    let mut rows = sheet.rows().enumerate();
    let header: Vec<String> = rows
        .next()
        .map(|(_, row)| row.iter().map(cell).collect())
        .unwrap_or_default();
    let column = |name: &str| {
        header.iter().position(|title| title.eq_ignore_ascii_case(name)).ok_or_else(|| {
            broken(format!("no column \"{name}\" among {header:?}; the first row must name Image and Description"))
        })
    };
    let (image, description) = (column("Image")?, column("Description")?);
    Ok(rows
        .map(|(i, row)| Row {
            number: first + i + 1,
            name: cell(&row[image]),
            text: cell(&row[description]),
        })
        .filter(|row| !(row.name.is_empty() && row.text.is_empty()))
        .collect())
}

fn cell(data: &Data) -> String {
    data.to_string().trim().to_owned()
}

/// The one `*_text.xlsx` of a split folder.
fn table_of(folder: &Path) -> Result<PathBuf, DataError> {
    let mut tables = paths_in(folder)?;
    tables.retain(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = name.to_lowercase();
        // Spreadsheet programs leave a lock file of the same ending beside an open table.
        name.ends_with("_text.xlsx") && !name.starts_with("~$")
    });
    if tables.len() == 1 {
        return Ok(tables.remove(0));
    }
    let reason = match tables.len() {
        0 => "no *_text.xlsx with the columns Image and Description; put the split's table there"
            .to_owned(),
        n => format!(
            "{n} tables end in _text.xlsx ({tables:?}); keep the one that belongs to this split"
        ),
    };
    Err(DataError::Table {
        path: folder.to_owned(),
        reason,
    })
}
