//! DICOM SEG (PS3.3, A.51): binary masks of one frame, each a segment, that refer to the image they belong to.

mod codes;
mod colour;
mod copied;
mod elements;
mod groups;
mod request;
mod uid;

use dicom_core::{PrimitiveValue, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::{InMemDicomObject, meta::FileMetaTableBuilder};

use crate::{
    error::Fault,
    file::Attributes,
    pixels::{Layout, Pixels},
};
use elements::{numbers, sequence, text};
use groups::{Dimensions, Source};
pub use request::{Moment, Segment};

/// A file of all segments. `object` is the image's data set without its pixels.
pub(crate) fn write(
    object: &InMemDicomObject,
    frame: usize,
    pixels: &Pixels,
    segments: &[Segment<'_>],
    moment: &Moment,
) -> Result<Vec<u8>, Fault> {
    let layout = &pixels.layout;
    check(layout, segments)?;
    let image = Attributes::new(object, frame);
    let source = Source::read(image, (pixels.frames > 1).then_some(frame))?;
    let dimensions = Dimensions::new(&source)?;
    let mut written = copied::patient_and_study(image);
    for element in [
        text(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192"),
        text(tags::SOP_CLASS_UID, VR::UI, uids::SEGMENTATION_STORAGE),
        text(tags::SOP_INSTANCE_UID, VR::UI, uid::random()?),
        text(tags::INSTANCE_CREATION_DATE, VR::DA, &*moment.date),
        text(tags::INSTANCE_CREATION_TIME, VR::TM, &*moment.time),
        text(tags::MODALITY, VR::CS, "SEG"),
        text(tags::SERIES_INSTANCE_UID, VR::UI, uid::random()?),
        text(tags::SERIES_NUMBER, VR::IS, "100"),
        text(tags::SERIES_DATE, VR::DA, &*moment.date),
        text(tags::SERIES_TIME, VR::TM, &*moment.time),
        text(tags::SERIES_DESCRIPTION, VR::LO, "Segmentation"),
        text(tags::MANUFACTURER, VR::LO, "mriseg"),
        text(tags::MANUFACTURER_MODEL_NAME, VR::LO, "mriseg"),
        text(tags::DEVICE_SERIAL_NUMBER, VR::LO, "none"),
        text(tags::SOFTWARE_VERSIONS, VR::LO, env!("CARGO_PKG_VERSION")),
        text(tags::INSTANCE_NUMBER, VR::IS, "1"),
        text(tags::CONTENT_DATE, VR::DA, &*moment.date),
        text(tags::CONTENT_TIME, VR::TM, &*moment.time),
        text(tags::IMAGE_TYPE, VR::CS, "DERIVED\\PRIMARY"),
        text(tags::CONTENT_LABEL, VR::CS, "SEGMENTATION"),
        text(tags::CONTENT_DESCRIPTION, VR::LO, "Segmentation"),
        text(tags::CONTENT_CREATOR_NAME, VR::PN, ""),
        text(tags::SEGMENTATION_TYPE, VR::CS, "BINARY"),
        text(
            tags::SEGMENTS_OVERLAP,
            VR::CS,
            if overlap(segments) { "YES" } else { "NO" },
        ),
    ] {
        written.put(element);
    }
    for element in image_pixels(layout, segments) {
        written.put(element);
    }
    let described = segments
        .iter()
        .zip(1..)
        .map(|(segment, number)| codes::segment(segment, number));
    written.put(sequence(tags::SEGMENT_SEQUENCE, described.collect()));
    for element in dimensions.elements() {
        written.put(element);
    }
    let numbers = 1..=segments.len() as u16;
    let frames = numbers.map(|number| dimensions.per_frame(&source, number));
    let shared = vec![dimensions.shared(&source)];
    written.put(sequence(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, shared));
    written.put(sequence(
        tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE,
        frames.collect(),
    ));
    written.put(source.common_instance_reference());
    encode(written)
}

fn encode(object: InMemDicomObject) -> Result<Vec<u8>, Fault> {
    let meta = FileMetaTableBuilder::new().transfer_syntax(uids::EXPLICIT_VR_LITTLE_ENDIAN);
    let file = object.with_meta(meta).map_err(Fault::damaged)?;
    let mut bytes = Vec::new();
    file.write_all(&mut bytes).map_err(Fault::damaged)?;
    Ok(bytes)
}

fn check(layout: &Layout, segments: &[Segment<'_>]) -> Result<(), Fault> {
    if segments.is_empty() || u16::try_from(segments.len()).is_err() {
        let what = format!("{} masks; a DICOM SEG holds 1 to 65535", segments.len());
        return Err(Fault::OutOfRange(what));
    }
    let wrong = segments
        .iter()
        .find(|segment| segment.mask.len() != layout.pixels());
    match wrong {
        Some(segment) => Err(Fault::OutOfRange(format!(
            "the mask '{}' has {} values instead of {} x {}",
            segment.label,
            segment.mask.len(),
            layout.width,
            layout.height
        ))),
        None => Ok(()),
    }
}

/// Whether a pixel lies in more than one segment.
fn overlap(segments: &[Segment<'_>]) -> bool {
    let pixels = segments.first().map_or(0, |segment| segment.mask.len());
    (0..pixels).any(|at| {
        segments
            .iter()
            .filter(|segment| segment.mask[at] != 0)
            .count()
            > 1
    })
}

/// The image pixel module, a frame for each segment.
fn image_pixels(layout: &Layout, segments: &[Segment<'_>]) -> Vec<dicom_object::mem::InMemElement> {
    let bits = segments
        .iter()
        .flat_map(|segment| segment.mask.iter().map(|&value| value != 0));
    let pixels = PrimitiveValue::from(packed(bits, layout.pixels() * segments.len()));
    vec![
        numbers(tags::SAMPLES_PER_PIXEL, &[1]),
        text(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2"),
        text(tags::NUMBER_OF_FRAMES, VR::IS, segments.len().to_string()),
        numbers(tags::ROWS, &[layout.height as u16]),
        numbers(tags::COLUMNS, &[layout.width as u16]),
        numbers(tags::BITS_ALLOCATED, &[1]),
        numbers(tags::BITS_STORED, &[1]),
        numbers(tags::HIGH_BIT, &[0]),
        numbers(tags::PIXEL_REPRESENTATION, &[0]),
        dicom_core::DataElement::new(tags::PIXEL_DATA, VR::OB, pixels),
    ]
}

/// Eight bits a byte, the first in the lowest, frames not aligned (PS3.5, 8.1.1), and an even number of bytes.
fn packed(bits: impl Iterator<Item = bool>, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count.div_ceil(8).next_multiple_of(2)];
    for (at, bit) in bits.enumerate() {
        bytes[at / 8] |= u8::from(bit) << (at % 8);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_run_on_over_frames_from_the_lowest() {
        let bits = [true, false, false, true, false, false, false, false, true];
        assert_eq!(packed(bits.into_iter(), 9), [0b1001, 1]);
        assert_eq!(packed([true; 17].into_iter(), 17), [255, 255, 1, 0]);
    }
}
