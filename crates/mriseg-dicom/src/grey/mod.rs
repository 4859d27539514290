//! Stored values to grey levels: the modality transform (rescale, PS3.3 C.11.1), then a window or the file's table of
//! values of interest (VOI, C.11.2).

mod table;
mod window;

use dicom_dictionary_std::tags;

use crate::{
    error::Fault,
    file::Attributes,
    pixels::{Layout, Photometric},
};
pub(crate) use table::LookupTable;
pub use window::NamedWindow;
pub(crate) use window::{Curve, Voi};

/// What the stored values of a grey frame mean.
#[derive(Debug, Clone)]
pub(crate) struct Greys {
    /// The value of each code, in rescaled units.
    pub(crate) values: Vec<f64>,
    /// Codes that are no measurement, but fill the picture up.
    padding: Option<std::ops::RangeInclusive<i32>>,
    /// Whether low values are bright (MONOCHROME1).
    pub(crate) inverted: bool,
    /// The file's windows, its own first choice first; never empty once measured.
    pub(crate) windows: Vec<NamedWindow>,
}

impl Greys {
    /// Of a frame of a DICOM file.
    pub(crate) fn read(attributes: Attributes<'_>, layout: &Layout) -> Result<Self, Fault> {
        let least = layout.least();
        let stored = (0..layout.code_count()).map(|code| f64::from(code as i32 + least));
        let modality = attributes.items(tags::MODALITY_LUT_SEQUENCE).first();
        let modality = modality.map(|item| {
            let item = Attributes::new(item, 0);
            LookupTable::read(item, tags::LUT_DESCRIPTOR, tags::LUT_DATA)
        });
        let values = match modality.transpose()?.flatten() {
            Some(table) => stored.map(|value| table.value(value)).collect(),
            None => {
                let group = attributes.group(tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE);
                let slope = group.number(tags::RESCALE_SLOPE).unwrap_or(1.0);
                let intercept = group.number(tags::RESCALE_INTERCEPT).unwrap_or(0.0);
                // A slope of 0 would make every value the same: some files mean that there is none.
                let slope = if slope == 0.0 { 1.0 } else { slope };
                stored.map(|value| slope * value + intercept).collect()
            }
        };
        Ok(Self {
            values,
            padding: padding(attributes, layout),
            inverted: layout.photometric == Photometric::Monochrome1,
            windows: window::read(attributes)?,
        })
    }

    /// Of a picture whose white is `white`: values are levels.
    pub(crate) fn of_levels(white: u16) -> Self {
        let white = f64::from(white);
        Self {
            values: (0..=white as u32).map(f64::from).collect(),
            padding: None,
            inverted: false,
            windows: vec![NamedWindow::between("Full range", 0.0, white)],
        }
    }

    /// Least and greatest value of a frame, in rescaled units; `None` where all is padding.
    pub(crate) fn range(&self, codes: &[u16]) -> Option<(f64, f64)> {
        let counts = self.histogram(codes);
        let used = self
            .values
            .iter()
            .zip(&counts)
            .filter(|(_, count)| **count > 0);
        used.fold(None, |range, (&value, _)| {
            let (low, high) = range.unwrap_or((value, value));
            Some((f64::min(low, value), f64::max(high, value)))
        })
    }

    /// The values that a share of the pixels lies below, for two shares from 0 to 1.
    pub(crate) fn percentiles(&self, codes: &[u16], shares: [f64; 2]) -> Option<[f64; 2]> {
        let counts = self.histogram(codes);
        let mut used: Vec<(f64, u64)> = (self.values.iter().copied().zip(counts))
            .filter(|&(_, count)| count > 0)
            .collect();
        used.sort_by(|a, b| a.0.total_cmp(&b.0));
        let total: u64 = used.iter().map(|&(_, count)| count).sum();
        let at = |share: f64| {
            let mut left = (share * total.saturating_sub(1) as f64) as u64;
            let found = used.iter().find(|&&(_, count)| {
                let inside = left < count;
                left = left.saturating_sub(count);
                inside
            });
            found.map(|&(value, _)| value)
        };
        Some([at(shares[0])?, at(shares[1])?])
    }

    /// How often each code occurs, padding left out.
    fn histogram(&self, codes: &[u16]) -> Vec<u64> {
        let mut counts = vec![0; self.values.len()];
        for &code in codes {
            counts[usize::from(code)] += 1;
        }
        if let Some(padding) = &self.padding {
            for code in padding.clone() {
                if let Some(count) = usize::try_from(code).ok().and_then(|at| counts.get_mut(at)) {
                    *count = 0;
                }
            }
        }
        counts
    }

    /// The grey of each code, 0 to 1: through the curve, MONOCHROME1 turned, padding black.
    pub(crate) fn levels(&self, voi: &Voi, invert: bool) -> Vec<f64> {
        let turn = self.inverted != invert;
        let mut levels: Vec<f64> = (self.values.iter())
            .map(|&value| {
                let level = voi.level(value);
                if turn { 1.0 - level } else { level }
            })
            .collect();
        if let Some(padding) = &self.padding {
            for code in padding.clone() {
                if let Some(level) = usize::try_from(code).ok().and_then(|at| levels.get_mut(at)) {
                    *level = f64::from(u8::from(invert));
                }
            }
        }
        levels
    }
}

/// The codes of Pixel Padding Value, up to Pixel Padding Range Limit.
fn padding(attributes: Attributes<'_>, layout: &Layout) -> Option<std::ops::RangeInclusive<i32>> {
    let stored = |tag| {
        let value = attributes.integer(tag)?;
        // Of unsigned representation in some files with signed pixels.
        let value = match layout.signed {
            true if value > i64::from(i16::MAX) => value - (1 << 16),
            _ => value,
        };
        i32::try_from(value - i64::from(layout.least())).ok()
    };
    let value = stored(tags::PIXEL_PADDING_VALUE)?;
    let limit = stored(tags::PIXEL_PADDING_RANGE_LIMIT).unwrap_or(value);
    let last = layout.code_count() as i32 - 1;
    let (from, to) = (value.min(limit), value.max(limit));
    (to >= 0 && from <= last).then(|| from.max(0)..=to.min(last))
}
