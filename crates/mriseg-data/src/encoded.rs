//! Cases and pictures as files hold them.

use std::path::PathBuf;

use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageError};
use mriseg::image::{Keep, Levels, Mask, MaskRule, Picture};

use crate::{Case, DataError};

/// Bytes of a file, and what errors call it.
pub(crate) type NamedBytes = (Vec<u8>, PathBuf);

/// The parts of a case.
pub(crate) struct EncodedCase {
    pub(crate) image: NamedBytes,
    /// `None`: nothing is marked.
    pub(crate) mask: Option<NamedBytes>,
    /// Of any size.
    pub(crate) lungs: Option<NamedBytes>,
}

impl EncodedCase {
    /// The case, without its sentence. `rule` says what is marked in the mask.
    ///
    /// # Errors
    /// A part is no usable picture or mask, or picture and mask differ in size.
    pub(crate) fn decode(self, id: &str, rule: &MaskRule) -> Result<Case, DataError> {
        let (bytes, path) = self.image;
        let levels = Levels::decode(&bytes, &path.to_string_lossy(), Keep::Colours)?;
        let image_size = (levels.width, levels.height);
        let picture_turned = levels.turned;
        let mut case = Case::new(id, Picture::from(levels));
        case.files.picture_turned = picture_turned;
        if let Some((bytes, mask)) = self.mask {
            let decoded = Mask::decode_by(rule, &bytes, &mask.to_string_lossy())?;
            let mask_size = (decoded.mask.width, decoded.mask.height);
            if image_size != mask_size {
                let swapped = mask_size == (image_size.1, image_size.0);
                return Err(DataError::SizeMismatch {
                    image: path,
                    image_size,
                    mask,
                    mask_size,
                    turned: match (picture_turned, decoded.turned) {
                        (true, false) if swapped => Some("picture"),
                        (false, true) if swapped => Some("mask"),
                        _ => None,
                    },
                });
            }
            case.mask = decoded.mask;
            case.intermediate_pixels = decoded.intermediate_pixels;
            case.files.mask_reading = decoded.reading;
            case.files.mask_turned = decoded.turned;
        }
        if let Some((bytes, path)) = self.lungs {
            let lungs = Mask::decode(&bytes, &path.to_string_lossy())?.mask;
            case.lungs = Some(lungs.resized(image_size.0, image_size.1));
        }
        Ok(case)
    }
}

/// A picture as a JPEG file, grey or in colour as it is, of `quality` 1 to 100.
///
/// # Errors
/// The picture has no pixels, or too many for a JPEG file.
pub(crate) fn jpeg(picture: &Picture, quality: u8) -> Result<Vec<u8>, ImageError> {
    let (levels, kind) = match picture.colours() {
        Some(_) => (picture.to_rgb8(), ExtendedColorType::Rgb8),
        None => (picture.grey().to_gray8(), ExtendedColorType::L8),
    };
    let mut bytes = Vec::new();
    let (width, height) = (picture.width() as u32, picture.height() as u32);
    JpegEncoder::new_with_quality(&mut bytes, quality).encode(&levels, width, height, kind)?;
    Ok(bytes)
}
