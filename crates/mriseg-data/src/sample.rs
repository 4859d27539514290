//! One case as a model sees it.

use mriseg::image::{Mask, Picture};

use crate::Findings;

/// One case, loaded: what a model sees and what it should answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Name of the case, unique within its split unless the source repeats it.
    pub id: String,
    /// The sentence that says what to segment.
    pub text: String,
    /// The picture.
    pub image: Picture,
    /// What the sentence names, of the picture's size.
    pub mask: Mask,
    /// Pixels of the mask file that were neither black nor white (they were thresholded at half).
    pub intermediate_pixels: usize,
    /// Every finding by itself with its zone, where that is known (phantoms).
    pub lesions: Vec<(Findings, Mask)>,
    /// The lungs, where they are annotated.
    pub lungs: Option<Mask>,
}

impl Sample {
    /// A picture about which nothing is known: no sentence, an empty mask.
    pub fn new(id: &str, image: impl Into<Picture>) -> Self {
        let image = image.into();
        Self {
            id: id.to_owned(),
            text: String::new(),
            mask: Mask::empty(image.width(), image.height()),
            image,
            intermediate_pixels: 0,
            lesions: Vec::new(),
            lungs: None,
        }
    }
}
