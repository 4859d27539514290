//! Masks as NIfTI-1 volumes, compressed (`.nii.gz`).

use std::io::Write;

use flate2::{Compression, write::GzEncoder};

/// Size of the header, and of the volume's data before it: 348 bytes and an empty list of extensions.
const HEADER: usize = 348;
const DATA: usize = 352;

/// A NIfTI file of one slice of labels, `width * height` values row by row from the top. `spacing` is the distance of rows
/// and of columns in mm; without it, that is 1 and the unit is unknown. Columns run to the patient's left and rows to the
/// back, as in the files that ITK writes of pictures without orientation.
///
/// # Errors
/// A sentence when the mask is not of this size, or larger than NIfTI can say (32767 a side).
pub fn write(
    mask: &[u8],
    width: usize,
    height: usize,
    spacing: Option<[f64; 2]>,
) -> Result<Vec<u8>, String> {
    if mask.len() != width * height || mask.is_empty() {
        return Err(format!(
            "the mask has {} values instead of {width} x {height}",
            mask.len()
        ));
    }
    let size = (i16::try_from(width), i16::try_from(height));
    let (Ok(across), Ok(down)) = size else {
        return Err(format!(
            "a mask of {width} x {height} pixels is too large for NIfTI; save it as PNG"
        ));
    };
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let head = header(across, down, spacing);
    encoder
        .write_all(&head)
        .and_then(|()| encoder.write_all(mask))
        .and_then(|()| encoder.finish())
        .map_err(|error| error.to_string())
}

fn header(width: i16, height: i16, spacing: Option<[f64; 2]>) -> [u8; DATA] {
    const UINT8: i16 = 2;
    const MILLIMETRES: u8 = 2;
    /// NIFTI_XFORM_SCANNER_ANAT.
    const SCANNER: i16 = 1;
    let [row, column] = spacing.unwrap_or([1.0; 2]).map(|length| length as f32);
    let mut header = [0; DATA];
    let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &(HEADER as i32).to_le_bytes());
    put(38, b"r");
    for (index, length) in [3, width, height, 1, 1, 1, 1, 1].into_iter().enumerate() {
        put(40 + 2 * index, &length.to_le_bytes());
    }
    put(70, &UINT8.to_le_bytes());
    put(72, &8i16.to_le_bytes());
    for (index, length) in [1.0, column, row, 1.0].into_iter().enumerate() {
        put(76 + 4 * index, &length.to_le_bytes());
    }
    put(108, &(DATA as f32).to_le_bytes());
    put(112, &1f32.to_le_bytes());
    put(123, &[if spacing.is_some() { MILLIMETRES } else { 0 }]);
    put(148, b"mask by mriseg");
    put(252, &SCANNER.to_le_bytes());
    put(254, &SCANNER.to_le_bytes());
    // Half a turn about the third axis: quaternion (0, 0, 0, 1), as the matrix below.
    put(264, &1f32.to_le_bytes());
    put(280, &(-column).to_le_bytes());
    put(280 + 16 + 4, &(-row).to_le_bytes());
    put(280 + 32 + 8, &1f32.to_le_bytes());
    put(344, b"n+1\0");
    header
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn a_volume_has_its_header_and_every_label() {
        let file = write(&[0, 1, 2, 3, 4, 5], 3, 2, Some([0.5, 0.25])).unwrap();
        let mut volume = Vec::new();
        flate2::read::GzDecoder::new(&file[..])
            .read_to_end(&mut volume)
            .unwrap();
        assert_eq!(volume.len(), 352 + 6);
        assert_eq!(&volume[352..], [0, 1, 2, 3, 4, 5]);
        let short = |at: usize| i16::from_le_bytes([volume[at], volume[at + 1]]);
        assert_eq!((short(40), short(42), short(44), short(46)), (3, 3, 2, 1));
        let float = |at: usize| f32::from_le_bytes(volume[at..at + 4].try_into().unwrap());
        assert_eq!((float(80), float(84)), (0.25, 0.5));
        assert_eq!((float(280), float(300), float(320)), (-0.25, -0.5, 1.0));
    }

    #[test]
    fn a_mask_of_another_size_is_refused() {
        let error = write(&[0; 5], 3, 2, None).unwrap_err();
        assert_eq!(error, "the mask has 5 values instead of 3 x 2");
        assert!(write(&vec![0; 40_000], 40_000, 1, None).is_err());
    }
}
