//! What can be wrong with a dataset, said with the file, the value and the remedy.

use std::io;
use std::path::{Path, PathBuf};

use mriseg::image::ImageError;

/// How many faulty rows an error spells out; the rest is counted.
const LISTED: usize = 20;

/// Why a dataset or one of its cases cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// The folder is not there.
    #[error("{}: no such folder; give the folder that holds captions.csv, Train_Folder or train-000000.tar", path.display())]
    NoFolder {
        /// The folder asked for.
        path: PathBuf,
    },
    /// The folder has no known layout.
    #[error(
        "{}: holds neither captions.csv (with <split>/img and <split>/mask) nor Train_Folder, Val_Folder or Test_Folder, \
         nor shards such as train-000000.tar; give {}",
        path.display(), folders(found)
    )]
    UnknownLayout {
        /// The folder asked for.
        path: PathBuf,
        /// Folders nearby that have one.
        found: Vec<PathBuf>,
    },
    /// The split is not in the dataset.
    #[error("{}: no split \"{split}\"; there is {}", path.display(), splits(known))]
    UnknownSplit {
        /// The dataset's folder.
        path: PathBuf,
        /// The split asked for.
        split: String,
        /// The splits there are.
        known: Vec<String>,
    },
    /// A folder of lung masks that belongs to no case.
    #[error(
        "{}: marks the lungs of no picture of this data set; give a folder of parts such as COVID-19_Train/lung/<id>.png, \
         with the ids of the data set, or Normal_Train with img and lung",
        path.display()
    )]
    NoLungs {
        /// The folder.
        path: PathBuf,
    },
    /// Masks of lungs for packed data, which hold their own.
    #[error(
        "{}: cannot be added to packed data; pack it with them (trainer pack --data … --lungs …), and name no folder of lungs then",
        path.display()
    )]
    PackedLungs {
        /// The folder of lungs.
        path: PathBuf,
    },
    /// A table of sentences is missing or cannot be read.
    #[error("{}: {reason}", path.display())]
    Table {
        /// The table, or the folder where it should be.
        path: PathBuf,
        /// What is wrong and what to do.
        reason: String,
    },
    /// Rows of the table have no picture, no mask or no sentence.
    #[error("{}: {}", path.display(), listed(rows))]
    Rows {
        /// The table.
        path: PathBuf,
        /// Every faulty row with what it lacks.
        rows: Vec<String>,
    },
    /// A shard is missing, cut off or damaged, or holds incomplete cases.
    #[error("{}: {reason}", path.display())]
    Shard {
        /// The tar file.
        path: PathBuf,
        /// What is wrong, with the entry, and what to do.
        reason: String,
    },
    /// A file of a case cannot be read from disk.
    #[error("{}: cannot be read ({reason}); check that it is there and that you may read it", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// A file of a case is not a usable picture.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The mask does not have the size of its picture.
    #[error(
        "{}: the mask is {} x {} pixels but {} is {} x {}{}",
        mask.display(), mask_size.0, mask_size.1, image.display(), image_size.0, image_size.1, size_remedy(*turned)
    )]
    SizeMismatch {
        /// The picture.
        image: PathBuf,
        /// Its width and height.
        image_size: (usize, usize),
        /// The mask.
        mask: PathBuf,
        /// Its width and height.
        mask_size: (usize, usize),
        /// Which of the two an orientation tag turned, "picture" or "mask", where that explains the difference.
        turned: Option<&'static str>,
    },
}

impl DataError {
    /// That `path` cannot be read, from what the system says.
    pub(crate) fn unreadable(path: &Path) -> impl Fn(io::Error) -> Self {
        |error| Self::Unreadable {
            path: path.to_owned(),
            reason: error.to_string(),
        }
    }
}

fn size_remedy(turned: Option<&str>) -> String {
    match turned {
        None => "; export both at the same size".to_owned(),
        Some(which) => format!(
            ", since the {which} alone carries an orientation tag (EXIF), which turned it: remove the tag, or export both upright"
        ),
    }
}

fn folders(found: &[PathBuf]) -> String {
    let paths: Vec<String> = found
        .iter()
        .take(LISTED)
        .map(|path| path.display().to_string())
        .collect();
    match found.len() {
        0 => "the folder that does".to_owned(),
        _ => paths.join(" or "),
    }
}

fn splits(known: &[String]) -> String {
    let names = if known.is_empty() {
        "none".to_owned()
    } else {
        known.join(", ")
    };
    if known.iter().all(|split| split != "train") {
        return names;
    }
    format!(
        "{names}, and shares of them: the splits train[:80%] and train[80%:] train on four fifths and validate on the \
         rest (--set 'data.train_split=train[:80%]' --set 'data.valid_split=train[80%:]')"
    )
}

fn listed(rows: &[String]) -> String {
    format!(
        "{} row{} cannot be used; add what is missing, remove them from the table, or leave them out with \
         --skip-incomplete:{}",
        rows.len(),
        if rows.len() == 1 { "" } else { "s" },
        some_of(rows)
    )
}

/// The first lines of a list, each on a line of its own, and how many more there are.
pub(crate) fn some_of(lines: &[String]) -> String {
    let mut text = String::new();
    for line in lines.iter().take(LISTED) {
        text.push_str("\n  ");
        text.push_str(line);
    }
    if lines.len() > LISTED {
        text.push_str(&format!("\n  ... and {} more", lines.len() - LISTED));
    }
    text
}
