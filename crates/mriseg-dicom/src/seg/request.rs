//! What is to be written.

/// A mask to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment<'a> {
    /// What it shows, for example the sentence that was asked.
    pub label: &'a str,
    /// 0 outside, anything else inside, row by row, of the frame's size.
    pub mask: &'a [u8],
    /// Red, green and blue to draw it in.
    pub colour: [u8; 3],
    /// Name of the model that drew it, from a request of a person (SEMIAUTOMATIC); empty for what a person drew (MANUAL).
    pub algorithm: &'a str,
}

/// When a file is written. There is no clock in this crate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// Year, month and day: "20261130".
    pub date: String,
    /// Hours, minutes and seconds: "235959".
    pub time: String,
}
