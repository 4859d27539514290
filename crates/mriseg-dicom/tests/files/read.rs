//! Values and pictures.

use mriseg::image::{Keep, Levels};
use mriseg_dicom::{Study, WindowSetting};

use super::{all, bytes, expected, opened};

fn sum(study: &mut Study, frame: usize) -> f64 {
    let (width, height) = (study.info().width, study.info().height);
    let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    pixels
        .map(|(x, y)| study.value(frame, x, y).unwrap().iter().sum::<f64>())
        .sum()
}

#[test]
fn values_are_those_of_pydicom() {
    let expected = expected();
    assert!(expected.len() > 25, "{}", expected.len());
    for (name, expected) in &expected {
        let mut study = opened(name);
        let info = study.info().clone();
        assert_eq!(
            (info.height, info.width),
            (expected.rows, expected.columns),
            "{name}"
        );
        for pixel in &expected.pixels {
            let found = study
                .value(0, pixel[0] as usize, pixel[1] as usize)
                .unwrap();
            assert_eq!(found.len(), pixel.len() - 2, "{name}");
            let near = |(a, b): (&f64, &f64)| (a - b).abs() <= expected.tolerance + 1e-9;
            assert!(
                found.iter().zip(&pixel[2..]).all(near),
                "{name}: {pixel:?} {found:?}"
            );
        }
        if let Some(wanted) = expected.sum {
            let found = sum(&mut study, 0);
            let pixels = (info.width * info.height) as f64;
            let allowed = expected.tolerance * pixels + 1e-6 * pixels;
            assert!(
                (found - wanted).abs() <= allowed,
                "{name}: {found} {wanted}"
            );
        }
        if let (Some(low), Some(high)) = (expected.minimum, expected.maximum) {
            // Padding is no measurement, and counts for pydicom.
            if name != "padding" && expected.tolerance == 0.0 {
                assert_eq!((info.minimum, info.maximum), (low, high), "{name}");
            }
        }
        for (frame, wanted) in expected.frame_sums.iter().enumerate() {
            assert_eq!(sum(&mut study, frame), *wanted, "{name}, frame {frame}");
        }
    }
}

#[test]
fn pictures_through_the_files_own_window_are_those_of_pydicom() {
    let mut compared = 0;
    for (name, expected) in expected() {
        let Some(wanted) = expected.level_sum else {
            continue;
        };
        let picture = opened(&name).picture(0).unwrap();
        let levels = Levels::decode(&picture, &name, Keep::Colours).unwrap();
        assert_eq!(levels.max, u16::MAX, "{name}");
        let level = |at: usize| f64::from(levels.values[at]) / 65535.0;
        for point in &expected.levels {
            let found = level(point[1] as usize * levels.width + point[0] as usize);
            // Half of a step of 16 bits.
            assert!(
                (found - point[2]).abs() < 0.51 / 65535.0,
                "{name}: {point:?} {found}"
            );
        }
        let found: f64 = (0..levels.values.len()).map(level).sum();
        assert!((found - wanted).abs() < 0.1, "{name}: {found} {wanted}");
        compared += 1;
    }
    assert!(compared >= 12, "{compared}");
}

#[test]
fn a_picture_is_the_same_in_every_lossless_encoding() {
    let mut compared = 0;
    for (name, expected) in expected() {
        if let Some(plain) = expected.same_as {
            let (mut one, mut other) = (opened(&name), opened(&plain));
            assert_eq!(one.picture(0), other.picture(0), "{name}");
            assert_eq!(one.auto(0), other.auto(0), "{name}");
            compared += 1;
        }
    }
    assert!(compared >= 11, "{compared}");
}

#[test]
fn frames_are_read_in_any_order() {
    let mut study = opened("multi_frame_jpeg2000");
    let last = study.picture(2).unwrap();
    let first = study.picture(0).unwrap();
    assert_ne!(first, last);
    assert_eq!(study.picture(2).unwrap(), last);
    assert_eq!(opened("multi_frame").picture(2).unwrap(), last);
    let error = study.picture(3).unwrap_err().to_string();
    assert_eq!(
        error,
        "multi_frame_jpeg2000.dcm: frame 3 does not exist; the frames are 0 to 2"
    );
}

