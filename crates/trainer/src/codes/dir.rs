//! Codes of pictures and masks on disk, made once by `trainer tokenize`: `codes.json`, which says what they are of,
//! beside shards of a few pictures each. A shard is listed when it is complete, so that tokenizing goes on where it
//! stopped, and read only when its digest is right. Where many processes made a share of the codes each, the folder holds
//! theirs, `shard-0-of-4` and so on.

use anyhow::{Context, Result};
use mriseg::bundle::{FileEntry, sha256};
use mriseg_data::Dataset;
use mriseg_data::shards::Share;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::origin::Origin;
use super::set::CodedCases;
use super::shard::Shard;
use crate::config::SplitRole;
use crate::system::exit::data;
use crate::system::lock::{is_occupied, sweep};
use crate::system::{FolderLock, create_folder, usage, write_atomic};

const INDEX: &str = "codes.json";
const FORMAT_VERSION: u32 = 1;
/// Context of errors.
const WRITING: &str = "writing codes into the folder that emu3.codes names";

/// Contents of `codes.json`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Index {
    format_version: u32,
    origin: Origin,
    /// Codes of a mask without foreground.
    empty: Vec<u16>,
    /// Complete shards.
    shards: Vec<FileEntry>,
}

/// A folder of codes.
#[derive(Debug)]
pub(crate) struct CodesDir {
    path: PathBuf,
    /// The names of files lead from `path` to them.
    index: Index,
    /// Held by whoever adds to it.
    _lock: Option<FolderLock>,
}

impl CodesDir {
    /// Refuses a folder that codes, or a share of them, cannot be added to. Gives the folder that they go to.
    ///
    /// # Errors
    /// It holds other files, or codes that were shared out in another way.
    pub(crate) fn must_be_possible(path: &Path, share: Option<Share>) -> Result<PathBuf> {
        let refuse = |problem: &str| {
            Err(usage(format!(
                "emu3.codes = `{}`: the folder holds {problem}; name one that is empty or does not exist",
                path.display()
            )))
        };
        let is_codes = path.join(INDEX).is_file();
        let Some(share) = share else {
            if is_occupied(path) && !is_codes {
                return refuse("other files");
            }
            return Ok(path.to_owned());
        };
        if is_codes {
            return refuse("codes that were made without --shard");
        }
        let entries = fs::read_dir(path).into_iter().flatten().flatten();
        let others = entries.filter_map(|entry| Share::of_folder(&entry.path()));
        if let Some(other) = others.into_iter().find(|other| !share.is_beside(*other)) {
            return refuse(&format!("shard {other}, beside which there is no {share}"));
        }
        Ok(path.join(share.folder_name()))
    }

    /// Opens a folder that holds, or will hold, the codes of `origin`, or a share of them; `empty` gives those of an empty
    /// mask.
    ///
    /// # Errors
    /// The folder holds codes of something else, or cannot be read or written.
    pub(crate) fn begin(
        path: &Path,
        share: Option<Share>,
        origin: Origin,
        empty: impl FnOnce() -> Result<Vec<u16>>,
    ) -> Result<Self> {
        let path = &Self::must_be_possible(path, share)?;
        create_folder(path).context(WRITING)?;
        let lock = Some(FolderLock::take(path)?);
        sweep(path);
        if path.join(INDEX).is_file() {
            return Ok(Self {
                _lock: lock,
                ..Self::open_one(path, &origin)?
            });
        }
        let folder = Self {
            path: path.to_owned(),
            index: Index {
                format_version: FORMAT_VERSION,
                origin,
                empty: empty()?,
                shards: Vec::new(),
            },
            _lock: lock,
        };
        folder.save_index()?;
        Ok(folder)
    }

