//! `trainer pack`: a data set as a few tar files, which are copied and opened faster than many small ones.

use anyhow::Result;
use mriseg_data::shards::{Settings, ShareFile, ShareRecord};
use mriseg_data::{DataError, Dataset, IncompleteRows, PackedCase, ShardWriter};
use rayon::prelude::*;
use std::path::Path;

use crate::cli::PackArgs;
use crate::data::{say_what_is_left_out, survey_masks, warn_about_soft_masks};
use crate::system::exit::data;
use crate::system::outputs::check_new_folder;
use crate::system::say::say;
use crate::system::{
    Display, Interrupt, Kind, cannot_write, exit, usage, write_atomic, write_dir_atomic,
};

/// Cases encoded side by side, between two looks at Ctrl-C.
const CHUNK: usize = 128;

pub(crate) fn run(args: &PackArgs) -> Result<()> {
    pack(args, &Interrupt::install()?)
}

/// Packs the splits, or the share of them that was asked for, all of it or nothing.
///
/// # Errors
/// The data cannot be opened or a case not be read, the folder exists or cannot be written, or the user asked to
/// stop.
fn pack(args: &PackArgs, interrupt: &Interrupt) -> Result<()> {
    let out = match args.shard {
        Some(share) => args.out.join(share.folder_name()),
        None => args.out.clone(),
    };
    check_new_folder("--out", &out)?;
    let display = Display::detect(args.quiet);
    let rows = IncompleteRows::left_out_if(args.skip_incomplete);
    let mut names = match args.split.as_slice() {
        [] => Dataset::splits(&args.data)?,
        names => names.to_vec(),
    };
    if let Some(name) = names.iter().find(|name| name.contains(['/', '\\', ':'])) {
        return Err(usage(format!(
            "the split `{name}` cannot be part of a file's name; leave it out with --split"
        )));
    }
    let mut splits = Vec::new();
    for name in &names {
        let split =
            Dataset::open_with(&args.data, name, rows)?.with_mask_rule(&args.masks.mask_value);
        say_what_is_left_out(&split);
        splits.push(match &args.lungs {
            Some(lungs) if *name == args.lungs_of => split.with_lungs(lungs)?,
            _ => split,
        });
    }
    if let Some(lungs) = &args.lungs {
        let held_out = Dataset::held_out_lungs(&args.data, &args.lungs_of, lungs, rows)?;
        splits.push(held_out.with_mask_rule(&args.masks.mask_value));
        names.push(Dataset::HELD_OUT_LUNGS.to_owned());
    }
    let all: Vec<&Dataset> = splits.iter().collect();
    survey_masks(&all, &args.masks.mask_value, display)?;
    let mut files = Vec::new();
    write_dir_atomic(&out, |folder| {
        for split in &splits {
            files.extend(pack_split(args, split, folder, interrupt, display)?);
        }
        match args.shard {
            Some(shard) => {
                let record = ShareRecord {
                    shard,
                    settings: settings(args, &splits),
                    files: files.clone(),
                };
                write_atomic(&folder.join(ShareRecord::FILE), &record.to_json())
            }
            None => Ok(()),
        }
    })?;
    let bytes: u64 = files.iter().map(|file| file.bytes).sum();
    let cases: usize = files.iter().map(|file| file.cases).sum();
    say!(
        "{}: {cases} cases ({}) in {} file{}, {:.1} MB, {:.1} kB a case",
        out.display(),
        names.join(", "),
        files.len(),
        if files.len() == 1 { "" } else { "s" },
        bytes as f64 / 1e6,
        bytes as f64 / 1e3 / cases.max(1) as f64
    );
    let when = match args.shard {
        Some(_) => "when all shards are there: ",
        None => "",
    };
    say!(
        "next: {when}cargo run -p trainer -- check --data {}",
        args.out.display()
    );
    Ok(())
}

/// What the shares of a data set have in common.
fn settings(args: &PackArgs, splits: &[Dataset]) -> Settings {
    let options = [
        ("--size", args.size.to_string()),
        ("--quality", args.quality.to_string()),
        ("--mask-value", args.masks.mask_value.to_string()),
    ];
    let data = splits.iter().map(|split| {
        let name = format!("the data of {} of fingerprint", split.split());
        (name, split.fingerprint())
    });
    let options = options.map(|(name, value)| (name.to_owned(), value));
    options.into_iter().chain(data).collect()
}

