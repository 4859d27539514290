//! Files that are refused by name, with a remedy.

use mriseg_dicom::Study;

use super::bytes;

fn error(name: &str) -> String {
    Study::open(bytes(name), &format!("{name}.dcm"))
        .expect_err(name)
        .to_string()
}

#[test]
fn what_is_not_decoded_is_named_with_a_remedy() {
    for (name, what, remedy) in [
        (
            "jpeg_ls",
            "JPEG-LS",
            "convert it to Explicit VR Little Endian first",
        ),
        ("video", "a video", "export one frame"),
        (
            "report",
            "a structured report (SR)",
            "open the image that it belongs to",
        ),
        (
            "pdf",
            "an encapsulated PDF document",
            "open the image that it belongs to",
        ),
        (
            "no_pixels",
            "a DICOM file without pixels",
            "open the image that it belongs to",
        ),
        (
            "dicomdir",
            "a DICOMDIR",
            "open one of the files that it lists",
        ),
    ] {
        let error = error(name);
        assert!(error.starts_with(&format!("{name}.dcm: ")), "{error}");
        assert!(error.contains(what) && error.contains(remedy), "{error}");
    }
}

#[test]
fn what_is_no_picture_is_named() {
    let error = |bytes: &[u8]| {
        Study::open(bytes.to_vec(), "a.txt")
            .unwrap_err()
            .to_string()
    };
    let text = error(b"hello, this is text");
    assert!(
        text.starts_with("a.txt: a text file, not a PNG, JPEG"),
        "{text}"
    );
    let heic = error(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic");
    assert!(
        heic.contains("a HEIC picture") && heic.contains("convert it to PNG"),
        "{heic}"
    );
    assert_eq!(
        error(b""),
        "a.txt: the file is empty (0 bytes); copy or download it again"
    );
}