    /// Opens the folder of the codes of `origin`, in one or in shares.
    ///
    /// # Errors
    /// There is none, it cannot be read, a share is missing, or one holds codes of something else.
    pub(crate) fn open(path: &Path, origin: &Origin) -> Result<Self> {
        let shares = match path.is_dir() && !path.join(INDEX).is_file() {
            true => Share::folders(path).map_err(|error| data(error.to_string()))?,
            false => Vec::new(),
        };
        let mut shares = shares.into_iter();
        let Some((_, first)) = shares.next() else {
            return Self::open_one(path, origin);
        };
        let mut all = Self::open_one(&first, origin)?.called_from(path);
        for (_, folder) in shares {
            let Index { empty, shards, .. } =
                Self::open_one(&folder, origin)?.called_from(path).index;
            if empty != all.index.empty {
                return Err(data(format!(
                    "`{}` has other codes of an empty mask than `{}`: make the codes of all shards on devices of one kind",
                    folder.display(),
                    first.display()
                )));
            }
            all.index.shards.extend(shards);
        }
        Ok(all)
    }

    /// The same files as they are called from the folder above.
    fn called_from(mut self, above: &Path) -> Self {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        for entry in &mut self.index.shards {
            entry.file = format!("{name}/{}", entry.file);
        }
        above.clone_into(&mut self.path);
        self
    }

    fn open_one(path: &Path, origin: &Origin) -> Result<Self> {
        let file = path.join(INDEX);
        let bytes = fs::read(&file).map_err(|error| {
            usage(format!(
                "emu3.codes: cannot read `{}`: {error}; `trainer tokenize` with the same --config, --data and --set writes it",
                file.display()
            ))
        })?;
        let index: Index = serde_json::from_slice(&bytes).map_err(|error| {
            data(format!(
                "`{}`: {error}; remove the folder and run `trainer tokenize` again",
                file.display()
            ))
        })?;
        if index.format_version != FORMAT_VERSION {
            return Err(data(format!(
                "`{}` has format version {}, this build reads {FORMAT_VERSION}: run `trainer tokenize` into another folder",
                file.display(),
                index.format_version
            )));
        }
        let stored = &index.origin;
        let enough = origin.with_extras_of(stored);
        if *stored != enough {
            return Err(usage(format!(
                "emu3.codes = `{}` holds codes of {}; name another folder and run `trainer tokenize`, or change the settings back",
                path.display(),
                stored.difference(&enough)
            )));
        }
        let codes = stored.codebook_size();
        if index.empty.len() != stored.cells() || index.empty.iter().any(|&c| c as usize >= codes) {
            return Err(data(format!(
                "`{}`: `empty` is not a mask of {} codes below {codes}; remove the folder and run `trainer tokenize` again",
                file.display(),
                stored.cells()
            )));
        }
        Ok(Self {
            path: path.to_owned(),
            index,
            _lock: None,
        })
    }

    /// What its codes are of.
    pub(crate) fn origin(&self) -> &Origin {
        &self.index.origin
    }

    /// Codes of a mask without foreground.
    pub(crate) fn empty(&self) -> &[u16] {
        &self.index.empty
    }

    /// Number and length of all files.
    pub(crate) fn files_and_bytes(&self) -> (usize, u64) {
        let shards = &self.index.shards;
        (shards.len(), shards.iter().map(|entry| entry.bytes).sum())
    }

    /// Whether a shard is complete.
    pub(crate) fn has(&self, role: SplitRole, number: usize) -> bool {
        let name = file_name(role, number);
        self.index.shards.iter().any(|entry| {
            let there = || fs::metadata(self.path.join(&name)).map(|file| file.len());
            entry.file == name && there().is_ok_and(|bytes| bytes == entry.bytes)
        })
    }

    /// Adds a shard.
    ///
    /// # Errors
    /// A file cannot be written.
    pub(crate) fn add(&mut self, role: SplitRole, number: usize, shard: &Shard) -> Result<()> {
        let file = file_name(role, number);
        let bytes = shard.to_bytes(self.index.origin.cells())?;
        write_atomic(&self.path.join(&file), &bytes).context(WRITING)?;
        let shards = &mut self.index.shards;
        shards.retain(|entry| entry.file != file);
        shards.push(FileEntry {
            bytes: bytes.len() as u64,
            sha256: sha256(&bytes),
            file,
        });
        self.save_index()
    }

