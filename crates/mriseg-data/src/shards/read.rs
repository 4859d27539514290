//! Reading shards.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::entries::{Group, groups};
use crate::dataset::{self, Encoded};
use crate::error::some_of;
use crate::{DataError, Sample};

/// What an entry's name says after its key.
pub(super) const MASK: &str = "mask.png";
pub(super) const LUNGS: &str = "lung.png";
pub(super) const JSON: &str = "json";
pub(super) const PICTURES: [&str; 4] = ["jpg", "jpeg", "png", "webp"];
/// Tar files are made of blocks, and end with two of zeros.
pub(super) const BLOCK: u64 = 512;

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

#[derive(Debug)]
pub(super) struct Part {
    pub(super) name: String,
    pub(super) offset: u64,
    pub(super) bytes: u64,
}

/// Whether the folder holds shards.
pub(crate) fn is_layout(dir: &Path) -> bool {
    list(dir).is_ok_and(|shards| !shards.is_empty())
}

/// The cases of a split, in the order of the shards.
pub(crate) fn open(dir: &Path, split: &str) -> Result<Vec<ShardCase>, DataError> {
    let all = list(dir)?;
    let mut shards: Vec<&Shard> = all.iter().filter(|shard| shard.split == split).collect();
    shards.sort_by_key(|shard| shard.number);
    if shards.is_empty() {
        let known: BTreeSet<&str> = all.iter().map(|shard| shard.split.as_str()).collect();
        return Err(DataError::UnknownSplit {
            path: dir.to_owned(),
            split: split.to_owned(),
            known: known.into_iter().map(str::to_owned).collect(),
        });
    }
    let mut cases = Vec::new();
    for (number, shard) in shards.iter().enumerate() {
        if shard.number != number {
            return Err(DataError::Shard {
                path: dir.join(shard_name(split, number)),
                reason: format!(
                    "is missing, but `{}` is there; copy it too, or pack the data again",
                    shard_name(split, shard.number)
                ),
            });
        }
        cases.extend(read_shard(&shard.path, number)?);
    }
    Ok(cases)
}

/// Name of a shard.
pub(super) fn shard_name(split: &str, number: usize) -> String {
    format!("{split}-{number:06}.tar")
}

struct Shard {
    path: PathBuf,
    split: String,
    number: usize,
}

/// Every shard of a folder.
fn list(dir: &Path) -> Result<Vec<Shard>, DataError> {
    let unreadable = |error: std::io::Error| DataError::Unreadable {
        path: dir.to_owned(),
        reason: error.to_string(),
    };
    let mut shards = Vec::new();
    for entry in fs::read_dir(dir).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
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

fn split_and_number(name: &str) -> Option<(&str, usize)> {
    let (split, number) = name.strip_suffix(".tar")?.rsplit_once('-')?;
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    (digits && !split.is_empty()).then_some((split, number.parse().ok()?))
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
    pub(crate) fn load(&self, id: &str) -> Result<Sample, DataError> {
        let mut file = File::open(&self.shard).map_err(|error| DataError::Unreadable {
            path: self.shard.to_path_buf(),
            reason: error.to_string(),
        })?;
        let mut part = |part: &Part| -> Result<dataset::Part, DataError> {
            Ok((self.read(&mut file, part)?, self.shard.join(&part.name)))
        };
        Encoded {
            image: part(&self.image)?,
            mask: Some(part(&self.mask)?),
            lungs: self.lungs.as_ref().map(&mut part).transpose()?,
        }
        .decode(id)
    }

    fn read(&self, file: &mut File, part: &Part) -> Result<Vec<u8>, DataError> {
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(part.offset))
            .and_then(|_| file.take(part.bytes).read_to_end(&mut bytes))
            .map_err(|error| DataError::Unreadable {
                path: self.shard.join(&part.name),
                reason: error.to_string(),
            })?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_is_known_by_its_name() {
        assert_eq!(split_and_number("train-000012.tar"), Some(("train", 12)));
        assert_eq!(split_and_number("held-out-0.tar"), Some(("held-out", 0)));
        for other in ["train.tar", "train-.tar", "-000000.tar", "train-1.tgz"] {
            assert_eq!(split_and_number(other), None, "{other}");
        }
    }
}
