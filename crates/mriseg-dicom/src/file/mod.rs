//! A DICOM file as a set of attributes (PS3.10): with preamble or without, of any byte order, deflated or not.

mod attributes;
mod lengths;
mod refuse;
mod syntax;

use std::io::Read;

use dicom_object::InMemDicomObject;
use dicom_transfer_syntax_registry::{TransferSyntaxIndex, TransferSyntaxRegistry};

use crate::error::Fault;
pub(crate) use attributes::Attributes;
use lengths::Encoding;
pub(crate) use refuse::refuse_kind;
use refuse::refuse_syntax;
pub(crate) use syntax::syntax_name;
use syntax::{DEFLATED, EXPLICIT_BIG, EXPLICIT_LITTLE, IMPLICIT_LITTLE};

/// Most bytes that a deflated file may hold: a picture of as many pixels as are read, in colours, and its attributes.
const MAX_INFLATED: u64 = 512 << 20;

/// A DICOM file.
#[derive(Debug, Clone)]
pub(crate) struct File {
    /// The data set, pixels too.
    pub(crate) object: InMemDicomObject,
    /// UID of the transfer syntax.
    pub(crate) syntax: String,
}

/// Whether the bytes look like a DICOM file: by the magic number, or by a first element of group 2 or 8.
pub(crate) fn is_dicom(bytes: &[u8]) -> bool {
    has_preamble(bytes) || matches!(first_group(bytes), Some(0x0002 | 0x0008 | 0x0800))
}

fn has_preamble(bytes: &[u8]) -> bool {
    bytes.get(128..132) == Some(b"DICM")
}

/// Group of the first element, little endian, of a file without preamble. The element is of a low number: no other
/// format begins like this.
fn first_group(bytes: &[u8]) -> Option<u16> {
    let head: [u8; 8] = bytes.get(..8)?.try_into().ok()?;
    let group = u16::from_le_bytes([head[0], head[1]]);
    (head[..4].iter().filter(|&&byte| byte == 0).count() >= 2).then_some(group)
}

impl File {
    /// Reads a DICOM file. Lengths are checked against the file's before anything is allocated.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Fault> {
        let start = if has_preamble(bytes) { 132 } else { 0 };
        let after_preamble = &bytes[start..];
        let meta = lengths::meta_group(after_preamble).map_err(Fault::damaged)?;
        let data = &after_preamble[meta.length..];
        if meta.storage.as_deref() == Some(refuse::DICOMDIR) {
            refuse_kind(refuse::DICOMDIR, false)?;
        }
        let syntax = meta.syntax.unwrap_or_else(|| guessed(data).to_owned());
        refuse_syntax(&syntax)?;
        let inflated;
        let (data, plain) = match syntax.as_str() {
            DEFLATED => {
                inflated = inflate(data)?;
                (&inflated[..], EXPLICIT_LITTLE)
            }
            IMPLICIT_LITTLE | EXPLICIT_BIG => (data, syntax.as_str()),
            _ => (data, EXPLICIT_LITTLE),
        };
        let encoding = Encoding {
            explicit: plain != IMPLICIT_LITTLE,
            big_endian: plain == EXPLICIT_BIG,
        };
        lengths::check(data, encoding).map_err(Fault::damaged)?;
        let plain = TransferSyntaxRegistry
            .get(plain)
            .expect("the registry knows the three uncompressed syntaxes");
        let object = InMemDicomObject::read_dataset_with_ts(data, plain).map_err(Fault::damaged)?;
        Ok(Self { object, syntax })
    }
}

/// The transfer syntax of a data set that does not state it.
fn guessed(data: &[u8]) -> &'static str {
    let explicit = data
        .get(4..6)
        .is_some_and(|vr| vr.iter().all(u8::is_ascii_uppercase));
    match (data.first(), explicit) {
        (Some(0), true) => EXPLICIT_BIG,
        (_, true) => EXPLICIT_LITTLE,
        _ => IMPLICIT_LITTLE,
    }
}

fn inflate(data: &[u8]) -> Result<Vec<u8>, Fault> {
    let mut inflated = Vec::new();
    flate2::read::DeflateDecoder::new(data)
        .take(MAX_INFLATED + 1)
        .read_to_end(&mut inflated)
        .map_err(Fault::damaged)?;
    if inflated.len() as u64 > MAX_INFLATED {
        return Err(Fault::Refused(
            format!("the deflated data set holds more than {MAX_INFLATED} bytes"),
            "export fewer frames",
        ));
    }
    Ok(inflated)
}
