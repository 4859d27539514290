//! Where the tables, pictures and masks of a data set are. The rules, whatever the data set:
//!
//! * A folder of pictures is called `img`, `Images`, …, one of masks `mask`, `labelcol`, `Ground-truths`, `GTs`, …
//! * They are in a folder for each split (`train/img`, `Train_Folder/img`, `Train Set/Images`), have such folders in
//!   them (`img/train`), or are shared by all.
//! * `captions.csv` is the table of all splits. Else a split has its own, in its folder or named like it
//!   (`train.csv`), or shares one (`Train_Val_text.xlsx`, or whatever else lies there).
//! * A shared table says in a column which split a row belongs to; without it, that whose folder holds the picture.
//! * Without any split, all is `train`.

use std::path::{Path, PathBuf};

use super::files::FileCase;
use super::listing::{Found, Listing, folder_name, paths_in};
use super::names::{find_split, fold, in_order, letters, of_picture, splits_in, standard_split};
use super::rows::{IncompleteRows, Places, Remarks, cases};
use super::table::{Row, Table};
use crate::DataError;

/// Folders by the letters of their names.
const IMAGES: [&str; 6] = ["img", "imgs", "image", "images", "picture", "pictures"];
const MASKS: [&str; 13] = [
    "mask",
    "masks",
    "label",
    "labels",
    "labelcol",
    "gt",
    "gts",
    "groundtruth",
    "groundtruths",
    "annotation",
    "annotations",
    "segmentation",
    "segmentations",
];
/// Folders of tables.
const TABLES: [&str; 4] = ["prompt", "prompts", "text", "texts"];
/// The table of all splits, without extension.
const CAPTIONS: &str = "captions";
/// The split of a data set without splits.
const ONLY: &str = "train";

/// The parts of a data set.
#[derive(Debug)]
pub(crate) struct Layout {
    dir: PathBuf,
    /// What all splits share.
    shared: Part,
    /// The folders of splits.
    parts: Vec<Part>,
}

/// What a folder directly holds.
#[derive(Debug, Default)]
struct Part {
    name: String,
    images: Vec<PathBuf>,
    masks: Vec<PathBuf>,
    tables: Vec<PathBuf>,
}

/// The table of a split.
struct Source {
    table: Table,
    /// Whether all of its rows are the split's.
    own: bool,
}

impl Layout {
    /// The layout of a folder; `None` where it is none.
    pub(crate) fn find(dir: &Path) -> Result<Option<Self>, DataError> {
        let mut shared = Part::of(dir)?;
        let mut parts = Vec::new();
        let folders: Vec<PathBuf> = paths_in(dir)?
            .into_iter()
            .filter(|path| path.is_dir())
            .collect();
        for folder in folders.iter().filter(|folder| is_called(folder, &TABLES)) {
            shared.tables.extend(Part::of(folder)?.tables);
        }
        for folder in &folders {
            let is_split = standard_split(&folder_name(folder)).is_some();
            let part = match Part::of(folder) {
                Ok(part) => part,
                Err(error) if is_split => return Err(error),
                // Nothing of the data set, such as `lost+found`.
                Err(_) => continue,
            };
            let holds_pictures = !(part.images.is_empty() && part.masks.is_empty());
            if holds_pictures && (is_split || !shared.tables.is_empty())
                || is_split && !part.tables.is_empty()
            {
                parts.push(part);
            }
        }
        if parts.is_empty() {
            parts = shared.below()?;
        }
        let is_layout = !parts.is_empty()
            || !shared.tables.is_empty() && !shared.images.is_empty()
            || shared.tables.iter().any(|table| is_captions(table));
        let dir = dir.to_owned();
        Ok(is_layout.then_some(Self { dir, shared, parts }))
    }

    /// The splits, those of standard names first.
    ///
    /// # Errors
    /// The table of all of them cannot be read.
    pub(crate) fn splits(&self) -> Result<Vec<String>, DataError> {
        let names = self.names()?;
        Ok(in_order(names.iter().map(String::as_str)))
    }

