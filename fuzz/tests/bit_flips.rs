//! A bundle of which one bit is not what it was is refused by the name of the file.

use burn::tensor::Device;
use mriseg::bundle::{Bundle, MANIFEST, Manifest};
use mriseg_fuzz::smallest;

/// What happens to each bit that is flipped: those that were read, or refused without the file's name.
fn survivors(bytes: &[u8], file: &str, read: impl Fn(&[u8]) -> Result<(), String>) -> Vec<String> {
    let mut bytes = bytes.to_vec();
    let mut survivors = Vec::new();
    for place in 0..bytes.len() {
        for bit in (0..8).map(|bit| 1 << bit) {
            bytes[place] ^= bit;
            match read(&bytes) {
                Err(error) if error.contains(file) => {}
                Err(error) => survivors.push(format!("byte {place} of {file}: {error}")),
                Ok(()) => survivors.push(format!("byte {place} of {file}: was read")),
            }
            bytes[place] ^= bit;
        }
    }
    survivors
}

#[test]
fn every_byte_of_a_bundle_counts() {
    let bundle = smallest();
    let device = Device::flex();
    bundle.unpack(&device).unwrap();
    let manifest = bundle.manifest_bytes();
    let mut survivors_of_all = survivors(&manifest, MANIFEST, |bytes| {
        Manifest::parse(bytes)
            .map(|_| ())
            .map_err(|error| error.to_string())
    });
    for (file, bytes) in &bundle.files {
        survivors_of_all.extend(survivors(bytes, file, |bytes| {
            let entry = bundle
                .manifest
                .files()
                .find(|entry| entry.file == *file)
                .unwrap();
            let files = [(file.clone(), bytes.to_vec())].into();
            entry
                .checked(&files)
                .map(|_| ())
                .map_err(|error| error.to_string())
        }));
    }
    assert!(survivors_of_all.is_empty(), "{survivors_of_all:#?}");
}

/// All files are asked for their digest before a weight is read.
#[test]
fn one_bit_of_any_file_ends_the_loading() {
    let whole = smallest();
    for file in whole.files.keys() {
        let mut files = whole.files.clone();
        let bytes = files.get_mut(file).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        let manifest = whole.manifest.clone();
        let error = Bundle { manifest, files }
            .unpack(&Device::flex())
            .unwrap_err();
        assert!(
            error.to_string().starts_with(&format!("{file}: damaged")),
            "{error}"
        );
    }
}
