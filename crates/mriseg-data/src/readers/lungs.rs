//! Masks of the lungs, in the layout of COVID-QU-Ex: parts such as `COVID-19_Train/lung/<id>.png`, whose pictures are
//! those of another data set, and `Normal_Train/{img,lung}`, which bring pictures without findings.

use std::path::Path;

use sha2::{Digest, Sha256};

use super::files::CaseFiles;
use super::listing::{Listing, folder_name, paths_in};
use crate::DataError;

/// Of pictures without findings, one in so many is held out.
const HELD_OUT: u8 = 5;

/// A folder of lung masks.
#[derive(Debug)]
pub(crate) struct LungFolder {
    name: String,
    parts: Vec<Part>,
}

#[derive(Debug)]
struct Part {
    /// Its name ends in `_Val`.
    held_out: bool,
    lungs: Listing,
    /// Pictures of its own.
    images: Listing,
}

impl LungFolder {
    pub(crate) fn open(dir: &Path) -> Result<Self, DataError> {
        let folders = paths_in(dir)?;
        let mut parts = Vec::new();
        for folder in folders.iter().filter(|folder| folder.join("lung").is_dir()) {
            parts.push(Part {
                held_out: folder.to_string_lossy().ends_with("_Val"),
                lungs: Listing::of(&[folder.join("lung")])?,
                images: Listing::of(&[folder.join("img")])?,
            });
        }
        if parts.is_empty() {
            return Err(DataError::NoLungs {
                path: dir.to_owned(),
            });
        }
        Ok(Self {
            name: folder_name(dir),
            parts,
        })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The lungs of a case of another data set, of the part that is held out or the rest.
    pub(crate) fn of(&self, id: &str, held_out: bool) -> Option<&Path> {
        let mut parts = self.parts.iter();
        parts.find_map(|part| {
            let borrows = part.images.is_empty() && part.held_out == held_out;
            borrows.then(|| part.lungs.named(id)).flatten()
        })
    }

    /// Pictures without findings that the folder brings along, by id.
    pub(crate) fn without_findings(
        &self,
        held_out: bool,
    ) -> impl Iterator<Item = (&str, CaseFiles)> {
        self.parts.iter().flat_map(move |part| {
            part.lungs.names().filter_map(move |id| {
                let apart = part.held_out || is_held_out(id);
                if apart != held_out {
                    return None;
                }
                let files = CaseFiles {
                    image: part.images.named(id)?.to_owned(),
                    mask: None,
                    lungs: part.lungs.named(id).map(Path::to_owned),
                };
                Some((id, files))
            })
        })
    }
}

/// Whether a picture belongs to the held-out fifth; depends on nothing but its id.
fn is_held_out(id: &str) -> bool {
    Sha256::digest(id)[0] % HELD_OUT == 0
}
