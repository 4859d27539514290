//! From a folder, or from the phantom generator, to a list of cases.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use super::Dataset;
use super::entry::{Entry, Numbered, Origin};
use super::renderings::Renderings;
use super::slice::Slice;
use crate::phantom::{Phantom, PhantomConfig};
use crate::readers::layout::Layout;
use crate::readers::listing::{folder_name, paths_in};
use crate::shards::{self, PictureKey};
use crate::{DataError, IncompleteRows, MaskRule, Remarks, SideConvention};

/// Folders in which a data set is looked for where it is not in the one that was given.
const LOOKED_INTO: usize = 200;

impl Dataset {
    /// Opens a split ("train", "valid" or "test") as [`open_with`](Self::open_with) does, and refuses incomplete rows.
    ///
    /// # Errors
    /// As `open_with`.
    pub fn open(dir: &Path, split: &str) -> Result<Self, DataError> {
        Self::open_with(dir, split, IncompleteRows::Refuse)
    }

    /// Opens a split, or a share of its pictures (`train[:80%]`), of a folder with a table of sentences and folders of
    /// pictures and masks, in the QaTa layout (`captions.csv`, `<split>/img`, `<split>/mask`), the LViT layout
    /// (`Train_Folder`, `Val_Folder`, `Test_Folder`, each with `img`, `labelcol` and a `*_text.xlsx`) or one between
    /// (`readers/layout` has the rules), or of one that [`ShardWriter`](crate::ShardWriter) wrote
    /// (`<split>-000000.tar`, …). Pictures are looked for but not read. "Left" is the left of the picture until
    /// [`with_side_convention`](Self::with_side_convention) says otherwise, and masks tell by themselves what is marked
    /// until [`with_mask_rule`](Self::with_mask_rule) does.
    ///
    /// # Errors
    /// [`DataError`] when the folder, the split or the table is missing, or any file of any row, unless such rows are
    /// left out; all of them are listed. A shard that is cut off or damaged is named with the entry.
    pub fn open_with(
        dir: &Path,
        split: &str,
        incomplete_rows: IncompleteRows,
    ) -> Result<Self, DataError> {
        let slice = Slice::parse(split);
        let part = slice.as_ref().map_or(split, |slice| slice.split);
        let (cases, remarks) = match Source::of(dir)? {
            Source::Files(layout) => {
                let (files, remarks) = layout.open(part, incomplete_rows)?;
                let mut numbered = Numbered::<PathBuf>::new();
                files.into_iter().for_each(|case| numbered.add(case));
                (numbered.cases, remarks)
            }
            Source::Shards => {
                let mut numbered = Numbered::<PictureKey>::new();
                shards::open(dir, part, |case| numbered.add(case))?;
                (numbered.cases, Remarks::default())
            }
        };
        let mut dataset = Self {
            name: folder_name(dir),
            split: split.to_owned(),
            side_convention: SideConvention::Viewer,
            mask_rules: vec![MaskRule::default()],
            cases,
            remarks,
            renderings: None,
        };
        if let Some(slice) = slice {
            slice.keep(&mut dataset);
            if dataset.is_empty() {
                let reason = format!("{split} is no picture of {part}; take a larger share");
                return Err(DataError::Table {
                    path: dir.to_owned(),
                    reason,
                });
            }
        }
        Ok(dataset)
    }

    /// The splits of such a folder: train, valid and test first, whatever the data set calls them.
    ///
    /// # Errors
    /// [`DataError`] when the folder or its table cannot be read.
    pub fn splits(dir: &Path) -> Result<Vec<String>, DataError> {
        match Source::of(dir)? {
            Source::Files(layout) => layout.splits(),
            Source::Shards => shards::splits(dir),
        }
    }

    /// `pictures` synthetic chests with several sentences each. Splits of different names share no picture.
    pub fn phantoms(config: &PhantomConfig, split: &str, pictures: usize) -> Self {
        let mut cases = Vec::new();
        for picture in 0..pictures {
            let phantom = Phantom::generate(config, split, picture);
            for (i, &referral) in phantom.referrals().iter().enumerate() {
                cases.push(Entry {
                    id: format!("{split}-{picture:05}-{i}"),
                    text: referral.findings.to_sentence(),
                    picture,
                    part: 0,
                    origin: Origin::Phantom(referral),
                });
            }
        }
        Self {
            name: "phantoms".to_owned(),
            split: split.to_owned(),
            side_convention: SideConvention::Viewer,
            mask_rules: vec![MaskRule::default()],
            cases,
            remarks: Remarks::default(),
            renderings: Some(Renderings::new(config)),
        }
    }
}

/// What a folder holds.
enum Source {
    Files(Layout),
    Shards,
}

impl Source {
    fn of(dir: &Path) -> Result<Self, DataError> {
        if !dir.is_dir() {
            return Err(DataError::NoFolder {
                path: dir.to_owned(),
            });
        }
        match Self::find(dir)? {
            Some(source) => Ok(source),
            None => Err(DataError::UnknownLayout {
                path: dir.to_owned(),
                found: near(dir),
            }),
        }
    }

    fn find(dir: &Path) -> Result<Option<Self>, DataError> {
        if let Some(layout) = Layout::find(dir)? {
            return Ok(Some(Self::Files(layout)));
        }
        Ok(shards::is_layout(dir).then_some(Self::Shards))
    }
}

/// Data sets in the folders below, or the one that a folder is part of.
fn near(dir: &Path) -> Vec<PathBuf> {
    let holds_data = |dir: &Path| matches!(Source::find(dir), Ok(Some(_)));
    let (mut folders, mut found) = (VecDeque::from([dir.to_owned()]), Vec::new());
    for _ in 0..LOOKED_INTO {
        let Some(folder) = folders.pop_front() else {
            break;
        };
        for below in paths_in(&folder)
            .unwrap_or_default()
            .into_iter()
            .filter(|path| path.is_dir())
        {
            if holds_data(&below) {
                found.push(below);
            } else {
                folders.push_back(below);
            }
        }
    }
    if found.is_empty()
        && let Ok(path) = dir.canonicalize()
    {
        let above = path
            .ancestors()
            .skip(1)
            .take(2)
            .find(|folder| holds_data(folder));
        found.extend(above.map(Path::to_owned));
    }
    found
}
