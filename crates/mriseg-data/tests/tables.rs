//! Tables and folders as people bring them: read, or refused with the remedy.

use std::fs;
use std::path::Path;

use mriseg::image::{GrayImage, Mask};
use mriseg_data::{Dataset, IncompleteRows};
use rust_xlsxwriter::{Format, Formula, Workbook};
use tempfile::TempDir;

const FOUR: &str = "bilateral pulmonary infection, four infected areas, upper left lung.";
const ONE: &str = "one infected area, lower right lung.";

/// Folders of the QaTa layout, and of LViT's.
const QATA: [[&str; 2]; 3] = [
    ["train/img", "train/mask"],
    ["valid/img", "valid/mask"],
    ["test/img", "test/mask"],
];
const LVIT: [[&str; 2]; 3] = [
    ["Train_Folder/img", "Train_Folder/labelcol"],
    ["Val_Folder/img", "Val_Folder/labelcol"],
    ["Test_Folder/img", "Test_Folder/labelcol"],
];

/// A data set in the making.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    /// A picture and a mask for `a` and `b` of train, `c` of valid and `d` of test.
    fn with(layout: [[&str; 2]; 3]) -> Self {
        let folder = Self::new();
        for (dirs, ids) in layout.into_iter().zip([&["a", "b"][..], &["c"], &["d"]]) {
            for id in ids {
                folder.case(dirs, &format!("{id}.png"), &format!("{id}.png"));
            }
        }
        folder
    }

    fn case(&self, [images, masks]: [&str; 2], image: &str, mask: &str) {
        self.file(&format!("{images}/{image}"), picture());
        self.file(&format!("{masks}/{mask}"), a_mask());
    }

    fn file(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Ids of a split and its first sentence, or the error; every case must load.
    fn open(&self, split: &str) -> Result<(String, String), String> {
        let data = Dataset::open(self.path(), split).map_err(|error| error.to_string())?;
        (0..data.len()).for_each(|i| assert_eq!(data.load(i).unwrap().mask.area(), 1));
        let ids: Vec<&str> = (0..data.len()).map(|i| data.id(i)).collect();
        Ok((ids.join(" "), data.text(0).to_owned()))
    }

    /// That the three splits are `a b`, `c` and `d`, whose sentences are `FOUR`.
    fn is_read(&self, what: &str) {
        for (split, ids) in [("train", "a b"), ("valid", "c"), ("test", "d")] {
            assert_eq!(
                self.open(split),
                Ok((ids.to_owned(), FOUR.to_owned())),
                "{what}, {split}"
            );
        }
        assert_eq!(
            Dataset::splits(self.path()).unwrap(),
            ["train", "valid", "test"],
            "{what}"
        );
    }

    /// That a split is refused with these words.
    fn is_refused(&self, split: &str, words: &[&str]) {
        let said = self.open(split).unwrap_err();
        words
            .iter()
            .for_each(|word| assert!(said.contains(word), "{word}: {said}"));
    }
}

fn picture() -> Vec<u8> {
    GrayImage::new(8, 8, vec![0.5; 64]).to_png()
}

fn a_mask() -> Vec<u8> {
    let mut mask = Mask::empty(8, 8);
    mask.pixels[1] = 1;
    mask.to_png()
}

/// `captions.csv` of the folder of [`Folder::with`], with names and sentences as given and these ends of lines.
fn captions(name: impl Fn(&str) -> String, end: &str) -> String {
    let rows = [
        ("train", "a"),
        ("train", "b"),
        ("valid", "c"),
        ("test", "d"),
    ];
    let rows = rows.map(|(split, id)| format!("{split},{},\"{FOUR}\"{end}", name(id)));
    format!("split,id,caption{end}{}", rows.concat())
}

fn plain() -> String {
    captions(str::to_owned, "\n")
}

/// A workbook of one sheet.
fn book(rows: &[[&str; 2]]) -> Vec<u8> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (row, cells) in rows.iter().enumerate() {
        for (column, cell) in cells.iter().enumerate() {
            match cell.parse::<f64>() {
                Ok(number) => sheet.write(row as u32, column as u16, number).unwrap(),
                Err(_) => sheet.write(row as u32, column as u16, *cell).unwrap(),
            };
        }
    }
    book.save_to_buffer().unwrap()
}

