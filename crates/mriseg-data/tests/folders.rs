//! Folders in both layouts, whole and broken.

use std::fs;
use std::path::Path;

use mriseg::image::{GrayImage, Mask};
use mriseg::sentence::contradiction;
use mriseg_data::{DataError, Dataset, Findings, IncompleteRows, SideConvention};
use rust_xlsxwriter::Workbook;
use tempfile::TempDir;

const LEFT: &str = "unilateral pulmonary infection, one infected area, upper left lung.";

fn write(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

fn picture(side: usize) -> Vec<u8> {
    GrayImage::new(side, side, vec![0.5; side * side]).to_png()
}

fn mask(side: usize) -> Vec<u8> {
    let mut mask = Mask::empty(side, side);
    mask.pixels[1] = 1;
    mask.to_png()
}

/// A dataset in the QaTa layout with the given rows `split,id` and both files for each.
fn qata(rows: &[(&str, &str)]) -> TempDir {
    let dir = TempDir::new().unwrap();
    let mut table = "split,id,caption,zones\n".to_owned();
    for (split, id) in rows {
        table += &format!("{split},{id},\"{LEFT}\",100000\n");
        write(
            &dir.path().join(format!("{split}/img/{id}.png")),
            &picture(8),
        );
        write(&dir.path().join(format!("{split}/mask/{id}.png")), &mask(8));
    }
    fs::write(dir.path().join("captions.csv"), table).unwrap();
    dir
}

/// A dataset in the LViT layout with the rows `Image, Description` in Train_Folder.
fn lvit(rows: &[(&str, &str)]) -> TempDir {
    let dir = TempDir::new().unwrap();
    let folder = dir.path().join("Train_Folder");
    fs::create_dir_all(folder.join("img")).unwrap();
    fs::create_dir_all(folder.join("labelcol")).unwrap();
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (row, (image, text)) in [("Image", "Description")].iter().chain(rows).enumerate() {
        sheet.write(row as u32, 0, *image).unwrap();
        sheet.write(row as u32, 1, *text).unwrap();
    }
    book.save(folder.join("Train_text.xlsx")).unwrap();
    dir
}

fn error(dir: &TempDir, split: &str) -> String {
    Dataset::open(dir.path(), split).unwrap_err().to_string()
}

#[test]
fn a_qata_folder_opens_with_ids_that_hold_spaces_brackets_and_dots() {
    let dir = qata(&[
        ("train", "Normal (11766)"),
        ("valid", "b"),
        ("train", "sub.1_dx"),
    ]);
    let data = Dataset::open(dir.path(), "train").unwrap();
    assert_eq!(
        (data.len(), data.id(0), data.id(1)),
        (2, "Normal (11766)", "sub.1_dx")
    );
    assert_eq!(data.texts().collect::<Vec<_>>(), [LEFT, LEFT]);
    assert_eq!(
        (data.split(), data.side_convention()),
        ("train", SideConvention::Viewer)
    );
    assert_eq!(data.kind(0), None);
    let case = data.load(1).unwrap();
    assert_eq!(
        (
            case.image.width(),
            case.mask.area(),
            case.intermediate_pixels
        ),
        (8, 1, 0)
    );
}

#[test]
fn left_is_the_left_of_the_picture_unless_the_data_set_says_otherwise() {
    let dir = qata(&[("train", "a")]);
    let open = || Dataset::open(dir.path(), "train").unwrap();
    let contradicts = |data: &Dataset| {
        let case = data.load(0).unwrap();
        let findings = Findings::parse(&case.text).unwrap();
        contradiction(&findings, &case.mask, data.side_convention()).is_some()
    };
    let viewer = open();
    let patient = open().with_side_convention(SideConvention::Patient);
    assert!(!contradicts(&viewer) && contradicts(&patient));
    assert_ne!(viewer.fingerprint(), patient.fingerprint());
    let back = patient.with_side_convention(SideConvention::Viewer);
    assert_eq!(viewer.fingerprint(), back.fingerprint());
}

#[test]
fn pictures_of_other_formats_are_found_by_their_id() {
    let dir = qata(&[("train", "a")]);
    let old = dir.path().join("train/img/a.png");
    fs::rename(&old, dir.path().join("train/img/a.JPG")).unwrap();
    assert_eq!(
        Dataset::open(dir.path(), "train")
            .unwrap()
            .load(0)
            .unwrap()
            .image
            .width(),
        8
    );
}

#[test]
fn joined_data_sets_keep_their_cases_apart() {
    let (one, other) = (
        qata(&[("train", "a"), ("train", "b")]),
        qata(&[("train", "a")]),
    );
    let open = |dir: &TempDir| Dataset::open(dir.path(), "train").unwrap();
    let both = open(&one).joined(open(&other)).joined(open(&one));
    assert_eq!(both.parts(), [vec![0, 1], vec![2], vec![3, 4]]);
    let pictures: Vec<usize> = (0..both.len()).map(|case| both.picture(case)).collect();
    assert_eq!(pictures, [0, 1, 2, 3, 4]);
    assert_eq!(both.load(2).unwrap().id, "a");
    assert!(both.name().contains(" + "), "{}", both.name());
}

#[test]
fn every_row_without_its_files_is_listed() {
    let ids: Vec<String> = (0..30).map(|i| format!("case {i}")).collect();
    let rows: Vec<(&str, &str)> = ids.iter().map(|id| ("train", id.as_str())).collect();
    let dir = qata(&rows);
    for i in [2, 7, 9] {
        fs::remove_file(dir.path().join(format!("train/img/case {i}.png"))).unwrap();
    }
    fs::remove_file(dir.path().join("train/mask/case 9.png")).unwrap();
    let said = error(&dir, "train");
    assert!(said.contains("3 rows cannot be used"), "{said}");
    for part in [
        "line 4, id \"case 2\": no picture",
        "line 9, id \"case 7\"",
        "line 11, id \"case 9\"",
        "no mask",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    fs::remove_dir_all(dir.path().join("train/img")).unwrap();
    let said = error(&dir, "train");
    assert!(
        said.contains("30 rows") && said.contains("... and 10 more") && said.contains("case 19"),
        "{said}"
    );
}

#[test]
fn an_unknown_split_names_the_ones_there_are() {
    let dir = qata(&[("train", "a"), ("valid", "b")]);
    let said = error(&dir, "tset");
    assert!(
        said.contains("no split \"tset\"; there is train, valid"),
        "{said}"
    );
    let dir = lvit(&[]);
    let said = error(&dir, "test");
    assert!(said.contains("no split \"test\"; there is train"), "{said}");
}

#[test]
fn a_missing_folder_layout_table_or_column_is_said() {
    let dir = TempDir::new().unwrap();
    assert!(error(&dir, "train").contains("neither captions.csv"));
    let nowhere = dir.path().join("nowhere");
    let said = Dataset::open(&nowhere, "train").unwrap_err().to_string();
    assert!(said.contains("nowhere: no such folder"), "{said}");
    fs::write(
        dir.path().join("captions.csv"),
        "split,id,zones\ntrain,a,b\n",
    )
    .unwrap();
    let said = error(&dir, "train");
    assert!(
        said.contains("captions.csv: no column \"caption\"")
            && said.contains("[\"split\", \"id\", \"zones\"]"),
        "{said}"
    );
    fs::write(
        dir.path().join("captions.csv"),
        "split,id,caption\ntrain,a\n",
    )
    .unwrap();
    let said = error(&dir, "train");
    assert!(
        said.contains("captions.csv: 1 row") && said.contains("line 2, id \"a\": an empty caption"),
        "{said}"
    );
}

#[test]
fn an_empty_sentence_is_listed() {
    let dir = qata(&[("train", "a")]);
    fs::write(
        dir.path().join("captions.csv"),
        "split,id,caption\ntrain,a,\n",
    )
    .unwrap();
    let said = error(&dir, "train");
    assert!(
        said.contains("line 2, id \"a\": an empty caption"),
        "{said}"
    );
}

#[test]
fn a_picture_and_a_mask_of_different_sizes_are_an_error_with_both_sizes() {
    let dir = qata(&[("train", "a")]);
    fs::write(dir.path().join("train/mask/a.png"), mask(6)).unwrap();
    let fault = Dataset::open(dir.path(), "train")
        .unwrap()
        .load(0)
        .unwrap_err();
    assert!(
        matches!(
            fault,
            DataError::SizeMismatch {
                image_size: (8, 8),
                mask_size: (6, 6),
                ..
            }
        ),
        "{fault}"
    );
    assert!(
        fault
            .to_string()
            .contains("a.png: the mask is 6 x 6 pixels but"),
        "{fault}"
    );
}

fn grey(levels: impl Fn(usize) -> f32) -> Vec<u8> {
    GrayImage::new(8, 8, (0..64).map(levels).collect()).to_png()
}

#[test]
fn a_mask_says_how_its_values_were_read() {
    let dir = qata(&[("train", "a")]);
    let load = |mask: &[u8]| {
        fs::write(dir.path().join("train/mask/a.png"), mask).unwrap();
        Dataset::open(dir.path(), "train").unwrap().load(0).unwrap()
    };
    let two = load(&grey(|i| if i < 5 { 0.6 } else { 0.0 }));
    assert_eq!((two.intermediate_pixels, two.mask.area()), (0, 5));
    let reading = two.files.mask_reading.as_deref();
    assert_eq!(reading, Some("0 and 153: 153 is read as marked"));
    let soft = load(&grey(|i| [0.0, 0.6, 1.0, 0.3][i % 4]));
    assert_eq!((soft.intermediate_pixels, soft.mask.area()), (32, 32));
    assert_eq!(soft.files.mask_reading, None);
}

#[test]
fn what_is_marked_can_be_said_and_changes_the_fingerprint() {
    let dir = qata(&[("train", "a")]);
    // Labels 0, 1 and 2.
    let labels = grey(|i| (i / 24) as f32 / 255.0);
    fs::write(dir.path().join("train/mask/a.png"), labels).unwrap();
    let open = || Dataset::open(dir.path(), "train").unwrap();
    let unclear = open().load(0).unwrap_err().to_string();
    assert!(
        unclear.contains("0 (24 pixels), 1 (24 pixels), 2 (16 pixels)"),
        "{unclear}"
    );
    assert_eq!(open().load_mask(0).unwrap_err().to_string(), unclear);
    let two = open().with_mask_rule(&"2".parse().unwrap());
    assert_eq!(two.load(0).unwrap().mask.area(), 16);
    assert_eq!(two.load_mask(0).unwrap().unwrap().mask.area(), 16);
    let both = open().with_mask_rule(&"1,2".parse().unwrap());
    assert_eq!(both.load(0).unwrap().mask.area(), 40);
    let prints = [open().fingerprint(), two.fingerprint(), both.fingerprint()];
    assert!(
        prints[0] != prints[1] && prints[1] != prints[2],
        "{prints:?}"
    );
    // Each of the joined data sets keeps its own.
    let other = qata(&[("train", "b")]);
    let joined = two.joined(Dataset::open(other.path(), "train").unwrap());
    let areas = [0, 1].map(|i| joined.load(i).unwrap().mask.area());
    assert_eq!(areas, [16, 1]);
}

/// A PNG file with an orientation tag: 6, a quarter turn clockwise.
fn tagged(png: &[u8]) -> Vec<u8> {
    const EXIF: &[u8] = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    let chunk = [b"eXIf", EXIF].concat();
    let mut crc = u32::MAX;
    for byte in &chunk {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg());
        }
    }
    // After the header.
    let (head, rest) = png.split_at(33);
    let length = (EXIF.len() as u32).to_be_bytes();
    [head, &length, &chunk, &(!crc).to_be_bytes(), rest].concat()
}

