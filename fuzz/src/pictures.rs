//! Pictures, masks and radiographs.

use mriseg::image::{Mask, Picture, Preparation};
use mriseg_dicom::{Moment, Segment, Study};

const SIDE: usize = 32;
/// A picture takes time by its pixels, whatever they are: larger ones are decoded, and no more, so that what takes long
/// for another reason is found.
const LARGE: usize = 4_000_000;

/// A picture file, as `predict` and the page read it, and the same file as a mask.
pub fn pictures(bytes: &[u8]) {
    if let Ok(picture) = Picture::decode(bytes, "fuzzed") {
        if picture.width() * picture.height() > LARGE {
            return;
        }
        let preparation = Preparation::of(&picture, None);
        let prepared = preparation.picture(&picture);
        let drawn = prepared.resized(SIDE, SIDE).grey().clone();
        let mask = preparation.restore(&drawn);
        assert_eq!(
            (mask.width, mask.height),
            (picture.width(), picture.height())
        );
    }
    let _ = Mask::decode(bytes, "fuzzed");
}

/// A DICOM file: opened, looked at through windows, segmented.
pub fn dicom(bytes: &[u8]) {
    let _ = mriseg_dicom::picture(bytes.to_vec(), "fuzzed");
    let Ok(mut study) = Study::open(bytes.to_vec(), "fuzzed") else {
        return;
    };
    let info = study.info().clone();
    let frames = [0, info.frames.saturating_sub(1), info.frames];
    for frame in frames {
        let _ = study.value(frame, 0, 0);
        if let Ok(window) = study.auto(frame) {
            let _ = study.render(frame, window, true, SIDE);
        }
        let _ = study.picture(frame);
    }
    if info.width * info.height <= SIDE * SIDE {
        let mask: Vec<u8> = (0..info.width * info.height).map(|i| i as u8 % 2).collect();
        let segment = Segment {
            label: "left lung",
            mask: &mask,
            colour: [255, 0, 0],
            algorithm: "fuzzed",
        };
        let moment = Moment {
            date: "20260101".to_owned(),
            time: "120000".to_owned(),
        };
        let _ = study.segmentation(0, &[segment], &moment);
    }
}