fn pack_split(
    args: &PackArgs,
    split: &Dataset,
    folder: &Path,
    interrupt: &Interrupt,
    display: Display,
) -> Result<Vec<ShareFile>> {
    let failed = |error: std::io::Error| cannot_write(&args.out, &error);
    let cases = match args.shard {
        Some(share) => share.range(split.len()),
        None => 0..split.len(),
    };
    let mut writer = ShardWriter::new(folder, split.split()).beginning_with(cases.start);
    let name = format!("packing {}", split.split());
    let mut stage = display.stage(&name, cases.len() as u64);
    let mut soft_masks = 0;
    let cases: Vec<usize> = cases.collect();
    for chunk in cases.chunks(CHUNK) {
        if interrupt.requested() {
            return Err(exit::error(
                Kind::Interrupted,
                "nothing was written; the same command begins again",
            ));
        }
        let packed: Result<Vec<(PackedCase, bool)>> =
            chunk.par_iter().map(|&i| encode(args, split, i)).collect();
        for (case, is_soft) in packed? {
            writer.add(&case).map_err(failed)?;
            soft_masks += usize::from(is_soft);
        }
        stage.advance(chunk.len() as u64, None);
    }
    let files = writer.finish().map_err(failed)?;
    let bytes: u64 = files.iter().map(|file| file.bytes).sum();
    stage.finish(&format!(
        "{} cases, {:.1} MB",
        cases.len(),
        bytes as f64 / 1e6
    ));
    if soft_masks > 0 {
        warn_about_soft_masks(soft_masks, display);
    }
    Ok(files)
}

