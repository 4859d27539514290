//! Bundles as folders.

use anyhow::Result;
use mriseg::bundle::{Bundle, MANIFEST, Manifest, sha256};
use std::collections::BTreeMap;
use std::path::Path;

use crate::system::{files, write_atomic, write_dir_atomic};

/// Reads a bundle folder; digests are checked when it is unpacked.
pub(crate) fn read(folder: &Path) -> Result<Bundle> {
    Ok(read_fingerprinted(folder)?.0)
}

/// The same, with the SHA-256 of its manifest's file.
pub(crate) fn read_fingerprinted(folder: &Path) -> Result<(Bundle, String)> {
    let bytes = bytes_of(folder, MANIFEST)?;
    let manifest = Manifest::parse(&bytes)?;
    let mut files = BTreeMap::new();
    for entry in manifest.files() {
        files.insert(entry.file.clone(), bytes_of(folder, &entry.file)?);
    }
    Ok((Bundle { manifest, files }, sha256(&bytes)))
}

/// Reads what a bundle says about itself.
pub(crate) fn manifest(folder: &Path) -> Result<Manifest> {
    Ok(Manifest::parse(&bytes_of(folder, MANIFEST)?)?)
}

fn bytes_of(folder: &Path, file: &str) -> Result<Vec<u8>> {
    let remedy = format!("a bundle is a folder with {MANIFEST}, made by `trainer export`");
    files::read(&folder.join(file), &remedy)
}

/// Writes a bundle to a folder that does not exist yet.
pub(crate) fn write(bundle: &Bundle, folder: &Path) -> Result<()> {
    write_dir_atomic(folder, |folder| {
        for (file, bytes) in &bundle.files {
            write_atomic(&folder.join(file), bytes)?;
        }
        write_atomic(&folder.join(MANIFEST), &bundle.manifest_bytes())
    })
}
