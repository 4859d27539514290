//! Which column of a table is which, by its title.

use super::record::{Record, Row};
use crate::readers::names::{clean, letters};

/// Titles by their letters alone, the clearest first: beside the names of files, an id may number the rows.
const NAMES: [&str; 14] = [
    "image",
    "imageid",
    "imagename",
    "imagefile",
    "imagepath",
    "img",
    "imgname",
    "picture",
    "file",
    "filename",
    "filepath",
    "path",
    "id",
    "name",
];
const TEXTS: [&str; 8] = [
    "caption",
    "captions",
    "description",
    "descriptions",
    "text",
    "sentence",
    "prompt",
    "report",
];
const SPLITS: [&str; 4] = ["split", "subset", "partition", "set"];
const MASKS: [&str; 6] = [
    "mask",
    "maskid",
    "maskname",
    "maskfile",
    "maskpath",
    "groundtruth",
];

/// The header is looked for in so many rows: a title may stand above it.
pub(super) const HEADER_WITHIN: usize = 10;

/// Numbers of the columns that are read.
#[derive(Debug, Clone)]
pub(super) struct Columns {
    pub(super) titles: Vec<String>,
    pub(super) name: usize,
    pub(super) text: usize,
    pub(super) split: Option<usize>,
    mask: Option<usize>,
}

impl Columns {
    /// The first record that names pictures and sentences, and where.
    ///
    /// # Errors
    /// None does; says what is missing.
    pub(super) fn find(records: &[Record]) -> Result<(usize, Self), String> {
        let first = records.iter().take(HEADER_WITHIN).enumerate();
        let mut found = first.filter_map(|(i, record)| Some((i, Self::of(&record.cells)?)));
        found.next().ok_or_else(|| {
            const SHOWN: usize = 20;
            let titles: Vec<String> = records.first().map_or(Vec::new(), |record| {
                let cells = record.cells.iter().take(SHOWN);
                cells.map(|cell| clean(cell)).collect()
            });
            let missing = if position(&titles, &NAMES).is_none() {
                "\"id\" (or \"Image\")"
            } else {
                "\"caption\" (or \"Description\")"
            };
            format!(
                "no column {missing} among {titles:?}; the first line must name id and caption, or Image and Description, \
                 and split if the table is that of several"
            )
        })
    }

    /// The columns by their titles; `None` where pictures or sentences have none.
    pub(super) fn of(titles: &[String]) -> Option<Self> {
        let filled = titles.iter().rposition(|title| !clean(title).is_empty())? + 1;
        let titles = titles[..filled].to_vec();
        Some(Self {
            name: position(&titles, &NAMES)?,
            text: position(&titles, &TEXTS)?,
            split: position(&titles, &SPLITS),
            mask: position(&titles, &MASKS),
            titles,
        })
    }

    /// The numbers of those that are read.
    pub(super) fn used(&self) -> impl Iterator<Item = usize> {
        let further = [self.split, self.mask].into_iter().flatten();
        [self.name, self.text].into_iter().chain(further)
    }

    /// Rows that are not empty; `what` they are called, and what separates the cells of text.
    pub(super) fn rows(&self, records: &[Record], what: &str, separator: char) -> Vec<Row> {
        let filled = |record: &&Record| record.cells.iter().any(|cell| !clean(cell).is_empty());
        let row = |record: &Record| {
            let (cells, fault) = self.cells(record, separator);
            let cell = |column: usize| cells.get(column).map_or(String::new(), |cell| clean(cell));
            Row {
                place: format!("{what} {}", record.number),
                split: self.split.map_or(String::new(), cell),
                name: cell(self.name),
                mask: self.mask.map_or(String::new(), cell),
                text: cell(self.text),
                fault: fault.or_else(|| record.fault.clone()),
            }
        };
        records.iter().filter(filled).map(row).collect()
    }

    /// The cells under their titles. A sentence with separators that is not within quotation marks is put together
    /// again where no other cell can have any.
    fn cells(&self, record: &Record, separator: char) -> (Vec<String>, Option<String>) {
        let columns = self.titles.len();
        let filled = record
            .cells
            .iter()
            .rposition(|cell| !cell.trim().is_empty())
            .map_or(0, |last| last + 1);
        let further = filled.saturating_sub(columns);
        if further == 0 {
            return (record.cells.clone(), None);
        }
        let known = [Some(self.name), Some(self.text), self.split, self.mask];
        let only_names = (0..columns).all(|column| known.contains(&Some(column)));
        if record.quoted || !(self.text + 1 == columns || only_names) {
            let fault = format!(
                "{filled} cells under {columns} titles; put the sentence between quotation marks (\"…\")"
            );
            return (record.cells.clone(), Some(fault));
        }
        let sentence = record.cells[self.text..=self.text + further].join(&separator.to_string());
        let mut cells = record.cells[..self.text].to_vec();
        cells.push(sentence);
        cells.extend_from_slice(&record.cells[self.text + further + 1..filled]);
        (cells, None)
    }
}

fn position(titles: &[String], known: &[&str]) -> Option<usize> {
    let letters: Vec<String> = titles.iter().map(|title| letters(title)).collect();
    known
        .iter()
        .find_map(|known| letters.iter().position(|title| title == known))
}