    /// The codes of the first `needed` cases of a split.
    ///
    /// # Errors
    /// Some are missing, or a file is damaged.
    pub(crate) fn read(
        &self,
        role: SplitRole,
        dataset: &Dataset,
        needed: usize,
    ) -> Result<CodedCases> {
        let origin = self.origin();
        let stored = origin.stored_as(role);
        let mut cases = CodedCases::new(
            dataset.len(),
            origin.cells(),
            origin.variants(stored),
            self.index.empty.clone(),
        );
        for number in 0..shards_of(dataset, needed).len() {
            let name = file_name(stored, number);
            let named = |entry: &&FileEntry| entry.file.rsplit('/').next() == Some(&name);
            let entry = (self.index.shards.iter().find(named))
                .ok_or_else(|| {
                    usage(format!(
                        "emu3.codes = `{}` lacks codes of the {} cases: `trainer tokenize` with the same --config, --data and --set goes on where it stopped",
                        self.path.display(),
                        role.name()
                    ))
                })?;
            let path = self.path.join(&entry.file);
            let damaged = |reason: String| {
                data(format!(
                    "`{}`: {reason}; remove the file and run `trainer tokenize` again",
                    path.display()
                ))
            };
            let bytes = fs::read(&path).map_err(|error| damaged(error.to_string()))?;
            if sha256(&bytes) != entry.sha256 {
                return Err(damaged("damaged, its SHA-256 is another one".to_owned()));
            }
            let shard = Shard::from_bytes(&bytes).map_err(damaged)?;
            cases.add(shard).map_err(damaged)?;
        }
        Ok(cases)
    }

    fn save_index(&self) -> Result<()> {
        let json = serde_json::to_vec_pretty(&self.index)?;
        write_atomic(&self.path.join(INDEX), &json).context(WRITING)
    }
}

fn file_name(role: SplitRole, number: usize) -> String {
    format!("{}-{number:05}.safetensors", role.name())
}

/// The cases of every shard that the first `needed` cases lie in. Cases of a picture are together.
pub(crate) fn shards_of(dataset: &Dataset, needed: usize) -> Vec<Vec<usize>> {
    const PICTURES: usize = 8;
    let mut cases: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for case in 0..dataset.len() {
        cases.entry(dataset.picture(case)).or_default().push(case);
    }
    let last = (0..needed.min(dataset.len()))
        .map(|case| dataset.picture(case))
        .max();
    let pictures = last.map_or(0, |last| cases.range(..=last).count());
    let cases: Vec<Vec<usize>> = cases.into_values().collect();
    cases
        .chunks(PICTURES)
        .take(pictures.div_ceil(PICTURES))
        .map(<[Vec<usize>]>::concat)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use mriseg_data::PhantomConfig;
    use std::collections::BTreeSet;

    #[test]
    fn a_shard_holds_all_sentences_of_its_pictures_and_only_needed_pictures_have_one() {
        let phantoms = || Dataset::phantoms(&PhantomConfig::default(), "train", 20);
        let dataset = phantoms();
        let all = shards_of(&dataset, dataset.len());
        assert_eq!(all.concat(), (0..dataset.len()).collect::<Vec<_>>());
        let pictures = |cases: &[usize]| -> BTreeSet<usize> {
            cases.iter().map(|&case| dataset.picture(case)).collect()
        };
        assert_eq!(pictures(&all[0]), (0..8).collect());
        assert_eq!(pictures(&all[2]), (16..20).collect());
        assert!(all[0].len() > 8, "several sentences per picture");

        let first_of_second = all[1][0];
        assert_eq!(shards_of(&dataset, first_of_second), all[..1]);
        assert_eq!(shards_of(&dataset, first_of_second + 1), all[..2]);

        let mut thinned = phantoms();
        thinned.thin(7);
        let shards = shards_of(&thinned, usize::MAX);
        assert_eq!(shards.concat(), (0..7).collect::<Vec<_>>());
    }
}
