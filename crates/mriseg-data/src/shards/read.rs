//! Reads shards.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mriseg::image::MaskRule;

use super::entries::{Group, Part, groups};
use super::layout::{Kind, shard_name, split_and_number};
use super::share::{Share, ShareRecord};
use crate::encoded::{EncodedCase, NamedBytes};
use crate::error::some_of;
use crate::readers::listing::paths_in;
use crate::readers::names::{find_split, in_order};
use crate::{Case, DataError};

/// A case whose parts have been found.
#[derive(Debug)]
pub(crate) struct ShardCase {
    pub(crate) id: String,
    pub(crate) text: String,
    /// Cases of one picture share this.
    pub(crate) picture: PictureKey,
    pub(crate) parts: CaseParts,
}

/// What tells one picture of a split from another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum PictureKey {
    /// Of the data that were packed.
    Number(u64),
    /// Of the only case that has it: shard and place there.
    Own(usize, u64),
}

/// Where the parts of a case lie.
#[derive(Debug)]
pub(crate) struct CaseParts {
    shard: Arc<Path>,
    key: Box<str>,
    image: Part,
    mask: Part,
    lungs: Option<Part>,
}

/// Whether the folder holds shards.
pub(crate) fn is_layout(dir: &Path) -> bool {
    let is_share = |path: &PathBuf| Share::of_folder(path).is_some();
    tar_files(dir).is_ok_and(|shards| !shards.is_empty())
        || paths_in(dir).is_ok_and(|paths| paths.iter().any(is_share))
}

/// The splits, those of standard names first.
pub(crate) fn splits(dir: &Path) -> Result<Vec<String>, DataError> {
    let all = list(dir)?;
    Ok(in_order(names(&all)))
}

/// Calls `take` with the cases of a split, one after the other.
pub(crate) fn open(
    dir: &Path,
    split: &str,
    mut take: impl FnMut(ShardCase),
) -> Result<(), DataError> {
    let all = list(dir)?;
    let Ok(Some(name)) = find_split(split, names(&all)) else {
        return Err(DataError::UnknownSplit {
            path: dir.to_owned(),
            split: split.to_owned(),
            known: in_order(names(&all)),
        });
    };
    let shards = all.iter().filter(|shard| shard.split == name);
    let mut expected = (None, 0);
    for (number, shard) in shards.enumerate() {
        let folder = shard.path.parent();
        if expected.0 != folder {
            expected = (folder, 0);
        }
        if shard.number != expected.1 {
            let missing = shard_name(name, expected.1);
            return Err(DataError::Shard {
                path: folder.unwrap_or(dir).join(missing),
                reason: format!(
                    "is missing, but `{}` is there; copy it too, or pack the data again",
                    shard_name(name, shard.number)
                ),
            });
        }
        expected.1 += 1;
        read_shard(&shard.path, number)?
            .into_iter()
            .for_each(&mut take);
    }
    Ok(())
}

struct Shard {
    path: PathBuf,
    split: String,
    number: usize,
}

fn names(shards: &[Shard]) -> BTreeSet<&str> {
    shards.iter().map(|shard| shard.split.as_str()).collect()
}

/// Every shard of a data set in its order: those of a folder, or of the shares in it.
fn list(dir: &Path) -> Result<Vec<Shard>, DataError> {
    let own = tar_files(dir)?;
    let shares: Vec<PathBuf> = Share::folders(dir)?
        .into_iter()
        .map(|(_, folder)| folder)
        .collect();
    if let (Some(share), Some(shard)) = (shares.first(), own.first()) {
        return Err(DataError::Shard {
            path: share.clone(),
            reason: format!(
                "is a share of packed data, beside `{}`, which is none; keep one of the two",
                shard.path.display()
            ),
        });
    }
    ShareRecord::read_all(&shares)?;
    let of_shares = shares.iter().map(|folder| tar_files(folder));
    let of_shares = of_shares.collect::<Result<Vec<_>, _>>()?;
    Ok(of_shares.into_iter().flatten().chain(own).collect())
}

