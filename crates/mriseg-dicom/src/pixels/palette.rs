//! Palette colours (PS3.3, C.7.6.3.1.5).

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::layout::Layout;
use crate::{error::Fault, file::Attributes, grey::LookupTable};

/// Tables of red, green and blue.
#[derive(Debug)]
pub(super) struct Palette([LookupTable; 3]);

impl Palette {
    pub(super) fn read(attributes: Attributes<'_>) -> Result<Self, Fault> {
        let segmented = tags::SEGMENTED_RED_PALETTE_COLOR_LOOKUP_TABLE_DATA;
        if attributes.get(segmented).is_some() {
            return Err(Fault::Refused(
                "its palette is compressed (segmented)".to_owned(),
                "export it as RGB",
            ));
        }
        let table = |descriptor: Tag, data: Tag| {
            LookupTable::read(attributes, descriptor, data)?
                .ok_or_else(|| Fault::damaged("palette colours without a palette"))
        };
        Ok(Self([
            table(
                tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
                tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
            )?,
            table(
                tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
                tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
            )?,
            table(
                tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
                tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
            )?,
        ]))
    }

    /// Red, green and blue of every code, 8 bits.
    pub(super) fn colours(&self, layout: &Layout, codes: &[u16]) -> Vec<u8> {
        let least = layout.least();
        codes
            .iter()
            .flat_map(|&code| {
                let stored = f64::from(i32::from(code) + least);
                self.0.each_ref().map(|table| table.level8(stored))
            })
            .collect()
    }
}
