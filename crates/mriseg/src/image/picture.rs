//! Pictures with or without colours.

use super::gray::{GrayImage, level8};
use super::levels::{ImageError, Keep, Levels};
use super::png;

/// A picture: its grey values and, where it has colours, its red, green and blue as well.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    grey: GrayImage,
    /// Of the size of `grey`, which is their luma.
    colours: Option<Box<[GrayImage; 3]>>,
}

impl From<GrayImage> for Picture {
    fn from(grey: GrayImage) -> Self {
        Self {
            grey,
            colours: None,
        }
    }
}

impl From<Levels> for Picture {
    fn from(levels: Levels) -> Self {
        let scale = 1.0 / f32::from(levels.max);
        // Each plane of levels is dropped before the next is read.
        let plane = |values: Vec<u16>| {
            let pixels = values.iter().map(|&value| f32::from(value) * scale);
            GrayImage::new(levels.width, levels.height, pixels.collect())
        };
        Self {
            grey: plane(levels.values),
            colours: levels.colours.map(|colours| Box::new(colours.map(plane))),
        }
    }
}

impl Picture {
    /// A picture of red, green and blue values, each from 0 to 1.
    ///
    /// # Panics
    /// When the three differ in size.
    pub fn from_channels(colours: [GrayImage; 3]) -> Self {
        /// Rec. 709.
        const LUMA: [f32; 3] = [0.2126, 0.7152, 0.0722];
        let [red, green, blue] = &colours;
        let size = |plane: &GrayImage| (plane.width, plane.height);
        assert!(
            size(red) == size(green) && size(red) == size(blue),
            "red, green and blue of one size"
        );
        let luma = |i: usize| {
            LUMA[0] * red.pixels[i] + LUMA[1] * green.pixels[i] + LUMA[2] * blue.pixels[i]
        };
        let pixels = (0..red.pixels.len()).map(luma).collect();
        Self {
            grey: GrayImage::new(red.width, red.height, pixels),
            colours: Some(Box::new(colours)),
        }
    }

    /// Reads a picture of 8 or 16 bits in one of the formats of [`Levels::decode`]. Transparency is ignored, a camera's
    /// orientation tag is applied; a colour file in which every pixel is grey, but for rounding, gives a picture without
    /// colours. `name` is what errors call the file. Memory: as there, then at most 18 bytes a pixel.
    ///
    /// # Errors
    /// As there.
    pub fn decode(bytes: &[u8], name: &str) -> Result<Self, ImageError> {
        Levels::decode(bytes, name, Keep::Colours).map(Self::from)
    }

    /// Pixels across.
    pub fn width(&self) -> usize {
        self.grey.width
    }

    /// Pixels down.
    pub fn height(&self) -> usize {
        self.grey.height
    }

    /// Without its colours: the Rec. 709 luma.
    pub fn grey(&self) -> &GrayImage {
        &self.grey
    }

    /// Red, green and blue; `None` of a grey picture.
    pub fn colours(&self) -> Option<&[GrayImage; 3]> {
        self.colours.as_deref()
    }

    /// Without colours where the model reads one channel.
    #[must_use]
    pub fn with_channels(self, channels: usize) -> Self {
        Self {
            colours: self.colours.filter(|_| channels > 1),
            ..self
        }
    }

    /// Applies `change` to the grey plane and to each colour plane by itself.
    #[must_use]
    pub fn map(&self, mut change: impl FnMut(&GrayImage) -> GrayImage) -> Self {
        Self {
            grey: change(&self.grey),
            colours: self
                .colours()
                .map(|planes| Box::new(planes.each_ref().map(change))),
        }
    }

    /// See [`GrayImage::resized`].
    pub fn resized(&self, width: usize, height: usize) -> Self {
        self.map(|plane| plane.resized(width, height))
    }

    /// See [`GrayImage::flipped_horizontally`].
    pub fn flipped_horizontally(&self) -> Self {
        self.map(GrayImage::flipped_horizontally)
    }