    /// The cases of a split, as its table has them.
    ///
    /// # Errors
    /// There is no such split, its table is missing, cannot be read or has no rows, or its rows are refused.
    pub(crate) fn open(
        &self,
        split: &str,
        incomplete_rows: IncompleteRows,
    ) -> Result<(Vec<FileCase>, Remarks), DataError> {
        let names = self.names()?;
        let found = find_split(split, names.iter().map(String::as_str)).map_err(|several| {
            self.broken(format!("{several:?} could each be the split \"{split}\"; ask for one of them, or rename the others"))
        })?;
        let Some(name) = found else {
            return Err(DataError::UnknownSplit {
                path: self.dir.clone(),
                split: split.to_owned(),
                known: self.splits()?,
            });
        };
        let Source { mut table, own } = self.source(name)?;
        let part = self.part(name);
        let places = self.places(part)?;
        let by_folder = !own && !table.names_splits;
        let elsewhere = if by_folder {
            self.elsewhere(part)?
        } else {
            Listing::default()
        };
        if !own && table.names_splits {
            // Such rows are refused with those of every split.
            let unassigned = table.rows.iter_mut().filter(|row| row.split.is_empty());
            unassigned.for_each(|row| row.fault = Some("an empty split".to_owned()));
        }
        let belongs = |row: &&Row| {
            let names = || of_picture(&row.name);
            if by_folder {
                places.images.find(&names()) != Found::Nothing
                    || elsewhere.find(&names()) == Found::Nothing
            } else {
                own || row.split.is_empty() || fold(&row.split) == fold(name)
            }
        };
        if !table.rows.iter().any(|row| belongs(&row)) {
            let reason = format!("has no row of {split}; add one for each of its pictures");
            return Err(DataError::Table {
                path: table.path,
                reason,
            });
        }
        let (cases, mut remarks) = cases(
            &table,
            table.rows.iter().filter(belongs),
            &places,
            incomplete_rows,
        )?;
        remarks.unused = self.unused(&table, &places.images);
        if let Some(encoding) = table.guessed {
            let path = table.path.display();
            remarks.guessed.push(format!(
                "{path} is read as {encoding}; if letters are wrong, save it as UTF-8"
            ));
        }
        Ok((cases, remarks))
    }

    /// The splits as tables and folders call them.
    fn names(&self) -> Result<Vec<String>, DataError> {
        let mut names: Vec<String> = Vec::new();
        let tables = &self.shared.tables;
        let captions: Vec<&PathBuf> = tables.iter().filter(|path| is_captions(path)).collect();
        let others: Vec<&PathBuf> = tables
            .iter()
            .filter(|path| splits_in(path).len() != 1)
            .collect();
        let shared = match (captions.is_empty(), others.is_empty()) {
            (false, _) => Some(self.only(&captions)?),
            (true, false) => self.only(&others).ok(),
            (true, true) => None,
        };
        if let Some(table) = shared.filter(|table| table.names_splits) {
            let splits = table.splits().into_iter().map(str::to_owned).collect();
            if !captions.is_empty() {
                return Ok(splits);
            }
            names = splits;
        }
        let mut add = |name: &str| {
            if find_split(name, names.iter().map(String::as_str)) == Ok(None) {
                names.push(name.to_owned());
            }
        };
        self.parts.iter().for_each(|part| add(&part.name));
        for path in &self.shared.tables {
            if let [split] = splits_in(path)[..] {
                add(split);
            }
        }
        if names.is_empty() {
            names.push(ONLY.to_owned());
        }
        Ok(names)
    }

    /// The table of a split.
    fn source(&self, split: &str) -> Result<Source, DataError> {
        let captions: Vec<&PathBuf> = self
            .shared
            .tables
            .iter()
            .filter(|path| is_captions(path))
            .collect();
        let inside: Vec<&PathBuf> = self
            .part(split)
            .iter()
            .flat_map(|part| &part.tables)
            .collect();
        let mentions = |path: &&PathBuf| {
            standard_split(split).is_some_and(|split| splits_in(path).contains(&split))
        };
        let named: Vec<&PathBuf> = self.shared.tables.iter().filter(mentions).collect();
        let own: Vec<&PathBuf> = named
            .iter()
            .filter(|path| splits_in(path).len() == 1)
            .copied()
            .collect();
        let unnamed: Vec<&PathBuf> = self
            .shared
            .tables
            .iter()
            .filter(|path| splits_in(path).is_empty())
            .collect();
        for (tables, own) in [
            (captions, false),
            (inside, true),
            (own, true),
            (named, false),
            (unnamed, false),
        ] {
            if !tables.is_empty() {
                return Ok(Source {
                    table: self.only(&tables)?,
                    own,
                });
            }
        }
        let folder = self.part(split).and_then(Part::folder);
        Err(DataError::Table {
            path: folder.unwrap_or_else(|| self.dir.clone()),
            reason: format!(
                "no table of the sentences of {split}; put {split}.csv or {split}_text.xlsx with the columns Image and Description there"
            ),
        })
    }

    /// The only table of some, or the only one that has the columns needed.
    fn only(&self, tables: &[&PathBuf]) -> Result<Table, DataError> {
        if let [one] = tables {
            return Table::read(one);
        }
        let mut read: Vec<Table> = tables
            .iter()
            .filter_map(|path| Table::read(path).ok())
            .collect();
        if read.len() == 1 {
            return Ok(read.remove(0));
        }
        let names: Vec<String> = tables
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        Err(self.broken(format!(
            "{} tables could be that of this split ({}); keep the one that is",
            tables.len(),
            names.join(", ")
        )))
    }

