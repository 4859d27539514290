//! Cases in memory.

use anyhow::Result;
use mriseg::image::{GrayImage, Mask, Preparation, Typical};
use mriseg::segmenter::foreground;
use mriseg_data::{Case, Dataset};
use std::borrow::Borrow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use super::selection::Selection;
use crate::codes::{CodedCases, Codes};
use crate::config::DataConfig;
use crate::system::Display;
use crate::system::exit::data;

/// Loaded cases, kept in memory up to a limit: the first ones that are asked for. Of the others, and of a corpus of any
/// size, there is a place of a few bytes each; they are read from disk whenever they are drawn.
#[derive(Debug)]
pub(crate) struct CaseCache {
    dataset: Dataset,
    /// See [`Typical`]; `None` also where codes were made of pictures as they are.
    typical: Option<Typical>,
    /// Whether pictures are prepared before they are read; codes that were made before are of pictures as they are.
    prepares: bool,
    /// Channels of a picture that are read.
    channels: usize,
    codes: Option<CodedCases>,
    selection: Selection,
    /// By case, where there are codes: see [`Precomputed::oracle`].
    oracles: Vec<Arc<OnceLock<Mask>>>,
    loaded: Vec<OnceLock<Box<Case>>>,
    room: AtomicUsize,
    soft_masks: AtomicUsize,
}

/// A case to be measured.
#[derive(Debug, Clone)]
pub(crate) struct PreparedCase {
    /// As it lies on disk.
    pub(crate) original: Case,
    /// Picture and mask as the model reads them.
    pub(crate) prepared: Case,
    /// What lies between the two; `None` where pictures are read as they are.
    pub(crate) preparation: Option<Preparation>,
    /// What was made before, where it was.
    pub(crate) precomputed: Option<Precomputed>,
}

/// What is known of a case without its picture.
#[derive(Debug, Clone)]
pub(crate) struct Precomputed {
    /// Codes of picture and mask.
    pub(crate) codes: Codes,
    /// The mask that its codes paint, once it was painted: with a large tokenizer that takes longer than anything else.
    pub(crate) oracle: Arc<OnceLock<Mask>>,
}

impl PreparedCase {
    /// A soft mask of the model, cut at one half, at the place and size of the picture.
    pub(crate) fn restore(&self, soft: &GrayImage) -> Mask {
        match &self.preparation {
            Some(preparation) => preparation.restore(soft),
            None => foreground(soft, self.original.mask.width, self.original.mask.height),
        }
    }
}

impl Borrow<Case> for &PreparedCase {
    fn borrow(&self) -> &Case {
        &self.prepared
    }
}

impl Borrow<Case> for PreparedCase {
    fn borrow(&self) -> &Case {
        &self.prepared
    }
}

impl CaseCache {
    const CACHE_BYTES: usize = 2 << 30;

    /// Cases whose pictures are prepared and read in 1 or 3 channels.
    pub(crate) fn new(dataset: Dataset, typical: Option<Typical>, channels: usize) -> Self {
        Self {
            typical,
            prepares: true,
            channels,
            ..Self::as_they_are(dataset)
        }
    }

    /// Pictures as they are, and the codes that were made of them and their masks.
    pub(crate) fn with_codes(dataset: Dataset, codes: CodedCases) -> Self {
        Self {
            oracles: (0..dataset.len()).map(|_| Arc::default()).collect(),
            codes: Some(codes),
            ..Self::as_they_are(dataset)
        }
    }

    /// Pictures as they are.
    pub(crate) fn as_they_are(dataset: Dataset) -> Self {
        Self {
            typical: None,
            prepares: false,
            channels: 1,
            codes: None,
            oracles: Vec::new(),
            selection: Selection::all(dataset.len()),
            loaded: (0..dataset.len()).map(|_| OnceLock::new()).collect(),
            dataset,
            room: AtomicUsize::new(Self::CACHE_BYTES),
            soft_masks: AtomicUsize::new(0),
        }
    }

    /// In the shares that the configuration asks for.
    pub(crate) fn mixed(self, config: &DataConfig) -> Self {
        Self {
            selection: Selection::of(&self.dataset, config),
            ..self
        }
    }

    /// Which cases a training step takes.
    pub(crate) fn selection(&self) -> &Selection {
        &self.selection
    }

    pub(crate) fn dataset(&self) -> &Dataset {
        &self.dataset
    }