    /// Size of the pixels in memory, in bytes.
    pub fn bytes(&self) -> usize {
        let planes = if self.colours.is_some() { 4 } else { 1 };
        planes * size_of::<f32>() * self.grey.pixels.len()
    }

    /// Red, green and blue of every pixel in turn, 0 to 255; values outside 0..=1 are clipped.
    pub fn to_rgb8(&self) -> Vec<u8> {
        match self.colours() {
            Some([red, green, blue]) => (0..red.pixels.len())
                .flat_map(|i| [red, green, blue].map(|plane| level8(plane.pixels[i])))
                .collect(),
            None => (self.grey.to_gray8().into_iter())
                .flat_map(|level| [level; 3])
                .collect(),
        }
    }

    /// The picture as a PNG file of 8 bits, grey or in colour as it is.
    pub fn to_png(&self) -> Vec<u8> {
        match self.colours {
            Some(_) => png::rgb8_png(&self.to_rgb8(), self.width(), self.height()),
            None => self.grey.to_png(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn colourful() -> Picture {
        let plane = |values: [f32; 4]| GrayImage::new(2, 2, values.to_vec());
        Picture::from_channels([
            plane([1.0, 0.0, 0.0, 0.2]),
            plane([0.0, 1.0, 0.0, 0.4]),
            plane([0.0, 0.0, 1.0, 0.6]),
        ])
    }

    #[test]
    fn colours_survive_their_png_and_grey_is_their_luma() {
        let picture = colourful();
        let read = Picture::decode(&picture.to_png(), "p").unwrap();
        let planes = read.colours().expect("a colour picture");
        for (plane, own) in planes.iter().zip(picture.colours().unwrap()) {
            assert_eq!(plane.pixels.len(), 4);
            let near = |(a, b): (&f32, &f32)| (a - b).abs() < 0.003;
            assert!(plane.pixels.iter().zip(&own.pixels).all(near), "{plane:?}");
        }
        let luma = [
            0.2126,
            0.7152,
            0.0722,
            0.2126 * 0.2 + 0.7152 * 0.4 + 0.0722 * 0.6,
        ];
        for (value, expected) in read.grey().pixels.iter().zip(luma) {
            assert!((value - expected).abs() < 0.003, "{value} {expected}");
        }
        assert_eq!(
            read.grey(),
            &GrayImage::decode(&picture.to_png(), "p").unwrap()
        );
    }

    #[test]
    fn a_colour_file_without_colours_is_grey() {
        let rounded = png::rgb8_png(&[87, 86, 87, 10, 12, 11], 2, 1);
        assert!(Picture::decode(&rounded, "p").unwrap().colours().is_none());
        let tinted = png::rgb8_png(&[87, 83, 87, 10, 12, 11], 2, 1);
        let tinted = Picture::decode(&tinted, "p").unwrap();
        assert!(tinted.colours().is_some());
        assert!(tinted.clone().with_channels(3).colours().is_some());
        assert!(tinted.with_channels(1).colours().is_none());
        let grey = Picture::from(GrayImage::new(2, 1, vec![0.2, 0.8]));
        let file = png::rgb8_png(&grey.to_rgb8(), 2, 1);
        let read = Picture::decode(&file, "p").unwrap();
        assert!(read.colours().is_none());
        assert_eq!(read, Picture::decode(&grey.to_png(), "p").unwrap());
    }

    #[test]
    fn colours_move_with_the_grey() {
        let mirrored = colourful().flipped_horizontally();
        assert_eq!(mirrored.colours().unwrap()[0].pixels, [0.0, 1.0, 0.2, 0.0]);
        let large = colourful().resized(4, 4);
        assert_eq!((large.width(), large.height()), (4, 4));
        assert!(
            large
                .colours()
                .unwrap()
                .iter()
                .all(|plane| plane.pixels.len() == 16)
        );
        assert_eq!(large.bytes(), 4 * 4 * 16);
    }
}