#[test]
fn captions_are_read_in_any_encoding_with_any_separator_and_spelling() {
    let utf16 =
        |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
    let unquoted = plain().replace('"', "");
    let other = |separator: &str| {
        unquoted
            .replace(", ", "~")
            .replace(',', separator)
            .replace('~', ", ")
    };
    let tables: [(&str, Vec<u8>); 20] = [
        ("as documented", plain().into()),
        (
            "BOM and CRLF",
            format!("\u{feff}{}", captions(str::to_owned, "\r\n")).into(),
        ),
        ("lone CR", captions(str::to_owned, "\r").into()),
        ("CR before CRLF", captions(str::to_owned, "\r\r\n").into()),
        ("UTF-16", utf16(&format!("\u{feff}{}", plain()))),
        ("UTF-16 without BOM", utf16(&plain())),
        (
            "capitals and spaces",
            plain()
                .replace("split,id,caption", " Split ,ID,\"CAPTION \"")
                .into(),
        ),
        ("semicolons", other(";").into()),
        ("tabs", other("\t").into()),
        ("Excel's sep", format!("sep=;\n{}", other(";")).into()),
        ("unquoted", unquoted.clone().into()),
        ("a title above", format!("My data,,\n\n{}", plain()).into()),
        (
            "empty rows and columns",
            (plain().replace('\n', ",,\n") + ",,,,\n  ,,\n\n").into(),
        ),
        (
            "a break in a cell",
            plain()
                .replace("infection, four", "infection,\r\nfour")
                .into(),
        ),
        (
            "unseen characters",
            plain()
                .replace("pulmonary ", "pulmonary\u{a0}\u{200b}")
                .into(),
        ),
        (
            "splits in other words",
            plain()
                .replace("train", "Training")
                .replace("valid", "val")
                .into(),
        ),
        (
            "mixed capitals",
            plain().replacen("train", "TRAIN", 1).into(),
        ),
        (
            "paths of Windows",
            captions(|id| format!("C:\\data\\img\\{id}.png"), "\n").into(),
        ),
        (
            "relative paths",
            captions(|id| format!("train/img/{id}.PNG"), "\n").into(),
        ),
        (
            "names of masks",
            captions(|id| format!("mask_{}", id.to_uppercase()), "\n").into(),
        ),
    ];
    for (what, table) in tables {
        let folder = Folder::with(QATA);
        folder.file("captions.csv", table);
        folder.is_read(what);
    }
}

#[test]
fn a_code_page_is_guessed_and_said() {
    let folder = Folder::with(QATA);
    let text = plain().replace("upper left", "caf\u{e9} \u{2013} left");
    let windows: Vec<u8> = text
        .chars()
        .map(|c| match c {
            '\u{e9}' => 0xe9,
            '\u{2013}' => 0x96,
            c => c as u8,
        })
        .collect();
    folder.file("captions.csv", windows);
    let data = Dataset::open(folder.path(), "train").unwrap();
    assert!(
        data.text(0).contains("caf\u{e9} \u{2013} left"),
        "{}",
        data.text(0)
    );
    assert!(
        data.remarks().guessed[0].contains("read as windows-1252"),
        "{:?}",
        data.remarks()
    );
}

#[test]
fn rows_whose_cells_cannot_be_told_apart_are_refused_and_none_is_lost() {
    let folder = Folder::with(QATA);
    folder.file(
        "captions.csv",
        "split,id,caption,zones\ntrain,a,one, two,1\ntrain,b,three,2\n",
    );
    folder.is_refused(
        "train",
        &["line 2, id \"a\": 5 cells under 4 titles; put the sentence between quotation marks"],
    );
    folder.file(
        "captions.csv",
        "split,id,caption\ntrain,a,\"one\ntrain,b,two\n",
    );
    folder.is_refused(
        "train",
        &["line 2 opens a quotation mark that no line closes"],
    );
    folder.file(
        "captions.csv",
        "split,id,caption\ntrain,a,\"one\ntrain,b,\"two\n",
    );
    folder.is_refused("train", &["line 2", "closed in line 3"]);
    folder.file("captions.csv", "split,id,caption\ntrain,a,one\n,b,two\n");
    folder.is_refused("train", &["line 3, id \"b\": an empty split"]);
}

