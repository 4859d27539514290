//! DICOM SEG: what is written is read again, here and by pydicom and highdicom.

use std::{path::PathBuf, process::Command};

use dicom_dictionary_std::tags;
use dicom_object::{FileDicomObject, InMemDicomObject};
use mriseg_dicom::{Moment, Segment};

use super::{bytes, opened};

pub(super) fn moment() -> Moment {
    Moment {
        date: "20261130".to_owned(),
        time: "120000".to_owned(),
    }
}

/// Two masks that overlap, of a size that fills no whole byte.
fn masks(width: usize, height: usize) -> [Vec<u8>; 2] {
    let mask = |inside: &dyn Fn(usize, usize) -> bool| {
        let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        pixels.map(|(x, y)| u8::from(inside(x, y))).collect()
    };
    [
        mask(&|x, y| x > 3 && x < width / 2 && y > 5 && (x * y) % 7 != 0),
        mask(&|x, y| x > width / 3 && y > height / 2),
    ]
}

fn written(name: &str, frame: usize) -> (Vec<u8>, [Vec<u8>; 2]) {
    let study = opened(name);
    let masks = masks(study.info().width, study.info().height);
    let segments = [
        Segment {
            label: "left lung",
            mask: &masks[0],
            colour: [255, 0, 0],
            algorithm: "phantom model",
        },
        Segment {
            label: "opacity in the right lower zone, größer",
            mask: &masks[1],
            colour: [0, 128, 255],
            algorithm: "",
        },
    ];
    let file = study.segmentation(frame, &segments, &moment()).unwrap();
    (file, masks)
}

fn read(file: &[u8]) -> FileDicomObject<InMemDicomObject> {
    dicom_object::from_reader(file).expect("a DICOM file")
}

fn text(object: &InMemDicomObject, tag: dicom_core::Tag) -> String {
    let element = object
        .element(tag)
        .unwrap_or_else(|error| panic!("{error}"));
    element
        .to_str()
        .unwrap()
        .trim_end_matches(['\0', ' '])
        .to_owned()
}

#[test]
fn every_bit_of_the_masks_is_read_again() {
    for (name, frame) in [
        ("mono2_12bit", 0),
        ("multi_frame", 2),
        ("signed_rescale_ct", 0),
    ] {
        let (file, masks) = written(name, frame);
        let object = read(&file);
        let bits = object
            .element(tags::PIXEL_DATA)
            .unwrap()
            .to_bytes()
            .unwrap()
            .into_owned();
        let all = masks.concat();
        let found: Vec<u8> = (0..all.len())
            .map(|at| bits[at / 8] >> (at % 8) & 1)
            .collect();
        assert_eq!(found, all, "{name}");
        assert_eq!(text(&object, tags::NUMBER_OF_FRAMES), "2");
    }
}

#[test]
fn a_segmentation_refers_to_its_image_and_is_of_its_patient() {
    let (file, _) = written("mono1_16bit_window", 0);
    let (seg, image) = (read(&file), read(&bytes("mono1_16bit_window")));
    for tag in [
        tags::PATIENT_NAME,
        tags::PATIENT_ID,
        tags::PATIENT_BIRTH_DATE,
        tags::STUDY_INSTANCE_UID,
        tags::STUDY_DATE,
    ] {
        assert_eq!(text(&seg, tag), text(&image, tag));
    }
    assert_eq!(text(&seg, tags::PATIENT_NAME), "Muster^Jürgen");
    assert_ne!(
        text(&seg, tags::SERIES_INSTANCE_UID),
        text(&image, tags::SERIES_INSTANCE_UID)
    );
    assert!(text(&seg, tags::SOP_INSTANCE_UID).starts_with("2.25."));
    let series = &seg
        .element(tags::REFERENCED_SERIES_SEQUENCE)
        .unwrap()
        .items()
        .unwrap()[0];
    assert_eq!(
        text(series, tags::SERIES_INSTANCE_UID),
        text(&image, tags::SERIES_INSTANCE_UID)
    );
    let instances = series.element(tags::REFERENCED_INSTANCE_SEQUENCE).unwrap();
    let instance = &instances.items().unwrap()[0];
    let referenced = text(instance, tags::REFERENCED_SOP_INSTANCE_UID);
    assert_eq!(referenced, text(&image, tags::SOP_INSTANCE_UID));
    let segments = seg
        .element(tags::SEGMENT_SEQUENCE)
        .unwrap()
        .items()
        .unwrap();
    let kinds: Vec<String> = segments
        .iter()
        .map(|segment| text(segment, tags::SEGMENT_ALGORITHM_TYPE))
        .collect();
    assert_eq!(kinds, ["SEMIAUTOMATIC", "MANUAL"]);
    assert_eq!(
        text(&segments[0], tags::SEGMENT_ALGORITHM_NAME),
        "phantom model"
    );
}

#[test]
fn every_segmentation_is_an_instance_of_its_own() {
    let uids: Vec<String> = (0..2)
        .map(|_| text(&read(&written("mono2_12bit", 0).0), tags::SOP_INSTANCE_UID))
        .collect();
    assert_ne!(uids[0], uids[1]);
}

#[test]
fn a_mask_of_another_size_is_refused() {
    let segment = Segment {
        label: "lungs",
        mask: &[1; 10],
        colour: [0; 3],
        algorithm: "",
    };
    let error = opened("mono2_12bit").segmentation(0, &[segment], &moment());
    assert_eq!(
        error.unwrap_err().to_string(),
        "mono2_12bit.dcm: the mask 'lungs' has 10 values instead of 96 x 80"
    );
}

#[test]
fn pydicom_and_highdicom_read_the_masks_and_their_references() {
    let python = std::env::var("MRISEG_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let has_them = Command::new(&python)
        .args(["-c", "import highdicom, pydicom"])
        .output()
        .is_ok_and(|output| output.status.success());
    if !has_them {
        println!(
            "skipped: {python} has no pydicom and highdicom; name one that has in MRISEG_PYTHON"
        );
        return;
    }
    let folder = std::env::temp_dir().join(format!("mriseg-seg-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    for (name, frame) in [
        ("mono1_16bit_window", 0),
        ("jpeg_baseline", 0),
        ("signed_rescale_ct", 0),
        ("multi_frame", 1),
        ("implicit_little", 0),
    ] {
        let (file, masks) = written(name, frame);
        std::fs::write(folder.join(format!("{name}.seg.dcm")), file).unwrap();
        std::fs::write(folder.join(format!("{name}.masks")), masks.concat()).unwrap();
        std::fs::write(folder.join(format!("{name}.dcm")), bytes(name)).unwrap();
    }
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../scripts/dicom/check_seg.py");
    let output = Command::new(&python)
        .arg(script)
        .arg(&folder)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("5 segmentations agree"), "{said}");
}
