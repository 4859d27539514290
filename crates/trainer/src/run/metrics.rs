//! Metrics of a run, row by row, in `metrics.jsonl`.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use serde::Serialize;
use serde_json::{Map, Value};

use super::folder::RunDir;
use crate::system::atomic::write_through;
use crate::system::{cannot_write, write_atomic};

/// Appends rows, JSON objects; each is on disk when [`MetricsLog::append`] returns.
pub(crate) struct MetricsLog {
    path: PathBuf,
    file: File,
}

impl MetricsLog {
    /// Opens the file of a run, which may be new. Of the rows that are there, those that `keep` refuses go: a resumed
    /// run repeats the steps after its checkpoint. A half-written last line goes too.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub(crate) fn open(run: &RunDir, keep: impl Fn(&Map<String, Value>) -> bool) -> Result<Self> {
        let path = run.metrics();
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => String::new(),
            Err(e) => return Err(e).with_context(|| format!("cannot read `{}`", path.display())),
        };
        let kept = |line: &&str| serde_json::from_str(line).is_ok_and(|row| keep(&row));
        let lines: String = (text.lines().filter(kept))
            .flat_map(|line| [line, "\n"])
            .collect();
        write_atomic(&path, lines.as_bytes())?;
        let file = OpenOptions::new().append(true).open(&path);
        Ok(Self {
            file: file.map_err(|e| cannot_write(&path, &e))?,
            path,
        })
    }

    /// Appends one row.
    ///
    /// # Errors
    /// `row` is not an object, or the file cannot be written.
    pub(crate) fn append(&mut self, row: &impl Serialize) -> Result<()> {
        let line = serde_json::to_string(row)? + "\n";
        if !line.starts_with('{') {
            bail!("a row of metrics must be an object, not {line}");
        }
        write_through(&mut self.file, &self.path, line.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::io::Write;

    fn run() -> (tempfile::TempDir, RunDir) {
        let root = tempfile::tempdir().unwrap();
        let run = RunDir::create(root.path(), "demo").unwrap();
        (root, run)
    }

    #[test]
    fn resuming_drops_the_rows_after_the_checkpoint_and_a_torn_line() {
        let (_root, run) = run();
        let mut log = MetricsLog::open(&run, |_| true).unwrap();
        for step in 1..=5 {
            log.append(&json!({"step": step})).unwrap();
        }
        log.file.write_all(b"{\"step\": 6, \"lo").unwrap();

        let mut log = MetricsLog::open(&run, |row| row["step"].as_u64() <= Some(3)).unwrap();
        log.append(&json!({"step": 4})).unwrap();
        assert_eq!(
            fs::read_to_string(run.metrics()).unwrap(),
            "{\"step\":1}\n{\"step\":2}\n{\"step\":3}\n{\"step\":4}\n"
        );
    }

    #[test]
    fn only_objects_are_rows() {
        let (_root, run) = run();
        let mut log = MetricsLog::open(&run, |_| true).unwrap();
        assert!(log.append(&3).is_err());
        assert_eq!(fs::read_to_string(run.metrics()).unwrap(), "");
    }
}