#[test]
fn orientation_tags_turn_picture_and_mask_alike_and_explain_other_sizes() {
    let dir = qata(&[("train", "a")]);
    let image = GrayImage::new(8, 4, vec![0.5; 32]).to_png();
    let mut corner = Mask::empty(8, 4);
    corner.pixels[0] = 1;
    let mask = corner.to_png();
    let load = |image: &[u8], mask: &[u8]| {
        fs::write(dir.path().join("train/img/a.png"), image).unwrap();
        fs::write(dir.path().join("train/mask/a.png"), mask).unwrap();
        Dataset::open(dir.path(), "train").unwrap().load(0)
    };
    let case = load(&tagged(&image), &tagged(&mask)).unwrap();
    assert_eq!((case.mask.width, case.mask.height), (4, 8));
    // Top left becomes top right.
    assert_eq!(
        case.mask.pixels.iter().position(|&pixel| pixel == 1),
        Some(3)
    );
    assert!(case.files.picture_turned && case.files.mask_turned);
    for (image, mask, which) in [
        (&tagged(&image), &mask, "picture"),
        (&image, &tagged(&mask), "mask"),
    ] {
        let said = load(image, mask).unwrap_err().to_string();
        let why = format!("since the {which} alone carries an orientation tag");
        assert!(
            said.contains(&why) && said.contains("remove the tag"),
            "{said}"
        );
    }
    let other = load(&tagged(&image), &Mask::empty(6, 6).to_png()).unwrap_err();
    assert!(
        other.to_string().contains("export both at the same size"),
        "{other}"
    );
}

