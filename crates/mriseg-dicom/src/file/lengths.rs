//! Walks through the encoding of a data set (PS3.5, chapter 7) and compares each length with what the file has, because
//! the parser allocates what a length says before it reads.

use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::StandardDataDictionary;

/// Deepest sequences that are read; enhanced multi-frame files and structured reports have up to about ten.
const MAX_DEPTH: usize = 24;
const UNDEFINED: u32 = u32::MAX;

const ITEM: (u16, u16) = (0xFFFE, 0xE000);
const ITEM_END: (u16, u16) = (0xFFFE, 0xE00D);
const SEQUENCE_END: (u16, u16) = (0xFFFE, 0xE0DD);
const PIXEL_GROUP: u16 = 0x7FE0;

/// Value representations whose length has 16 bits.
const SHORT: [&[u8; 2]; 21] = [
    b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO", b"LT", b"PN",
    b"SH", b"SL", b"SS", b"ST", b"TM", b"UI", b"UL", b"US",
];

/// How elements are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Encoding {
    /// Whether each element states its value representation.
    pub(super) explicit: bool,
    pub(super) big_endian: bool,
}

/// The file meta information (group 2), explicit little endian.
#[derive(Debug, Default)]
pub(super) struct MetaGroup {
    /// Where the data set begins.
    pub(super) length: usize,
    pub(super) syntax: Option<String>,
    /// Media Storage SOP Class UID.
    pub(super) storage: Option<String>,
}

/// Reads the elements of group 2, if there are any.
pub(super) fn meta_group(bytes: &[u8]) -> Result<MetaGroup, String> {
    let encoding = Encoding {
        explicit: true,
        big_endian: false,
    };
    let mut walk = Walk {
        bytes,
        at: 0,
        encoding,
    };
    let mut meta = MetaGroup::default();
    while bytes.get(walk.at..walk.at + 2) == Some(&[2, 0]) {
        let element = walk.header(bytes.len())?;
        let value = walk.take(element, bytes.len())?;
        let text = || {
            let text = String::from_utf8_lossy(value);
            text.trim_end_matches(['\0', ' ']).to_owned()
        };
        match element.tag.1 {
            0x0002 => meta.storage = Some(text()),
            0x0010 => meta.syntax = Some(text()),
            _ => {}
        }
        meta.length = walk.at;
    }
    Ok(meta)
}

/// Checks the lengths of all elements, items and fragments of a data set.
pub(super) fn check(bytes: &[u8], encoding: Encoding) -> Result<(), String> {
    let mut walk = Walk {
        bytes,
        at: 0,
        encoding,
    };
    walk.elements(bytes.len(), false, 0)
}

#[derive(Debug, Clone, Copy)]
struct Element {
    tag: (u16, u16),
    vr: [u8; 2],
    length: u32,
}

struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
    encoding: Encoding,
}

impl<'a> Walk<'a> {
    fn bytes<const N: usize>(&mut self, end: usize) -> Result<[u8; N], String> {
        let found = self.bytes[..end].get(self.at..self.at + N);
        let found = found.ok_or_else(|| "it ends within an element".to_owned())?;
        self.at += N;
        Ok(found.try_into().expect("a slice of N bytes"))
    }

    fn short(&mut self, end: usize) -> Result<u16, String> {
        let bytes = self.bytes(end)?;
        Ok(if self.encoding.big_endian {
            u16::from_be_bytes(bytes)
        } else {
            u16::from_le_bytes(bytes)
        })
    }

    fn long(&mut self, end: usize) -> Result<u32, String> {
        let bytes = self.bytes(end)?;
        Ok(if self.encoding.big_endian {
            u32::from_be_bytes(bytes)
        } else {
            u32::from_le_bytes(bytes)
        })
    }

    fn tag(&mut self, end: usize) -> Result<(u16, u16), String> {
        Ok((self.short(end)?, self.short(end)?))
    }

    fn header(&mut self, end: usize) -> Result<Element, String> {
        let tag = self.tag(end)?;
        let mut vr = *b"UN";
        // Items and delimiters have no value representation in any encoding.
        let length = if !self.encoding.explicit || tag.0 == ITEM.0 {
            self.long(end)?
        } else {
            vr = self.bytes(end)?;
            if SHORT.contains(&&vr) {
                u32::from(self.short(end)?)
            } else {
                self.short(end)?;
                self.long(end)?
            }
        };
        Ok(Element { tag, vr, length })
    }

