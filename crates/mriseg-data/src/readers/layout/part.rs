//! What a folder directly holds.

use std::path::{Path, PathBuf};

use crate::DataError;
use crate::readers::listing::{folder_name, paths_in};
use crate::readers::names::{letters, standard_split};
use crate::readers::table::Table;

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
/// Words of the names of tables in JSON, beside those of splits. Much else is JSON.
const JSON_TABLES: [&str; 8] = [
    CAPTIONS,
    "caption",
    "annotation",
    "annotations",
    "prompt",
    "prompts",
    "text",
    "texts",
];

/// Folders of pictures and of masks, and tables.
#[derive(Debug, Default)]
pub(super) struct Part {
    pub(super) dir: PathBuf,
    pub(super) name: String,
    pub(super) images: Vec<PathBuf>,
    pub(super) masks: Vec<PathBuf>,
    pub(super) tables: Vec<PathBuf>,
}

impl Part {
    pub(super) fn of(dir: &Path) -> Result<Self, DataError> {
        let mut part = Self {
            dir: dir.to_owned(),
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
            } else if Table::is_named(&path) || is_json_table(&path) {
                part.tables.push(path);
            }
        }
        Ok(part)
    }

    /// Whether it is a split by its name and what it holds.
    pub(super) fn is_split(&self) -> bool {
        standard_split(&self.name).is_some() && (self.holds_pictures() || !self.tables.is_empty())
    }

    pub(super) fn holds_pictures(&self) -> bool {
        !(self.images.is_empty() && self.masks.is_empty())
    }

    /// The table of all splits.
    pub(super) fn captions(&self) -> Vec<&PathBuf> {
        let is_captions = |table: &&PathBuf| {
            letters(&table.file_stem().unwrap_or_default().to_string_lossy()) == CAPTIONS
        };
        self.tables.iter().filter(is_captions).collect()
    }

    /// The folders of splits within those of pictures and masks: `img/train` and `mask/train`, or
    /// `images/train/images` and `images/train/masks`.
    pub(super) fn below(&self) -> Result<Vec<Self>, DataError> {
        let mut parts: Vec<Self> = Vec::new();
        for (dir, masks) in (self.images.iter().map(|dir| (dir, false)))
            .chain(self.masks.iter().map(|dir| (dir, true)))
        {
            let folders = paths_in(dir)?
                .into_iter()
                .filter(|path| path.is_dir() && is_split(path));
            for folder in folders {
                let mut found = Self::of(&folder)?;
                if !found.holds_pictures() {
                    let kind = if masks {
                        &mut found.masks
                    } else {
                        &mut found.images
                    };
                    kind.push(folder);
                }
                match parts.iter_mut().find(|part| part.name == found.name) {
                    Some(part) => {
                        part.images.extend(found.images);
                        part.masks.extend(found.masks);
                        part.tables.extend(found.tables);
                    }
                    None => parts.push(found),
                }
            }
        }
        Ok(parts)
    }
}

/// Whether a folder is a split by its name.
pub(super) fn is_split(folder: &Path) -> bool {
    standard_split(&folder_name(folder)).is_some()
}

/// Whether tables are kept in a folder of this name.
pub(super) fn holds_tables(folder: &Path) -> bool {
    is_called(folder, &TABLES)
}

fn is_json_table(path: &Path) -> bool {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let is_of_table = |word: &str| {
        let word = letters(word);
        JSON_TABLES.contains(&word.as_str()) || standard_split(&word).is_some()
    };
    let mut words = stem.split(|c: char| !c.is_alphanumeric());
    Table::may_be(path) && (path.parent().is_some_and(holds_tables) || words.all(is_of_table))
}

fn is_called(folder: &Path, names: &[&str]) -> bool {
    let name = letters(&folder.file_name().unwrap_or_default().to_string_lossy());
    names.contains(&name.as_str())
}
