//! Names as people and their programs write them: of pictures, of masks, of splits.

use std::path::Path;

use unicode_normalization::UnicodeNormalization;

/// Extensions of pictures, the preferred first.
const PICTURES: [&str; 8] = ["webp", "png", "jpg", "jpeg", "tif", "tiff", "bmp", "gif"];
/// What names of masks have before or behind the name of their picture.
const MASK_PREFIX: &str = "mask_";
const MASK_SUFFIXES: [&str; 2] = ["_mask", "_segmentation"];
/// The standard splits, and what else they are called.
const SPLITS: [(&str, &[&str]); 3] = [
    ("train", &["train", "training"]),
    ("valid", &["valid", "val", "validation", "dev"]),
    ("test", &["test", "testing"]),
];

/// The text of a cell on one line: white space of any kind, line breaks among it, is one space; characters that
/// nobody sees (zero-width spaces, marks of direction) are dropped.
pub(crate) fn clean(cell: &str) -> String {
    let unseen = [
        '\u{ad}', '\u{200b}', '\u{200e}', '\u{200f}', '\u{2060}', '\u{feff}',
    ];
    let seen: String = (cell.chars().filter(|letter| !unseen.contains(letter)))
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect();
    seen.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A name without what differs between systems: capitals, composed or decomposed accents, white space.
pub(crate) fn fold(name: &str) -> String {
    clean(&name.to_lowercase()).nfc().collect()
}

/// A title or a folder's name by its letters and digits alone: `Ground-truths` is `groundtruths`.
pub(crate) fn letters(name: &str) -> String {
    fold(name).chars().filter(|c| c.is_alphanumeric()).collect()
}

/// A number without leading zeros, as spreadsheet programs (`12`) and pandas (`12.0`) leave it of `0012`.
pub(crate) fn number(name: &str) -> Option<&str> {
    let whole = name.split_once('.').map_or(name, |(whole, rest)| {
        if rest.bytes().all(|digit| digit == b'0') {
            whole
        } else {
            name
        }
    });
    if whole.is_empty() || !whole.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let significant = whole.trim_start_matches('0');
    Some(if significant.is_empty() {
        "0"
    } else {
        significant
    })
}

/// The folders before the last part of a path as Windows or others write it, and that part.
pub(crate) fn folder_and_name(path: &str) -> (&str, &str) {
    path.rsplit_once(['/', '\\']).unwrap_or(("", path))
}

/// A picture's name without folders, extension and what marks a mask.
pub(crate) fn plain(name: &str) -> &str {
    let stem = without_extension(folder_and_name(name).1);
    let without_prefix = stem.strip_prefix(MASK_PREFIX);
    let without_suffix = || {
        MASK_SUFFIXES
            .iter()
            .find_map(|suffix| stem.strip_suffix(suffix))
    };
    without_prefix.or_else(without_suffix).unwrap_or(stem)
}

/// What the picture's file may be called, likely names first.
pub(crate) fn of_picture(name: &str) -> Vec<String> {
    vec![folder_and_name(name).1.to_owned(), plain(name).to_owned()]
}

/// What the mask's file may be called, likely names first.
pub(crate) fn of_mask(name: &str) -> Vec<String> {
    let plain = plain(name);
    let mut names = vec![
        folder_and_name(name).1.to_owned(),
        format!("{MASK_PREFIX}{plain}"),
        plain.to_owned(),
    ];
    names.extend(MASK_SUFFIXES.map(|suffix| format!("{plain}{suffix}")));
    names
}

/// A file name without the extension of a picture; other dots are part of the name.
pub(crate) fn without_extension(name: &str) -> &str {
    match name.rsplit_once('.') {
        Some((stem, extension)) if is_picture(extension) => stem,
        _ => name,
    }
}

/// Which of two formats of a picture is preferred, the lower; `None` where the file is no picture.
pub(crate) fn rank(path: &Path) -> Option<usize> {
    let extension = path.extension()?.to_str()?;
    PICTURES
        .iter()
        .position(|known| known.eq_ignore_ascii_case(extension))
}

fn is_picture(extension: &str) -> bool {
    rank(Path::new(&format!("a.{extension}"))).is_some()
}

/// The standard split that a name means: `Val_Folder`, `Validation` and `dev` are `valid`.
pub(crate) fn standard_split(name: &str) -> Option<&'static str> {
    let letters = letters(name);
    let bare = ["folder", "set", "split", "data"]
        .iter()
        .find_map(|what| letters.strip_suffix(what));
    let means = |(_, others): &&(&str, &[&str])| others.contains(&bare.unwrap_or(&letters));
    SPLITS.iter().find(means).map(|(split, _)| *split)
}

