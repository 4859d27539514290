//! What a derived object has in common with its image: patient and study (PS3.3, C.7.1 and C.7.2).

use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use super::elements::text;
use crate::file::Attributes;

/// Attributes that must be there, empty when not known (type 2).
const REQUIRED: [(Tag, VR); 9] = [
    (tags::PATIENT_NAME, VR::PN),
    (tags::PATIENT_ID, VR::LO),
    (tags::PATIENT_BIRTH_DATE, VR::DA),
    (tags::PATIENT_SEX, VR::CS),
    (tags::STUDY_DATE, VR::DA),
    (tags::STUDY_TIME, VR::TM),
    (tags::REFERRING_PHYSICIAN_NAME, VR::PN),
    (tags::STUDY_ID, VR::SH),
    (tags::ACCESSION_NUMBER, VR::SH),
];

/// Attributes that are copied where the image has them.
const OPTIONAL: [Tag; 20] = [
    tags::ISSUER_OF_PATIENT_ID,
    tags::PATIENT_BIRTH_TIME,
    tags::OTHER_PATIENT_NAMES,
    tags::PATIENT_COMMENTS,
    tags::PATIENT_SPECIES_DESCRIPTION,
    tags::PATIENT_IDENTITY_REMOVED,
    tags::DEIDENTIFICATION_METHOD,
    tags::DEIDENTIFICATION_METHOD_CODE_SEQUENCE,
    tags::STUDY_INSTANCE_UID,
    tags::STUDY_DESCRIPTION,
    tags::PATIENT_AGE,
    tags::PATIENT_SIZE,
    tags::PATIENT_WEIGHT,
    tags::PATIENT_ORIENTATION,
    tags::LATERALITY,
    tags::BODY_PART_EXAMINED,
    tags::LOSSY_IMAGE_COMPRESSION,
    tags::LOSSY_IMAGE_COMPRESSION_RATIO,
    tags::LOSSY_IMAGE_COMPRESSION_METHOD,
    tags::TIMEZONE_OFFSET_FROM_UTC,
];

/// A data set of what is copied.
pub(super) fn patient_and_study(image: Attributes<'_>) -> InMemDicomObject {
    let mut copied = InMemDicomObject::new_empty();
    copied.put(text(tags::LOSSY_IMAGE_COMPRESSION, VR::CS, "00"));
    for (tag, vr) in REQUIRED {
        let element = image.get(tag).cloned();
        copied.put(element.unwrap_or_else(|| text(tag, vr, "")));
    }
    for element in OPTIONAL.into_iter().filter_map(|tag| image.get(tag)) {
        copied.put(element.clone());
    }
    copied
}