    /// Case `index`, from memory or disk.
    pub(crate) fn load(&self, index: usize) -> Result<Case> {
        if let Some(case) = self.loaded[index].get() {
            return Ok(Case::clone(case));
        }
        let mut case = self
            .dataset
            .load(index)
            .map_err(|error| data(error.to_string()))?;
        case.image = case.image.with_channels(self.channels);
        if case.intermediate_pixels > 0 {
            self.soft_masks.fetch_add(1, Ordering::Relaxed);
        }
        let lesions = case.lesions.iter().map(|(_, mask)| mask);
        let masks = lesions.chain(&case.lungs).chain([&case.mask]);
        let bytes = case.image.bytes() + masks.map(|mask| mask.pixels.len()).sum::<usize>();
        let kept = self
            .room
            .try_update(Ordering::Relaxed, Ordering::Relaxed, |room| {
                room.checked_sub(bytes)
            });
        if kept.is_ok() {
            let kept = self.loaded[index].get_or_init(|| Box::new(case));
            return Ok(Case::clone(kept));
        }
        Ok(case)
    }

    /// Case `index` with what there is of its codes.
    pub(crate) fn case(&self, index: usize) -> Result<PreparedCase> {
        let case = self.prepare(self.load(index)?);
        Ok(PreparedCase {
            precomputed: self.codes.as_ref().and_then(|codes| {
                Some(Precomputed {
                    codes: codes.of(index)?,
                    oracle: self.oracles[index].clone(),
                })
            }),
            ..case
        })
    }

    /// A case that need not be one of the data set.
    pub(crate) fn prepare(&self, case: Case) -> PreparedCase {
        if !self.prepares {
            return PreparedCase {
                prepared: case.clone(),
                preparation: None,
                precomputed: None,
                original: case,
            };
        }
        let (preparation, prepared) = self.prepared(&case, &case.mask);
        PreparedCase {
            preparation: Some(preparation),
            prepared,
            precomputed: None,
            original: case,
        }
    }

    /// Picture and a mask as the model reads them.
    pub(super) fn prepared(&self, case: &Case, mask: &Mask) -> (Preparation, Case) {
        let preparation = Preparation::of(&case.image, self.typical.as_ref());
        let prepared = Case {
            text: case.text.clone(),
            mask: preparation.mask(mask),
            ..Case::new(&case.id, preparation.picture(&case.image))
        };
        (preparation, prepared)
    }

    /// Codes that were made before.
    pub(crate) fn codes(&self) -> Option<&CodedCases> {
        self.codes.as_ref()
    }

    /// Says how many of the masks seen so far have pixels that are neither black nor white.
    pub(crate) fn warn_about_soft_masks(&self, display: Display) {
        let soft = self.soft_masks.load(Ordering::Relaxed);
        if soft > 0 {
            warn_about_soft_masks(soft, display);
        }
    }
}

/// Says how many masks have pixels that are neither black nor white.
pub(crate) fn warn_about_soft_masks(masks: usize, display: Display) {
    display.line(&format!(
        "warning: {masks} masks have pixels that are neither black nor white; they were cut at one half"
    ));
}

#[cfg(test)]
mod tests {
    use super::*;
    use mriseg_data::PhantomConfig;

    #[test]
    fn a_corpus_that_does_not_fit_is_read_again_and_keeps_what_fits() {
        let phantoms = || Dataset::phantoms(&PhantomConfig::default(), "train", 3);
        let whole = CaseCache::new(phantoms(), None, 1);
        let small = CaseCache::new(phantoms(), None, 1);
        let cases = small.dataset().len();
        let bytes: usize = CaseCache::CACHE_BYTES - {
            let _ = whole.load(0).unwrap();
            whole.room.load(Ordering::Relaxed)
        };
        small.room.store(2 * bytes + bytes / 2, Ordering::Relaxed);
        for _ in 0..2 {
            for i in 0..cases {
                assert_eq!(small.load(i).unwrap(), whole.load(i).unwrap());
            }
        }
        let kept = |cache: &CaseCache| cache.loaded.iter().filter_map(OnceLock::get).count();
        assert_eq!((kept(&small), kept(&whole)), (2, cases));
    }

    #[test]
    fn a_case_that_is_not_kept_takes_sixteen_bytes() {
        assert!(size_of::<OnceLock<Box<Case>>>() <= 16);
    }
}
