//! What a file is that is no picture, or a picture in a form that is not decoded here.

/// The formats that are read, as messages list them.
pub(super) const READ: &str = if cfg!(feature = "extra-formats") {
    "PNG, JPEG, WebP, TIFF, BMP or GIF"
} else {
    "PNG, JPEG or WebP"
};

const CONVERT: &str = "convert it to PNG, JPEG or WebP";
const SLICE: &str = "export the slice as PNG";
const UNPACK: &str = "unpack it and give one of its pictures";
const STILL: &str = "save one frame of it as PNG";

/// First bytes, and where they stand; what has them, and what to do.
const KINDS: [(usize, &[u8], &str, &str); 35] = [
    (0, b"II*\0", "a TIFF picture", CONVERT),
    (0, b"MM\0*", "a TIFF picture", CONVERT),
    (0, b"II+\0", "a BigTIFF picture", CONVERT),
    (0, b"MM\0+", "a BigTIFF picture", CONVERT),
    (0, b"GIF8", "a GIF picture", CONVERT),
    (4, b"ftypavif", "an AVIF picture", CONVERT),
    (4, b"ftyphei", "a HEIC picture", CONVERT),
    (4, b"ftyphev", "a HEIC picture", CONVERT),
    (4, b"ftypmif1", "a HEIC picture", CONVERT),
    (4, b"ftypmsf1", "a HEIC picture", CONVERT),
    (4, b"ftyp", "a video (MP4 or QuickTime)", STILL),
    (4, b"jP  ", "a JPEG 2000 picture", CONVERT),
    (0, b"\xFF\x4F\xFF\x51", "a JPEG 2000 picture", CONVERT),
    (4, b"JXL ", "a JPEG XL picture", CONVERT),
    (0, b"\xFF\x0A", "a JPEG XL picture", CONVERT),
    (0, b"8BPS", "a Photoshop document", CONVERT),
    (0, b"BM", "a BMP picture", CONVERT),
    (0, b"%PDF", "a PDF document", "export its picture as PNG"),
    (
        128,
        b"DICM",
        "a DICOM file",
        "export it as PNG of 8 or 16 bits",
    ),
    (
        0,
        b"\x08\0\x05\0",
        "a DICOM file",
        "export it as PNG of 8 or 16 bits",
    ),
    (
        0,
        b"\x02\0\0\0",
        "a DICOM file",
        "export it as PNG of 8 or 16 bits",
    ),
    (344, b"n+1\0", "a NIfTI volume", SLICE),
    (344, b"ni1\0", "a NIfTI volume", SLICE),
    (4, b"n+2\0", "a NIfTI volume", SLICE),
    (4, b"ni2\0", "a NIfTI volume", SLICE),
    (0, b"NRRD", "an NRRD volume", SLICE),
    (0, b"\x89HDF", "an HDF5 file", SLICE),
    (0, b"\x93NUMPY", "a NumPy array", "save it as PNG"),
    (
        0,
        b"PK\x03\x04",
        "a ZIP archive or an Office document",
        UNPACK,
    ),
    (0, b"PK\x05\x06", "an empty ZIP archive", UNPACK),
    (0, b"\x1F\x8B", "a gzip archive", UNPACK),
    (0, b"7z\xBC\xAF", "a 7-Zip archive", UNPACK),
    (0, b"Rar!", "a RAR archive", UNPACK),
    (
        0,
        b"version https://git-lfs",
        "a Git LFS pointer instead of the file itself",
        "fetch the file with `git lfs pull`",
    ),
    (8, b"AVI ", "a video (AVI)", STILL),
];

/// What a file is that no decoder here takes, and what to do; `None` where nothing tells. `name` decides where bytes do not.
pub(super) fn kind_of(bytes: &[u8], name: &str) -> Option<(&'static str, &'static str)> {
    let ends_in = |ending: &str| name.to_ascii_lowercase().ends_with(ending);
    if ends_in(".nii.gz") && bytes.starts_with(b"\x1F\x8B") {
        return Some(("a compressed NIfTI volume", SLICE));
    }
    let known = KINDS
        .iter()
        .find(|(at, magic, ..)| bytes.get(*at..).is_some_and(|rest| rest.starts_with(magic)));
    if let Some(&(_, _, what, remedy)) = known {
        return Some((what, remedy));
    }
    let start = String::from_utf8_lossy(&bytes[..bytes.len().min(1024)]).to_ascii_lowercase();
    let start = start.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{FEFF}');
    if start.starts_with("<!doctype html") || start.starts_with("<html") {
        return Some((
            "a web page saved under this name",
            "download the picture itself; the site may want you to sign in",
        ));
    }
    if start.starts_with('<') && start.contains("<svg") {
        return Some(("an SVG drawing", "export it as PNG"));
    }
    let is_text = |bytes: &[u8]| {
        let is_printed = |c: char| !c.is_control() || c.is_whitespace();
        std::str::from_utf8(bytes).is_ok_and(|text| text.chars().all(is_printed))
    };
    is_text(bytes).then_some(("a text file", "give the picture itself"))
}

/// What the segments before the pixels of a JPEG file tell.
#[derive(Debug, Default)]
pub(super) struct JpegHeader {
    /// The process, where it is none that is decoded here.
    pub(super) unsupported: Option<&'static str>,
    /// Whether an end marker follows. The decoder fills the missing part of a truncated file with grey and says nothing,
    /// which would train on and segment half a picture.
    pub(super) has_end: bool,
}

impl JpegHeader {
    pub(super) fn read(bytes: &[u8]) -> Self {
        const START_OF_SCAN: u8 = 0xDA;
        let mut header = Self::default();
        let mut at = 2;
        while let Some(&[0xFF, marker, high, low]) = bytes.get(at..at + 4) {
            if let Some(process) = process(marker, bytes.get(at + 4).copied()) {
                header.unsupported = Some(process);
            }
            if marker == START_OF_SCAN {
                header.has_end = bytes[at..].windows(2).any(|pair| pair == [0xFF, 0xD9]);
                break;
            }
            at += match marker {
                // A fill byte.
                0xFF => 1,
                // Markers without a segment.
                0x01 | 0xD0..=0xD8 => 2,
                _ => 2 + usize::from(u16::from_be_bytes([high, low])),
            };
        }
        header
    }
}

/// The process that a start-of-frame marker names (T.81, table B.1), where it is none that is decoded here.
fn process(marker: u8, bits: Option<u8>) -> Option<&'static str> {
    match (marker, bits) {
        (0xC0..=0xC2, Some(12)) => Some("12 bits a sample"),
        (0xC0..=0xC2, _) | (0xC4 | 0xC8 | 0xCC, _) => None,
        (0xC3, _) => Some("lossless compression"),
        (0xC5..=0xC7 | 0xCD..=0xCF, _) => Some("hierarchical compression"),
        (0xC9 | 0xCA, _) => Some("arithmetic coding"),
        (0xCB, _) => Some("lossless compression with arithmetic coding"),
        (0xF7, _) => Some("JPEG-LS compression"),
        _ => None,
    }
}
