//! A file that is open.

mod info;
mod orientation;
mod render;
mod spacing;

use dicom_object::InMemDicomObject;
use mriseg::image::{Keep, Levels, grey16_png, rgb8_png};

use crate::{
    error::{Fault, StudyError},
    file::{self, Attributes, File},
    grey::{Curve, Greys, NamedWindow, Voi},
    pixels::{Frame, Pixels},
    seg::{self, Moment, Segment},
};
pub use info::{Kind, StudyInfo};
pub use orientation::Orientation;
pub use render::Rendered;
use render::Scaled;
pub use spacing::Spacing;

/// Middle and width of a linear window, in rescaled units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WindowSetting {
    /// Value in the middle.
    pub centre: f64,
    /// Values from black to white.
    pub width: f64,
}

/// A DICOM file or a picture, open.
#[derive(Debug)]
pub struct Study {
    name: String,
    source: Source,
    info: StudyInfo,
    /// The frame that was asked for last.
    current: Current,
    /// The same, at the size that was rendered last.
    scaled: Option<Scaled>,
}

#[derive(Debug)]
enum Source {
    Dicom {
        /// All attributes but the pixels.
        object: Box<InMemDicomObject>,
        pixels: Pixels,
    },
    /// The file as it came.
    Picture(Vec<u8>),
}

#[derive(Debug)]
struct Current {
    index: usize,
    frame: Frame,
    greys: Greys,
}

/// Whether the bytes look like a DICOM file, with or without preamble.
pub fn is_dicom(bytes: &[u8]) -> bool {
    file::is_dicom(bytes)
}

/// The picture that a model reads: of a DICOM file its first frame as [`Study::picture`] gives it, any other file as it is.
/// The page and the command line both come through here, so they segment the same picture.
///
/// # Errors
/// See [`Study::open`], for DICOM files.
pub fn picture(bytes: Vec<u8>, name: &str) -> Result<Vec<u8>, StudyError> {
    if is_dicom(&bytes) {
        return Study::open(bytes, name)?.picture(0);
    }
    Ok(bytes)
}

impl Study {
    /// Opens a DICOM file, or a picture as [`Levels::decode`] does, and decodes its first frame. `name` is what errors call
    /// the file.
    ///
    /// # Errors
    /// When the file is of another format, holds no pixels, is compressed in a way that is not decoded here, is too large,
    /// or is damaged.
    pub fn open(bytes: Vec<u8>, name: &str) -> Result<Self, StudyError> {
        if file::is_dicom(&bytes) {
            return Self::open_dicom(&bytes, name).map_err(|fault| fault.of(name));
        }
        let levels = Levels::decode(&bytes, name, Keep::Colours)?;
        let info = StudyInfo::of_picture(&levels);
        let (frame, white) = match levels.colours {
            Some([red, green, blue]) => {
                let level = |value: &u16| (value / (levels.max / 255)) as u8;
                let pixels = red.iter().zip(&green).zip(&blue);
                let pixels = pixels.flat_map(|((r, g), b)| [level(r), level(g), level(b)]);
                (Frame::Colour(pixels.collect()), 255)
            }
            None => (Frame::Grey(levels.values), levels.max),
        };
        let greys = Greys::of_levels(white);
        let current = Current {
            index: 0,
            frame,
            greys,
        };
        let source = Source::Picture(bytes);
        Ok(Self::measured(name, source, info, current))
    }

    fn open_dicom(bytes: &[u8], name: &str) -> Result<Self, Fault> {
        let File { mut object, syntax } = File::read(bytes)?;
        let pixels = Pixels::take(&mut object, &syntax)?;
        let current = Current::read(&object, &pixels, 0)?;
        let info = StudyInfo::of_dicom(
            Attributes::new(&object, 0),
            &pixels,
            &current.greys,
            &syntax,
        );
        let object = Box::new(object);
        let source = Source::Dicom { object, pixels };
        Ok(Self::measured(name, source, info, current))
    }

