//! Values of attributes, at the top of a data set or in the functional groups of a frame (PS3.3, C.7.6.16).

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_object::{InMemDicomObject, mem::InMemElement};

use crate::error::Fault;

/// Attributes of a data set as they hold for one of its frames.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attributes<'a> {
    object: &'a InMemDicomObject,
    frame: usize,
}

impl<'a> Attributes<'a> {
    pub(crate) fn new(object: &'a InMemDicomObject, frame: usize) -> Self {
        Self { object, frame }
    }

    /// The element, of the top level.
    pub(crate) fn get(&self, tag: Tag) -> Option<&'a InMemElement> {
        self.object.get(tag)
    }

    /// Items of a sequence of the top level.
    pub(crate) fn items(&self, tag: Tag) -> &'a [InMemDicomObject] {
        items(self.object, tag)
    }

    /// The object that holds `tag`: the functional group `macro_sequence` of the frame or of all frames, else the top level.
    pub(crate) fn group(&self, macro_sequence: Tag) -> Attributes<'a> {
        let per_frame = items(self.object, tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE);
        let shared = items(self.object, tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE);
        let found = [per_frame.get(self.frame), shared.first()]
            .into_iter()
            .flatten()
            .find_map(|group| items(group, macro_sequence).first());
        Attributes {
            object: found.unwrap_or(self.object),
            frame: self.frame,
        }
    }

    /// A text without padding; `None` when absent or empty.
    pub(crate) fn text(&self, tag: Tag) -> Option<String> {
        let text = self.get(tag)?.to_str().ok()?;
        let text = text.trim_matches([' ', '\0']);
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// The texts of an attribute of several values, without padding; empty when absent.
    pub(crate) fn texts(&self, tag: Tag) -> Vec<String> {
        let text = self.text(tag).unwrap_or_default();
        let values = text.split('\\').map(|value| value.trim().to_owned());
        values.filter(|_| !text.is_empty()).collect()
    }

    /// The numbers of an attribute; empty when absent or not finite numbers.
    pub(crate) fn numbers(&self, tag: Tag) -> Vec<f64> {
        let values = self.get(tag).and_then(|element| {
            let primitive = element.value().primitive()?;
            if primitive.multiplicity() == 0 {
                return None;
            }
            primitive.to_multi_float64().ok()
        });
        values
            .filter(|values| values.iter().all(|value| value.is_finite()))
            .unwrap_or_default()
    }

    /// The first number of an attribute.
    pub(crate) fn number(&self, tag: Tag) -> Option<f64> {
        self.numbers(tag).first().copied()
    }

    /// The integers of an attribute; empty when absent.
    pub(crate) fn integers(&self, tag: Tag) -> Vec<i64> {
        self.get(tag)
            .and_then(|element| element.to_multi_int().ok())
            .unwrap_or_default()
    }

    /// The first integer of an attribute.
    pub(crate) fn integer(&self, tag: Tag) -> Option<i64> {
        self.integers(tag).first().copied()
    }

    /// Whether there are overlay planes, in the groups 6000 to 60FF.
    pub(crate) fn has_overlay(&self) -> bool {
        const OVERLAY_ROWS: u16 = 0x0010;
        let mut groups = (0x6000..0x6100).step_by(2);
        groups.any(|group| self.get(Tag(group, OVERLAY_ROWS)).is_some())
    }

    /// A whole number that must be there, and fit.
    pub(crate) fn required<T: TryFrom<i64>>(&self, tag: Tag, what: &str) -> Result<T, Fault> {
        let value = self
            .integer(tag)
            .ok_or_else(|| Fault::Damaged(format!("{what} is missing or no number")))?;
        T::try_from(value).map_err(|_| Fault::Damaged(format!("{what} is {value}")))
    }
}

fn items(object: &InMemDicomObject, tag: Tag) -> &[InMemDicomObject] {
    let items = object.get(tag).and_then(|element| element.items());
    items.unwrap_or(&[])
}
