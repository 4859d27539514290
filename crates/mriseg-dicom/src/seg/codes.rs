//! The description of a segment, with the codes of what it shows.

use dicom_core::VR;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use super::{
    colour,
    elements::{item, long_string, numbers, sequence, text},
    request::Segment,
};

/// A code: its value, the scheme that defines it, and its meaning.
type Code = [&'static str; 3];

const ANATOMY: Code = ["123037004", "SCT", "Anatomical Structure"];
const ABNORMAL: Code = ["49755003", "SCT", "Morphologically Abnormal Structure"];
const LUNG: Code = ["39607008", "SCT", "Lung"];
const LESION: Code = ["52988006", "SCT", "Lesion"];
const POLYP: Code = ["41329004", "SCT", "Polyp"];
const RIGHT: Code = ["24028007", "SCT", "Right"];
const LEFT: Code = ["7771000", "SCT", "Left"];
const BOTH: Code = ["51440002", "SCT", "Right and left"];

/// Category, type and side of what a label says. A whole lung is anatomy; any other request is about a finding.
fn meaning(label: &str) -> (Code, Code, Option<Code>) {
    let label = label.trim().to_lowercase();
    match label.as_str() {
        "lung" => (ANATOMY, LUNG, None),
        "lungs" | "both lungs" => (ANATOMY, LUNG, Some(BOTH)),
        "right lung" => (ANATOMY, LUNG, Some(RIGHT)),
        "left lung" => (ANATOMY, LUNG, Some(LEFT)),
        _ if label.contains("polyp") => (ABNORMAL, POLYP, None),
        _ => (ABNORMAL, LESION, None),
    }
}

/// An item of the segment sequence.
pub(super) fn segment(segment: &Segment<'_>, number: u16) -> InMemDicomObject {
    let (category, kind, side) = meaning(segment.label);
    let label = match long_string(segment.label) {
        label if label.is_empty() => format!("Segment {number}"),
        label => label,
    };
    let mut kind = coded(kind);
    if let Some(side) = side {
        kind.put(sequence(
            tags::SEGMENTED_PROPERTY_TYPE_MODIFIER_CODE_SEQUENCE,
            vec![coded(side)],
        ));
    }
    let mut described = item([
        numbers(tags::SEGMENT_NUMBER, &[number]),
        text(tags::SEGMENT_LABEL, VR::LO, label),
        sequence(
            tags::SEGMENTED_PROPERTY_CATEGORY_CODE_SEQUENCE,
            vec![coded(category)],
        ),
        sequence(tags::SEGMENTED_PROPERTY_TYPE_CODE_SEQUENCE, vec![kind]),
        numbers(
            tags::RECOMMENDED_DISPLAY_CIE_LAB_VALUE,
            &colour::cielab(segment.colour),
        ),
    ]);
    let algorithm = long_string(segment.algorithm);
    let by_hand = algorithm.is_empty();
    let kind = if by_hand { "MANUAL" } else { "SEMIAUTOMATIC" };
    described.put(text(tags::SEGMENT_ALGORITHM_TYPE, VR::CS, kind));
    if !by_hand {
        described.put(text(tags::SEGMENT_ALGORITHM_NAME, VR::LO, algorithm));
    }
    described
}

/// An item of a code sequence.
pub(super) fn coded([value, scheme, meaning]: Code) -> InMemDicomObject {
    item([
        text(tags::CODE_VALUE, VR::SH, value),
        text(tags::CODING_SCHEME_DESIGNATOR, VR::SH, scheme),
        text(tags::CODE_MEANING, VR::LO, meaning),
    ])
}
