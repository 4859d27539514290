//! Tables as workbooks.

use std::io::Cursor;

use calamine::{Data, Reader, SheetType, SheetVisible, open_workbook_auto_from_rs};

use super::record::{Record, Sheet};

/// How files of Office begin, since 2007 (zip) and before (OLE).
const BEGINNINGS: [&[u8]; 2] = [b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"];

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
    let mut book =
        open_workbook_auto_from_rs(Cursor::new(bytes)).map_err(|error| error.to_string())?;
    let shown = (book.sheets_metadata().iter()).filter(|sheet| {
        sheet.visible == SheetVisible::Visible && sheet.typ == SheetType::WorkSheet
    });
    let names: Vec<String> = shown.map(|sheet| sheet.name.clone()).collect();
    let mut sheets = Vec::new();
    for name in names {
        let range = book
            .worksheet_range(&name)
            .map_err(|error| error.to_string())?;
        let first = range.start().map_or(0, |(row, _)| row as usize);
        let records = range.rows().enumerate().map(|(i, row)| Record {
            number: first + i + 1,
            cells: row.iter().map(value).collect(),
            ..Record::default()
        });
        sheets.push(Sheet {
            records: records.collect(),
            name,
        });
    }
    Ok(sheets)
}

/// What a cell shows; nothing where its formula fails, so that the row is reported.
fn value(cell: &Data) -> String {
    match cell {
        Data::Error(_) => String::new(),
        other => other.to_string(),
    }
}
