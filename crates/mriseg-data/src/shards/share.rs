//! A share of a work that is split over many processes, as any scheduler starts them: which one it is, what the folder of
//! its results says of it, and whether the folders of all shares belong together.

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::DataError;
use crate::readers::listing::paths_in;

/// One of `count` shares, counted from 0: `0/4` to `3/4`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Share {
    index: usize,
    count: usize,
}

impl Share {
    const FOLDER: &str = "shard";

    /// The parts of a list of `length` that belong to it: the shares are consecutive, and differ by one part at most.
    pub fn range(self, length: usize) -> Range<usize> {
        let end = |share: usize| share * length / self.count;
        end(self.index)..end(self.index + 1)
    }

    /// Whether part `number` of a list belongs to it, where they take turns.
    pub fn takes(self, number: usize) -> bool {
        number % self.count == self.index
    }

    /// Whether both are shares of as many.
    pub fn is_beside(self, other: Self) -> bool {
        self.count == other.count
    }

    /// Name of its folder among those of all.
    pub fn folder_name(self) -> String {
        format!("{}-{}-of-{}", Self::FOLDER, self.index, self.count)
    }

    /// All shares.
    pub fn all(self) -> impl Iterator<Item = Self> + Clone {
        (0..self.count).map(move |index| Self { index, ..self })
    }

    /// The share that a folder is named after, if it is one.
    pub fn of_folder(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?.strip_prefix(Self::FOLDER)?;
        let (index, count) = name.strip_prefix('-')?.split_once("-of-")?;
        let share = format!("{index}/{count}").parse().ok()?;
        path.is_dir().then_some(share)
    }

    /// The folders of shares in `dir`, in their order, of which none is missing; none where there is no such folder.
    ///
    /// # Errors
    /// One is missing, they are shares of different numbers, or the folder cannot be read.
    pub fn folders(dir: &Path) -> Result<Vec<(Self, PathBuf)>, DataError> {
        let paths = paths_in(dir)?.into_iter();
        let mut found: Vec<(Self, PathBuf)> = paths
            .filter_map(|path| Some((Self::of_folder(&path)?, path)))
            .collect();
        found.sort();
        complete(&found, |missing| dir.join(missing.folder_name()))?;
        Ok(found)
    }
}

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = text
            .split_once('/')
            .and_then(|(index, count)| Some((index.parse().ok()?, count.parse().ok()?)));
        match numbers {
            None | Some((_, 0)) => Err(
                "must be INDEX/COUNT, counted from 0, such as 0/4 for the first of four".to_owned(),
            ),
            Some((index, count)) if index >= count => Err(format!(
                "shards are counted from 0, so the last of {count} is {}/{count}; where a scheduler counts from 1, take one off its number",
                count - 1
            )),
            Some((index, count)) => Ok(Self { index, count }),
        }
    }
}

impl Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

impl TryFrom<String> for Share {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Share> for String {
    fn from(share: Share) -> Self {
        share.to_string()
    }
}

/// What the shares of a work have in common, by name.
pub type Settings = BTreeMap<String, String>;

/// Contents of `shard.json` in the folder of a share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShareRecord {
    /// Which share it is.
    pub shard: Share,
    /// What it has in common with the others.
    pub settings: Settings,
    /// Its files.
    pub files: Vec<ShareFile>,
}

/// A file of a share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShareFile {
    /// Its name in the folder.
    pub file: String,
    /// Cases in it.
    pub cases: usize,
    /// Its length.
    pub bytes: u64,
}

impl ShareRecord {
    /// Name of its file.
    pub const FILE: &str = "shard.json";

    /// The file.
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec_pretty(self).expect("texts and numbers are plain data")
    }

    /// The record in a folder, whose files are there as it says.
    ///
    /// # Errors
    /// It cannot be read, or a file is missing or has another length.
    pub fn read(folder: &Path) -> Result<Self, DataError> {
        let path = folder.join(Self::FILE);
        let bytes = fs::read(&path).map_err(DataError::unreadable(&path))?;
        let record: Self = serde_json::from_slice(&bytes).map_err(|error| {
            faulty(&path, format!("is no record of a shard ({error}); {AGAIN}"))
        })?;
        for ShareFile { file, bytes, .. } in &record.files {
            let path = folder.join(file);
            let found = fs::metadata(&path).map_err(DataError::unreadable(&path))?;
            if found.len() != *bytes {
                let reason = format!(
                    "has {} bytes, and `{}` says {bytes}; copy the folder again, or {AGAIN}",
                    found.len(),
                    Self::FILE
                );
                return Err(faulty(&path, reason));
            }
        }
        Ok(record)
    }

    /// The records of some folders in the order of their shares: all of one work, none missing.
    ///
    /// # Errors
    /// One cannot be read, is there twice, is missing, or belongs to another work: names the folder and what differs.
    pub fn read_all(folders: &[PathBuf]) -> Result<Vec<(PathBuf, Self)>, DataError> {
        let mut records = folders
            .iter()
            .map(|folder| Ok((folder.clone(), Self::read(folder)?)))
            .collect::<Result<Vec<_>, DataError>>()?;
        records.sort_by_key(|(_, record)| record.shard);
        if let Some((first, of_first)) = records.first() {
            for (folder, record) in &records {
                record.refuse_others(folder, &of_first.settings, &first.display())?;
            }
        }
        let found: Vec<(Share, PathBuf)> = records
            .iter()
            .map(|(folder, record)| (record.shard, folder.clone()))
            .collect();
        complete(&found, |missing| PathBuf::from(format!("shard {missing}")))?;
        Ok(records)
    }

    /// Refuses a share that was made with other settings than those of `whose`.
    ///
    /// # Errors
    /// Names `folder` and the first setting that differs.
    pub fn refuse_others(
        &self,
        folder: &Path,
        settings: &Settings,
        whose: &impl Display,
    ) -> Result<(), DataError> {
        let names = self.settings.keys().chain(settings.keys());
        let of = |settings: &Settings, name: &String| match settings.get(name) {
            Some(value) => format!("`{value}`"),
            None => "none".to_owned(),
        };
        let differing = names
            .map(|name| (name, of(&self.settings, name), of(settings, name)))
            .find(|(_, own, other)| own != other);
        match differing {
            None => Ok(()),
            Some((name, own, other)) => Err(faulty(
                folder,
                format!(
                    "shard {} was made with {name} {own}, and {whose} with {other}; {AGAIN}",
                    self.shard
                ),
            )),
        }
    }
}

