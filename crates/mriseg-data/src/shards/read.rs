//! Reads shards.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mriseg::image::MaskRule;

use super::entries::{Group, Part, groups};
use super::layout::{JSON, MASK, PICTURES, shard_name, split_and_number};
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
    /// Of the only case that has it: shard and key.
    Own(usize, String),
}

/// Where the parts of a case lie.
#[derive(Debug)]
pub(crate) struct CaseParts {
    shard: Arc<Path>,
    image: Part,
    mask: Part,
    lungs: Option<Part>,
}

/// Whether the folder holds shards.
pub(crate) fn is_layout(dir: &Path) -> bool {
    list(dir).is_ok_and(|shards| !shards.is_empty())
}

/// The splits, those of standard names first.
pub(crate) fn splits(dir: &Path) -> Result<Vec<String>, DataError> {
    let all = list(dir)?;
    Ok(in_order(names(&all)))
}

/// The cases of a split, in the order of the shards.
pub(crate) fn open(dir: &Path, split: &str) -> Result<Vec<ShardCase>, DataError> {
    let all = list(dir)?;
    let Ok(Some(name)) = find_split(split, names(&all)) else {
        return Err(DataError::UnknownSplit {
            path: dir.to_owned(),
            split: split.to_owned(),
            known: in_order(names(&all)),
        });
    };
    let mut shards: Vec<&Shard> = all.iter().filter(|shard| shard.split == name).collect();
    shards.sort_by_key(|shard| shard.number);
    let mut cases = Vec::new();
    for (number, shard) in shards.iter().enumerate() {
        if shard.number != number {
            return Err(DataError::Shard {
                path: dir.join(shard_name(name, number)),
                reason: format!(
                    "is missing, but `{}` is there; copy it too, or pack the data again",
                    shard_name(name, shard.number)
                ),
            });
        }
        cases.extend(read_shard(&shard.path, number)?);
    }
    Ok(cases)
}

struct Shard {
    path: PathBuf,
    split: String,
    number: usize,
}

fn names(shards: &[Shard]) -> BTreeSet<&str> {
    shards.iter().map(|shard| shard.split.as_str()).collect()
}

/// Every shard of a folder.
fn list(dir: &Path) -> Result<Vec<Shard>, DataError> {
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
            (group.image.is_some(), PICTURES[0]),
            (group.mask.is_some(), MASK),
            (group.description.is_some(), JSON),
        ] {
            if !there {
                lacks.push(format!("no `{key}.{part}`"));
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
                    None => PictureKey::Own(number, key),
                },
                parts: CaseParts {
                    shard: Arc::clone(&shard),
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
        parts.map(|part| part.bytes)
    }

    pub(crate) fn has_lungs(&self) -> bool {
        self.lungs.is_some()
    }

    /// Reads the case, without its sentence.
    pub(crate) fn load(&self, id: &str) -> Result<Case, DataError> {
        let mut file = File::open(&self.shard).map_err(DataError::unreadable(&self.shard))?;
        let mut part = |part: &Part| -> Result<NamedBytes, DataError> {
            Ok((self.read(&mut file, part)?, self.shard.join(&part.name)))
        };
        EncodedCase {
            image: part(&self.image)?,
            mask: Some(part(&self.mask)?),
            lungs: self.lungs.as_ref().map(&mut part).transpose()?,
        }
        .decode(id, &MaskRule::default())
    }

    fn read(&self, file: &mut File, part: &Part) -> Result<Vec<u8>, DataError> {
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(part.offset))
            .and_then(|_| file.take(part.bytes).read_to_end(&mut bytes))
            .map_err(DataError::unreadable(&self.shard.join(&part.name)))?;
        if bytes.len() as u64 == part.bytes {
            return Ok(bytes);
        }
        Err(DataError::Shard {
            path: self.shard.to_path_buf(),
            reason: format!(
                "ends within `{}`, which it did not when it was opened; copy the file again and start again",
                part.name
            ),
        })
    }
}