#[test]
fn lvits_tables_are_read_wherever_and_however_they_are_kept() {
    let header = ["Image", "Description"];
    let rows = |ids: &[&str], name: &dyn Fn(&str) -> String| -> Vec<[String; 2]> {
        ids.iter().map(|id| [name(id), FOUR.to_owned()]).collect()
    };
    let mask_name = |id: &str| format!("mask_{id}.png");
    let book_of = |ids: &[&str], header: [&str; 2], text: &str| {
        let rows = rows(ids, &mask_name);
        let rows = rows.iter().map(|[name, _]| [name.as_str(), text]);
        book(&[header].into_iter().chain(rows).collect::<Vec<_>>())
    };
    let csv_of = |ids: &[&str]| {
        let rows = rows(ids, &mask_name)
            .into_iter()
            .map(|[name, text]| format!("{name},\"{text}\"\n"));
        format!("Image,Description\n{}", rows.collect::<String>())
    };
    let each = |folder: &Folder, file: &dyn Fn(&[&str]) -> Vec<u8>, extension: &str| {
        for (name, ids) in [
            ("Train", &["a", "b"][..]),
            ("Val", &["c"]),
            ("Test", &["d"]),
        ] {
            folder.file(&format!("{name}_Folder/{name}_text.{extension}"), file(ids));
        }
    };
    let plain = Folder::with(LVIT);
    each(&plain, &|ids| book_of(ids, header, FOUR), "xlsx");
    plain.is_read("as published");

    let mac = Folder::with(LVIT);
    each(&mac, &|ids| book_of(ids, header, FOUR), "xlsx");
    for file in [
        "._Train_text.xlsx",
        ".DS_Store",
        "~$Train_text.xlsx",
        "img/._a.png",
        "img/Thumbs.db",
    ] {
        mac.file(&format!("Train_Folder/{file}"), b"\0\x05\x16\x07");
    }
    mac.is_read("copied by macOS");

    let spaces = Folder::with(LVIT);
    each(
        &spaces,
        &|ids| {
            book_of(
                ids,
                [" image ", "DESCRIPTION "],
                &FOUR.replace("on, four", "on,\r\nfour"),
            )
        },
        "xlsx",
    );
    spaces.is_read("spaces in the header, breaks in cells");

    let csv = Folder::with(LVIT);
    each(&csv, &|ids| csv_of(ids).into(), "csv");
    csv.is_read("CSV");

    let misnamed = Folder::with(LVIT);
    each(&misnamed, &|ids| csv_of(ids).into(), "xlsx");
    misnamed.is_read("CSV that is called xlsx");

    let above = Folder::with(LVIT);
    above.file(
        "Train_Val_text.xlsx",
        book_of(&["a", "b", "c"], header, FOUR),
    );
    above.file("Test_Folder/Test_text.xlsx", book_of(&["d"], header, FOUR));
    above.is_read("one table of two splits");
    // A row of no folder is of neither split, and lost in none.
    above.file(
        "Train_Val_text.xlsx",
        book_of(&["a", "b", "c", "gone"], header, FOUR),
    );
    above.is_refused(
        "train",
        &["row 5, Image \"mask_gone.png\": no picture gone in"],
    );
    above.is_refused("valid", &["row 5"]);
}

#[test]
fn numbers_that_lost_their_zeros_are_found_where_one_picture_fits() {
    let folder = Folder::new();
    for id in ["0001", "0002"] {
        folder.case(
            ["Train_Folder/img", "Train_Folder/labelcol"],
            &format!("{id}.png"),
            &format!("{id}.png"),
        );
    }
    folder.file(
        "Train_Folder/Train_text.xlsx",
        book(&[["Image", "Description"], ["1", FOUR], ["2", ONE]]),
    );
    assert_eq!(
        folder.open("train"),
        Ok(("0001 0002".to_owned(), FOUR.to_owned()))
    );
    folder.case(
        ["Train_Folder/img", "Train_Folder/labelcol"],
        "01.png",
        "01.png",
    );
    folder.is_refused(
        "train",
        &[
            "row 2, Image \"1\"",
            "0001.png or",
            "01.png; write the name as its file has it",
        ],
    );
    // Two names, one picture: the other's picture may be missing.
    folder.file(
        "Train_Folder/Train_text.csv",
        "Image,Description\n0002,one\n2,two\n",
    );
    fs::remove_file(folder.path().join("Train_Folder/Train_text.xlsx")).unwrap();
    folder.is_refused(
        "train",
        &[
            "line 3, Image \"2\": line 2 calls its picture",
            "otherwise, \"0002\"",
        ],
    );
}

