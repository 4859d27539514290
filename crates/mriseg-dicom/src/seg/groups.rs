//! References to the image, and functional groups of the frames (PS3.3, C.7.6.16 and C.8.20.3).

use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::tags;
use dicom_object::{InMemDicomObject, mem::InMemElement};

use super::{
    codes::coded,
    elements::{item, numbers, sequence, text},
    uid,
};
use crate::{error::Fault, file::Attributes};

/// The image that is segmented.
pub(super) struct Source {
    series: String,
    sop_class: String,
    sop_instance: String,
    /// Which of its frames, from 0; `None` of an image of one frame.
    frame: Option<usize>,
    geometry: Option<Geometry>,
}

/// Where a frame lies in the patient.
struct Geometry {
    frame_of_reference: String,
    position_reference: String,
    /// Items of the functional groups.
    measures: InMemDicomObject,
    orientation: InMemDicomObject,
    position: InMemDicomObject,
}

impl Source {
    pub(super) fn read(image: Attributes<'_>, frame: Option<usize>) -> Result<Self, Fault> {
        let uid = |tag, name: &str| {
            image.text(tag).ok_or_else(|| {
                Fault::Refused(
                    format!("it has no {name}, which a DICOM SEG refers to"),
                    "save the mask as PNG or NIfTI",
                )
            })
        };
        uid(tags::STUDY_INSTANCE_UID, "Study Instance UID")?;
        Ok(Self {
            series: uid(tags::SERIES_INSTANCE_UID, "Series Instance UID")?,
            sop_class: uid(tags::SOP_CLASS_UID, "SOP Class UID")?,
            sop_instance: uid(tags::SOP_INSTANCE_UID, "SOP Instance UID")?,
            frame,
            geometry: Geometry::read(image),
        })
    }

    /// The image, and its frame.
    fn reference(&self) -> InMemDicomObject {
        item([
            text(tags::REFERENCED_SOP_CLASS_UID, VR::UI, &*self.sop_class),
            text(
                tags::REFERENCED_SOP_INSTANCE_UID,
                VR::UI,
                &*self.sop_instance,
            ),
        ])
    }

    /// The series and its instance.
    pub(super) fn common_instance_reference(&self) -> InMemElement {
        let series = item([
            text(tags::SERIES_INSTANCE_UID, VR::UI, &*self.series),
            sequence(tags::REFERENCED_INSTANCE_SEQUENCE, vec![self.reference()]),
        ]);
        sequence(tags::REFERENCED_SERIES_SEQUENCE, vec![series])
    }

    /// The item of the derivation image macro.
    fn derivation(&self) -> InMemDicomObject {
        let mut source = self.reference();
        if let Some(frame) = self.frame {
            let number = (frame + 1).to_string();
            source.put(text(tags::REFERENCED_FRAME_NUMBER, VR::IS, number));
        }
        source.put(sequence(
            tags::PURPOSE_OF_REFERENCE_CODE_SEQUENCE,
            vec![coded([
                "121322",
                "DCM",
                "Source image for image processing operation",
            ])],
        ));
        item([
            sequence(tags::SOURCE_IMAGE_SEQUENCE, vec![source]),
            sequence(
                tags::DERIVATION_CODE_SEQUENCE,
                vec![coded(["113076", "DCM", "Segmentation"])],
            ),
        ])
    }
}

impl Geometry {
    /// `None` where the image does not say all of it, as most radiographs do not.
    fn read(image: Attributes<'_>) -> Option<Self> {
        let reference = image.text(tags::FRAME_OF_REFERENCE_UID)?;
        let copied = |group: Tag, wanted: &[Tag], required: Tag| {
            let group = image.group(group);
            group.get(required)?;
            Some(item(
                wanted.iter().filter_map(|&tag| group.get(tag).cloned()),
            ))
        };
        Some(Self {
            frame_of_reference: reference,
            position_reference: image
                .text(tags::POSITION_REFERENCE_INDICATOR)
                .unwrap_or_default(),
            measures: copied(
                tags::PIXEL_MEASURES_SEQUENCE,
                &[
                    tags::PIXEL_SPACING,
                    tags::SLICE_THICKNESS,
                    tags::SPACING_BETWEEN_SLICES,
                ],
                tags::PIXEL_SPACING,
            )?,
            orientation: copied(
                tags::PLANE_ORIENTATION_SEQUENCE,
                &[tags::IMAGE_ORIENTATION_PATIENT],
                tags::IMAGE_ORIENTATION_PATIENT,
            )?,
            position: copied(
                tags::PLANE_POSITION_SEQUENCE,
                &[tags::IMAGE_POSITION_PATIENT],
                tags::IMAGE_POSITION_PATIENT,
            )?,
        })
    }
}

