//! Writes shards.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use image::ImageError;
use mriseg::image::Mask;
use serde::Serialize;
use tar::{Builder, Header};

use super::layout::{BLOCK, Kind, shard_name};
use super::share::ShareFile;
use crate::Case;
use crate::encoded::jpeg;

/// A shard is closed before it grows larger.
const LARGEST: u64 = 32_000_000;

/// A case as its entries hold it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackedCase {
    image: Vec<u8>,
    mask: Vec<u8>,
    lungs: Option<Vec<u8>>,
    json: Vec<u8>,
}

/// Writes the cases of a split, in their order. Equal cases make equal files, byte for byte.
#[derive(Debug)]
pub struct ShardWriter {
    dir: PathBuf,
    split: String,
    largest: u64,
    /// Number of the first case.
    first: usize,
    /// Cases so far.
    cases: usize,
    files: Vec<ShareFile>,
    current: Option<Current>,
}

/// The shard that is being filled.
struct Current {
    tar: Builder<BufWriter<File>>,
    bytes: u64,
    /// Cases in the shards before it.
    begins: usize,
}

impl std::fmt::Debug for Current {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Current")
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

impl PackedCase {
    /// The picture as a JPEG of `quality` 1 to 100, grey or in colour as it is; mask and lungs as PNGs of one bit a pixel.
    /// Where the longer side of the picture has more than `size` pixels, all are scaled down to that; the ratio of width
    /// to height stays. `picture` is a number that cases of the same picture share.
    ///
    /// # Errors
    /// The encoder refuses the picture, such as one without pixels.
    pub fn new(case: &Case, picture: usize, size: usize, quality: u8) -> Result<Self, ImageError> {
        #[derive(Serialize)]
        struct Description<'a> {
            id: &'a str,
            text: &'a str,
            picture: usize,
        }
        let (width, height) = fitted(case.image.width(), case.image.height(), size);
        let description = Description {
            id: &case.id,
            text: &case.text,
            picture,
        };
        Ok(Self {
            image: jpeg(&case.image.resized(width, height), quality)?,
            mask: one_bit_png(&case.mask.resized(width, height)),
            lungs: case
                .lungs
                .as_ref()
                .map(|lungs| one_bit_png(&lungs.resized(width, height))),
            json: serde_json::to_vec(&description).expect("two texts and a number are plain data"),
        })
    }

    fn parts(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let lungs = self.lungs.as_deref().map(|lungs| (Kind::Lungs, lungs));
        let parts = [
            (Kind::Jpg, self.image.as_slice()),
            (Kind::Mask, &self.mask),
            (Kind::Json, &self.json),
        ];
        let parts = parts.into_iter().chain(lungs);
        parts.map(|(kind, bytes)| (kind.name(), bytes))
    }

    /// Length within a tar file.
    fn bytes(&self) -> u64 {
        let stored = |bytes: &[u8]| BLOCK + (bytes.len() as u64).next_multiple_of(BLOCK);
        self.parts().map(|(_, bytes)| stored(bytes)).sum()
    }
}

impl ShardWriter {
    /// Shards of a split go into the folder `dir`, which must exist.
    pub fn new(dir: &Path, split: &str) -> Self {
        Self::with_largest(dir, split, LARGEST)
    }

    fn with_largest(dir: &Path, split: &str, largest: u64) -> Self {
        Self {
            dir: dir.to_owned(),
            split: split.to_owned(),
            largest,
            first: 0,
            cases: 0,
            files: Vec::new(),
            current: None,
        }
    }

    /// Of a share of the split, which begins with case `first`.
    #[must_use]
    pub fn beginning_with(self, first: usize) -> Self {
        Self { first, ..self }
    }

