//! Metrics of a run, row by row: `metrics.jsonl`, and the same as a table in `metrics.csv`.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Serialize;
use serde_json::{Map, Value};

use super::folder::RunDir;
use crate::system::atomic::{cannot_write, write_atomic};

/// One row: a JSON object of scalars.
pub(crate) type Row = Map<String, Value>;

/// Columns that come first in the table.
const LEADING: [&str; 1] = ["step"];

/// Appends rows to both files; each row is on disk when [`MetricsLog::append`] returns.
pub(crate) struct MetricsLog {
    jsonl_path: PathBuf,
    csv_path: PathBuf,
    jsonl: File,
    csv: File,
    columns: Vec<String>,
}

impl MetricsLog {
    /// Opens the files of a run, which may be new. Of the rows that are there, those that `keep` refuses go: a resumed
    /// run repeats the steps after its checkpoint. A half-written last line goes too.
    ///
    /// # Errors
    /// A file cannot be read or written.
    pub(crate) fn open(run: &RunDir, keep: impl Fn(&Row) -> bool) -> Result<Self> {
        let (jsonl_path, csv_path) = (run.metrics_jsonl(), run.metrics_csv());
        let text = match fs::read_to_string(&jsonl_path) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => String::new(),
            Err(e) => {
                return Err(e).with_context(|| format!("cannot read `{}`", jsonl_path.display()));
            }
        };
        let kept: Vec<(&str, Row)> = text
            .lines()
            .filter_map(|line| Some((line, serde_json::from_str(line).ok()?)))
            .filter(|(_, row)| keep(row))
            .collect();
        let lines: String = kept.iter().flat_map(|(line, _)| [*line, "\n"]).collect();
        write_atomic(&jsonl_path, lines.as_bytes())?;
        let rows: Vec<Row> = kept.into_iter().map(|(_, row)| row).collect();
        let mut columns = Vec::new();
        for row in &rows {
            add_columns(&mut columns, row);
        }
        write_atomic(&csv_path, &table(&columns, &rows)?)?;
        Ok(Self {
            jsonl: append_to(&jsonl_path)?,
            csv: append_to(&csv_path)?,
            jsonl_path,
            csv_path,
            columns,
        })
    }

    /// Appends one row. A key that no earlier row had becomes a new column of the table.
    ///
    /// # Errors
    /// `record` is not an object, or a file cannot be written.
    pub(crate) fn append(&mut self, record: &impl Serialize) -> Result<()> {
        let value = serde_json::to_value(record)?;
        let Value::Object(row) = value else {
            bail!("a row of metrics must be an object, not {value}");
        };
        let line = serde_json::to_string(record)? + "\n";
        self.jsonl
            .write_all(line.as_bytes())
            .map_err(|e| cannot_write(&self.jsonl_path, &e))?;
        if add_columns(&mut self.columns, &row) {
            return self.rewrite_table();
        }
        self.csv
            .write_all(&csv_rows(&self.columns, std::slice::from_ref(&row))?)
            .map_err(|e| cannot_write(&self.csv_path, &e))
    }

    fn rewrite_table(&mut self) -> Result<()> {
        let text = fs::read_to_string(&self.jsonl_path)
            .with_context(|| format!("cannot read `{}`", self.jsonl_path.display()))?;
        let rows = text
            .lines()
            .map(serde_json::from_str)
            .collect::<serde_json::Result<Vec<Row>>>()
            .with_context(|| format!("`{}` is damaged", self.jsonl_path.display()))?;
        write_atomic(&self.csv_path, &table(&self.columns, &rows)?)?;
        self.csv = append_to(&self.csv_path)?;
        Ok(())
    }
}