#[test]
fn workbooks_are_read_as_they_are_seen() {
    let folder = Folder::with(LVIT);
    let mut book = Workbook::new();
    let hidden = book.add_worksheet().set_name("old").unwrap();
    hidden
        .write(0, 0, "Image")
        .unwrap()
        .write(0, 1, "Description")
        .unwrap()
        .write(1, 0, "b.png")
        .unwrap();
    hidden.set_hidden(true);
    let notes = book.add_worksheet().set_name("notes").unwrap();
    notes.write(0, 0, "see the next sheet").unwrap();
    let sheet = book.add_worksheet().set_name("data").unwrap();
    sheet
        .merge_range(0, 0, 0, 1, "Texts of the training pictures", &Format::new())
        .unwrap();
    sheet
        .write(2, 1, "Image")
        .unwrap()
        .write(2, 2, "Description")
        .unwrap();
    sheet
        .write(3, 1, "a.png")
        .unwrap()
        .write(3, 2, FOUR)
        .unwrap();
    sheet.write(5, 1, "b.png").unwrap();
    sheet
        .write_formula(5, 2, Formula::new("=C4").set_result(ONE))
        .unwrap();
    sheet.set_active(true);
    book.save(folder.path().join("Train_Folder/Train_text.xlsx"))
        .unwrap();
    assert_eq!(
        folder.open("train"),
        Ok(("a b".to_owned(), FOUR.to_owned()))
    );

    let mut book = Workbook::new();
    for name in ["train", "Val"] {
        let sheet = book.add_worksheet().set_name(name).unwrap();
        sheet
            .write(0, 0, "Image")
            .unwrap()
            .write(0, 1, "Description")
            .unwrap();
        let ids = if name == "train" {
            &["a", "b"][..]
        } else {
            &["c"]
        };
        for (row, id) in ids.iter().enumerate() {
            sheet
                .write(row as u32 + 1, 0, *id)
                .unwrap()
                .write(row as u32 + 1, 1, FOUR)
                .unwrap();
        }
        // All cells up to there would be gigabytes.
        sheet.write(1_048_575, 16_383, " ").unwrap();
    }
    let sheets = Folder::with(QATA);
    book.save(sheets.path().join("captions.xlsx")).unwrap();
    assert_eq!(
        sheets.open("train"),
        Ok(("a b".to_owned(), FOUR.to_owned()))
    );
    assert_eq!(sheets.open("valid"), Ok(("c".to_owned(), FOUR.to_owned())));
    book.save(folder.path().join("Train_Folder/Train_text.xlsx"))
        .unwrap();
}