    /// Fills in what only the pixels tell.
    fn measured(name: &str, source: Source, mut info: StudyInfo, current: Current) -> Self {
        (info.minimum, info.maximum) = current.range();
        info.windows.clone_from(&current.greys.windows);
        if info.windows.is_empty() {
            info.windows.push(current.full_range());
        }
        Self {
            name: name.to_owned(),
            source,
            info,
            current,
            scaled: None,
        }
    }

    /// What the file holds.
    pub fn info(&self) -> &StudyInfo {
        &self.info
    }

    /// What errors call the file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A frame through a window, MONOCHROME1 turned and, with `invert`, black and white exchanged. Scaled so that its
    /// longest side has `longest` pixels, never enlarged. A window of the file itself is drawn with the curve that the file
    /// names (sigmoid, table).
    ///
    /// # Errors
    /// When there is no such frame, or it is damaged, or the window is no number or not wider than 0.
    pub fn render(
        &mut self,
        frame: usize,
        window: WindowSetting,
        invert: bool,
        longest: usize,
    ) -> Result<Rendered, StudyError> {
        let WindowSetting { centre, width } = window;
        if !centre.is_finite() || !width.is_finite() || width <= 0.0 {
            let what = format!("a window of width {width} at {centre}; give a width above 0");
            return Err(Fault::OutOfRange(what).of(&self.name));
        }
        self.go_to(frame)?;
        let size = (self.info.width, self.info.height);
        let scaled = match self.scaled.take() {
            Some(scaled) if scaled.is(frame, longest) => scaled,
            _ => Scaled::new(&self.current.frame, frame, size, longest),
        };
        let curve = self.curve(window);
        let voi = Voi {
            centre,
            width,
            curve: &curve,
        };
        let rendered = scaled.render(&self.current.greys.levels(&voi, invert));
        self.scaled = Some(scaled);
        Ok(rendered)
    }

    /// The curve of one of the file's windows, else of any window of this file.
    fn curve(&self, window: WindowSetting) -> Curve {
        let windows = &self.current.greys.windows;
        let same = |own: &&NamedWindow| (own.centre, own.width) == (window.centre, window.width);
        match windows.iter().find(same) {
            Some(own) => own.curve.clone(),
            None if windows.iter().any(|own| own.curve == Curve::Sigmoid) => Curve::Sigmoid,
            None => Curve::LinearExact,
        }
    }

    /// The value of a pixel, in rescaled units; red, green and blue of a colour.
    ///
    /// # Errors
    /// When there is no such frame or pixel.
    pub fn value(&mut self, frame: usize, x: usize, y: usize) -> Result<Vec<f64>, StudyError> {
        let (width, height) = (self.info.width, self.info.height);
        if x >= width || y >= height {
            let what = format!("pixel {x}, {y} lies outside of {width} x {height} pixels");
            return Err(Fault::OutOfRange(what).of(&self.name));
        }
        self.go_to(frame)?;
        let at = y * width + x;
        Ok(match &self.current.frame {
            Frame::Grey(codes) => vec![self.current.greys.values[usize::from(codes[at])]],
            Frame::Colour(rgb) => rgb[3 * at..3 * at + 3].iter().map(|&v| v.into()).collect(),
        })
    }

    /// A window that the middle 99 % of a frame's values span; of colours the full range.
    ///
    /// # Errors
    /// When there is no such frame, or it is damaged.
    pub fn auto(&mut self, frame: usize) -> Result<WindowSetting, StudyError> {
        const SHARES: [f64; 2] = [0.005, 0.995];
        self.go_to(frame)?;
        let Current { frame, greys, .. } = &self.current;
        let spanned = match frame {
            Frame::Grey(codes) => greys.percentiles(codes, SHARES),
            Frame::Colour(_) => None,
        };
        let window = match spanned {
            Some([low, high]) if high > low => NamedWindow::between("", low, high),
            _ => self.current.full_range(),
        };
        Ok(WindowSetting {
            centre: window.centre,
            width: window.width,
        })
    }

