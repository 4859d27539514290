//! Rows of a table, before and after its columns are known.

/// A row under the header that is not empty.
#[derive(Debug)]
pub(crate) struct Row {
    /// `line 4` or `row 4`, as editors and spreadsheet programs count.
    pub(crate) place: String,
    pub(crate) split: String,
    /// Of the picture, or of its mask.
    pub(crate) name: String,
    /// Of the mask; empty where the table does not name it.
    pub(crate) mask: String,
    pub(crate) text: String,
    /// Why its cells cannot be told apart.
    pub(crate) fault: Option<String>,
}

/// Cells of a table before anything is known of them.
#[derive(Debug, Default)]
pub(super) struct Record {
    /// From 1.
    pub(super) number: usize,
    pub(super) cells: Vec<String>,
    /// Of text: whether it holds a quotation mark.
    pub(super) quoted: bool,
    pub(super) fault: Option<String>,
}

/// Records of one sheet of a workbook, or of a text file.
pub(super) struct Sheet {
    pub(super) name: String,
    pub(super) records: Vec<Record>,
}