#[test]
fn kaggles_qata_and_the_layouts_of_its_readers_are_read() {
    let table = |ids: &[&str]| {
        let rows = ids.iter().map(|id| format!("mask_{id}.png,\"{FOUR}\"\n"));
        format!("Image,Description\n{}", rows.collect::<String>())
    };
    let ids: Vec<String> = (0..5).map(|i| format!("covid_{i}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    for (images, masks) in [
        ("Images", "Ground-truths"),
        ("Images", "GTs"),
        ("images", "masks"),
    ] {
        let folder = Folder::new();
        let dirs = |split: &str| [format!("{split}/{images}"), format!("{split}/{masks}")];
        for id in &ids {
            let [images, masks] = &dirs("Train Set");
            folder.case(
                [images, masks],
                &format!("{id}.png"),
                &format!("mask_{id}.png"),
            );
        }
        let [images, masks] = &dirs("Test Set");
        folder.case([images, masks], "covid_9.png", "mask_covid_9.png");
        folder.file("prompt/train.csv", table(&ids));
        let opened = |split: &str| folder.open(split).map(|(ids, _)| ids);
        assert_eq!(opened("train"), Ok(ids.join(" ")), "{images}");
        folder.is_refused(
            "test",
            &[
                "Test Set",
                "no table of the sentences of",
                "Image and Description",
            ],
        );
        folder.is_refused(
            "valid",
            &[
                "no split \"valid\"; there is train, test",
                "data.valid_split=train[80%:]",
            ],
        );
        assert_eq!(opened("train[:80%]"), Ok(ids[..4].join(" ")));
        assert_eq!(opened("train[80%:]"), Ok(ids[4].to_owned()));
        folder.is_refused("train[:10%]", &["no picture of train"]);
        folder.file("test.csv", table(&["covid_9"]));
        assert_eq!(opened("test"), Ok("covid_9".to_owned()));
        // LViT's own division of the training pictures.
        fs::remove_dir_all(folder.path().join("prompt")).unwrap();
        folder.file("Train_text.csv", table(&ids[..3]));
        folder.file("Val_text.csv", table(&ids[3..]));
        assert_eq!(opened("train"), Ok(ids[..3].join(" ")));
        assert_eq!(opened("valid"), Ok(ids[3..].join(" ")));
        let remarks = Dataset::open(folder.path(), "train")
            .unwrap()
            .remarks()
            .clone();
        assert!(remarks.unused.is_empty(), "{remarks:?}");
    }
}

#[test]
fn records_of_json_are_rows() {
    // SGSeg's layout.
    let layout = ["train", "valid", "test"].map(|split| {
        let dirs = ["images", "masks"].map(|kind| format!("images/{split}/{kind}"));
        dirs.map(|dir| &*dir.leak())
    });
    let folder = Folder::with(layout);
    let record = |id: &str| {
        format!(
            r#"{{"image_path": "mask_{id}.png", "caption": "{FOUR}", "areas": 4, "boxes": [1]}}"#
        )
    };
    let list = |ids: [&str; 2]| format!("[{}, {}]", record(ids[0]), record(ids[1]));
    let [c, d] = ["c", "d"].map(record);
    let lists = format!(
        r#"{{"train": {}, "test": [{d}], "val": [{c}]}}"#,
        list(["a", "b"])
    );
    folder.file("prompts/annotation.json", &lists);
    folder.is_read("a list for each split");
    folder.file("prompts/annotation.json", format!("{lists}}}"));
    folder.is_refused(
        "train",
        &["annotation.json: is no JSON (expected value at line 1 column"],
    );
    folder.file("prompts/annotation.json", r#"{"train": [1]}"#);
    folder.is_refused("train", &["its entry 1 is no record such as"]);
    let nameless = lists.replace("mask_b.png", "");
    folder.file("prompts/annotation.json", nameless);
    folder.is_refused("train", &["list train, record 2"]);
    let odd = lists.replace("\"mask_b.png\"", "{}");
    folder.file("prompts/annotation.json", odd);
    folder.is_refused("train", &["its image_path is neither text nor a number"]);
    folder.file("prompts/annotation.json", r#"{"train": [{"a": "x"}]}"#);
    folder.is_refused(
        "train",
        &["no records that name image and caption, such as {"],
    );

    // A table of each split, as one list or a record in each line.
    let folder = Folder::with(layout);
    folder.file("train.json", list(["a", "b"]));
    folder.file("valid.jsonl", format!("{c}\n"));
    folder.file("test.jsonl", format!("{d}\r\n"));
    folder.file("train_config.json", "{}");
    folder.is_read("a file for each split");
    folder.file("train.json", format!("{}\n{}\n", record("b"), record("a")));
    assert_eq!(folder.open("train").unwrap().0, "b a");
    // Several sentences of a picture, and what else is said of all.
    let several = r#"{"version": 1, "val": [], "train": [{"image": ["a.png"], "captions": ["left", "right"]}]}"#;
    folder.file("train.json", several);
    assert_eq!(
        folder.open("train"),
        Ok(("a a".to_owned(), "left".to_owned()))
    );
    // JSON that is no table hides none.
    folder.file("train.json", r#"{"rate": 0.1}"#);
    folder.is_refused("train", &["train.json: has no records"]);
    folder.file("captions.csv", plain());
    folder.is_read("a table beside settings");
    fs::rename(
        folder.path().join("captions.csv"),
        folder.path().join("data.csv"),
    )
    .unwrap();
    for file in ["valid.jsonl", "test.jsonl"] {
        fs::remove_file(folder.path().join(file)).unwrap();
    }
    folder.is_read("a table of no split beside JSON called train");
}

#[test]
fn a_column_of_splits_counts_in_a_table_of_one_split_too() {
    let flat = [["img", "mask"]; 3];
    let folder = Folder::with(flat);
    folder.file("train.csv", plain());
    folder.is_read("all splits in train.csv");
    // What divides the rows otherwise is no split.
    let batches = plain()
        .replace("valid,", "batch 2,")
        .replace("test,", "batch 2,")
        .replace("train,", "batch 1,");
    folder.file("train.csv", batches);
    assert_eq!(folder.open("train").unwrap().0, "a b c d");
}

#[test]
fn a_picture_that_another_splits_table_names_is_used() {
    let folder = Folder::with([["img", "mask"]; 3]);
    for (split, ids) in [("train", &["a", "b"][..]), ("valid", &["c"])] {
        let rows: String = ids.iter().map(|id| format!("{id},x\n")).collect();
        folder.file(&format!("{split}/table.csv"), format!("id,caption\n{rows}"));
    }
    let data = Dataset::open(folder.path(), "train").unwrap();
    let [unused] = &data.remarks().unused[..] else {
        panic!("{:?}", data.remarks())
    };
    assert!(unused.ends_with("img/d.png"), "{unused:?}");
}

#[test]
fn the_column_of_files_counts_beside_numbers_of_rows() {
    let folder = Folder::new();
    for id in ["0001", "0002", "0003"] {
        folder.case(
            ["train/img", "train/mask"],
            &format!("{id}.png"),
            &format!("{id}.png"),
        );
    }
    let rows = "id,image,caption\n1,0003.png,left\n2,0001.png,right\n";
    folder.file("train/table.csv", rows);
    assert_eq!(
        folder.open("train"),
        Ok(("0003 0001".to_owned(), "left".to_owned()))
    );
}

#[test]
fn of_two_folders_of_masks_the_one_that_is_written_counts() {
    let folder = Folder::new();
    folder.case(["train/img", "train/mask"], "a.png", "a.png");
    folder.case(["train/img", "train/labels"], "a.png", "a.png");
    folder.file("captions.csv", "split,id,caption\ntrain,a.png,x\n");
    folder.is_refused(
        "train",
        &[
            "mask/a.png",
            "labels/a.png",
            "write it before the name, in a column mask",
        ],
    );
    folder.file(
        "captions.csv",
        "split,id,caption,mask\ntrain,a.png,x,labels/a.png\n",
    );
    assert_eq!(folder.open("train").unwrap().0, "a");
}

#[test]
fn pictures_of_all_splits_may_lie_together() {
    let folder = Folder::new();
    for id in ["a", "b", "c", "d"] {
        folder.case(
            ["images", "labels"],
            &format!("{id}.png"),
            &format!("{id}_mask.png"),
        );
    }
    folder.file("data.csv", plain());
    folder.is_read("a column of splits");
    folder.file(
        "data.csv",
        format!("filename,mask,text\na,a_mask.png,\"{FOUR}\"\nb,b_mask.png,{ONE}\n"),
    );
    assert_eq!(
        folder.open("train"),
        Ok(("a b".to_owned(), FOUR.to_owned()))
    );
    folder.is_refused("valid", &["there is train"]);

    let below = Folder::with([
        ["images/train", "masks/train"],
        ["images/val", "masks/val"],
        ["images/test", "masks/test"],
    ]);
    below.file("captions.csv", plain());
    below.is_read("splits within kinds");
    below.file(
        "captions.csv",
        plain()
            .replace("train,", "")
            .replace("valid,", "")
            .replace("test,", "")
            .replace("split,", ""),
    );
    below.is_read("splits by folder");

    // Equal names in each of them: a path tells which, or nothing does.
    let equal = Folder::new();
    for dirs in QATA {
        equal.case(dirs, "1.png", "1.png");
    }
    let rows = ["train", "valid", "test"].map(|split| format!("{split}/img/1.png,{split}\n"));
    equal.file("data.csv", format!("image,caption\n{}", rows.concat()));
    for split in ["train", "valid", "test"] {
        assert_eq!(equal.open(split), Ok(("1".to_owned(), split.to_owned())));
    }
    equal.file("data.csv", "image,caption\n1,x\n");
    equal.is_refused("train", &["may be that of several splits"]);
    // Nor is a picture of another split taken for one that is missing.
    fs::remove_dir_all(equal.path().join("train/img")).unwrap();
    equal.file("captions.csv", "split,id,caption\ntrain,1,x\n");
    equal.is_refused("train", &["no picture 1 in", "train/img"]);
}

#[test]
fn val_stands_for_valid_in_tables_and_folders() {
    let folder = Folder::with([
        ["training/img", "training/mask"],
        ["val/img", "val/mask"],
        ["Testing/img", "Testing/mask"],
    ]);
    folder.file("captions.csv", plain());
    folder.is_read("folders");
    folder.file("captions.csv", plain().replace("valid", "Val"));
    folder.is_read("folders and table");
    folder.file(
        "captions.csv",
        plain().replace("valid", "dev") + "val,c,x\n",
    );
    folder.is_refused(
        "valid",
        &["\"dev\", \"val\"", "could each be the split \"valid\""],
    );
}

#[test]
fn incomplete_rows_are_left_out_only_on_demand_and_are_told() {
    let folder = Folder::with(QATA);
    folder.file("captions.csv", plain() + "train,gone,one\ntrain,b,\n");
    folder.is_refused(
        "train",
        &[
            "2 rows",
            "line 6, id \"gone\": no picture",
            "line 7",
            "--skip-incomplete",
        ],
    );
    let leave_out =
        |split: &str| Dataset::open_with(folder.path(), split, IncompleteRows::LeaveOut);
    let data = leave_out("train").unwrap();
    assert_eq!((data.len(), data.remarks().incomplete.len()), (2, 2));
    assert_eq!(leave_out("valid").unwrap().remarks().incomplete.len(), 0);
    folder.file("captions.csv", "split,id,caption\ntrain,gone,one\n");
    assert!(
        leave_out("train")
            .unwrap_err()
            .to_string()
            .contains("1 row")
    );
}

#[test]
fn rows_twice_and_pictures_without_a_row_are_told() {
    let folder = Folder::with(QATA);
    folder.case(QATA[0], "never_named.png", "never_named.png");
    folder.file(
        "captions.csv",
        plain() + &format!("train,a,\"{FOUR}\"\ntrain,a,{ONE}\n"),
    );
    let data = Dataset::open(folder.path(), "train").unwrap();
    // Several sentences of one picture are in order; the same one twice is not.
    assert_eq!((data.len(), data.picture(0), data.picture(3)), (4, 0, 0));
    assert_eq!(
        data.remarks().repeated,
        ["line 6, id \"a\": the same as line 2"]
    );
    let [unused] = &data.remarks().unused[..] else {
        panic!("{:?}", data.remarks())
    };
    assert!(unused.ends_with("train/img/never_named.png"));
    assert_eq!(
        Dataset::open(folder.path(), "valid")
            .unwrap()
            .remarks()
            .unused
            .len(),
        0
    );
}

#[test]
fn a_folder_above_or_below_the_data_is_named() {
    let folder = Folder::new();
    folder.case(
        ["qata/qata/train/img", "qata/qata/train/mask"],
        "a.png",
        "a.png",
    );
    folder.file("qata/qata/captions.csv", "split,id,caption\ntrain,a,x\n");
    let said = |path: &Path| Dataset::open(path, "train").unwrap_err().to_string();
    let inner = folder.path().join("qata/qata");
    for path in ["", "qata", "qata/qata/train", "qata/qata/train/img"] {
        let said = said(&folder.path().join(path));
        let inner = inner.canonicalize().unwrap();
        let inner = inner
            .strip_prefix(folder.path().canonicalize().unwrap())
            .unwrap();
        assert!(
            said.contains(&format!("{}", inner.display())) && said.contains("give"),
            "{path}: {said}"
        );
    }
    assert!(said(TempDir::new().unwrap().path()).contains("give the folder that does"));
}

#[test]
fn pictures_in_other_formats_are_found_or_named_with_the_remedy() {
    let folder = Folder::new();
    // Found by name; the format is that of the bytes.
    folder.case(["train/img", "train/mask"], "slide_0.tif", "slide_0.bmp");
    folder.file("captions.csv", "split,id,caption\ntrain,slide_0.png,x\n");
    assert_eq!(
        folder.open("train"),
        Ok(("slide_0".to_owned(), "x".to_owned()))
    );
    for file in ["scan.dcm", "scan.nii.gz", "scan"] {
        let folder = Folder::new();
        folder.file(&format!("train/img/{file}"), b"DICM");
        folder.file("train/mask/scan.png", a_mask());
        folder.file("captions.csv", "split,id,caption\ntrain,scan,x\n");
        folder.is_refused(
            "train",
            &[
                "its picture is",
                file,
                "convert it to PNG (of 16 bits, if it is DICOM)",
            ],
        );
    }
}
