//! How a sentence is read: what it asks for, and where.

mod findings;
mod lexicon;
mod reader;
mod swap;

pub use findings::{Findings, Side, ZONES, all_zones};
pub use reader::{Reading, Target};
pub use swap::{
    in_convention, named_side, other_side, swap_heights, swap_sides, unswapped_heights,
    unswapped_sides,
};

/// What a sentence can ask for, whatever its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Request {
    /// Findings in just these zones, as the sentences of a data set name them.
    Zones(Findings),
    /// All findings of one side.
    Side(Side),
    /// All findings.
    Everything,
    /// No findings ("the lungs are clear"); the mask is empty.
    Nothing,
    /// The lungs themselves, both or one.
    Lungs(Option<Side>),
    /// Something that no chest model was trained to find ("the liver", "a car"); the mask is empty.
    Other,
}

impl From<Findings> for Request {
    /// What a sentence of the grammar asks for: its zones, or nothing where it names none.
    fn from(findings: Findings) -> Self {
        if findings.is_empty() {
            Self::Nothing
        } else {
            Self::Zones(findings)
        }
    }
}

impl Request {
    /// The same on the other side.
    pub fn swapped(&self) -> Self {
        match *self {
            Self::Zones(findings) => Self::Zones(findings.swapped()),
            Self::Side(side) => Self::Side(side.other()),
            Self::Lungs(side) => Self::Lungs(side.map(Side::other)),
            other => other,
        }
    }
}
