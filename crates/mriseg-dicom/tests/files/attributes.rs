//! What a file says about its pixels.

use super::opened;

#[test]
fn spacing_says_where_it_holds() {
    let spacing = |name: &str| opened(name).info().spacing.clone().expect("a spacing");
    let calibrated = spacing("mono2_12bit");
    assert_eq!((calibrated.row, calibrated.column), (0.4, 0.4));
    assert_eq!(calibrated.from, "PixelSpacing");
    let detector = spacing("mono1_16bit_window");
    assert_eq!((detector.row, detector.column), (0.2 / 1.25, 0.15 / 1.25));
    assert_eq!(
        detector.from,
        "ImagerPixelSpacing, divided by the estimated magnification of 1.25"
    );
    assert_eq!(
        spacing("multi_frame").from,
        "NominalScannedPixelSpacing, of the scanned film"
    );
    assert_eq!(opened("rgb").info().spacing, None);
}

#[test]
fn edges_have_letters_from_either_attribute() {
    let edges = |name: &str| {
        let edges = opened(name).info().orientation.clone();
        edges.map(|edges| [edges.left, edges.right, edges.top, edges.bottom].join(" "))
    };
    assert_eq!(edges("mono1_16bit_window").as_deref(), Some("R L H F"));
    assert_eq!(edges("signed_rescale_ct").as_deref(), Some("R L A P"));
    assert_eq!(edges("mono2_12bit"), None);
}

#[test]
fn windows_have_the_names_of_the_file() {
    let windows = |name: &str| -> Vec<(String, f64, f64)> {
        let windows = opened(name).info().windows.clone();
        windows
            .into_iter()
            .map(|own| (own.name, own.centre, own.width))
            .collect()
    };
    assert_eq!(
        windows("mono2_12bit"),
        [
            ("NORMAL".to_owned(), 2048.0, 4096.0),
            ("HARDER".to_owned(), 1000.0, 600.0)
        ]
    );
    assert_eq!(
        windows("voi_lut"),
        [("Square root".to_owned(), 509.5, 899.0)]
    );
    assert_eq!(
        windows("signed_rescale_ct"),
        [("Window 1".to_owned(), 40.0, 400.0)]
    );
    let (name, centre, width) = windows("signed_plain").remove(0);
    let info = opened("signed_plain").info().clone();
    assert_eq!(name, "Full range");
    assert_eq!(
        (centre - width / 2.0, centre + width / 2.0),
        (info.minimum, info.maximum)
    );
}

#[test]
fn the_rest_is_as_the_file_says() {
    let info = opened("mono1_16bit_window").info().clone();
    assert!(info.inverted && !info.colour);
    assert_eq!((info.bits, info.frames), (16, 1));
    assert_eq!(info.modality.as_deref(), Some("DX"));
    assert_eq!(
        info.transfer_syntax.as_deref(),
        Some("Explicit VR Little Endian")
    );
    assert_eq!(info.notes.len(), 1, "{:?}", info.notes);
    assert!(opened("palette").info().colour);
    let lossy = opened("jpeg_baseline").info().clone();
    assert_eq!(lossy.transfer_syntax.as_deref(), Some("JPEG Baseline"));
    assert!(
        lossy.notes.iter().any(|note| note.contains("loss")),
        "{:?}",
        lossy.notes
    );
}