/// Adds the row's new keys; `true` when there were any.
fn add_columns(columns: &mut Vec<String>, row: &Row) -> bool {
    let before = columns.len();
    for key in row.keys() {
        if !columns.contains(key) {
            columns.push(key.clone());
        }
    }
    let rank = |name: &str| {
        LEADING
            .iter()
            .position(|lead| *lead == name)
            .unwrap_or(LEADING.len())
    };
    columns.sort_by_key(|name| rank(name));
    columns.len() > before
}

fn table(columns: &[String], rows: &[Row]) -> Result<Vec<u8>> {
    if columns.is_empty() {
        return Ok(Vec::new());
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(columns)?;
    let mut bytes = writer.into_inner().context("writing the header")?;
    bytes.extend(csv_rows(columns, rows)?);
    Ok(bytes)
}

fn csv_rows(columns: &[String], rows: &[Row]) -> Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.write_record(columns.iter().map(|column| match row.get(column) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
        }))?;
    }
    writer.into_inner().context("writing rows")
}

fn append_to(path: &Path) -> Result<File> {
    OpenOptions::new()
        .append(true)
        .open(path)
        .map_err(|e| cannot_write(path, &e))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn run() -> (tempfile::TempDir, RunDir) {
        let root = tempfile::tempdir().unwrap();
        let run = RunDir::create(root.path(), "demo").unwrap();
        (root, run)
    }

    fn texts(run: &RunDir) -> (String, String) {
        (
            fs::read_to_string(run.metrics_jsonl()).unwrap(),
            fs::read_to_string(run.metrics_csv()).unwrap(),
        )
    }

    #[test]
    fn both_files_hold_every_row_and_columns_may_grow() {
        let (_root, run) = run();
        let mut log = MetricsLog::open(&run, |_| true).unwrap();
        log.append(&json!({"loss": 2.5, "step": 1})).unwrap();
        log.append(&json!({"loss": 1.5, "step": 2})).unwrap();
        log.append(&json!({"dice": 0.5, "note": "a,b", "step": 2}))
            .unwrap();
        log.append(&json!({"loss": 1.0, "step": 3})).unwrap();
        let (jsonl, csv) = texts(&run);
        assert_eq!(jsonl.lines().count(), 4);
        assert_eq!(
            csv,
            "step,loss,dice,note\n1,2.5,,\n2,1.5,,\n2,,0.5,\"a,b\"\n3,1.0,,\n"
        );
    }

    #[test]
    fn resuming_drops_the_rows_after_the_checkpoint_and_a_torn_line() {
        let (_root, run) = run();
        let mut log = MetricsLog::open(&run, |_| true).unwrap();
        for step in 1..=5 {
            log.append(&json!({"step": step, "loss": 0.5})).unwrap();
        }
        drop(log);
        let mut torn = append_to(&run.metrics_jsonl()).unwrap();
        torn.write_all(b"{\"step\": 6, \"lo").unwrap();

        let mut log = MetricsLog::open(&run, |row| row["step"].as_u64() <= Some(3)).unwrap();
        log.append(&json!({"step": 4, "loss": 0.25})).unwrap();
        let (jsonl, csv) = texts(&run);
        assert_eq!(jsonl.lines().count(), 4);
        assert_eq!(csv, "step,loss\n1,0.5\n2,0.5\n3,0.5\n4,0.25\n");
    }

    #[test]
    fn a_loss_that_is_not_a_number_is_an_empty_cell() {
        let (_root, run) = run();
        let mut log = MetricsLog::open(&run, |_| true).unwrap();
        #[derive(Serialize)]
        struct Record {
            step: u64,
            loss: f64,
        }
        log.append(&Record {
            step: 1,
            loss: f64::NAN,
        })
        .unwrap();
        assert_eq!(texts(&run).1, "step,loss\n1,\n");
    }

    #[test]
    fn only_objects_are_rows() {
        let (_root, run) = run();
        let mut log = MetricsLog::open(&run, |_| true).unwrap();
        assert!(log.append(&3).is_err());
        assert_eq!(texts(&run).0, "");
    }
}
