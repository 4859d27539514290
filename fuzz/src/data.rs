//! Data sets: tables of sentences, and packed data.

use mriseg::image::{GrayImage, Mask};
use mriseg_data::Dataset;

use crate::folder::Folder;

thread_local! {
    static CAPTIONS: Folder = qata();
    static LVIT: Folder = lvit();
    static PACKED: Folder = Folder::new();
    static SHARES: Folder = Folder::new();
}

fn picture() -> Vec<u8> {
    GrayImage::new(8, 8, (0..64).map(|i| i as f32 / 64.0).collect()).to_png()
}

fn mask() -> Vec<u8> {
    Mask::new(8, 8, (0..64).map(|i| u8::from(i < 20)).collect()).to_png()
}

fn qata() -> Folder {
    let folder = Folder::new();
    for split in ["train", "valid"] {
        folder.write(&format!("{split}/img/a 1.png"), &picture());
        folder.write(&format!("{split}/mask/a 1.png"), &mask());
    }
    folder
}

fn lvit() -> Folder {
    let folder = Folder::new();
    for split in ["Train_Folder", "Val_Folder"] {
        folder.write(&format!("{split}/img/a 1.png"), &picture());
        folder.write(&format!("{split}/labelcol/mask_a 1.png"), &mask());
    }
    folder
}

fn read(folder: &Folder, split: &str) {
    let Ok(data) = Dataset::open(folder.path(), split) else {
        return;
    };
    let _ = data.fingerprint();
    for case in 0..data.len().min(4) {
        let _ = (data.id(case), data.text(case), data.load(case));
    }
}

/// A `captions.csv`, or as the table of an LViT folder a workbook, as bytes say.
pub fn tables(bytes: &[u8]) {
    if bytes.starts_with(b"PK") {
        LVIT.with(|folder| {
            folder.write("Train_Folder/Train_text.xlsx", bytes);
            read(folder, "train");
        });
    } else {
        CAPTIONS.with(|folder| {
            folder.write("captions.csv", bytes);
            read(folder, "train");
            let _ = Dataset::splits(folder.path());
        });
    }
}

/// A file of packed data, with the right checksums: changed headers are to be looked into. Or what a share of the packing
/// says of itself.
pub fn packed(bytes: &[u8]) {
    if bytes.starts_with(b"{") {
        return SHARES.with(|folder| {
            folder.write("shard-0-of-1/shard.json", bytes);
            read(folder, "train");
        });
    }
    const BLOCK: usize = 512;
    const CHECKSUM: std::ops::Range<usize> = 148..156;
    let mut bytes = bytes.to_vec();
    for header in bytes.chunks_exact_mut(BLOCK) {
        if header[257..].starts_with(b"ustar") {
            header[CHECKSUM].fill(b' ');
            let sum: u32 = header.iter().map(|&byte| u32::from(byte)).sum();
            header[CHECKSUM].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        }
    }
    PACKED.with(|folder| {
        folder.write("train-000000.tar", &bytes);
        read(folder, "train");
    });
}
