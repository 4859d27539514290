//! One case as a model sees it.

#[cfg(doc)]
use mriseg::image::DecodedMask;
use mriseg::image::{Mask, Picture};

use crate::Findings;

/// One case, loaded: what a model sees and what it should answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// Name of the case, unique within its split unless the source repeats it.
    pub id: String,
    /// The sentence that says what to segment.
    pub text: String,
    /// The picture.
    pub image: Picture,
    /// What the sentence names; as wide and high as the picture.
    pub mask: Mask,
    /// Pixels of the mask file that lay between the two values and were cut at half.
    pub intermediate_pixels: usize,
    /// What its files hold beside that.
    pub files: CaseFacts,
    /// Every finding by itself with its zone, where that is known (phantoms); masks of the picture's size.
    pub lesions: Vec<(Findings, Mask)>,
    /// The lungs, where they are annotated; of the picture's size.
    pub lungs: Option<Mask>,
}

/// What the files of a case hold that the loaded case does not show.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CaseFacts {
    /// How the values of the mask were read, where that needs to be said: see [`DecodedMask::reading`].
    pub mask_reading: Option<String>,
    /// Whether an orientation tag turned the picture.
    pub picture_turned: bool,
    /// Whether one turned the mask.
    pub mask_turned: bool,
}

impl Case {
    /// A picture about which nothing is known: no sentence, an empty mask of the picture's size.
    pub fn new(id: &str, image: impl Into<Picture>) -> Self {
        let image = image.into();
        Self {
            id: id.to_owned(),
            text: String::new(),
            mask: Mask::empty(image.width(), image.height()),
            image,
            intermediate_pixels: 0,
            files: CaseFacts::default(),
            lesions: Vec::new(),
            lungs: None,
        }
    }
}

/// Marks in `mask` the findings that lie in one of `zones`; all masks are of one size.
pub(crate) fn mark(mut mask: Mask, findings: &[(Findings, Mask)], zones: &Findings) -> Mask {
    for (_, finding) in findings.iter().filter(|(zone, _)| !zone.is_disjoint(zones)) {
        for (pixel, marked) in mask.pixels.iter_mut().zip(&finding.pixels) {
            *pixel |= marked;
        }
    }
    mask
}
