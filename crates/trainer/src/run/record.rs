//! The cases that a run began with, `cases.csv` in its folder: by them a run that goes on knows whether its data is the same,
//! and names what is not.

use anyhow::{Context, Result};
use mriseg_data::Dataset;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;

use super::folder::RunDir;
use crate::config::SplitRole;
use crate::data::{BeganWithout, Captioned};
use crate::system::{Display, exit, json_if_there, write_atomic};

/// One case, as the run began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Row {
    role: SplitRole,
    id: String,
    caption: String,
    /// Lengths of its files, "1234+567".
    bytes: String,
    /// Its sentence did not fit: it was left out of training.
    left_out: bool,
}

/// The cases that a run began with; none where it is older than this file, or trained on phantoms.
#[derive(Debug, Default)]
pub(super) struct Record {
    rows: Vec<Row>,
}

/// How the cases of a split differ from those that the run began with.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Difference {
    /// In these sentences alone: id, sentence as it was and as it is.
    Captions(Vec<[String; 3]>),
    /// In more than that; the first case that differs, and in what.
    Cases(String),
}

impl Record {
    /// What a run's folder holds.
    ///
    /// # Errors
    /// The file is damaged.
    pub(super) fn read(run: &RunDir) -> Result<Self> {
        let path = run.cases();
        if !path.is_file() {
            return Ok(Self::default());
        }
        let damaged = |error: csv::Error| {
            exit::data(format!(
                "`{}`: {error}; start the run again",
                path.display()
            ))
        };
        let reader = csv::Reader::from_path(&path).map_err(damaged)?;
        let rows = reader.into_deserialize().collect::<Result<_, _>>();
        Ok(Self {
            rows: rows.map_err(damaged)?,
        })
    }

    /// Writes that of the splits of a run, training cases first, and of the training cases that were left out, to the run's
    /// folder.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(super) fn write(run: &RunDir, splits: [&Dataset; 3], left_out: &[Captioned]) -> Result<()> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        for (role, dataset) in SplitRole::ALL.into_iter().zip(splits) {
            for case in 0..dataset.len() {
                writer.serialize(row(role, dataset, case))?;
            }
        }
        for (id, caption) in left_out {
            writer.serialize(Row {
                role: SplitRole::Train,
                id: id.clone(),
                caption: caption.clone(),
                bytes: String::new(),
                left_out: true,
            })?;
        }
        let bytes = writer.into_inner().context("writing the table of cases")?;
        write_atomic(&run.cases(), &bytes)
    }

    /// Compares the splits of a run that goes on with this. `found` is what its `data.json` would say now: a split of which
    /// sentences alone were mended, and that is not learned from, keeps the fingerprint that it had.
    ///
    /// # Errors
    /// A case that matters is another: names it.
    pub(super) fn accept(
        &self,
        run: &RunDir,
        found: &mut Value,
        splits: [&Dataset; 3],
        left_out: &[Captioned],
        display: Display,
    ) -> Result<()> {
        let begun: Value = json_if_there(&run.data()).unwrap_or_default();
        for (role, dataset) in SplitRole::ALL.into_iter().zip(splits) {
            let key = format!("{}_fingerprint", role.name());
            if begun.get(&key) == found.get(&key) {
                continue;
            }
            match self.difference(role, dataset, left_out) {
                None => {}
                Some(Difference::Captions(mended)) if role != SplitRole::Train => {
                    display.line(&format!(
                        "note: sentences of {} were changed since the run began ({} of {}), first {}; scores before and after are not of the same questions",
                        dataset.split(),
                        mended.len(),
                        dataset.len(),
                        changed(&mended[0])
                    ));
                    found[&key] = begun.get(&key).cloned().unwrap_or_default();
                }
                Some(difference) => {
                    let said = match difference {
                        Difference::Captions(mended) => {
                            format!("a sentence was changed, {}", changed(&mended[0]))
                        }
                        Difference::Cases(said) => said,
                    };
                    return Err(exit::usage(format!(
                        "the run `{}` began with other cases of {}: {said}; put it back, or start a new run",
                        run.path().display(),
                        dataset.split()
                    )));
                }
            }
        }
        Ok(())
    }

    /// The training cases that were left out.
    pub(super) fn left_out(&self) -> BeganWithout {
        let left_out = self.rows.iter().filter(|row| row.left_out);
        let ids: BTreeSet<String> = left_out.map(|row| row.id.clone()).collect();
        let train = (self.rows.iter()).filter(|row| row.role == SplitRole::Train && !row.left_out);
        let kept = train.filter(|row| ids.contains(&row.id));
        let kept = kept
            .map(|row| (row.id.clone(), row.caption.clone()))
            .collect();
        BeganWithout { ids, kept }
    }

    /// How a split differs; `None` where that is not known. `left_out` are training cases that are left out now.
    pub(super) fn difference(
        &self,
        role: SplitRole,
        found: &Dataset,
        left_out: &[Captioned],
    ) -> Option<Difference> {
        let begun: Vec<&Row> = (self.rows.iter())
            .filter(|row| row.role == role && !row.left_out)
            .collect();
        let found: Vec<Row> = (0..found.len())
            .map(|case| row(role, found, case))
            .collect();
        let mut captions = Vec::new();
        for place in 0..begun.len().max(found.len()) {
            let (begun_row, found_row) = (begun.get(place), found.get(place));
            let said = match (begun_row, found_row) {
                (Some(begun), Some(found)) if begun.id == found.id => {
                    if begun.bytes == found.bytes {
                        if begun.caption != found.caption {
                            let [old, new] = [&begun.caption, &found.caption];
                            captions.push([begun.id.clone(), old.clone(), new.clone()]);
                        }
                        continue;
                    }
                    format!(
                        "the files of `{}` have {} bytes now, and had {}",
                        begun.id, found.bytes, begun.bytes
                    )
                }
                (Some(begun), _) if !found.iter().any(|row| row.id == begun.id) => {
                    match left_out.iter().find(|(id, _)| *id == begun.id) {
                        Some((id, now)) => format!(
                            "the sentence of `{id}` is too long now: \"{now}\", and was \"{}\"",
                            begun.caption
                        ),
                        None => format!("`{}` is not there now", begun.id),
                    }
                }
                (_, Some(found)) => format!("`{}` was not there, or at another place", found.id),
                (Some(begun), None) => format!("`{}` is not there now", begun.id),
                (None, None) => continue,
            };
            return (!begun.is_empty()).then_some(Difference::Cases(said));
        }
        (!captions.is_empty()).then_some(Difference::Captions(captions))
    }
}

