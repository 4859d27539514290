//! A folder of cases for tests.

use mriseg::image::Mask;
use mriseg_data::Dataset;
use std::fs;
use std::path::Path;

/// Writes splits with these sentences and small pictures, ids from 0, and opens one.
pub(crate) fn folder(folder: &Path, splits: &[(&str, &[&str])], opened: &str) -> Dataset {
    let mut table = "split,id,caption\n".to_owned();
    for (split, texts) in splits {
        for (case, text) in texts.iter().enumerate() {
            table += &format!("{split},{case},\"{text}\"\n");
            for part in ["img", "mask"] {
                let part = folder.join(split).join(part);
                fs::create_dir_all(&part).unwrap();
                fs::write(part.join(format!("{case}.png")), Mask::empty(2, 2).to_png()).unwrap();
            }
        }
    }
    fs::write(folder.join("captions.csv"), table).unwrap();
    Dataset::open(folder, opened).unwrap()
}
