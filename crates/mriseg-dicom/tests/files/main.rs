//! Files of every kind against what pydicom reads of them (`fixtures/expected.json`), damaged files, and segmentations.

mod attributes;
mod damaged;
mod read;
mod refused;
mod segmentation;

use std::{collections::BTreeMap, path::PathBuf};

use mriseg_dicom::Study;
use serde::Deserialize;

/// What pydicom reads.
#[derive(Debug, Deserialize)]
struct Expected {
    rows: usize,
    columns: usize,
    /// Sum of the rescaled values, or of all levels of a colour.
    sum: Option<f64>,
    minimum: Option<f64>,
    maximum: Option<f64>,
    /// Column, row, and the values there.
    #[serde(default)]
    pixels: Vec<Vec<f64>>,
    /// The same through the file's own window or table, 0 to 1.
    #[serde(default)]
    levels: Vec<Vec<f64>>,
    level_sum: Option<f64>,
    #[serde(default)]
    frame_sums: Vec<f64>,
    /// The file that holds the same picture uncompressed.
    same_as: Option<String>,
    /// Levels that a lossy codec may differ by from another decoder of it.
    #[serde(default)]
    tolerance: f64,
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

fn bytes(name: &str) -> Vec<u8> {
    let path = folder().join(format!("{name}.dcm"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn opened(name: &str) -> Study {
    Study::open(bytes(name), &format!("{name}.dcm")).unwrap_or_else(|error| panic!("{error}"))
}

fn expected() -> BTreeMap<String, Expected> {
    let text = std::fs::read_to_string(folder().join("expected.json")).expect("expected.json");
    serde_json::from_str(&text).expect("expected.json has the fields of Expected")
}

/// Every fixture that is a DICOM file.
fn all() -> Vec<String> {
    let mut names: Vec<String> = (std::fs::read_dir(folder()).expect("the folder of fixtures"))
        .filter_map(|entry| {
            entry
                .ok()?
                .path()
                .file_name()?
                .to_str()?
                .strip_suffix(".dcm")
                .map(str::to_owned)
        })
        .collect();
    names.sort();
    names
}