    /// A frame for a model, as a PNG file: greys of 16 bits through the file's first window or table, MONOCHROME1 turned;
    /// colours of 8 bits. A picture is given as the file it came in.
    ///
    /// # Errors
    /// When there is no such frame, or it is damaged.
    pub fn picture(&mut self, frame: usize) -> Result<Vec<u8>, StudyError> {
        self.go_to(frame)?;
        let (width, height) = (self.info.width, self.info.height);
        let Current { frame, greys, .. } = &self.current;
        Ok(match (&self.source, frame) {
            (Source::Picture(bytes), _) => bytes.clone(),
            (_, Frame::Colour(rgb)) => rgb8_png(rgb, width, height),
            (_, Frame::Grey(codes)) => {
                let full_range = self.current.full_range();
                let window = greys.windows.first().unwrap_or(&full_range);
                let levels = greys.levels(&window.voi(), false);
                let levels: Vec<u16> = (levels.into_iter())
                    .map(|level| (level * f64::from(u16::MAX)).round() as u16)
                    .collect();
                let pixels: Vec<u16> = codes
                    .iter()
                    .map(|&code| levels[usize::from(code)])
                    .collect();
                grey16_png(&pixels, width, height)
            }
        })
    }

    /// Masks of a frame as a DICOM SEG file that refers to it.
    ///
    /// # Errors
    /// When the file is no DICOM file, there is no such frame, a mask is not of its size, or the file does not say which
    /// study, series and instance it is.
    pub fn segmentation(
        &self,
        frame: usize,
        segments: &[Segment<'_>],
        moment: &Moment,
    ) -> Result<Vec<u8>, StudyError> {
        let written = match &self.source {
            Source::Picture(_) => Err(Fault::Refused(
                "a picture has no study that a DICOM SEG could refer to".to_owned(),
                "save the mask as PNG or NIfTI",
            )),
            Source::Dicom { object, pixels } if frame < pixels.frames => {
                seg::write(object, frame, pixels, segments, moment)
            }
            Source::Dicom { pixels, .. } => Err(Fault::OutOfRange(format!(
                "frame {frame} does not exist; the frames are 0 to {}",
                pixels.frames - 1
            ))),
        };
        written.map_err(|fault| fault.of(&self.name))
    }

    /// Decodes a frame unless it is the current one.
    fn go_to(&mut self, frame: usize) -> Result<(), StudyError> {
        if frame == self.current.index {
            return Ok(());
        }
        let read = match &self.source {
            Source::Dicom { object, pixels } => Current::read(object, pixels, frame),
            Source::Picture(_) => Err(Fault::OutOfRange(format!(
                "frame {frame} does not exist; a picture has only frame 0"
            ))),
        };
        self.current = read.map_err(|fault| fault.of(&self.name))?;
        Ok(())
    }
}

impl Current {
    fn read(object: &InMemDicomObject, pixels: &Pixels, index: usize) -> Result<Self, Fault> {
        let frame = pixels.frame(index)?;
        let greys = match &frame {
            Frame::Grey(_) => Greys::read(Attributes::new(object, index), &pixels.layout)?,
            Frame::Colour(_) => Greys::of_levels(255),
        };
        Ok(Self {
            index,
            frame,
            greys,
        })
    }

    /// Least and greatest value, in rescaled units.
    fn range(&self) -> (f64, f64) {
        match &self.frame {
            Frame::Grey(codes) => self.greys.range(codes).unwrap_or((0.0, 0.0)),
            Frame::Colour(rgb) => {
                let (low, high) = rgb.iter().fold((255, 0), |(low, high), &level| {
                    (u8::min(low, level), u8::max(high, level))
                });
                (low.into(), high.into())
            }
        }
    }

    /// The window from the least to the greatest value.
    fn full_range(&self) -> NamedWindow {
        let (low, high) = match self.frame {
            Frame::Grey(_) => self.range(),
            Frame::Colour(_) => (0.0, 255.0),
        };
        NamedWindow::between("Full range", low, high)
    }
}
