//! Files that are cut off, or have other bits: an error or a picture, never a panic.

use mriseg_dicom::{Study, StudyError, WindowSetting};

use super::{all, bytes};

/// Everything that a page does with a file.
fn use_all(bytes: Vec<u8>) -> Result<(), StudyError> {
    let mut study = Study::open(bytes, "damaged.dcm")?;
    let frames = study.info().frames.min(3);
    for frame in 0..frames {
        let auto = study.auto(frame)?;
        study.render(frame, auto, false, 64)?;
        study.picture(frame)?;
        study.value(frame, 0, 0)?;
    }
    let own = study.info().windows[0].clone();
    let (centre, width) = (own.centre, own.width);
    study.render(0, WindowSetting { centre, width }, true, 32)?;
    Ok(())
}

#[test]
fn a_file_that_is_cut_off_is_an_error() {
    for name in all() {
        let whole = bytes(&name);
        for step in 0..48 {
            let length = whole.len() * step / 48;
            let result = use_all(whole[..length].to_vec());
            assert!(result.is_err(), "{name} of {length} bytes");
        }
    }
}

#[test]
fn bits_that_are_turned_over_never_panic() {
    /// Of a linear congruential generator (Knuth).
    fn next(state: &mut u64) -> usize {
        *state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (*state >> 33) as usize
    }
    let mut state = 1;
    let (mut errors, mut read) = (0, 0);
    for name in all() {
        let whole = bytes(&name);
        for round in 0..60 {
            let mut bytes = whole.clone();
            for _ in 0..1 + round % 3 {
                // Two of three in the attributes, where more goes wrong.
                let span = if round % 3 == 0 {
                    bytes.len()
                } else {
                    bytes.len().min(1200)
                };
                let at = next(&mut state) % span;
                bytes[at] ^= 1 << (next(&mut state) % 8);
            }
            match use_all(bytes) {
                Ok(()) => read += 1,
                Err(error) => {
                    assert!(error.to_string().starts_with("damaged.dcm: "), "{error}");
                    errors += 1;
                }
            }
        }
    }
    assert!(errors > 100 && read > 100, "{errors} errors, {read} read");
}

#[test]
fn a_length_that_the_file_does_not_have_is_refused_before_it_is_allocated() {
    let mut bytes = bytes("mono2_12bit");
    let length = bytes.len() - 96 * 80 * 2 - 4;
    bytes[length..length + 4].copy_from_slice(&0xFFFF_FFF0u32.to_le_bytes());
    let error = Study::open(bytes, "long.dcm").unwrap_err().to_string();
    assert_eq!(
        error,
        "long.dcm: cannot be decoded (element (7FE0,0010) says 4294967280 bytes, and 15360 are left); the file is cut off or \
         damaged, copy or export it again"
    );
}

#[test]
fn numbers_that_end_within_one_are_refused_because_the_rest_would_be_read_as_a_length() {
    // Implicit: the length of group 8 in 7 bytes instead of 4, whose last 3 begin what the parser takes for an element of
    // 2 GB.
    let mut bytes = vec![8, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0];
    bytes.extend([8, 0, 0, 8, 0, 0, 0, 0, 2, 0, 0, 0, 0x7a, 0, 0]);
    let error = Study::open(bytes, "odd.dcm").unwrap_err().to_string();
    assert_eq!(
        error,
        "odd.dcm: cannot be decoded (element (0008,0000) says 7 bytes, and its values have 4 each); the file is cut off or \
         damaged, copy or export it again"
    );
}

#[test]
fn a_picture_of_too_many_pixels_is_refused() {
    let mut bytes = bytes("mono2_12bit");
    for (element, value) in [
        ([0x28, 0, 0x10, 0], 60_000u16),
        ([0x28, 0, 0x11, 0], 60_000),
    ] {
        let at = bytes
            .windows(4)
            .position(|window| window == element)
            .unwrap();
        bytes[at + 8..at + 10].copy_from_slice(&value.to_le_bytes());
    }
    let error = Study::open(bytes, "large.dcm").unwrap_err().to_string();
    assert_eq!(
        error,
        "large.dcm: 60000 x 60000 pixels is more than the limit of 64000000 pixels; shrink the picture first"
    );
}