    /// Appends a case.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn add(&mut self, case: &PackedCase) -> io::Result<()> {
        let bytes = case.bytes();
        let full = |current: &Current| current.bytes + bytes + 2 * BLOCK > self.largest;
        if self.current.as_ref().is_some_and(full) {
            self.close()?;
        }
        let current = match &mut self.current {
            Some(current) => current,
            None => {
                let name = shard_name(&self.split, self.files.len());
                let file = BufWriter::new(File::create_new(self.dir.join(name))?);
                self.current.insert(Current {
                    tar: Builder::new(file),
                    bytes: 0,
                    begins: self.cases,
                })
            }
        };
        for (part, bytes) in case.parts() {
            let mut header = Header::new_ustar();
            let number = self.first + self.cases;
            header.set_path(format!("{number:06}.{part}"))?;
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            header.set_mtime(0);
            header.set_cksum();
            current.tar.append(&header, bytes)?;
        }
        current.bytes += bytes;
        self.cases += 1;
        Ok(())
    }

    /// Closes the last shard; the files that were written.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn finish(mut self) -> io::Result<Vec<ShareFile>> {
        self.close()?;
        Ok(self.files)
    }

    fn close(&mut self) -> io::Result<()> {
        let Some(current) = self.current.take() else {
            return Ok(());
        };
        current.tar.into_inner()?.flush()?;
        let bytes = current.bytes + 2 * BLOCK;
        self.files.push(ShareFile {
            file: shard_name(&self.split, self.files.len()),
            cases: self.cases - current.begins,
            bytes,
        });
        Ok(())
    }
}

/// Width and height with a longer side of at most `size`.
fn fitted(width: usize, height: usize, size: usize) -> (usize, usize) {
    let longer = width.max(height);
    if longer <= size {
        return (width, height);
    }
    let scaled = |side: usize| ((2 * side * size + longer) / (2 * longer)).max(1);
    (scaled(width), scaled(height))
}

fn one_bit_png(mask: &Mask) -> Vec<u8> {
    let rows = mask.pixels.chunks_exact(mask.width.max(1));
    let bits = |row: &[u8]| -> Vec<u8> {
        let byte = |pixels: &[u8]| {
            let set = |byte: u8, (i, pixel): (usize, &u8)| byte | (pixel << (7 - i));
            pixels.iter().enumerate().fold(0, set)
        };
        row.chunks(8).map(byte).collect()
    };
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, mask.width as u32, mask.height as u32);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    encoder.set_compression(png::Compression::High);
    encoder.set_filter(png::Filter::NoFilter);
    let packed: Vec<u8> = rows.flat_map(bits).collect();
    encoder
        .write_header()
        .and_then(|mut writer| writer.write_image_data(&packed))
        .expect("a vector takes every write, and the mask has at least one pixel");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Dataset, PhantomConfig};

    #[test]
    fn the_longer_side_fits_and_the_shape_stays() {
        assert_eq!(fitted(224, 224, 224), (224, 224));
        assert_eq!(fitted(2000, 1000, 224), (224, 112));
        assert_eq!(fitted(3, 2000, 224), (1, 224));
        assert_eq!(fitted(100, 80, 224), (100, 80));
    }

    #[test]
    fn a_mask_of_one_bit_comes_back_whatever_its_width() {
        for width in [1, 7, 8, 21] {
            let pixels = (0..width * 5).map(|i| u8::from(i % 3 == 0)).collect();
            let mask = Mask::new(width, 5, pixels);
            let back = Mask::decode(&one_bit_png(&mask), "mask.png").unwrap();
            assert_eq!((back.mask, back.intermediate_pixels), (mask, 0));
        }
    }

    #[test]
    fn packing_goes_on_in_another_shard_before_one_is_too_large() {
        let dir = tempfile::tempdir().unwrap();
        let phantoms = Dataset::phantoms(&PhantomConfig::default(), "train", 3);
        let mut writer = ShardWriter::with_largest(dir.path(), "train", 20_000);
        for i in 0..phantoms.len() {
            let case = phantoms.load(i).unwrap();
            let packed = PackedCase::new(&case, phantoms.picture(i), 224, 85).unwrap();
            writer.add(&packed).unwrap();
        }
        let files = writer.finish().unwrap();
        assert!(files.len() > 1, "{files:?}");
        for file in &files {
            let length = std::fs::metadata(dir.path().join(&file.file))
                .unwrap()
                .len();
            assert_eq!(length, file.bytes);
            assert!(length <= 20_000, "{length}");
        }
        let cases: usize = files.iter().map(|file| file.cases).sum();
        assert_eq!(cases, phantoms.len());

        let packed = Dataset::open(dir.path(), "train").unwrap();
        assert_eq!(packed.len(), phantoms.len());
        for i in 0..packed.len() {
            assert_eq!(packed.id(i), phantoms.id(i));
            assert_eq!(packed.picture(i), phantoms.picture(i));
            let (packed, phantom) = (packed.load(i).unwrap(), phantoms.load(i).unwrap());
            assert_eq!((packed.mask, packed.lungs), (phantom.mask, phantom.lungs));
        }
    }
}
