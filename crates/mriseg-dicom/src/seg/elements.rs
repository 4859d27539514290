//! Elements and items of a data set, in one line each.

use dicom_core::{DataElement, Length, PrimitiveValue, Tag, VR, value::Value};
use dicom_object::{InMemDicomObject, mem::InMemElement};

/// An element of text.
pub(super) fn text(tag: Tag, vr: VR, value: impl Into<String>) -> InMemElement {
    DataElement::new(tag, vr, PrimitiveValue::from(value.into()))
}

/// An element of whole numbers of 16 bits.
pub(super) fn numbers(tag: Tag, values: &[u16]) -> InMemElement {
    DataElement::new(
        tag,
        VR::US,
        PrimitiveValue::U16(values.iter().copied().collect()),
    )
}

/// A sequence.
pub(super) fn sequence(tag: Tag, items: Vec<InMemDicomObject>) -> InMemElement {
    DataElement::new(tag, VR::SQ, Value::new_sequence(items, Length::UNDEFINED))
}

/// An item of a sequence.
pub(super) fn item(elements: impl IntoIterator<Item = InMemElement>) -> InMemDicomObject {
    InMemDicomObject::from_element_iter(elements)
}

/// Text that fits a Long String (LO): one value, no control characters, at most 64 characters.
pub(super) fn long_string(text: &str) -> String {
    const LONGEST: usize = 64;
    let fits = |letter: char| {
        if letter.is_control() || letter == '\\' {
            ' '
        } else {
            letter
        }
    };
    text.trim().chars().map(fits).take(LONGEST).collect()
}