fn changed([id, old, new]: &[String; 3]) -> String {
    format!("that of `{id}` from \"{old}\" to \"{new}\"")
}

fn row(role: SplitRole, dataset: &Dataset, case: usize) -> Row {
    let bytes: Vec<String> = (dataset.sizes(case).iter()).map(u64::to_string).collect();
    Row {
        role,
        id: dataset.id(case).to_owned(),
        caption: dataset.text(case).to_owned(),
        bytes: bytes.join("+"),
        left_out: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::fixtures;

    #[test]
    fn what_changed_is_named() {
        let root = tempfile::tempdir().unwrap();
        let open = |texts: &[&str]| {
            let root = tempfile::tempdir_in(root.path()).unwrap();
            fixtures::folder(root.path(), &[("train", texts)], "train")
        };
        let texts = ["left", "right", "both"];
        let [train, valid, test] = [0; 3].map(|_| open(&texts));
        // A second sentence of a picture that is there.
        let left_out = [("2".to_owned(), "long".to_owned())];
        let run = RunDir::create(root.path(), "run").unwrap();
        Record::write(&run, [&train, &valid, &test], &left_out).unwrap();
        let record = Record::read(&run).unwrap();
        let without = record.left_out();
        assert_eq!(without.ids, ["2".to_owned()].into());
        assert_eq!(without.kept, [("2".to_owned(), "both".to_owned())].into());

        let train = |found: &[&str]| record.difference(SplitRole::Train, &open(found), &[]);
        assert_eq!(train(&texts), None);
        let mended = ["1", "right", "on the right"].map(str::to_owned);
        assert_eq!(
            train(&["left", "on the right", "both"]),
            Some(Difference::Captions(vec![mended]))
        );
        let said = |difference: Option<Difference>| match difference {
            Some(Difference::Cases(said)) => said,
            other => panic!("{other:?}"),
        };
        assert!(said(train(&["left", "right"])).contains("`2` is not there now"));
        assert!(said(train(&["left", "right", "both", "new"])).contains("`3` was not there"));
        let too_long = [("2".to_owned(), "much longer".to_owned())];
        let now = record.difference(SplitRole::Train, &open(&["left", "right"]), &too_long);
        assert!(said(now).contains("too long now: \"much longer\", and was \"both\""));
        assert_eq!(
            Record::default().difference(SplitRole::Train, &test, &[]),
            None
        );
    }
}
