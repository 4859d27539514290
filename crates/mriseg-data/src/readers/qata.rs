//! The QaTa layout: `captions.csv` with the columns split, id and caption beside `<split>/img` and `<split>/mask`.

use std::path::Path;

use super::files::FileCase;
use super::listing::Listing;
use crate::DataError;

/// The table of sentences.
pub(crate) const TABLE: &str = "captions.csv";

/// The cases of a split.
///
/// # Errors
/// The table cannot be read, has no such split, or a row of the split lacks a file or its caption.
pub(crate) fn open(dir: &Path, split: &str) -> Result<Vec<FileCase>, DataError> {
    let path = dir.join(TABLE);
    let broken = |reason: String| DataError::Table {
        path: path.clone(),
        reason,
    };
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_path(&path)
        .map_err(|error| broken(format!("cannot be read ({error})")))?;
    let headers = reader
        .headers()
        .map_err(|error| broken(format!("cannot be read ({error})")))?
        .clone();
    let column = |name: &str| {
        headers.iter().position(|header| header.trim_start_matches('\u{feff}') == name).ok_or_else(|| {
            let found: Vec<&str> = headers.iter().collect();
            broken(format!("no column \"{name}\" among {found:?}; the first line must name split, id and caption"))
        })
    };
    let (split_column, id_column, caption_column) =
        (column("split")?, column("id")?, column("caption")?);

    let images = Listing::of(&dir.join(split).join("img"))?;
    let masks = Listing::of(&dir.join(split).join("mask"))?;
    let (mut cases, mut faulty, mut splits) = (Vec::new(), Vec::new(), Vec::new());
    for record in reader.records() {
        let record =
            record.map_err(|error| broken(format!("cannot be read ({error}); mend that line")))?;
        let found = &record[split_column];
        if !splits.iter().any(|known| known == found) {
            splits.push(found.to_owned());
        }
        if found != split {
            continue;
        }
        let (id, text) = (&record[id_column], &record[caption_column]);
        let mut lacks = Vec::new();
        if text.is_empty() {
            lacks.push("an empty caption".to_owned());
        }
        for (what, listing) in [("picture", &images), ("mask", &masks)] {
            if listing.find(id).is_none() {
                lacks.push(format!(
                    "no {what} {}.(webp|png|jpg|jpeg)",
                    listing.dir().join(id).display()
                ));
            }
        }
        match (images.find(id), masks.find(id)) {
            (Some(image), Some(mask)) if lacks.is_empty() => {
                cases.push(FileCase::new(id, text, image, mask));
            }
            _ => {
                let line = record.position().map_or(0, csv::Position::line);
                faulty.push(format!("line {line}, id \"{id}\": {}", lacks.join(", ")));
            }
        }
    }
    if !splits.iter().any(|known| known == split) {
        return Err(DataError::UnknownSplit {
            path: dir.to_owned(),
            split: split.to_owned(),
            known: splits,
        });
    }
    if !faulty.is_empty() {
        return Err(DataError::Rows { path, rows: faulty });
    }
    Ok(cases)
}