/// How the frames are ordered: by segment, and by position where there is one.
pub(super) struct Dimensions {
    uid: String,
    /// What does not fit to frames.
    frame_of_reference: Option<[InMemElement; 2]>,
    /// Attribute, the sequence that holds it, and a name.
    indices: Vec<(Tag, Tag, &'static str)>,
}

impl Dimensions {
    pub(super) fn new(source: &Source) -> Result<Self, Fault> {
        let mut indices = vec![(
            tags::REFERENCED_SEGMENT_NUMBER,
            tags::SEGMENT_IDENTIFICATION_SEQUENCE,
            "Segment Number",
        )];
        if source.geometry.is_some() {
            indices.push((
                tags::IMAGE_POSITION_PATIENT,
                tags::PLANE_POSITION_SEQUENCE,
                "Image Position Patient",
            ));
        }
        let reference = source.geometry.as_ref();
        Ok(Self {
            uid: uid::random()?,
            frame_of_reference: reference.map(|geometry| {
                [
                    text(
                        tags::FRAME_OF_REFERENCE_UID,
                        VR::UI,
                        &*geometry.frame_of_reference,
                    ),
                    text(
                        tags::POSITION_REFERENCE_INDICATOR,
                        VR::LO,
                        &*geometry.position_reference,
                    ),
                ]
            }),
            indices,
        })
    }

    /// Elements of the data set.
    pub(super) fn elements(&self) -> Vec<InMemElement> {
        let organization = || text(tags::DIMENSION_ORGANIZATION_UID, VR::UI, &*self.uid);
        let pointer = |tag: Tag, value: Tag| {
            DataElement::new(
                tag,
                VR::AT,
                PrimitiveValue::Tags([value].into_iter().collect()),
            )
        };
        let indices = self.indices.iter().map(|&(attribute, group, name)| {
            item([
                organization(),
                pointer(tags::DIMENSION_INDEX_POINTER, attribute),
                pointer(tags::FUNCTIONAL_GROUP_POINTER, group),
                text(tags::DIMENSION_DESCRIPTION_LABEL, VR::LO, name),
            ])
        });
        let mut elements = vec![
            sequence(
                tags::DIMENSION_ORGANIZATION_SEQUENCE,
                vec![item([organization()])],
            ),
            sequence(tags::DIMENSION_INDEX_SEQUENCE, indices.collect()),
        ];
        elements.extend(self.frame_of_reference.iter().flatten().cloned());
        elements
    }

    /// What all frames have in common.
    pub(super) fn shared(&self, source: &Source) -> InMemDicomObject {
        let mut shared = item([]);
        if let Some(geometry) = &source.geometry {
            let measures = vec![geometry.measures.clone()];
            shared.put(sequence(tags::PIXEL_MEASURES_SEQUENCE, measures));
            let orientation = vec![geometry.orientation.clone()];
            shared.put(sequence(tags::PLANE_ORIENTATION_SEQUENCE, orientation));
        }
        shared
    }

    /// The frame of a segment.
    pub(super) fn per_frame(&self, source: &Source, segment: u16) -> InMemDicomObject {
        let values = [u32::from(segment), 1];
        let values = values[..self.indices.len()].iter().copied().collect();
        let content = item([DataElement::new(
            tags::DIMENSION_INDEX_VALUES,
            VR::UL,
            PrimitiveValue::U32(values),
        )]);
        let identification = item([numbers(tags::REFERENCED_SEGMENT_NUMBER, &[segment])]);
        let mut frame = item([
            sequence(tags::FRAME_CONTENT_SEQUENCE, vec![content]),
            sequence(tags::SEGMENT_IDENTIFICATION_SEQUENCE, vec![identification]),
            // Readers look for it here, and not where it is shared.
            sequence(tags::DERIVATION_IMAGE_SEQUENCE, vec![source.derivation()]),
        ]);
        if let Some(geometry) = &source.geometry {
            let position = vec![geometry.position.clone()];
            frame.put(sequence(tags::PLANE_POSITION_SEQUENCE, position));
        }
        frame
    }
}