#[test]
fn rendering_through_a_window_gives_its_greys() {
    let mut study = opened("mono2_12bit");
    let window = WindowSetting {
        centre: 2000.0,
        width: 1000.0,
    };
    let rendered = study.render(0, window, false, 1000).unwrap();
    assert_eq!((rendered.width, rendered.height), (96, 80));
    for (x, y) in [(10, 10), (48, 40), (90, 70)] {
        let value = study.value(0, x, y).unwrap()[0];
        let grey = (((value - 2000.0) / 1000.0 + 0.5).clamp(0.0, 1.0) * 255.0).round() as u8;
        let at = 4 * (y * 96 + x);
        assert_eq!(rendered.rgba[at..at + 4], [grey, grey, grey, 255]);
    }
    let inverted = study.render(0, window, true, 1000).unwrap();
    // A grey in the middle of two levels is rounded up in both.
    let turned = |(a, b): (&u8, &u8)| (255..=256).contains(&(u16::from(*a) + u16::from(*b)));
    let grey = |rgba: &[u8]| rgba.iter().copied().step_by(4).collect::<Vec<u8>>();
    assert!(
        grey(&rendered.rgba)
            .iter()
            .zip(&grey(&inverted.rgba))
            .all(turned)
    );
    let small = study.render(0, window, false, 48).unwrap();
    assert_eq!(
        (small.width, small.height, small.rgba.len()),
        (48, 40, 48 * 40 * 4)
    );
    let error = study.render(
        0,
        WindowSetting {
            width: 0.0,
            ..window
        },
        false,
        48,
    );
    assert!(
        error
            .unwrap_err()
            .to_string()
            .contains("give a width above 0")
    );
}

#[test]
fn a_window_of_the_file_is_drawn_as_the_picture_for_the_model() {
    for name in [
        "mono1_16bit_window",
        "mono2_12bit",
        "voi_sigmoid",
        "voi_lut",
        "padding",
        "rgb",
    ] {
        let mut study = opened(name);
        let own = study.info().windows[0].clone();
        let window = WindowSetting {
            centre: own.centre,
            width: own.width,
        };
        let rendered = study.render(0, window, false, 96).unwrap();
        let picture = study.picture(0).unwrap();
        let levels = Levels::decode(&picture, name, Keep::Greys).unwrap();
        if name == "rgb" {
            continue;
        }
        for (pixel, level) in rendered.rgba.chunks_exact(4).zip(&levels.values) {
            let level = f64::from(*level) / 257.0;
            assert!(
                (f64::from(pixel[0]) - level).abs() <= 0.51,
                "{name}: {pixel:?} {level}"
            );
        }
    }
}

#[test]
fn padding_is_black_and_does_not_widen_the_window() {
    let mut study = opened("padding");
    assert!(study.info().maximum < 4095.0, "{:?}", study.info());
    let auto = study.auto(0).unwrap();
    assert!(auto.centre + auto.width / 2.0 < 4095.0, "{auto:?}");
    let rendered = study.render(0, auto, false, 96).unwrap();
    assert_eq!(rendered.rgba[..3], [0, 0, 0]);
    assert_eq!(study.value(0, 0, 0).unwrap(), [4095.0]);
}

#[test]
fn a_picture_has_windows_too_and_is_given_as_its_file() {
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../www/public/gallery/p0.png"
    );
    let file = std::fs::read(file).unwrap();
    let mut study = Study::open(file.clone(), "p0.png").unwrap();
    assert_eq!(study.picture(0).unwrap(), file);
    let info = study.info().clone();
    assert_eq!((info.kind, info.bits), (mriseg_dicom::Kind::Picture, 8));
    let full = &info.windows[0];
    let window = WindowSetting {
        centre: full.centre,
        width: full.width,
    };
    let rendered = study.render(0, window, false, 4096).unwrap();
    let levels = Levels::decode(&file, "p0.png", Keep::Greys).unwrap();
    let greys = rendered
        .rgba
        .iter()
        .step_by(4)
        .map(|&level| u16::from(level));
    assert!(greys.eq(levels.values.iter().copied()));
    assert!(
        study
            .segmentation(0, &[], &super::segmentation::moment())
            .is_err()
    );
}

#[test]
fn no_attribute_of_the_patient_is_told() {
    for name in all() {
        let Ok(study) = Study::open(bytes(&name), &name) else {
            continue;
        };
        let told = format!("{:?}", study.info());
        for secret in ["Muster", "rgen", "FIXTURE", "1950", "20200102"] {
            assert!(!told.contains(secret), "{name}: {told}");
        }
    }
}