const AGAIN: &str = "make this shard again with the options of the others";

fn faulty(path: &Path, reason: String) -> DataError {
    DataError::Shard {
        path: path.to_owned(),
        reason,
    }
}

/// Refuses shares, in their order, of which one is missing or there twice, or that are of different numbers; `at` says where
/// a missing one should be.
fn complete(found: &[(Share, PathBuf)], at: impl Fn(Share) -> PathBuf) -> Result<(), DataError> {
    let Some((first, _)) = found.first() else {
        return Ok(());
    };
    if let Some((other, path)) = found.iter().find(|(share, _)| share.count != first.count) {
        let reason = format!(
            "is shard {other}, and another one is {first}: shards of {} and of {} do not go together; remove those that are wrong",
            other.count, first.count
        );
        return Err(faulty(path, reason));
    }
    if let Some([(share, one), (_, other)]) = found.array_windows().find(|[a, b]| a.0 == b.0) {
        let reason = format!(
            "is shard {share}, as `{}` is; name each once",
            one.display()
        );
        return Err(faulty(other, reason));
    }
    let missing = first
        .all()
        .find(|share| found.iter().all(|(there, _)| there != share));
    match missing {
        None => Ok(()),
        Some(share) => Err(faulty(
            &at(share),
            format!("is missing: the same command with --shard {share} makes it"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(text: &str) -> Share {
        text.parse().unwrap()
    }

    #[test]
    fn shares_are_counted_from_zero_and_cover_a_list_once() {
        for wrong in ["", "1", "a/2", "0/0", "-1/2", "1/2/3"] {
            let said = wrong.parse::<Share>().unwrap_err();
            assert!(said.contains("0/4 for the first of four"), "{said}");
        }
        let said = "3/3".parse::<Share>().unwrap_err();
        assert!(said.contains("the last of 3 is 2/3"), "{said}");
        assert_eq!(share("1/3").to_string(), "1/3");
        for length in [0, 1, 2, 7, 100] {
            let parts = share("0/3").all().map(|share| share.range(length));
            let all: Vec<usize> = parts.clone().flatten().collect();
            assert_eq!(all, (0..length).collect::<Vec<_>>());
            assert!(
                parts
                    .map(|part| part.len())
                    .all(|n| n.abs_diff(length / 3) <= 1)
            );
        }
        assert!(share("1/3").takes(7) && !share("0/3").takes(7));
    }

    fn record(dir: &Path, text: &str, size: &str) -> PathBuf {
        let folder = dir.join(share(text).folder_name());
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("a"), b"123").unwrap();
        let file = ShareFile {
            file: "a".to_owned(),
            cases: 1,
            bytes: 3,
        };
        let record = ShareRecord {
            shard: share(text),
            settings: [("--size".to_owned(), size.to_owned())].into(),
            files: vec![file],
        };
        fs::write(folder.join(ShareRecord::FILE), record.to_json()).unwrap();
        folder
    }

    #[test]
    fn shares_of_one_work_go_together_and_others_are_named() {
        let root = tempfile::tempdir().unwrap();
        assert!(Share::folders(root.path()).unwrap().is_empty());
        let [last, first] = ["2/3", "0/3"].map(|text| record(root.path(), text, "8"));
        let said = |folders: &[PathBuf]| ShareRecord::read_all(folders).unwrap_err().to_string();
        let missing = said(&[last.clone(), first.clone()]);
        assert!(missing.contains("shard 1/3: is missing"), "{missing}");
        let missing = Share::folders(root.path()).unwrap_err().to_string();
        assert!(missing.contains("shard-1-of-3"), "{missing}");

        let other = record(root.path(), "1/3", "9");
        let all = [last.clone(), first.clone(), other.clone()];
        let said_other = said(&all);
        assert!(said_other.contains("shard-1-of-3"), "{said_other}");
        assert!(said_other.contains("--size `9`"), "{said_other}");
        record(root.path(), "1/3", "8");
        let read = ShareRecord::read_all(&all).unwrap();
        let order: Vec<&PathBuf> = read.iter().map(|(folder, _)| folder).collect();
        assert_eq!(order, [&first, &other, &last]);
        assert_eq!(Share::folders(root.path()).unwrap().len(), 3);

        let twice = said(&[last.clone(), first.clone(), other.clone(), other.clone()]);
        assert!(twice.contains("name each once"), "{twice}");
        let of_four = record(root.path(), "3/4", "8");
        let counts = said(&[first.clone(), of_four.clone()]);
        assert!(counts.contains("of 4 and of 3"), "{counts}");
        fs::write(of_four.join("a"), b"12").unwrap();
        let cut = said(&[of_four]);
        assert!(cut.contains("has 2 bytes"), "{cut}");
    }
}