/// The standard splits that a file's name mentions, such as `Train_Val_text.xlsx`.
pub(crate) fn splits_in(file: &Path) -> Vec<&'static str> {
    let stem = file
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .to_lowercase();
    let stem = stem.replace("trainval", "train_val");
    let mut splits: Vec<_> = stem
        .split(|c: char| !c.is_alphanumeric())
        .filter_map(standard_split)
        .collect();
    splits.sort_unstable();
    splits.dedup();
    splits
}

/// Which of `names` is the split: it itself, in other capitals, or the same standard split by another name.
///
/// # Errors
/// Several are.
pub(crate) fn find_split<'a>(
    split: &str,
    names: impl IntoIterator<Item = &'a str> + Clone,
) -> Result<Option<&'a str>, Vec<&'a str>> {
    let standard = standard_split(split);
    let rules: [&dyn Fn(&str) -> bool; 3] = [
        &|name| name == split,
        &|name| fold(name) == fold(split),
        &|name| standard.is_some() && standard_split(name) == standard,
    ];
    for rule in rules {
        let mut fits: Vec<&str> = names
            .clone()
            .into_iter()
            .filter(|name| rule(name))
            .collect();
        fits.dedup();
        match fits[..] {
            [] => {}
            [name] => return Ok(Some(name)),
            _ => return Err(fits),
        }
    }
    Ok(None)
}

/// Splits as they are asked for: by their standard names where that is unambiguous, train, valid and test first.
pub(crate) fn in_order<'a>(names: impl IntoIterator<Item = &'a str> + Clone) -> Vec<String> {
    let mut splits: Vec<String> = Vec::new();
    for name in names.clone() {
        let standard = standard_split(name)
            .filter(|standard| find_split(standard, names.clone()) == Ok(Some(name)));
        let split = standard.unwrap_or(name).to_owned();
        if !splits.contains(&split) {
            splits.push(split);
        }
    }
    let place = |split: &String| {
        let standard = SPLITS.iter().position(|(name, _)| name == split);
        standard.unwrap_or(SPLITS.len())
    };
    splits.sort_by_key(place);
    splits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_cleaned_of_what_nobody_sees() {
        assert_eq!(
            clean("\u{feff} one\u{a0}area,\r\nupper\u{200b} left\t "),
            "one area, upper left"
        );
        assert_eq!(fold("E\u{301}tude"), fold("\u{e9}TUDE"));
        assert_eq!(letters(" Ground-truths "), "groundtruths");
    }

    #[test]
    fn numbers_are_told_from_names() {
        let found = ["0012", "12", "12.0", "000", "12.5", "a12", "", "1.2.0"].map(number);
        let twelve = Some("12");
        assert_eq!(
            found,
            [twelve, twelve, twelve, Some("0"), None, None, None, None]
        );
    }

    #[test]
    fn a_picture_is_named_with_folders_of_any_system_and_as_a_mask() {
        for name in [
            "C:\\data\\img\\a.1.PNG",
            "img/mask_a.1.png",
            "a.1_mask.tif",
            "a.1",
            "mask_a.1",
        ] {
            assert_eq!(plain(name), "a.1", "{name}");
        }
        assert_eq!(without_extension("sub.1_dx"), "sub.1_dx");
        assert!(of_mask("a.png").contains(&"mask_a".to_owned()));
    }

    #[test]
    fn a_split_is_found_by_any_of_its_names_where_only_one_fits() {
        assert_eq!(find_split("valid", ["train", "val"]), Ok(Some("val")));
        assert_eq!(
            find_split("val", ["Val_Folder", "Train_Folder"]),
            Ok(Some("Val_Folder"))
        );
        assert_eq!(find_split("valid", ["val", "valid"]), Ok(Some("valid")));
        assert_eq!(find_split("valid", ["val", "dev"]), Err(vec!["val", "dev"]));
        assert_eq!(find_split("tset", ["test"]), Ok(None));
        assert_eq!(find_split("held-out", ["Held-Out"]), Ok(Some("Held-Out")));
        assert_eq!(
            in_order(["odd", "Test Set", "val", "train"]),
            ["train", "valid", "test", "odd"]
        );
        assert_eq!(in_order(["dev", "val"]), ["dev", "val"]);
        assert_eq!(
            splits_in(Path::new("Train_Val_text.xlsx")),
            ["train", "valid"]
        );
        assert_eq!(splits_in(Path::new("trainval.csv")), ["train", "valid"]);
        assert_eq!(splits_in(Path::new("captions.csv")), [""; 0]);
    }
}