#[test]
fn tiff_pictures_are_found_and_read() {
    let dir = lvit(&[("slide.png", LEFT)]);
    let folder = dir.path().join("Train_Folder");
    fs::write(folder.join("img/slide.tif"), include_bytes!("slide.tif")).unwrap();
    fs::write(folder.join("labelcol/slide.png"), mask(8)).unwrap();
    let case = Dataset::open(dir.path(), "train").unwrap().load(0).unwrap();
    assert_eq!(case.image.grey().pixels, [128.0 / 255.0; 64]);
}

#[test]
fn broken_pictures_and_masks_are_errors_that_name_the_file() {
    let dir = qata(&[("train", "a")]);
    let data = Dataset::open(dir.path(), "train").unwrap();
    let mut huge = picture(8);
    huge[16..24].copy_from_slice(&[0, 0, 0x4E, 0x20, 0, 0, 0x4E, 0x20]);
    let whole = picture(8);
    let cases: [(&[u8], &str); 4] = [
        (b"", "the file is empty"),
        (b"not a picture", "not a PNG, JPEG, WebP, TIFF, BMP or GIF"),
        (&whole[..whole.len() / 2], "cannot be decoded"),
        (&huge, "20000 x 20000 pixels is more than the limit"),
    ];
    for (bytes, expected) in cases {
        for file in ["train/img/a.png", "train/mask/a.png"] {
            let path = dir.path().join(file);
            let whole = fs::read(&path).unwrap();
            fs::write(&path, bytes).unwrap();
            let said = data.load(0).unwrap_err().to_string();
            assert!(
                said.contains("a.png") && said.contains(expected),
                "{file}: {said}"
            );
            fs::write(&path, whole).unwrap();
        }
    }
    fs::remove_file(dir.path().join("train/img/a.png")).unwrap();
    let said = data.load(0).unwrap_err().to_string();
    assert!(said.contains("a.png: cannot be read"), "{said}");
}

