//! Tables of sentences: CSV and its relatives, a workbook or JSON, read to rows of a picture's name, a sentence and, where
//! there is such a column, a split and a mask's name.

mod book;
mod columns;
mod json;
mod record;
mod text;

use std::fs;
use std::path::{Path, PathBuf};

use super::names::{clean, fold, standard_split};
use crate::DataError;
use columns::Columns;
use record::Sheet;

pub(crate) use record::Row;

/// Workbooks, and what is read as text.
const BOOKS: [&str; 5] = ["xlsx", "xlsm", "xlsb", "xls", "ods"];
const TEXTS: [&str; 2] = ["csv", "tsv"];
const JSONS: [&str; 2] = ["json", "jsonl"];

/// A table, read.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) path: PathBuf,
    pub(crate) rows: Vec<Row>,
    /// Whether rows say to which split they belong.
    pub(crate) names_splits: bool,
    /// Titles of the columns of names and of sentences.
    pub(crate) titles: [String; 2],
    /// The encoding that was guessed, where the file does not say and is not UTF-8.
    pub(crate) guessed: Option<&'static str>,
}

impl Table {
    /// Whether a file is a table by its name.
    pub(crate) fn is_named(path: &Path) -> bool {
        has_extension(path, &BOOKS) || has_extension(path, &TEXTS)
    }

    /// Whether a file may be a table, or hold anything else, by its name.
    pub(crate) fn may_be(path: &Path) -> bool {
        has_extension(path, &JSONS)
    }

    /// Reads a table in any of the formats, whatever its extension says.
    ///
    /// # Errors
    /// The file cannot be read, has no header with the columns needed, or two sheets have it.
    pub(crate) fn read(path: &Path) -> Result<Self, DataError> {
        let broken = |reason: String| DataError::Table {
            path: path.to_owned(),
            reason,
        };
        let bytes = fs::read(path).map_err(DataError::unreadable(path))?;
        if book::is_book(&bytes) {
            let sheets = book::sheets(bytes).map_err(|reason| {
                broken(format!("cannot be read ({reason}); save it again as .xlsx"))
            })?;
            return Self::of_sheets(path, sheets, ["sheet", "row"]).map_err(broken);
        }
        let (decoded, guessed) = text::decode(&bytes);
        if json::is_json(&decoded) {
            let lists = json::sheets(&decoded).map_err(broken)?;
            let table = Self::of_sheets(path, lists, ["list", "record"]).map_err(broken)?;
            return Ok(Self { guessed, ..table });
        }
        let (records, separator) = text::records(&decoded).map_err(broken)?;
        let (header, columns) =
            Columns::find(&records).map_err(|reason| match has_extension(path, &BOOKS) {
                true => {
                    broken("cannot be read: it is no workbook; save it again as .xlsx".to_owned())
                }
                false => broken(reason),
            })?;
        let rows = columns.rows(&records[header + 1..], "line", separator);
        Ok(Self {
            guessed,
            ..Self::new(path, columns, rows)
        })
    }

    /// `words` are what a sheet and a row are called.
    fn of_sheets(path: &Path, sheets: Vec<Sheet>, words: [&str; 2]) -> Result<Self, String> {
        let [called, row] = words;
        let first = sheets
            .first()
            .ok_or_else(|| format!("has no {called} that is shown"))?;
        let found = sheets.iter().filter_map(|sheet| {
            let (header, columns) = Columns::find(&sheet.records).ok()?;
            let rows = columns.rows(&sheet.records[header + 1..], row, ' ');
            Some((sheet.name.as_str(), columns, rows))
        });
        let mut found: Vec<_> = found.collect();
        match found.len() {
            0 => Err(Columns::find(&first.records).err().unwrap_or_default()),
            1 => {
                let (_, columns, rows) = found.remove(0);
                Ok(Self::new(path, columns, rows))
            }
            // A sheet for each split.
            _ if found
                .iter()
                .all(|(name, ..)| standard_split(name).is_some()) =>
            {
                let mut table = Self::new(path, found[0].1.clone(), Vec::new());
                table.names_splits = true;
                for (name, _, rows) in found {
                    table.rows.extend(rows.into_iter().map(|row| Row {
                        place: format!("{called} {name}, {}", row.place),
                        split: name.to_owned(),
                        ..row
                    }));
                }
                Ok(table)
            }
            _ => {
                let names: Vec<&str> = found.iter().map(|(name, ..)| *name).collect();
                Err(format!(
                    "the {called}s {names:?} all have the columns; keep one, or call them train, valid and test"
                ))
            }
        }
    }

    fn new(path: &Path, columns: Columns, rows: Vec<Row>) -> Self {
        Self {
            path: path.to_owned(),
            rows,
            names_splits: columns.split.is_some(),
            titles: [columns.name, columns.text].map(|column| clean(&columns.titles[column])),
            guessed: None,
        }
    }

    /// The splits that rows name, in the order in which they appear, whatever their capitals.
    pub(crate) fn splits(&self) -> Vec<&str> {
        let mut splits: Vec<&str> = Vec::new();
        for row in self.rows.iter().filter(|row| !row.split.is_empty()) {
            if splits.iter().all(|split| fold(split) != fold(&row.split)) {
                splits.push(&row.split);
            }
        }
        splits
    }
}

fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    path.extension().is_some_and(|extension| {
        extensions
            .iter()
            .any(|known| extension.eq_ignore_ascii_case(known))
    })
}
