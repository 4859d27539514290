//! Packed data sets: shards that are whole, and shards that are not.

use std::fs;
use std::path::Path;

use mriseg::image::{GrayImage, Mask};
use mriseg_data::{Case, Dataset, IncompleteRows, PackedCase, ShardWriter};
use tempfile::TempDir;

const LEFT: &str = "unilateral pulmonary infection, one infected area, upper left lung.";
const BLOCK: usize = 512;

fn case(id: &str) -> Case {
    let mut mask = Mask::empty(16, 16);
    mask.pixels[17] = 1;
    let image = GrayImage::new(16, 16, (0..256).map(|i| i as f32 / 255.0).collect());
    Case {
        text: LEFT.to_owned(),
        mask,
        ..Case::new(id, image)
    }
}

/// A folder with the given cases of one split.
fn packed(dir: &Path, split: &str, ids: &[&str]) {
    let mut writer = ShardWriter::new(dir, split);
    for (i, id) in ids.iter().enumerate() {
        let case = PackedCase::new(&case(id), i, 224, 90).unwrap();
        writer.add(&case).unwrap();
    }
    writer.finish().unwrap();
}

fn error(dir: &TempDir, split: &str) -> String {
    Dataset::open(dir.path(), split).unwrap_err().to_string()
}

#[test]
fn lungs_are_packed_not_added_later() {
    let dir = TempDir::new().unwrap();
    packed(dir.path(), "train", &["a"]);
    let lungs = dir.path().join("lungs");
    fs::create_dir_all(lungs.join("A_Train/lung")).unwrap();
    let marked = Mask::new(16, 16, vec![1; 256]).to_png();
    fs::write(lungs.join("A_Train/lung/a.png"), marked).unwrap();
    let data = Dataset::open(dir.path(), "train").unwrap();
    let refused = data.with_lungs(&lungs).unwrap_err().to_string();
    assert!(refused.contains("trainer pack"), "{refused}");
    let refused =
        Dataset::held_out_lungs(dir.path(), "train", &lungs, IncompleteRows::Refuse).unwrap_err();
    assert!(refused.to_string().contains("lungs"), "{refused}");
}

#[test]
fn a_packed_folder_opens_with_its_splits_and_loads_from_many_threads() {
    let dir = TempDir::new().unwrap();
    packed(dir.path(), "train", &["Normal (11766)", "sub.1_dx", "c"]);
    packed(dir.path(), "held-out", &["d"]);
    let data = Dataset::open(dir.path(), "train").unwrap();
    assert_eq!(
        (data.len(), data.id(0), data.id(1)),
        (3, "Normal (11766)", "sub.1_dx")
    );
    assert_eq!(data.texts().collect::<Vec<_>>(), [LEFT; 3]);
    assert_eq!([0, 1, 2].map(|i| data.picture(i)), [0, 1, 2]);
    assert_eq!(Dataset::splits(dir.path()).unwrap(), ["train", "held-out"]);
    std::thread::scope(|scope| {
        for i in 0..3 {
            let data = &data;
            scope.spawn(move || {
                let loaded = data.load(i).unwrap();
                assert_eq!(loaded.id, data.id(i));
                assert_eq!(loaded.mask, case("").mask);
            });
        }
    });
    assert!(error(&dir, "night").contains("no split \"night\"; there is train, held-out"));
}

#[test]
fn the_fingerprint_of_packed_data_depends_on_sentences_and_lengths() {
    let fingerprint = |ids: &[&str]| {
        let dir = TempDir::new().unwrap();
        packed(dir.path(), "train", ids);
        Dataset::open(dir.path(), "train").unwrap().fingerprint()
    };
    assert_eq!(fingerprint(&["a", "b"]), fingerprint(&["a", "b"]));
    assert_ne!(fingerprint(&["a", "b"]), fingerprint(&["a", "c"]));
}

