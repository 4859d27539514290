//! The values of a mask file, before anyone says which of them are marked.

use std::collections::BTreeMap;
use std::io::Cursor;

use ::image::{DynamicImage, GrayImage as Gray8};
use ::png::{BitDepth, ColorType, Transformations};

use super::rule::MaskValue;
use crate::image::levels::{Decoded, ImageError, Keep, Levels, ROUNDING};

/// Pixels of a mask file as codes, row by row.
pub(super) struct Values {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Whether compression may have changed them.
    pub(super) lossy: bool,
    pub(super) turned: bool,
    pub(super) codes: Vec<u32>,
    pub(super) kind: Kind,
}

/// What a code is.
pub(super) enum Kind {
    /// A grey value, with that of white.
    Grey(u32),
    /// Red, green and blue of 8 bits.
    Colour,
    /// The number of a colour of this palette.
    Palette(Vec<[u8; 3]>),
}

impl Values {
    /// # Errors
    /// As [`Levels::decode`].
    pub(super) fn read(bytes: &[u8], name: &str) -> Result<Self, ImageError> {
        let decoded = Decoded::read(bytes, name)?;
        if let Some((samples, kind)) = small_samples(bytes) {
            let mut samples = DynamicImage::ImageLuma8(samples);
            samples.apply_orientation(decoded.orientation);
            let codes = samples.as_bytes().iter().map(|&code| u32::from(code));
            return Ok(Self {
                width: samples.width() as usize,
                height: samples.height() as usize,
                lossy: false,
                turned: decoded.turned(),
                codes: codes.collect(),
                kind,
            });
        }
        // Labels differ by one: only compression makes a grey of two levels.
        let rounding = if decoded.lossy { ROUNDING } else { 0 };
        let mut levels = decoded.levels(Keep::Colours, rounding);
        if let Some(transparency) = decoded.transparency()
            && is_of_one_value(&levels)
            && transparency.iter().any(|&value| value < 255)
        {
            levels = Levels {
                max: 255,
                values: transparency,
                colours: None,
                ..levels
            };
        }
        let (codes, kind) = match levels.colours {
            None => (
                levels
                    .values
                    .iter()
                    .map(|&value| u32::from(value))
                    .collect(),
                Kind::Grey(levels.max.into()),
            ),
            Some([red, green, blue]) => {
                let level = |value: u16| (value / (levels.max / 255)) as u8;
                let pixels = red.iter().zip(&green).zip(&blue);
                let code = |((&r, &g), &b)| u32::from_be_bytes([0, level(r), level(g), level(b)]);
                (pixels.map(code).collect(), Kind::Colour)
            }
        };
        Ok(Self {
            width: levels.width,
            height: levels.height,
            lossy: decoded.lossy,
            turned: levels.turned,
            codes,
            kind,
        })
    }

    /// With a palette's numbers replaced by grey values, where all that occur are grey.
    pub(super) fn with_greys(mut self) -> Self {
        if let Kind::Palette(_) = self.kind {
            let is_grey = |&code: &u32| {
                let [r, g, b] = self.colour(code);
                r == g && g == b
            };
            if self.counts().keys().all(is_grey) {
                let greys = self.codes.iter().map(|&code| self.colour(code)[0].into());
                self.codes = greys.collect();
                self.kind = Kind::Grey(255);
            }
        }
        self
    }

    /// Every code with its number of pixels, the lowest code first.
    pub(super) fn counts(&self) -> BTreeMap<u32, usize> {
        let mut counts = BTreeMap::new();
        for run in self.codes.chunk_by(|a, b| a == b) {
            *counts.entry(run[0]).or_default() += run.len();
        }
        counts
    }

    /// Red, green and blue of 8 bits.
    pub(super) fn colour(&self, code: u32) -> [u8; 3] {
        match &self.kind {
            Kind::Grey(white) => [(code * 255 / white) as u8; 3],
            Kind::Colour => {
                let [_, red, green, blue] = code.to_be_bytes();
                [red, green, blue]
            }
            Kind::Palette(palette) => palette.get(code as usize).copied().unwrap_or_default(),
        }
    }

    /// Whether people mean this code by the value.
    pub(super) fn matches(&self, code: u32, value: MaskValue) -> bool {
        match (value, &self.kind) {
            (MaskValue::Label(label), Kind::Colour) => {
                self.colour(code).map(u16::from) == [label; 3]
            }
            (MaskValue::Label(label), _) => u32::from(label) == code,
            (MaskValue::Colour(colour), _) => self.colour(code) == colour,
        }
    }

    /// The code for people, as a configuration takes it.
    pub(super) fn value(&self, code: u32) -> MaskValue {
        match self.kind {
            Kind::Colour => MaskValue::Colour(self.colour(code)),
            Kind::Grey(_) | Kind::Palette(_) => MaskValue::Label(code as u16),
        }
    }

    /// The code for people; a palette's number with its colour.
    pub(super) fn named(&self, code: u32) -> String {
        match self.kind {
            Kind::Palette(_) => {
                let colour = MaskValue::Colour(self.colour(code));
                format!("{code} ({colour})")
            }
            _ => self.value(code).to_string(),
        }
    }
}

fn is_of_one_value(levels: &Levels) -> bool {
    let is_constant = |plane: &[u16]| plane.iter().all(|value| *value == plane[0]);
    let colours = levels.colours.iter().flatten();
    is_constant(&levels.values) && colours.into_iter().all(|plane| is_constant(plane))
}

/// The samples of a PNG file of less than 8 bits or with a palette, which decoders turn into shades and colours: as labels
/// they count as they are stored. The file is one that was decoded.
fn small_samples(bytes: &[u8]) -> Option<(Gray8, Kind)> {
    let mut decoder = ::png::Decoder::new(Cursor::new(bytes));
    decoder.set_transformations(Transformations::IDENTITY);
    let mut reader = decoder.read_info().ok()?;
    let info = reader.info();
    let (width, height) = (info.width, info.height);
    let white = match info.bit_depth {
        BitDepth::One => 1,
        BitDepth::Two => 3,
        BitDepth::Four => 15,
        BitDepth::Eight => 255,
        BitDepth::Sixteen => return None,
    };
    let kind = match (info.color_type, &info.palette) {
        (ColorType::Indexed, Some(palette)) => {
            let colours = palette.chunks_exact(3).map(|rgb| [rgb[0], rgb[1], rgb[2]]);
            Kind::Palette(colours.collect())
        }
        (ColorType::Grayscale, _) if white < 255 => Kind::Grey(white),
        _ => return None,
    };
    let bits = info.bit_depth as usize;
    let mut packed = vec![0; reader.output_buffer_size()?];
    let frame = reader.next_frame(&mut packed).ok()?;
    let per_byte = 8 / bits;
    let sample = |row: &[u8], x: usize| {
        let shift = 8 - bits * (x % per_byte + 1);
        (row[x / per_byte] >> shift) & white as u8
    };
    let rows = packed.chunks_exact(frame.line_size).take(height as usize);
    let samples = rows.flat_map(|row| (0..width as usize).map(move |x| sample(row, x)));
    Some((Gray8::from_raw(width, height, samples.collect())?, kind))
}