#[test]
fn the_fingerprint_follows_ids_sentences_and_file_sizes() {
    let dir = qata(&[("train", "a"), ("train", "b")]);
    let fingerprint = || Dataset::open(dir.path(), "train").unwrap().fingerprint();
    let first = fingerprint();
    assert_eq!((first.len(), &first), (64, &fingerprint()));
    let mut thinned = Dataset::open(dir.path(), "train").unwrap();
    thinned.thin(1);
    assert_ne!(thinned.fingerprint(), first);
    fs::write(dir.path().join("train/mask/b.png"), picture(11)).unwrap();
    assert_ne!(fingerprint(), first);
}

#[test]
fn an_lvit_folder_opens_with_the_names_of_masks_or_of_pictures() {
    let dir = lvit(&[
        ("mask_covid_1.png", LEFT),
        ("scan 2.png", "opacity on the left"),
        ("scan 2.png", "heart"),
    ]);
    let folder = dir.path().join("Train_Folder");
    for file in ["img/covid_1.png", "img/scan 2.jpg"] {
        write(&folder.join(file), &picture(8));
    }
    for file in ["labelcol/mask_covid_1.png", "labelcol/scan 2.png"] {
        write(&folder.join(file), &mask(8));
    }
    let data = Dataset::open(dir.path(), "train").unwrap();
    assert_eq!(
        (data.len(), data.id(0), data.id(1)),
        (3, "covid_1", "scan 2")
    );
    assert_eq!(
        (data.picture(0), data.picture(1), data.picture(2)),
        (0, 1, 1)
    );
    assert_eq!(data.load(1).unwrap().text, "opacity on the left");
    assert_eq!(data.load(0).unwrap().mask.area(), 1);
}

