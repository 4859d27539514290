//! Tables as workbooks.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::{Cursor, Read, Seek};
use std::panic::catch_unwind;

use calamine::{Data, Reader, SheetType, SheetVisible, Sheets, open_workbook_auto_from_rs};

use super::record::{Record, Sheet};

/// How files of Office begin, since 2007 (zip) and before (OLE).
const BEGINNINGS: [&[u8]; 2] = [b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"];

/// Columns of a sheet that are looked at, from the left.
const COLUMNS: u32 = 256;

/// Whether these are the bytes of a workbook.
pub(super) fn is_book(bytes: &[u8]) -> bool {
    BEGINNINGS
        .iter()
        .any(|beginning| bytes.starts_with(beginning))
}

/// The sheets that are shown, with the values of their cells.
///
/// # Errors
/// What the reader of workbooks says.
pub(super) fn sheets(bytes: Vec<u8>) -> Result<Vec<Sheet>, String> {
    // The reader panics at some damaged files.
    catch_unwind(|| read(bytes)).unwrap_or_else(|_| Err("damaged".to_owned()))
}

fn read(bytes: Vec<u8>) -> Result<Vec<Sheet>, String> {
    let mut book =
        open_workbook_auto_from_rs(Cursor::new(bytes)).map_err(|error| error.to_string())?;
    let shown = (book.sheets_metadata().iter()).filter(|sheet| {
        sheet.visible == SheetVisible::Visible && sheet.typ == SheetType::WorkSheet
    });
    let names: Vec<String> = shown.map(|sheet| sheet.name.clone()).collect();
    let sheet = |name: String| {
        let records = records(&mut book, &name)?;
        Ok(Sheet { name, records })
    };
    names.into_iter().map(sheet).collect()
}

/// Rows with cells that hold something. One cell far away costs no more than another: a format that can hold a million
/// rows of sixteen thousand cells is read cell by cell.
fn records<R: Read + Seek>(book: &mut Sheets<R>, name: &str) -> Result<Vec<Record>, String> {
    let mut rows: BTreeMap<u32, BTreeMap<u32, String>> = BTreeMap::new();
    let mut add = |(row, column): (u32, u32), cell: &Data| {
        if column < COLUMNS && !matches!(cell, Data::Empty) {
            rows.entry(row).or_default().insert(column, value(cell));
        }
    };
    let said = |error: &dyn Display| error.to_string();
    match book {
        Sheets::Xlsx(book) => {
            let mut cells = (book.worksheet_cells_reader(name)).map_err(|error| said(&error))?;
            while let Some(cell) = cells.next_cell().map_err(|error| said(&error))? {
                add(cell.get_position(), &cell.get_value().clone().into());
            }
        }
        Sheets::Xlsb(book) => {
            let mut cells = (book.worksheet_cells_reader(name)).map_err(|error| said(&error))?;
            while let Some(cell) = cells.next_cell().map_err(|error| said(&error))? {
                add(cell.get_position(), &cell.get_value().clone().into());
            }
        }
        book => {
            let range = book.worksheet_range(name).map_err(|error| said(&error))?;
            let (row, column) = range.start().unwrap_or_default();
            for (down, across, cell) in range.used_cells() {
                add((row + down as u32, column + across as u32), cell);
            }
        }
    }
    let record = |(row, cells): (u32, BTreeMap<u32, String>)| {
        let width = cells.last_key_value().map_or(0, |(column, _)| column + 1);
        let cell = |column| cells.get(&column).cloned().unwrap_or_default();
        Record {
            number: row as usize + 1,
            cells: (0..width).map(cell).collect(),
            ..Record::default()
        }
    };
    Ok(rows.into_iter().map(record).collect())
}

/// What a cell shows; nothing where its formula fails, so that the row is reported.
fn value(cell: &Data) -> String {
    match cell {
        Data::Error(_) => String::new(),
        other => other.to_string(),
    }
}
