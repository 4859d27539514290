//! Masks of lungs beside the cases of a data set.

use std::path::Path;

use super::Dataset;
use super::entry::{Entry, Origin};
use crate::readers::lungs::LungFolder;
use crate::{DataError, Findings, IncompleteRows};

impl Dataset {
    /// Adds the lungs that a folder in the layout of COVID-QU-Ex marks to cases of the same id, and its pictures without
    /// findings as cases of their own. Leaves out what [`Self::held_out_lungs`] gives.
    ///
    /// # Errors
    /// The folder cannot be read, or marks the lungs of no case; or these are packed data, which hold their own.
    pub fn with_lungs(mut self, folder: &Path) -> Result<Self, DataError> {
        let lungs = LungFolder::open(folder)?;
        self.add_lungs(&lungs, folder, false)?;
        self.name = format!("{} + {}", self.name, lungs.name());
        if self.cases.iter().any(Entry::has_lungs) {
            Ok(self)
        } else {
            Err(DataError::NoLungs {
                path: folder.to_owned(),
            })
        }
    }

    /// The split of packed data that holds what [`Self::held_out_lungs`] gives.
    pub const HELD_OUT_LUNGS: &str = "held-out-lungs";

    /// The part of a lung folder that training never sees the lungs of: of pictures of `split`, those in a part named
    /// `…_Val`; of pictures without findings, every fifth.
    ///
    /// # Errors
    /// As [`Self::open_with`] and [`Self::with_lungs`].
    pub fn held_out_lungs(
        dir: &Path,
        split: &str,
        folder: &Path,
        incomplete_rows: IncompleteRows,
    ) -> Result<Self, DataError> {
        let lungs = LungFolder::open(folder)?;
        let mut data = Self::open_with(dir, split, incomplete_rows)?;
        data.add_lungs(&lungs, folder, true)?;
        data.cases.retain(Entry::has_lungs);
        data.name = lungs.name().to_owned();
        Self::HELD_OUT_LUNGS.clone_into(&mut data.split);
        if data.cases.is_empty() {
            return Err(DataError::NoLungs {
                path: folder.to_owned(),
            });
        }
        Ok(data)
    }

    fn add_lungs(
        &mut self,
        lungs: &LungFolder,
        folder: &Path,
        held_out: bool,
    ) -> Result<(), DataError> {
        let packed = |case: &Entry| matches!(case.origin, Origin::Packed(_));
        if self.cases.iter().any(packed) {
            return Err(DataError::PackedLungs {
                path: folder.to_owned(),
            });
        }
        for case in &mut self.cases {
            if let Origin::Files(files) = &mut case.origin {
                files.lungs = lungs.of(&case.id, held_out).map(Path::to_owned);
            }
        }
        let pictures = self.cases.iter().map(|case| case.picture + 1);
        let numbers = pictures.max().unwrap_or(0)..;
        for (picture, (id, files)) in numbers.zip(lungs.without_findings(held_out)) {
            self.cases.push(Entry {
                id: id.to_owned(),
                text: Findings::default().to_sentence(),
                picture,
                part: 0,
                origin: Origin::Files(files),
            });
        }
        Ok(())
    }
}
