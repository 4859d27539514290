//! From a folder, or from the phantom generator, to a list of cases.

use std::path::Path;

use super::Dataset;
use super::entry::{Entry, Origin, cases_of_files, cases_of_shards};
use super::renderings::Renderings;
use crate::phantom::{Phantom, PhantomConfig};
use crate::readers::{listing::folder_name, lvit, qata};
use crate::{DataError, MaskRule, SideConvention, shards};

impl Dataset {
    /// Opens a split ("train", "valid" or "test") of a folder in the QaTa layout (`captions.csv`, `<split>/img`,
    /// `<split>/mask`) or the LViT layout (`Train_Folder`, `Val_Folder`, `Test_Folder`, each with `img`, `labelcol`
    /// and a `*_text.xlsx`), or of one that [`ShardWriter`](crate::ShardWriter) wrote (`<split>-000000.tar`, …).
    /// Pictures are looked for but not read. "Left" is the left of the picture until
    /// [`with_side_convention`](Self::with_side_convention) says otherwise, and masks tell by themselves what is marked
    /// until [`with_mask_rule`](Self::with_mask_rule) does.
    ///
    /// # Errors
    /// [`DataError`] when the folder, the split, the table or any file of any row is missing; all such rows are
    /// listed. A shard that is cut off or damaged is named with the entry.
    pub fn open(dir: &Path, split: &str) -> Result<Self, DataError> {
        if !dir.is_dir() {
            return Err(DataError::NoFolder {
                path: dir.to_owned(),
            });
        }
        let cases = if dir.join(qata::TABLE).is_file() {
            cases_of_files(qata::open(dir, split)?)
        } else if lvit::is_layout(dir) {
            cases_of_files(lvit::open(dir, split)?)
        } else if shards::is_layout(dir) {
            cases_of_shards(shards::open(dir, split)?)
        } else {
            return Err(DataError::UnknownLayout {
                path: dir.to_owned(),
            });
        };
        Ok(Self {
            name: folder_name(dir),
            split: split.to_owned(),
            side_convention: SideConvention::Viewer,
            mask_rules: vec![MaskRule::default()],
            cases,
            renderings: None,
        })
    }

    /// The splits of such a folder, in the order in which it names them.
    ///
    /// # Errors
    /// [`DataError`] when the folder or its table cannot be read.
    pub fn splits(dir: &Path) -> Result<Vec<String>, DataError> {
        // No folder and no file can have this name, so the answer is what there is instead.
        const NO_SPLIT: &str = "\0";
        match Self::open(dir, NO_SPLIT) {
            Err(DataError::UnknownSplit { mut known, .. }) => {
                known.retain(|split| !split.is_empty());
                Ok(known)
            }
            Err(other) => Err(other),
            Ok(_) => Ok(vec![NO_SPLIT.to_owned()]),
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
            renderings: Some(Renderings::new(config)),
        }
    }
}