    fn part(&self, split: &str) -> Option<&Part> {
        let names = self.parts.iter().map(|part| part.name.as_str());
        let name = find_split(split, names).ok().flatten()?;
        self.parts.iter().find(|part| part.name == name)
    }

    /// Where pictures and masks of a split are: in its folder, else where all of them are, else in any folder.
    fn places(&self, part: Option<&Part>) -> Result<Places, DataError> {
        let listing = |kind: fn(&Part) -> &Vec<PathBuf>| {
            let own = part.map(kind).filter(|dirs| !dirs.is_empty());
            let shared = Some(kind(&self.shared)).filter(|dirs| !dirs.is_empty());
            let any = || self.parts.iter().flat_map(kind).cloned().collect();
            Listing::of(&own.or(shared).cloned().unwrap_or_else(any))
        };
        Ok(Places {
            images: listing(|part| &part.images)?,
            masks: listing(|part| &part.masks)?,
        })
    }

    /// The pictures of the other splits.
    fn elsewhere(&self, part: Option<&Part>) -> Result<Listing, DataError> {
        let others = self
            .parts
            .iter()
            .filter(|other| part.is_none_or(|part| part.name != other.name));
        let dirs: Vec<PathBuf> = others.flat_map(|part| part.images.clone()).collect();
        Listing::of(&dirs)
    }

    /// Pictures that neither the table nor another of the data set names.
    fn unused(&self, table: &Table, images: &Listing) -> Vec<PathBuf> {
        let others = self
            .shared
            .tables
            .iter()
            .filter(|path| **path != table.path);
        let others: Vec<Table> = others.filter_map(|path| Table::read(path).ok()).collect();
        let rows = others
            .iter()
            .flat_map(|table| &table.rows)
            .chain(&table.rows);
        let mut used = Vec::new();
        for row in rows {
            match images.find(&of_picture(&row.name)) {
                Found::One(path) => used.push(path),
                Found::Several(paths) => used.extend(paths),
                Found::Nothing => {}
            }
        }
        let stem = |path: &Path| path.with_extension("");
        let used: std::collections::HashSet<PathBuf> = used.into_iter().map(stem).collect();
        let unused = images.pictures().filter(|path| !used.contains(&stem(path)));
        unused.map(Path::to_owned).collect()
    }

    fn broken(&self, reason: String) -> DataError {
        DataError::Table {
            path: self.dir.clone(),
            reason,
        }
    }
}

impl Part {
    fn of(dir: &Path) -> Result<Self, DataError> {
        let mut part = Self {
            name: folder_name(dir),
            ..Self::default()
        };
        for path in paths_in(dir)? {
            if path.is_dir() {
                if is_called(&path, &IMAGES) {
                    part.images.push(path);
                } else if is_called(&path, &MASKS) {
                    part.masks.push(path);
                }
            } else if Table::is_named(&path) {
                part.tables.push(path);
            }
        }
        Ok(part)
    }

    /// The folders of splits within those of pictures and masks: `img/train` and `mask/train`, or `images/train/images`.
    fn below(&self) -> Result<Vec<Self>, DataError> {
        let mut parts: Vec<Self> = Vec::new();
        for (dirs, masks) in [(&self.images, false), (&self.masks, true)] {
            for dir in dirs {
                for folder in paths_in(dir)?.iter().filter(|path| path.is_dir()) {
                    let within = Self::of(folder)?;
                    if standard_split(&within.name).is_none() {
                        continue;
                    }
                    let part = match parts.iter_mut().find(|part| part.name == within.name) {
                        Some(part) => part,
                        None => {
                            parts.push(Self {
                                name: within.name.clone(),
                                ..Self::default()
                            });
                            parts.last_mut().expect("it was pushed")
                        }
                    };
                    if !(within.images.is_empty() && within.masks.is_empty()) {
                        part.images.extend(within.images);
                        part.masks.extend(within.masks);
                    } else if masks {
                        part.masks.push(folder.clone());
                    } else {
                        part.images.push(folder.clone());
                    }
                    part.tables.extend(within.tables);
                }
            }
        }
        Ok(parts)
    }

    fn folder(&self) -> Option<PathBuf> {
        let inside = self
            .images
            .iter()
            .chain(&self.masks)
            .chain(&self.tables)
            .next()?;
        inside.parent().map(Path::to_owned)
    }
}

fn is_called(path: &Path, names: &[&str]) -> bool {
    let name = letters(&path.file_name().unwrap_or_default().to_string_lossy());
    names.contains(&name.as_str())
}

fn is_captions(table: &Path) -> bool {
    letters(&table.file_stem().unwrap_or_default().to_string_lossy()) == CAPTIONS
}
