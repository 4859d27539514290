//! The files of a case.

use std::fs;
use std::path::{Path, PathBuf};

use mriseg::image::{DecodedMask, Mask, MaskRule};

use crate::encoded::{EncodedCase, NamedBytes};
use crate::{Case, DataError};

/// A row of a table whose files have been found.
#[derive(Debug)]
pub(crate) struct FileCase {
    pub(crate) id: String,
    pub(crate) text: String,
    pub(crate) files: CaseFiles,
}

/// Where a case lies on disk.
#[derive(Debug)]
pub(crate) struct CaseFiles {
    pub(crate) image: PathBuf,
    /// `None`: nothing is marked.
    pub(crate) mask: Option<PathBuf>,
    /// Mask of the lungs, of any size.
    pub(crate) lungs: Option<PathBuf>,
}

impl FileCase {
    /// Its name is that of the picture, without extension.
    pub(super) fn new(text: &str, image: &Path, mask: &Path) -> Self {
        let name = image.file_stem().unwrap_or_default();
        Self {
            id: name.to_string_lossy().into_owned(),
            text: text.to_owned(),
            files: CaseFiles {
                image: image.to_owned(),
                mask: Some(mask.to_owned()),
                lungs: None,
            },
        }
    }
}

impl CaseFiles {
    /// Lengths of the files in bytes; 0 for one that is gone.
    pub(crate) fn bytes(&self) -> impl Iterator<Item = u64> {
        let paths = std::iter::once(&self.image).chain(&self.mask);
        paths
            .chain(&self.lungs)
            .map(|file| fs::metadata(file).map_or(0, |metadata| metadata.len()))
    }

    /// Reads the case, without its sentence. `rule` says what is marked in the mask.
    ///
    /// # Errors
    /// A file is missing or no usable picture, or picture and mask differ in size.
    pub(crate) fn load(&self, id: &str, rule: &MaskRule) -> Result<Case, DataError> {
        EncodedCase {
            image: read(&self.image)?,
            mask: self.mask.as_ref().map(read).transpose()?,
            lungs: self.lungs.as_ref().map(read).transpose()?,
        }
        .decode(id, rule)
    }
    /// Reads the mask alone; `None` where nothing is marked without one.
    ///
    /// # Errors
    /// The file is missing or no usable mask.
    pub(crate) fn load_mask(&self, rule: &MaskRule) -> Result<Option<DecodedMask>, DataError> {
        let Some(mask) = &self.mask else {
            return Ok(None);
        };
        let (bytes, path) = read(mask)?;
        Ok(Some(Mask::decode_by(
            rule,
            &bytes,
            &path.to_string_lossy(),
        )?))
    }
}

fn read(path: &PathBuf) -> Result<NamedBytes, DataError> {
    let bytes = fs::read(path).map_err(DataError::unreadable(path))?;
    Ok((bytes, path.clone()))
}
