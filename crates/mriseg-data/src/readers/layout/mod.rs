//! Where the tables, pictures and masks of a data set are. The rules, whatever the data set:
//!
//! * A folder of pictures is called `img`, `Images`, …, one of masks `mask`, `labelcol`, `Ground-truths`, `GTs`, …
//! * They are in a folder for each split (`train/img`, `Train_Folder/img`, `Train Set/Images`), have such folders in
//!   them (`img/train`), or are shared by all.
//! * `captions.csv` is the table of all splits. Else a split has its own, in its folder or named like it
//!   (`train.csv`), or shares one (`Train_Val_text.xlsx`, or whatever else lies there).
//! * A column says which split a row belongs to; without it, in a shared table, that whose folder holds the picture.
//! * Without any split, all is `train`.

mod part;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::files::FileCase;
use super::listing::{Found, Listing, paths_in};
use super::names::{
    find_split, fold, folder_and_name, in_order, of_picture, splits_in, standard_split,
};
use super::rows::{IncompleteRows, Places, Remarks, cases};
use super::table::{Row, Table};
use crate::DataError;
use part::Part;

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
        let folders = paths_in(dir)?.into_iter().filter(|path| path.is_dir());
        let folders: Vec<PathBuf> = folders.collect();
        for folder in folders.iter().filter(|folder| part::holds_tables(folder)) {
            shared.tables.extend(Part::of(folder)?.tables);
        }
        let mut parts = Vec::new();
        for folder in &folders {
            match Part::of(folder) {
                Ok(part) if part.is_split() => parts.push(part),
                // A split of another name, if a table says so.
                Ok(part) if part.holds_pictures() && !shared.tables.is_empty() => parts.push(part),
                Err(error) if part::is_split(folder) => return Err(error),
                // Nothing of the data set, such as `lost+found`.
                Ok(_) | Err(_) => {}
            }
        }
        if parts.is_empty() {
            parts = shared.below()?;
        }
        let has_pictures = shared.holds_pictures() || parts.iter().any(Part::holds_pictures);
        let has_tables = !(shared.tables.is_empty() && parts.is_empty());
        let is_layout = has_pictures && has_tables || !shared.captions().is_empty();
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
        let Some(name) = self.one(split, names.iter().map(String::as_str))? else {
            return Err(DataError::UnknownSplit {
                path: self.dir.clone(),
                split: split.to_owned(),
                known: self.splits()?,
            });
        };
        let part = self.part(name)?;
        let Source { mut table, own } = self.source(name, part)?;
        let places = self.places(part)?;
        if !own && table.names_splits {
            // Such rows are refused with those of every split.
            let unassigned = table.rows.iter_mut().filter(|row| row.split.is_empty());
            unassigned.for_each(|row| row.fault = Some("an empty split".to_owned()));
        } else if !own {
            self.assign(&mut table, name, &places, &self.elsewhere(part)?);
        }
        let belongs = |row: &&Row| own || row.split.is_empty() || is_same_split(&row.split, name);
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

    /// Says to which split rows belong by where their pictures are; those that are nowhere are of every split.
    fn assign(&self, table: &mut Table, split: &str, places: &Places, elsewhere: &Listing) {
        const OTHER: &str = "elsewhere";
        for row in &mut table.rows {
            let folders: Vec<String> = folder_and_name(&row.name)
                .0
                .split(['/', '\\'])
                .map(fold)
                .collect();
            let said = self
                .parts
                .iter()
                .find(|part| folders.contains(&fold(&part.name)));
            if let Some(part) = said {
                row.split.clone_from(&part.name);
                continue;
            }
            let names = of_picture(&row.name);
            let there = |listing: &Listing| listing.find(&names) != Found::Nothing;
            row.split = match (there(&places.images), there(elsewhere)) {
                (true, false) => split.to_owned(),
                (false, true) => OTHER.to_owned(),
                (false, false) => String::new(),
                (true, true) => {
                    row.fault = Some(
                        "its picture may be that of several splits; give each a table of its own"
                            .to_owned(),
                    );
                    String::new()
                }
            };
        }
    }

    /// The splits as tables and folders call them.
    fn names(&self) -> Result<Vec<String>, DataError> {
        let captions = self.shared.captions();
        let others = self.tables(|splits| splits.len() != 1);
        let shared = match (captions.is_empty(), others.is_empty()) {
            (false, _) => Some(self.only(&captions)?),
            (true, false) => self.only(&others).ok(),
            (true, true) => None,
        };
        let mut names = Vec::new();
        if let Some(table) = shared.filter(|table| table.names_splits) {
            names.extend(table.splits().into_iter().map(str::to_owned));
            if !captions.is_empty() {
                return Ok(names);
            }
        }
        let own = self.tables(|splits| splits.len() == 1);
        let own = own.into_iter().flat_map(|path| splits_in(path));
        let divided = self.divided();
        let divided = divided.iter().flat_map(Table::splits);
        for name in (self.parts.iter().map(|part| part.name.as_str()))
            .chain(own)
            .chain(divided)
        {
            if find_split(name, names.iter().map(String::as_str)) == Ok(None) {
                names.push(name.to_owned());
            }
        }
        if names.is_empty() {
            names.push(ONLY.to_owned());
        }
        Ok(names)
    }

    /// The table of a split: that of all, in its folder, named like it alone or like others too, or like none.
    fn source(&self, name: &str, part: Option<&Part>) -> Result<Source, DataError> {
        let split = standard_split(name).unwrap_or(name);
        let inside = part.map_or(Vec::new(), |part| part.tables.iter().collect());
        let candidates = [
            (self.shared.captions(), false),
            (inside, true),
            (self.tables(|splits| splits == [split]), true),
            (self.tables(|splits| splits.contains(&split)), false),
            (self.tables(|splits| splits.is_empty()), false),
        ];
        let mut faulty = None;
        for (tables, own) in candidates
            .into_iter()
            .filter(|(tables, _)| !tables.is_empty())
        {
            match self.only(&tables) {
                Ok(table) => {
                    let own = own && !is_divided(&table);
                    return Ok(Source { table, own });
                }
                // JSON may be anything: a table may follow.
                Err(fault) if tables.iter().all(|path| Table::may_be(path)) => {
                    faulty = faulty.or(Some(fault));
                }
                Err(fault) => return Err(fault),
            }
        }
        let named = |table: &Table| (table.splits().iter()).any(|said| is_same_split(said, name));
        if let Some(table) = self.divided().into_iter().find(named) {
            return Ok(Source { table, own: false });
        }
        Err(faulty.unwrap_or_else(|| DataError::Table {
            path: part.map_or(&self.dir, |part| &part.dir).clone(),
            reason: format!(
                "no table of the sentences of {split}; put {split}.csv or {split}_text.xlsx with the columns Image and Description there"
            ),
        }))
    }

    /// The tables of one split, by their names or where they are, that divide their rows among several.
    fn divided(&self) -> Vec<Table> {
        let beside = self.tables(|splits| splits.len() == 1);
        let inside = self.parts.iter().flat_map(|part| &part.tables);
        let read = beside
            .into_iter()
            .chain(inside)
            .filter_map(|path| Table::read(path).ok());
        read.filter(is_divided).collect()
    }

    /// The tables beside the folders of splits, by the splits that their names mention.
    fn tables(&self, fit: impl Fn(&[&str]) -> bool) -> Vec<&PathBuf> {
        let tables = self.shared.tables.iter();
        tables.filter(|path| fit(&splits_in(path))).collect()
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
        const SHOWN: usize = 5;
        let shown = tables.iter().take(SHOWN);
        let names: Vec<String> = shown.map(|path| path.display().to_string()).collect();
        Err(self.broken(format!(
            "{} tables could be that of this split ({}{}); keep the one that is",
            tables.len(),
            names.join(", "),
            if tables.len() > SHOWN { ", …" } else { "" }
        )))
    }

    /// The folder of a split.
    fn part(&self, split: &str) -> Result<Option<&Part>, DataError> {
        let name = self.one(split, self.parts.iter().map(|part| part.name.as_str()))?;
        Ok(self
            .parts
            .iter()
            .find(|part| Some(part.name.as_str()) == name))
    }

    fn one<'a>(
        &self,
        split: &str,
        names: impl IntoIterator<Item = &'a str> + Clone,
    ) -> Result<Option<&'a str>, DataError> {
        find_split(split, names).map_err(|several| {
            self.broken(format!(
                "{several:?} could each be the split \"{split}\"; ask for one of them, or rename the others"
            ))
        })
    }

    /// Where pictures and masks of a split are: in its folder, else where all of them are, or, if it has none, in those
    /// of the other splits.
    fn places(&self, part: Option<&Part>) -> Result<Places, DataError> {
        let listing = |kind: fn(&Part) -> &Vec<PathBuf>, usual: &str| {
            let shared = Some(kind(&self.shared)).filter(|dirs| !dirs.is_empty());
            let own = part.map(kind).filter(|dirs| !dirs.is_empty());
            let rest = || match part {
                Some(part) => vec![part.dir.join(usual)],
                None => self.parts.iter().flat_map(kind).cloned().collect(),
            };
            Listing::of(&own.or(shared).cloned().unwrap_or_else(rest))
        };
        Ok(Places {
            images: listing(|part| &part.images, "img")?,
            masks: listing(|part| &part.masks, "mask")?,
        })
    }

    /// The pictures of the other splits.
    fn elsewhere(&self, part: Option<&Part>) -> Result<Listing, DataError> {
        let Some(part) = part else {
            return Ok(Listing::default());
        };
        let others = self.parts.iter().filter(|other| part.name != other.name);
        let dirs: Vec<PathBuf> = others.flat_map(|part| part.images.clone()).collect();
        Listing::of(&dirs)
    }

    /// Pictures that neither the table nor another of the data set names.
    fn unused(&self, table: &Table, images: &Listing) -> Vec<PathBuf> {
        let inside = self.parts.iter().flat_map(|part| &part.tables);
        let others = (self.shared.tables.iter().chain(inside)).filter(|path| **path != table.path);
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
        let used: HashSet<PathBuf> = used.into_iter().map(stem).collect();
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

/// Whether a table says in a column which of the usual splits its rows belong to.
fn is_divided(table: &Table) -> bool {
    table.names_splits
        && table
            .splits()
            .into_iter()
            .any(|split| standard_split(split).is_some())
}

fn is_same_split(one: &str, other: &str) -> bool {
    let standard = standard_split(one).filter(|standard| standard_split(other) == Some(standard));
    standard.is_some() || fold(one) == fold(other)
}