#[test]
fn lvit_rows_that_lack_something_are_all_listed() {
    let dir = lvit(&[("a.png", LEFT), ("b.png", ""), ("c.png", LEFT)]);
    let folder = dir.path().join("Train_Folder");
    write(&folder.join("img/a.png"), &picture(8));
    write(&folder.join("img/b.png"), &picture(8));
    write(&folder.join("labelcol/mask_b.png"), &mask(8));
    let said = error(&dir, "train");
    assert!(said.contains("3 rows"), "{said}");
    assert!(said.contains("row 2, Image \"a.png\": no mask"), "{said}");
    assert!(
        said.contains("row 3, Image \"b.png\": an empty Description"),
        "{said}"
    );
    assert!(
        said.contains("row 4, Image \"c.png\": no picture"),
        "{said}"
    );
}

#[test]
fn an_lvit_folder_without_one_readable_table_is_refused() {
    let dir = lvit(&[]);
    let said = error(&dir, "train");
    assert!(said.contains("has no row of train"), "{said}");
    let table = dir.path().join("Train_Folder/Train_text.xlsx");
    fs::write(&table, b"PK nonsense").unwrap();
    let said = error(&dir, "train");
    assert!(said.contains("Train_text.xlsx: cannot be read"), "{said}");
    fs::copy(&table, dir.path().join("Train_Folder/Old_text.xlsx")).unwrap();
    let said = error(&dir, "train");
    assert!(said.contains("2 tables"), "{said}");
    fs::remove_file(&table).unwrap();
    fs::remove_file(dir.path().join("Train_Folder/Old_text.xlsx")).unwrap();
    let said = error(&dir, "train");
    assert!(
        said.contains("train_text.xlsx with the columns Image"),
        "{said}"
    );
}

#[test]
fn lungs_are_added_by_id_and_pictures_without_findings_as_cases_and_a_part_is_held_out() {
    let dir = qata(&[("train", "a"), ("train", "b"), ("train", "c")]);
    let lungs = TempDir::new().unwrap();
    let file = |path: &str, bytes: &[u8]| write(&lungs.path().join(path), bytes);
    file("COVID-19_Train/lung/a.png", &mask(16));
    file("COVID-19_Val/lung/b.png", &mask(16));
    for i in 0..40 {
        file(&format!("Normal_Train/img/Normal ({i}).png"), &picture(8));
        file(&format!("Normal_Train/lung/Normal ({i}).png"), &mask(8));
    }
    let open = || Dataset::open(dir.path(), "train").unwrap();
    let train = open().with_lungs(lungs.path()).unwrap();
    let held_out =
        Dataset::held_out_lungs(dir.path(), "train", lungs.path(), IncompleteRows::Refuse).unwrap();
    let ids = |data: &Dataset| -> Vec<String> {
        (0..data.len()).map(|i| data.id(i).to_owned()).collect()
    };
    assert_eq!(ids(&train)[..3], ["a", "b", "c"]);
    assert_eq!(ids(&held_out)[0], "b");
    // Every picture without findings is in one of the two, some in each.
    assert_eq!(train.len() - 3 + held_out.len() - 1, 40);
    assert!(held_out.len() > 2);
    assert!(
        ids(&train)[3..]
            .iter()
            .all(|id| !ids(&held_out).contains(id))
    );
    for (data, i, marked) in [(&train, 0, true), (&train, 1, false), (&held_out, 0, true)] {
        let case = data.load(i).unwrap();
        assert_eq!(case.lungs.is_some(), marked, "{}", case.id);
        if let Some(lungs) = case.lungs {
            assert_eq!((lungs.width, lungs.height), (8, 8), "of the picture's size");
        }
    }
    let normal = train.load(3).unwrap();
    assert_eq!(normal.text, "no pulmonary infection.");
    assert!(normal.mask.is_empty() && !normal.lungs.unwrap().is_empty());
    assert_ne!(train.fingerprint(), open().fingerprint());

    let nothing = TempDir::new().unwrap();
    let said = open().with_lungs(nothing.path()).unwrap_err().to_string();
    assert!(said.contains("COVID-19_Train/lung/<id>.png"), "{said}");
}

#[test]
fn cases_are_left_out_by_their_sentence() {
    let dir = qata(&[("train", "a"), ("train", "b")]);
    let mut data = Dataset::open(dir.path(), "train").unwrap();
    assert_eq!(data.leave_out(|_, text| text == LEFT), []);
    assert_eq!(data.leave_out(|_, _| false).len(), 2);
    assert!(data.is_empty());
}