/// A case as it is stored, and whether its mask had pixels that were neither black nor white.
fn encode(args: &PackArgs, split: &Dataset, i: usize) -> Result<(PackedCase, bool)> {
    let case = split
        .load(i)
        .map_err(|error: DataError| data(error.to_string()))?;
    let size = usize::from(args.size);
    let packed = PackedCase::new(&case, split.picture(i), size, args.quality).map_err(|error| {
        data(format!(
            "the picture of `{}` cannot be packed: {error}",
            case.id
        ))
    })?;
    Ok((packed, case.intermediate_pixels > 0))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use mriseg_data::PhantomConfig;

    use crate::cli::MaskArgs;

    use super::*;

    /// A folder in the QaTa layout with so many phantoms of each of two splits.
    fn folder(root: &Path, pictures: usize) -> PathBuf {
        let dir = root.join("data");
        let mut table = "split,id,caption\n".to_owned();
        for name in ["train", "valid"] {
            let phantoms = Dataset::phantoms(&PhantomConfig::default(), name, pictures);
            for kind in ["img", "mask"] {
                fs::create_dir_all(dir.join(name).join(kind)).unwrap();
            }
            for i in 0..phantoms.len() {
                let case = phantoms.load(i).unwrap();
                let id = format!("case {i} (a.b)");
                table += &format!("{name},{id},\"{}\"\n", case.text);
                let path = |kind: &str| dir.join(name).join(kind).join(format!("{id}.png"));
                fs::write(path("img"), case.image.to_png()).unwrap();
                fs::write(path("mask"), case.mask.to_png()).unwrap();
            }
        }
        fs::write(dir.join("captions.csv"), table).unwrap();
        dir
    }

    fn args(data: PathBuf, out: PathBuf) -> PackArgs {
        PackArgs {
            data,
            out,
            size: 224,
            lungs: None,
            masks: MaskArgs::default(),
            lungs_of: "train".to_owned(),
            split: Vec::new(),
            skip_incomplete: false,
            quality: 85,
            shard: None,
            quiet: true,
        }
    }

    #[test]
    fn packed_data_have_equal_cases_and_pictures_but_for_what_jpeg_loses() {
        let root = tempfile::tempdir().unwrap();
        let data = folder(root.path(), 3);
        let out = root.path().join("packed");
        pack(&args(data.clone(), out.clone()), &Interrupt::default()).unwrap();
        assert_eq!(Dataset::splits(&out).unwrap(), ["train", "valid"]);
        for name in ["train", "valid"] {
            let (before, after) = (
                Dataset::open(&data, name).unwrap(),
                Dataset::open(&out, name).unwrap(),
            );
            assert_eq!(before.len(), after.len());
            assert!(before.texts().eq(after.texts()));
            for i in 0..before.len() {
                assert_eq!(before.id(i), after.id(i));
                assert_eq!(before.picture(i), after.picture(i));
                let (before, after) = (before.load(i).unwrap(), after.load(i).unwrap());
                assert_eq!(before.mask, after.mask);
                let (before, after) = (before.image.grey(), after.image.grey());
                let pixels = before.pixels.iter().zip(&after.pixels);
                let error =
                    pixels.map(|(a, b)| (a - b).abs()).sum::<f32>() / before.pixels.len() as f32;
                assert!(error < 0.02, "{error}");
            }
        }
    }

    #[test]
    fn three_shards_are_the_data_set_of_one_and_one_that_is_missing_or_of_another_is_named() {
        let root = tempfile::tempdir().unwrap();
        let data = folder(root.path(), 3);
        let whole = args(data.clone(), root.path().join("whole"));
        pack(&whole, &Interrupt::default()).unwrap();
        let out = root.path().join("shards");
        let shard = |text: &str, quality| {
            let args = PackArgs {
                shard: Some(text.parse().unwrap()),
                quality,
                ..args(data.clone(), out.clone())
            };
            pack(&args, &Interrupt::default())
        };
        shard("2/3", 85).unwrap();
        shard("0/3", 85).unwrap();
        let said = |split: &str| Dataset::open(&out, split).unwrap_err().to_string();
        let missing = said("train");
        assert!(missing.contains("shard-1-of-3"), "{missing}");
        assert!(missing.contains("--shard 1/3 makes it"), "{missing}");
        shard("1/3", 20).unwrap();
        let other = said("valid");
        assert!(other.contains("shard-1-of-3"), "{other}");
        assert!(other.contains("--quality `20`"), "{other}");
        assert!(
            shard("1/3", 85)
                .unwrap_err()
                .to_string()
                .contains("not empty")
        );
        fs::remove_dir_all(out.join("shard-1-of-3")).unwrap();
        shard("1/3", 85).unwrap();

        assert_eq!(Dataset::splits(&out).unwrap(), ["train", "valid"]);
        for split in ["train", "valid"] {
            let one = Dataset::open(&whole.out, split).unwrap();
            let three = Dataset::open(&out, split).unwrap();
            assert!(one.len() > 3);
            assert_eq!(one.len(), three.len());
            for i in 0..one.len() {
                assert_eq!((one.id(i), one.text(i)), (three.id(i), three.text(i)));
                assert_eq!(
                    (one.picture(i), one.sizes(i)),
                    (three.picture(i), three.sizes(i))
                );
                assert_eq!(one.load(i).unwrap(), three.load(i).unwrap());
            }
            assert_eq!(one.fingerprint(), three.fingerprint());
        }
    }

    #[test]
    fn packing_again_is_refused_and_ctrl_c_leaves_nothing() {
        let root = tempfile::tempdir().unwrap();
        let data = folder(root.path(), 1);
        let interrupt = Interrupt::default();
        let out = root.path().join("packed");
        pack(&args(data.clone(), out.clone()), &interrupt).unwrap();
        let error = pack(&args(data.clone(), out), &interrupt).unwrap_err();
        assert!(error.to_string().contains("not empty"), "{error}");

        interrupt.request();
        let error = pack(&args(data, root.path().join("again")), &interrupt).unwrap_err();
        assert_eq!(exit::kind_of(&error), Kind::Interrupted);
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_large_picture_is_packed_smaller_but_not_squeezed() {
        let root = tempfile::tempdir().unwrap();
        let data = folder(root.path(), 1);
        let mut args = args(data.clone(), root.path().join("packed"));
        args.split = vec!["valid".to_owned()];
        args.size = 32;
        let before = Dataset::open(&data, "valid").unwrap().load(0).unwrap();
        let wide = before.image.resized(96, 48);
        let image = data.join("valid/img").join(format!("{}.png", before.id));
        fs::write(image, wide.to_png()).unwrap();
        let mask = data.join("valid/mask").join(format!("{}.png", before.id));
        fs::write(mask, before.mask.resized(96, 48).to_png()).unwrap();
        pack(&args, &Interrupt::default()).unwrap();
        assert_eq!(Dataset::splits(&args.out).unwrap(), ["valid"]);
        let after = Dataset::open(&args.out, "valid").unwrap().load(0).unwrap();
        assert_eq!((after.image.width(), after.image.height()), (32, 16));
        assert_eq!(after.mask, before.mask.resized(96, 48).resized(32, 16));
    }

    #[test]
    fn a_picture_that_cannot_be_packed_names_its_file_and_a_split_that_is_not_there_the_others() {
        let root = tempfile::tempdir().unwrap();
        let data = folder(root.path(), 1);
        let mut args = args(data.clone(), root.path().join("packed"));
        args.split = vec!["night".to_owned()];
        let error = pack(&args, &Interrupt::default()).unwrap_err();
        assert!(
            error.to_string().contains("there is train, valid"),
            "{error}"
        );
        args.split.clear();
        fs::write(data.join("valid/img/case 0 (a.b).png"), b"no picture").unwrap();
        let error = pack(&args, &Interrupt::default()).unwrap_err();
        assert_eq!(exit::kind_of(&error), Kind::Data);
        let said = exit::sentence(&error);
        assert!(said.contains("case 0 (a.b).png"), "{said}");
        assert!(!args.out.exists());
    }
}
