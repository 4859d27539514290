//! Cases and pictures as files hold them.

use std::path::PathBuf;

use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageError};
use mriseg::image::{Mask, Picture};

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
    /// The case, without its sentence.
    ///
    /// # Errors
    /// A part is no usable picture, or picture and mask differ in size.
    pub(crate) fn decode(self, id: &str) -> Result<Case, DataError> {
        let (bytes, path) = self.image;
        let image = Picture::decode(&bytes, &path.to_string_lossy())?;
        let image_size = (image.width(), image.height());
        let mut case = Case::new(id, image);
        if let Some((bytes, mask)) = self.mask {
            let decoded = Mask::decode(&bytes, &mask.to_string_lossy())?;
            let mask_size = (decoded.mask.width, decoded.mask.height);
            if image_size != mask_size {
                return Err(DataError::SizeMismatch {
                    image: path,
                    image_size,
                    mask,
                    mask_size,
                });
            }
            case.mask = decoded.mask;
            case.intermediate_pixels = decoded.intermediate_pixels;
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
