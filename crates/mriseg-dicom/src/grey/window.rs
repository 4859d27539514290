//! Windows, and other curves from values to greys (PS3.3, C.11.2).

use dicom_dictionary_std::tags;

use super::LookupTable;
use crate::{error::Fault, file::Attributes};

/// A window with its name, such as "Window 1" or what the file calls it.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedWindow {
    /// What the file calls it.
    pub name: String,
    /// Value in the middle, in rescaled units.
    pub centre: f64,
    /// Values from black to white, in rescaled units.
    pub width: f64,
    pub(crate) curve: Curve,
}

/// Shape of a curve of values of interest.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Curve {
    /// C.11.2.1.2: one step more than its width, for whole numbers.
    Linear,
    /// C.11.2.1.3.2.
    LinearExact,
    /// C.11.2.1.3.1.
    Sigmoid,
    /// VOI LUT Sequence.
    Table(LookupTable),
}

/// A curve at a place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Voi<'a> {
    pub(crate) centre: f64,
    pub(crate) width: f64,
    pub(crate) curve: &'a Curve,
}

impl NamedWindow {
    /// A linear window from `low` to `high`, which may be equal.
    pub(crate) fn between(name: &str, low: f64, high: f64) -> Self {
        Self {
            name: name.to_owned(),
            centre: f64::midpoint(low, high),
            width: if high > low { high - low } else { 1.0 },
            curve: Curve::LinearExact,
        }
    }

    pub(crate) fn voi(&self) -> Voi<'_> {
        Voi {
            centre: self.centre,
            width: self.width,
            curve: &self.curve,
        }
    }
}

impl Voi<'_> {
    /// The grey of a value, 0 to 1.
    pub(crate) fn level(&self, value: f64) -> f64 {
        let Self { centre, width, .. } = *self;
        let level = match self.curve {
            Curve::Linear if width > 1.0 => (value - (centre - 0.5)) / (width - 1.0) + 0.5,
            Curve::Linear => f64::from(u8::from(value > centre - 0.5)),
            Curve::LinearExact => (value - centre) / width + 0.5,
            Curve::Sigmoid => 1.0 / (1.0 + (-4.0 * (value - centre) / width).exp()),
            Curve::Table(table) => return table.level(value),
        };
        level.clamp(0.0, 1.0)
    }
}

/// The file's own curves: its tables first, then its windows.
pub(super) fn read(attributes: Attributes<'_>) -> Result<Vec<NamedWindow>, Fault> {
    let group = attributes.group(tags::FRAME_VOILUT_SEQUENCE);
    let mut windows = Vec::new();
    for (index, item) in attributes.items(tags::VOILUT_SEQUENCE).iter().enumerate() {
        let item = Attributes::new(item, 0);
        let Some(table) = LookupTable::read(item, tags::LUT_DESCRIPTOR, tags::LUT_DATA)? else {
            continue;
        };
        let (low, high) = table.inputs();
        let name = item.text(tags::LUT_EXPLANATION);
        let name = name.unwrap_or_else(|| format!("Table {}", index + 1));
        let mut window = NamedWindow::between(&name, low, high);
        window.curve = Curve::Table(table);
        windows.push(window);
    }
    let curve = match group.text(tags::VOILUT_FUNCTION).as_deref() {
        Some("SIGMOID") => Curve::Sigmoid,
        Some("LINEAR_EXACT") => Curve::LinearExact,
        _ => Curve::Linear,
    };
    let centres = group.numbers(tags::WINDOW_CENTER);
    let widths = group.numbers(tags::WINDOW_WIDTH);
    let names = group.texts(tags::WINDOW_CENTER_WIDTH_EXPLANATION);
    for (index, (&centre, &width)) in centres.iter().zip(&widths).enumerate() {
        // LINEAR needs a width of at least 1, the others more than 0 (C.11.2.1.2).
        let usable = match curve {
            Curve::Linear => width >= 1.0,
            _ => width > 0.0,
        };
        if usable {
            let name = names.get(index).filter(|name| !name.is_empty());
            windows.push(NamedWindow {
                name: name.map_or_else(|| format!("Window {}", index + 1), Clone::clone),
                centre,
                width,
                curve: curve.clone(),
            });
        }
    }
    Ok(windows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(curve: Curve, value: f64) -> f64 {
        let (centre, width) = (2048.0, 4096.0);
        Voi {
            centre,
            width,
            curve: &curve,
        }
        .level(value)
    }

    #[test]
    fn a_linear_window_of_4096_takes_0_to_black_and_4095_to_white() {
        assert_eq!(level(Curve::Linear, 0.0), 0.0);
        assert_eq!(level(Curve::Linear, 4095.0), 1.0);
        assert_eq!(level(Curve::Linear, 2047.5), 0.5);
    }

    #[test]
    fn an_exact_window_of_4096_takes_0_to_black_and_4096_to_white() {
        assert_eq!(level(Curve::LinearExact, 0.0), 0.0);
        assert_eq!(level(Curve::LinearExact, 4096.0), 1.0);
        assert_eq!(level(Curve::LinearExact, 2048.0), 0.5);
    }

    #[test]
    fn a_sigmoid_has_a_slope_of_one_over_the_width_in_the_middle() {
        assert_eq!(level(Curve::Sigmoid, 2048.0), 0.5);
        let rise = level(Curve::Sigmoid, 2049.0) - level(Curve::Sigmoid, 2047.0);
        assert!((rise - 2.0 / 4096.0).abs() < 1e-9, "{rise}");
        assert!(level(Curve::Sigmoid, 0.0) > 0.1);
    }

    #[test]
    fn a_linear_window_of_width_one_is_a_step() {
        let curve = Curve::Linear;
        let step = Voi {
            centre: 10.0,
            width: 1.0,
            curve: &curve,
        };
        assert_eq!((step.level(9.0), step.level(10.0)), (0.0, 1.0));
    }
}
