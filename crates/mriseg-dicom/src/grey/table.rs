//! Lookup tables as files hold them: of the modality, of values of interest, of a palette (PS3.3, C.11.1.1).

use dicom_core::{Tag, VR};

use crate::{error::Fault, file::Attributes};

/// A table of whole numbers over consecutive inputs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LookupTable {
    /// Input of the first entry.
    first: f64,
    entries: Vec<u16>,
    /// Bits of an entry.
    bits: u32,
}

impl LookupTable {
    /// Reads a table; `None` where there is none.
    pub(crate) fn read(
        attributes: Attributes<'_>,
        descriptor: Tag,
        data: Tag,
    ) -> Result<Option<Self>, Fault> {
        let (Some(element), Some(data)) = (attributes.get(descriptor), attributes.get(data)) else {
            return Ok(None);
        };
        let damaged = |what: String| Fault::Damaged(format!("a lookup table {what}"));
        let numbers = attributes.integers(descriptor);
        let &[count, first, bits] = &numbers[..] else {
            return Err(damaged(format!(
                "has {} numbers to describe it",
                numbers.len()
            )));
        };
        // 16 bits hold no 65536. The same in a file that states its numbers as signed.
        let count = match count {
            0 => 1 << 16,
            _ => (count & 0xFFFF) as usize,
        };
        let first = match element.vr() {
            VR::SS => first,
            // Implicit encodings cannot tell whether it is signed; a table that begins in the upper half is.
            _ if first > i64::from(i16::MAX) && first + count as i64 > 1 << 16 => first - (1 << 16),
            _ => first,
        };
        let bits = u32::try_from(bits).unwrap_or(0);
        if !(1..=16).contains(&bits) {
            return Err(damaged(format!("has entries of {bits} bits")));
        }
        let words = match data.vr() {
            VR::OB | VR::UN => None,
            _ => data.to_multi_int::<i64>().ok(),
        };
        let entries: Vec<u16> = match words {
            Some(words) if words.len() >= count => words.iter().map(|&word| word as u16).collect(),
            // Two entries of 8 bits may share a word.
            _ => {
                let bytes = data
                    .to_bytes()
                    .map_err(|error| damaged(error.to_string()))?;
                if bytes.len() >= 2 * count {
                    let pairs = bytes.chunks_exact(2);
                    pairs
                        .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
                        .collect()
                } else {
                    bytes.iter().copied().map(u16::from).collect()
                }
            }
        };
        if entries.len() < count {
            return Err(damaged(format!(
                "has {} entries instead of {count}",
                entries.len()
            )));
        }
        let mut entries = entries;
        entries.truncate(count);
        Ok(Some(Self {
            first: first as f64,
            entries,
            bits,
        }))
    }

    /// The entry of an input; inputs beyond the ends have those of the ends.
    pub(crate) fn value(&self, input: f64) -> f64 {
        // The conversion saturates.
        let index = (input - self.first).round() as usize;
        f64::from(self.entries[index.min(self.entries.len() - 1)])
    }

    /// The entry of an input as a share of the greatest that its bits hold.
    pub(crate) fn level(&self, input: f64) -> f64 {
        let white = f64::from((1u32 << self.bits) - 1);
        (self.value(input) / white).min(1.0)
    }

    /// The entry of an input, of 8 bits.
    pub(crate) fn level8(&self, input: f64) -> u8 {
        let shift = self.bits.saturating_sub(8);
        ((self.value(input) as u32) >> shift).min(255) as u8
    }

    /// First and last input.
    pub(crate) fn inputs(&self) -> (f64, f64) {
        (self.first, self.first + (self.entries.len() - 1) as f64)
    }
}