/// The shards of a folder by number.
fn tar_files(dir: &Path) -> Result<Vec<Shard>, DataError> {
    let mut shards = Vec::new();
    for path in paths_in(dir)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if let Some((split, number)) = split_and_number(&name) {
            let split = split.to_owned();
            shards.push(Shard {
                path,
                split,
                number,
            });
        }
    }
    shards.sort_by_key(|shard| shard.number);
    Ok(shards)
}

fn read_shard(path: &Path, number: usize) -> Result<Vec<ShardCase>, DataError> {
    let faulty = |reason: String| DataError::Shard {
        path: path.to_owned(),
        reason,
    };
    let groups = groups(path, faulty)?;
    let shard: Arc<Path> = path.into();
    let (mut cases, mut incomplete) = (Vec::new(), Vec::new());
    for group in groups {
        let key = &group.key;
        let mut lacks = Vec::new();
        for (there, part) in [
            (group.image.is_some(), Kind::Jpg),
            (group.mask.is_some(), Kind::Mask),
            (group.description.is_some(), Kind::Json),
        ] {
            if !there {
                lacks.push(format!("no `{key}.{}`", part.name()));
            }
        }
        match group {
            Group {
                key,
                description: Some(description),
                image: Some(image),
                mask: Some(mask),
                lungs,
            } => cases.push(ShardCase {
                id: description.id,
                text: description.text,
                picture: match description.picture {
                    Some(picture) => PictureKey::Number(picture),
                    None => PictureKey::Own(number, image.offset),
                },
                parts: CaseParts {
                    shard: Arc::clone(&shard),
                    key: key.into(),
                    image,
                    mask,
                    lungs,
                },
            }),
            _ => incomplete.push(lacks.join(", ")),
        }
    }
    if !incomplete.is_empty() {
        return Err(faulty(format!(
            "{} without all of their parts; pack the data again:{}",
            match incomplete.len() {
                1 => "1 case is".to_owned(),
                cases => format!("{cases} cases are"),
            },
            some_of(&incomplete)
        )));
    }
    Ok(cases)
}

impl CaseParts {
    /// Lengths of the parts as they are stored.
    pub(crate) fn bytes(&self) -> impl Iterator<Item = u64> {
        let parts = [&self.image, &self.mask].into_iter().chain(&self.lungs);
        parts.map(|part| part.bytes.into())
    }

    pub(crate) fn has_lungs(&self) -> bool {
        self.lungs.is_some()
    }

    /// Reads the case, without its sentence.
    pub(crate) fn load(&self, id: &str) -> Result<Case, DataError> {
        let mut file = File::open(&self.shard).map_err(DataError::unreadable(&self.shard))?;
        let mut part = |part: &Part| -> Result<NamedBytes, DataError> {
            let path = self.shard.join(self.name(part));
            Ok((self.read(&mut file, part)?, path))
        };
        EncodedCase {
            image: part(&self.image)?,
            mask: Some(part(&self.mask)?),
            lungs: self.lungs.as_ref().map(&mut part).transpose()?,
        }
        .decode(id, &MaskRule::default())
    }

    /// Name of a part, for people.
    fn name(&self, part: &Part) -> String {
        format!("{}.{}", self.key, part.kind.name())
    }

    fn read(&self, file: &mut File, part: &Part) -> Result<Vec<u8>, DataError> {
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(part.offset))
            .and_then(|_| file.take(part.bytes.into()).read_to_end(&mut bytes))
            .map_err(DataError::unreadable(&self.shard.join(self.name(part))))?;
        if bytes.len() == part.bytes as usize {
            return Ok(bytes);
        }
        Err(DataError::Shard {
            path: self.shard.to_path_buf(),
            reason: format!(
                "ends within `{}`, which it did not when it was opened; copy the file again and start again",
                self.name(part)
            ),
        })
    }
}
