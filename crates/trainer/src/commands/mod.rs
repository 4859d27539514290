//! One file per subcommand.

pub(crate) mod ablate;
pub(crate) mod check;
pub(crate) mod eval;
pub(crate) mod export;
pub(crate) mod predict;
pub(crate) mod train;

use anyhow::Result;
use mriseg::bundle::{Bundle, MANIFEST, Manifest};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::atomic::{write_atomic, write_dir_atomic};
use crate::exit::data;

/// Reads a bundle folder; digests are checked when it is unpacked.
fn read_bundle(folder: &Path) -> Result<Bundle> {
    let read = |file: &str| {
        let path = folder.join(file);
        fs::read(&path).map_err(|error| {
            data(format!(
                "cannot read `{}`: {error}; a bundle is a folder with {MANIFEST}, made by `trainer export`",
                path.display()
            ))
        })
    };
    let manifest = Manifest::parse(&read(MANIFEST)?)?;
    let mut files = BTreeMap::new();
    for entry in manifest.files() {
        files.insert(entry.file.clone(), read(&entry.file)?);
    }
    Ok(Bundle { manifest, files })
}

/// Writes a bundle to a folder that does not exist yet.
pub(crate) fn write_bundle(bundle: &Bundle, folder: &Path) -> Result<()> {
    write_dir_atomic(folder, |folder| {
        for (file, bytes) in &bundle.files {
            write_atomic(&folder.join(file), bytes)?;
        }
        write_atomic(&folder.join(MANIFEST), &bundle.manifest_bytes())
    })
}

/// The command as the user typed it, without the program's path.
pub(crate) fn command_line() -> String {
    let arguments = std::env::args().skip(1).map(|argument| {
        if argument.contains(' ') {
            format!("\"{argument}\"")
        } else {
            argument
        }
    });
    std::iter::once("cargo run -p trainer --".to_owned())
        .chain(arguments)
        .collect::<Vec<_>>()
        .join(" ")
}