    /// The value, which must lie before `end`.
    fn take(&mut self, element: Element, end: usize) -> Result<&'a [u8], String> {
        let Element { tag, length, .. } = element;
        let left = end - self.at;
        if length as usize > left {
            return Err(format!(
                "element ({:04X},{:04X}) says {length} bytes, and {left} are left",
                tag.0, tag.1
            ));
        }
        let value = &self.bytes[self.at..self.at + length as usize];
        self.at += length as usize;
        Ok(value)
    }

    fn elements(&mut self, end: usize, until_delimiter: bool, depth: usize) -> Result<(), String> {
        if depth > MAX_DEPTH {
            return Err(format!("sequences are nested more than {MAX_DEPTH} deep"));
        }
        while self.at < end {
            let element = self.header(end)?;
            if element.tag == ITEM_END && until_delimiter {
                return Ok(());
            }
            if element.length == UNDEFINED {
                let pixels = element.tag.0 == PIXEL_GROUP && element.vr != *b"SQ";
                // A sequence of unknown representation is written in implicit little endian (PS3.5, 6.2.2).
                let outer = self.encoding;
                if outer.explicit && element.vr == *b"UN" {
                    self.encoding = Encoding {
                        explicit: false,
                        big_endian: false,
                    };
                }
                self.items(end, true, pixels, depth + 1)?;
                self.encoding = outer;
                continue;
            }
            let begin = self.at;
            self.take(element, end)?;
            let after = self.at;
            self.check_values(element)?;
            if element.vr == *b"SQ" || self.holds_items(element, begin, after) {
                self.at = begin;
                self.items(after, false, false, depth + 1)?;
                self.at = after;
            }
        }
        if until_delimiter {
            return Err("a sequence has no end".to_owned());
        }
        Ok(())
    }

    /// Refuses numbers that end within one. The parser would take its rest for the next element, except at the end.
    fn check_values(&self, Element { tag, vr, length }: Element) -> Result<(), String> {
        let vr = match self.encoding.explicit {
            true => VR::from_binary(vr),
            false => implied(tag),
        };
        let size = vr.map_or(1, value_size);
        if length % size == 0 || self.at == self.bytes.len() {
            return Ok(());
        }
        Err(format!(
            "element ({:04X},{:04X}) says {length} bytes, and its values have {size} each",
            tag.0, tag.1
        ))
    }

    /// Whether a value of unknown representation is a sequence: it begins with an item.
    fn holds_items(&self, element: Element, begin: usize, after: usize) -> bool {
        let item: [u8; 4] = if self.encoding.big_endian {
            [0xFF, 0xFE, 0xE0, 0x00]
        } else {
            [0xFE, 0xFF, 0x00, 0xE0]
        };
        !self.encoding.explicit
            && element.tag.0 != PIXEL_GROUP
            && self.bytes[begin..after].starts_with(&item)
    }

    /// Items of a sequence, or fragments of compressed pixels.
    fn items(
        &mut self,
        end: usize,
        until_delimiter: bool,
        fragments: bool,
        depth: usize,
    ) -> Result<(), String> {
        while self.at < end {
            let item = self.header(end)?;
            match item.tag {
                SEQUENCE_END if until_delimiter => return Ok(()),
                ITEM if item.length == UNDEFINED && !fragments => {
                    self.elements(end, true, depth)?;
                }
                ITEM => {
                    let begin = self.at;
                    self.take(item, end)?;
                    let after = self.at;
                    if !fragments {
                        self.at = begin;
                        self.elements(after, false, depth)?;
                    }
                }
                (group, element) => {
                    return Err(format!(
                        "({group:04X},{element:04X}) where an item of a sequence should be"
                    ));
                }
            }
        }
        if until_delimiter {
            return Err("a sequence has no end".to_owned());
        }
        Ok(())
    }
}

/// The value representation of an element that does not state it, as the parser has it.
fn implied((group, element): (u16, u16)) -> Option<VR> {
    if (group, element) == (PIXEL_GROUP, 0x0010) || (group >> 8 == 0x60 && element == 0x3000) {
        return Some(VR::OW);
    }
    let entry = StandardDataDictionary.by_tag(Tag(group, element))?;
    Some(entry.vr().relaxed())
}

/// Bytes of one value (PS3.5, table 6.2-1); 1 where values are text or have none of their own.
fn value_size(vr: VR) -> u32 {
    match vr {
        VR::OW | VR::SS | VR::US => 2,
        VR::AT | VR::FL | VR::OF | VR::OL | VR::SL | VR::UL => 4,
        VR::FD | VR::OD | VR::OV | VR::SV | VR::UV => 8,
        _ => 1,
    }
}