#[test]
fn a_packed_file_that_is_cut_off_anywhere_says_where() {
    let dir = TempDir::new().unwrap();
    packed(dir.path(), "train", &["a", "b"]);
    let path = dir.path().join("train-000000.tar");
    let whole = fs::read(&path).unwrap();
    // Every entry is a header and its content, in blocks; the last two blocks are empty.
    for length in (0..whole.len()).step_by(BLOCK / 2) {
        fs::write(&path, &whole[..length]).unwrap();
        let said = error(&dir, "train");
        assert!(said.contains("train-000000.tar"), "{length}: {said}");
        assert!(
            said.contains("cut off") || said.contains("damaged"),
            "{length}: {said}"
        );
        assert!(said.contains("pack the data again"), "{length}: {said}");
    }
    fs::write(&path, &whole[..whole.len() - 2 * BLOCK]).unwrap();
    assert!(error(&dir, "train").contains("cut off after `000001.json`"));
}

#[test]
fn a_packed_file_that_is_no_tar_or_changes_later_is_said() {
    let dir = TempDir::new().unwrap();
    packed(dir.path(), "train", &["a"]);
    let path = dir.path().join("train-000000.tar");
    let whole = fs::read(&path).unwrap();
    let data = Dataset::open(dir.path(), "train").unwrap();
    fs::write(&path, &whole[..BLOCK + 10]).unwrap();
    let said = data.load(0).unwrap_err().to_string();
    assert!(said.contains("ends within `000000.jpg`"), "{said}");
    let mut broken = whole.clone();
    broken[BLOCK..BLOCK + 16].fill(0);
    fs::write(&path, &broken).unwrap();
    let said = data.load(0).unwrap_err().to_string();
    assert!(said.contains("train-000000.tar/000000.jpg"), "{said}");
    fs::write(&path, vec![7; 4096]).unwrap();
    assert!(error(&dir, "train").contains("is no tar file, or damaged before its first entry"));
}

#[test]
fn a_packed_case_without_a_part_names_the_part_and_others_may_have_more() {
    let dir = TempDir::new().unwrap();
    let write = |entries: &[(&str, &[u8])]| {
        let mut tar = tar::Builder::new(Vec::new());
        for (name, bytes) in entries {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            tar.append_data(&mut header, name, *bytes).unwrap();
        }
        fs::write(dir.path().join("test-0.tar"), tar.into_inner().unwrap()).unwrap();
    };
    let (image, mask) = (case("").image.to_png(), case("").mask.to_png());
    let json = format!("{{\"id\": \"a\", \"text\": \"{LEFT}\"}}");
    let json = json.as_bytes();
    write(&[
        ("./x/0.png", &image),
        ("./x/0.json", json),
        ("./x/0.lung.png", &mask),
        ("./x/0.mask.png", &mask),
    ]);
    assert_eq!(
        Dataset::open(dir.path(), "test")
            .unwrap()
            .load(0)
            .unwrap()
            .id,
        "a"
    );
    write(&[("0.png", &image), ("0.json", json), ("1.mask.png", &mask)]);
    let said = error(&dir, "test");
    assert!(said.contains("2 cases are without"), "{said}");
    assert!(said.contains("no `0.mask.png`\n"), "{said}");
    assert!(said.contains("no `1.jpg`, no `1.json`"), "{said}");
    write(&[("0.png", &image), ("0.json", b"{}"), ("0.mask.png", &mask)]);
    let said = error(&dir, "test");
    assert!(
        said.contains("`0.json` does not hold \"id\" and \"text\""),
        "{said}"
    );
}

#[test]
fn a_packed_file_that_is_missing_between_others_is_named() {
    let dir = TempDir::new().unwrap();
    packed(dir.path(), "train", &["a"]);
    fs::rename(
        dir.path().join("train-000000.tar"),
        dir.path().join("train-000001.tar"),
    )
    .unwrap();
    let said = error(&dir, "train");
    assert!(said.contains("train-000000.tar: is missing"), "{said}");
}
