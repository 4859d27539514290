//! Cases to tensors. Which cases form a batch and how they are changed depends only on seed and step,
//! so a resumed run sees exactly what an uninterrupted one would have seen.

use anyhow::Result;
use burn::tensor::{Device, Int, Tensor, TensorData};
use mriseg::config::ModelConfig;
use mriseg::image::{GrayImage, Mask, Preparation, Typical};
use mriseg::model::normalized_pixels;
use mriseg::reading::{Findings, Request};
use mriseg::segmenter::foreground;
use mriseg::text::TextTokenizer;
use mriseg_data::{AugmentConfig, Dataset, RequestMix, Sample, Warp, ask, augment};
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use std::borrow::Borrow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use crate::config::DataConfig;
use crate::emu3::{CodedCases, Codes};
use crate::system::exit::data;
use crate::system::progress::Display;

/// Loaded cases, kept in memory up to a limit.
#[derive(Debug)]
pub(crate) struct Samples {
    dataset: Dataset,
    /// See [`Typical`]; `None` also where codes were made of pictures as they are.
    typical: Option<Typical>,
    /// Whether pictures are prepared before they are read; Emu3's tokenizer reads them as they are.
    prepares: bool,
    /// Channels of a picture that are read.
    channels: usize,
    codes: Option<CodedCases>,
    /// What a pass over the data is made of.
    parts: Vec<Part>,
    /// By case, where there are codes: see [`Case::oracle`].
    oracles: Vec<Arc<OnceLock<Mask>>>,
    cache: Vec<OnceLock<Sample>>,
    room: AtomicUsize,
    soft_masks: AtomicUsize,
}

/// Cases that a pass draws so many of.
#[derive(Debug)]
struct Part {
    cases: Vec<usize>,
    drawn: usize,
}

/// Random changes of a training case.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Changes<'a> {
    pub(crate) augment: &'a AugmentConfig,
    pub(crate) requests: &'a RequestMix,
    pub(crate) text_dropout: f64,
}

/// A case as one training step sees it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Drawn {
    pub(crate) sample: Sample,
    /// What its sentence asks for, where that is known and there is a sentence.
    pub(crate) request: Option<Request>,
    /// Which case of the dataset it is and how its picture was moved; `None` when its sentence or mask is
    /// not the dataset's own.
    pub(crate) origin: Option<(usize, Warp)>,
}

/// A case to be measured.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    /// As it lies on disk.
    pub(crate) sample: Sample,
    /// Picture and mask as the model reads them.
    pub(crate) prepared: Sample,
    /// What lies between the two; `None` where pictures are read as they are.
    pub(crate) preparation: Option<Preparation>,
    /// What was made before, where it was.
    pub(crate) made: Option<Made>,
}

/// What is known of a case without its picture.
#[derive(Debug, Clone)]
pub(crate) struct Made {
    /// Codes of picture and mask.
    pub(crate) codes: Codes,
    /// The mask that its codes paint, once it was painted: with Emu3 that takes longer than anything else.
    pub(crate) oracle: Arc<OnceLock<Mask>>,
}

impl Case {
    /// A soft mask of the model, cut at one half, at the place and size of the picture.
    pub(crate) fn restore(&self, soft: &GrayImage) -> Mask {
        match &self.preparation {
            Some(preparation) => preparation.restore(soft),
            None => foreground(soft, self.sample.mask.width, self.sample.mask.height),
        }
    }
}

impl Samples {
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
            parts: vec![Part {
                cases: (0..dataset.len()).collect(),
                drawn: dataset.len(),
            }],
            cache: (0..dataset.len()).map(|_| OnceLock::new()).collect(),
            dataset,
            room: AtomicUsize::new(Self::CACHE_BYTES),
            soft_masks: AtomicUsize::new(0),
        }
    }

    /// In the shares that `data.sources` and `data.without_findings` ask for. The latter is of all cases; those with findings
    /// keep the shares of their sources among themselves.
    pub(crate) fn mixed(self, config: &DataConfig) -> Self {
        let further: Vec<f64> = config.sources.iter().map(|source| source.share).collect();
        let joined = if further.is_empty() {
            self
        } else {
            self.in_shares(&further)
        };
        if config.without_findings > 0.0 {
            joined.without_findings(config.without_findings)
        } else {
            joined
        }
    }

    /// Of data sets that were joined, each further one in this share of the training cases.
    fn in_shares(mut self, further: &[f64]) -> Self {
        let parts = self.dataset.parts();
        let first = 1.0 - further.iter().sum::<f64>();
        let shares: Vec<f64> = std::iter::once(first)
            .chain(further.iter().copied())
            .collect();
        // A pass ends when every case was seen: it is as long as the largest data set for its share asks for.
        let pass = (parts.iter().zip(&shares))
            .map(|(cases, share)| cases.len() as f64 / share)
            .fold(0.0, f64::max);
        self.parts = (parts.into_iter().zip(shares))
            .filter(|(cases, _)| !cases.is_empty())
            .map(|(cases, share)| Part {
                cases,
                drawn: (pass * share).round() as usize,
            })
            .collect();
        self
    }

    /// With pictures without findings in this share of the training cases, however many there are; as before where there are
    /// none, or no others.
    fn without_findings(mut self, share: f64) -> Self {
        let healthy = |case: &usize| {
            Findings::parse(self.dataset.text(*case)).is_some_and(|findings| findings.is_empty())
        };
        let mut split = Vec::new();
        for Part { cases, drawn } in self.parts {
            let total = cases.len() as f64;
            let (without, with): (Vec<usize>, Vec<usize>) = cases.into_iter().partition(healthy);
            for (cases, healthy) in [(with, false), (without, true)] {
                let drawn = drawn as f64 * cases.len() as f64 / total;
                split.push((cases, healthy, drawn));
            }
        }
        let drawn = |of: bool| -> f64 {
            let of = split.iter().filter(|(_, healthy, _)| *healthy == of);
            of.map(|(_, _, drawn)| drawn).sum()
        };
        let [with, without] = [false, true].map(drawn);
        let factor = if with > 0.0 && without > 0.0 {
            share / (1.0 - share) * with / without
        } else {
            1.0
        };
        self.parts = (split.into_iter())
            .filter(|(cases, ..)| !cases.is_empty())
            .map(|(cases, healthy, drawn)| Part {
                cases,
                drawn: (if healthy { drawn * factor } else { drawn }).round() as usize,
            })
            .collect();
        self
    }

    /// Cases of a pass over the data.
    pub(crate) fn pass_len(&self) -> usize {
        self.parts.iter().map(|part| part.drawn).sum()
    }

    /// The cases of one pass over the data, in an order of its own.
    fn pass(&self, stage: &str, seed: u64, pass: usize) -> Vec<usize> {
        let mut rng = rng(stage, seed, pass as u64);
        let mut order = Vec::new();
        for Part { cases, drawn } in &self.parts {
            for _ in 0..drawn / cases.len() {
                order.extend(cases);
            }
            order.extend(cases.sample(&mut rng, drawn % cases.len()));
        }
        order.shuffle(&mut rng);
        order
    }

    pub(crate) fn dataset(&self) -> &Dataset {
        &self.dataset
    }

    /// Case `index`, from memory or disk.
    pub(crate) fn load(&self, index: usize) -> Result<Sample> {
        if let Some(sample) = self.cache[index].get() {
            return Ok(sample.clone());
        }
        let mut sample = self
            .dataset
            .load(index)
            .map_err(|error| data(error.to_string()))?;
        sample.image = sample.image.of_channels(self.channels);
        if sample.intermediate_pixels > 0 {
            self.soft_masks.fetch_add(1, Ordering::Relaxed);
        }
        let bytes = sample.image.bytes() + sample.mask.pixels.len();
        let kept = self
            .room
            .try_update(Ordering::Relaxed, Ordering::Relaxed, |room| {
                room.checked_sub(bytes)
            });
        if kept.is_ok() {
            return Ok(self.cache[index].get_or_init(|| sample).clone());
        }
        Ok(sample)
    }

    /// Case `index` with what there is of its codes.
    pub(crate) fn case(&self, index: usize) -> Result<Case> {
        let case = self.prepare(self.load(index)?);
        Ok(Case {
            made: self.codes.as_ref().and_then(|codes| {
                Some(Made {
                    codes: codes.of(index)?,
                    oracle: self.oracles[index].clone(),
                })
            }),
            ..case
        })
    }

    /// A case that need not be one of the data set.
    pub(crate) fn prepare(&self, sample: Sample) -> Case {
        if !self.prepares {
            return Case {
                prepared: sample.clone(),
                preparation: None,
                made: None,
                sample,
            };
        }
        let (preparation, prepared) = self.prepared(&sample, &sample.mask);
        Case {
            preparation: Some(preparation),
            prepared,
            made: None,
            sample,
        }
    }

    /// Picture and a mask as the model reads them.
    fn prepared(&self, sample: &Sample, mask: &Mask) -> (Preparation, Sample) {
        let preparation = Preparation::of(&sample.image, self.typical.as_ref());
        let prepared = Sample {
            text: sample.text.clone(),
            mask: preparation.mask(mask),
            ..Sample::new(&sample.id, preparation.picture(&sample.image))
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

    /// The cases of training step `step`, shuffled anew in every pass over the data, each with random numbers of
    /// its own.
    pub(crate) fn of_step(
        &self,
        stage: &str,
        seed: u64,
        step: usize,
        batch: usize,
    ) -> Vec<(usize, ChaCha8Rng)> {
        let total = self.pass_len();
        let first = step * batch;
        let mut order: (usize, Vec<usize>) = (usize::MAX, Vec::new());
        (first..first + batch)
            .map(|position| {
                let pass = position / total;
                if order.0 != pass {
                    order = (pass, self.pass(stage, seed, pass));
                }
                let own = rng(stage, seed ^ 0x5eed, position as u64);
                (order.1[position % total], own)
            })
            .collect()
    }

    /// The changed cases of training step `step`.
    pub(crate) fn training(
        &self,
        stage: &str,
        seed: u64,
        step: usize,
        batch: usize,
        changes: Changes<'_>,
    ) -> Result<Vec<Drawn>> {
        self.of_step(stage, seed, step, batch)
            .into_par_iter()
            .map(|(index, mut rng)| {
                let sample = self.load(index)?;
                let convention = self.dataset.side_convention();
                let asked = ask(&sample, convention, changes.requests, &mut rng);
                let (_, prepared) = self.prepared(&sample, &asked.mask);
                let (mut sample, warp) = augment(&prepared, changes.augment, &mut rng);
                if let Some(text) = asked.sentence(warp.mirrored(), &mut rng) {
                    sample.text = text;
                }
                let dropped = rng.random_bool(changes.text_dropout);
                if dropped {
                    sample.text.clear();
                }
                Ok(Drawn {
                    sample,
                    request: asked.request(warp.mirrored()).filter(|_| !dropped),
                    origin: (asked.own && !dropped).then_some((index, warp)),
                })
            })
            .collect()
    }
}

/// Says how many masks have pixels that are neither black nor white.
pub(crate) fn warn_about_soft_masks(masks: usize, display: Display) {
    display.line(&format!(
        "warning: {masks} masks have pixels that are neither black nor white; they were cut at one half"
    ));
}

/// A generator for one purpose (`stage`) and number.
pub(crate) fn rng(stage: &str, seed: u64, number: u64) -> ChaCha8Rng {
    let label = format!("{stage}/{seed}/{number}");
    let digest = mriseg::bundle::sha256(label.as_bytes());
    let mut bytes = [0u8; 32];
    for (byte, pair) in bytes.iter_mut().zip(digest.as_bytes().chunks_exact(2)) {
        let digit = |c: u8| (c as char).to_digit(16).unwrap_or(0) as u8;
        *byte = digit(pair[0]) << 4 | digit(pair[1]);
    }
    ChaCha8Rng::from_seed(bytes)
}

/// Pictures as our encoder reads them: `[batch, channels, size, size]`.
pub(crate) fn pictures<S: Borrow<Sample> + Sync>(
    samples: &[S],
    config: &ModelConfig,
    device: &Device,
) -> Tensor<4> {
    let (size, channels) = (config.image.size, config.image.input_channels);
    let pixels: Vec<f32> = samples
        .par_iter()
        .flat_map_iter(|sample| normalized_pixels(&sample.borrow().image, size, channels))
        .collect();
    Tensor::from_data(
        TensorData::new(pixels, [samples.len(), channels, size, size]),
        device,
    )
}

/// Masks at the tokenizer's size: `[batch, 1, size, size]`.
pub(crate) fn masks<S: Borrow<Sample> + Sync>(
    samples: &[S],
    config: &ModelConfig,
    device: &Device,
) -> Tensor<4> {
    let size = config.mask.size;
    let pixels: Vec<f32> = samples
        .par_iter()
        .flat_map_iter(|sample| {
            let mask = true_mask(sample.borrow(), size);
            mask.pixels.into_iter().map(f32::from)
        })
        .collect();
    Tensor::from_data(
        TensorData::new(pixels, [samples.len(), 1, size, size]),
        device,
    )
}

impl Borrow<Sample> for &Case {
    fn borrow(&self) -> &Sample {
        &self.prepared
    }
}

impl Borrow<Sample> for Case {
    fn borrow(&self) -> &Sample {
        &self.prepared
    }
}

/// The mask of a case, `size` by `size` pixels.
pub(crate) fn true_mask(sample: &Sample, size: usize) -> Mask {
    if (sample.mask.width, sample.mask.height) == (size, size) {
        sample.mask.clone()
    } else {
        sample.mask.resized(size, size)
    }
}

/// Sentences as token ids, one after the other, each `text` long; an empty sentence is "no sentence".
///
/// # Errors
/// A sentence that does not fit the model.
pub(crate) fn tokenize<'a>(
    sentences: impl Iterator<Item = Sentence<'a>>,
    tokenizer: &TextTokenizer,
    config: &ModelConfig,
) -> Result<Vec<i32>> {
    let length = config.lm.text_tokens;
    let mut ids = Vec::new();
    for Sentence { id, text } in sentences {
        let prompt = if text.is_empty() {
            tokenizer.none(length)
        } else {
            tokenizer
                .encode(text, length, "")
                .map_err(|error| data(format!("case `{id}`: {error}")))?
        };
        ids.extend(prompt.ids.iter().map(|&id| id as i32));
    }
    Ok(ids)
}

/// What the case `id` is given as sentence.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sentence<'a> {
    pub(crate) id: &'a str,
    pub(crate) text: &'a str,
}

/// The same as a tensor: `[batch, text]`.
///
/// # Errors
/// As [`tokenize`].
pub(crate) fn texts(
    cases: &[Case],
    tokenizer: &TextTokenizer,
    config: &ModelConfig,
    device: &Device,
) -> Result<Tensor<2, Int>> {
    let sentences = cases.iter().map(|case| Sentence {
        id: &case.sample.id,
        text: &case.sample.text,
    });
    let ids = tokenize(sentences, tokenizer, config)?;
    let shape = [cases.len(), config.lm.text_tokens];
    Ok(Tensor::from_data(TensorData::new(ids, shape), device))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Experiment;
    use mriseg_data::PhantomConfig;

    #[test]
    fn a_pass_sees_every_case_of_every_data_set_and_some_of_the_smaller_one_more_often() {
        let mut samples =
            Samples::as_they_are(Dataset::phantoms(&PhantomConfig::default(), "train", 2));
        let part = |cases: std::ops::Range<usize>, drawn| Part {
            cases: cases.collect(),
            drawn,
        };
        samples.parts = vec![part(0..6, 6), part(6..8, 5)];
        let pass = samples.pass("shares", 1, 0);
        assert_ne!(pass, samples.pass("shares", 1, 1));
        let times = |case: usize| pass.iter().filter(|&&drawn| drawn == case).count();
        assert!((0..6).all(|case| times(case) == 1), "{pass:?}");
        assert_eq!(times(6) + times(7), 5);
        assert!(times(6).abs_diff(times(7)) == 1, "{pass:?}");
        let steps = (0..3).flat_map(|step| samples.of_step("shares", 1, step, 4));
        let drawn: Vec<usize> = steps.map(|(case, _)| case).collect();
        assert_eq!(drawn[..11], pass);
    }

    /// A folder of `cases` training cases.
    fn folder(root: &std::path::Path, name: &str, cases: usize) -> Dataset {
        folder_of(root, name, &vec!["a disc"; cases])
    }

    /// A folder of training cases with these sentences.
    fn folder_of(root: &std::path::Path, name: &str, sentences: &[&str]) -> Dataset {
        let folder = root.join(name);
        let mut table = "split,id,caption\n".to_owned();
        for part in ["img", "mask"] {
            std::fs::create_dir_all(folder.join("train").join(part)).unwrap();
            for case in 0..sentences.len() {
                let file = folder.join(format!("train/{part}/{case}.png"));
                std::fs::write(file, Mask::empty(2, 2).to_png()).unwrap();
            }
        }
        for (case, sentence) in sentences.iter().enumerate() {
            table += &format!("train,{case},{sentence}\n");
        }
        std::fs::write(folder.join("captions.csv"), table).unwrap();
        Dataset::open(&folder, "train").unwrap()
    }

    #[test]
    fn colours_are_read_where_the_model_takes_them() {
        use mriseg::image::Picture;
        let root = tempfile::tempdir().unwrap();
        folder(root.path(), "colour", 1);
        let plane = |value| GrayImage::new(2, 2, vec![value; 4]);
        let red = Picture::of_colours([plane(0.9), plane(0.1), plane(0.1)]);
        std::fs::write(root.path().join("colour/train/img/0.png"), red.to_png()).unwrap();
        let opened = || Dataset::open(&root.path().join("colour"), "train").unwrap();
        let channels = |channels: usize| {
            let mut config = ModelConfig::tiny();
            config.image.input_channels = channels;
            config.image.size = 2;
            let samples = Samples::new(opened(), None, channels);
            let case = samples.case(0).unwrap();
            let read = pictures(&[&case], &config, &Device::flex());
            assert_eq!(read.dims(), [1, channels, 2, 2]);
            read.into_data().iter::<f32>().collect::<Vec<_>>()
        };
        assert!(channels(1).iter().all(|&value| value == 0.0));
        let [red, green] = [0, 4].map(|first| channels(3)[first]);
        assert!(red > 1.0 && green < -0.5, "{red} {green}");
    }

    #[test]
    fn a_further_data_set_has_its_share_of_a_pass_whatever_its_size() {
        let root = tempfile::tempdir().unwrap();
        let joined = |cases: [usize; 2]| {
            let [first, other] = ["first", "other"].map(|name| format!("{name}{}", cases[0]));
            let data = folder(root.path(), &first, cases[0]);
            let data = data.joined(folder(root.path(), &other, cases[1]));
            let samples = Samples::new(data, None, 1).in_shares(&[0.25]);
            let drawn: Vec<usize> = samples.parts.iter().map(|part| part.drawn).collect();
            (drawn, samples.pass_len())
        };
        assert_eq!(joined([9, 2]), (vec![9, 3], 12));
        assert_eq!(joined([3, 4]), (vec![12, 4], 16));
        let mut emptied = folder(root.path(), "kept", 3).joined(folder(root.path(), "long", 2));
        let mut left = 3;
        emptied.leave_out(|_| {
            left -= 1;
            left >= 0
        });
        let samples = Samples::new(emptied, None, 1).in_shares(&[0.5]);
        assert_eq!(samples.pass("x", 1, 0).len(), samples.pass_len());
    }

    #[test]
    fn pictures_without_findings_have_the_share_that_is_asked_for() {
        let root = tempfile::tempdir().unwrap();
        let drawn = |healthy: usize, others: usize, share: f64| {
            let mut sentences = vec!["no pulmonary infection."; healthy];
            sentences.resize(healthy + others, "a disc");
            let name = format!("{healthy} {others} {share}");
            let data = folder_of(root.path(), &name, &sentences);
            let mut config = Experiment::tiny().data;
            config.without_findings = share;
            let samples = Samples::new(data, None, 1).mixed(&config);
            let pass = samples.pass("x", 1, 0);
            assert_eq!(pass.len(), samples.pass_len());
            let without = pass.iter().filter(|&&case| case < healthy).count();
            (without, pass.len() - without)
        };
        assert_eq!(drawn(2, 8, 0.5), (8, 8));
        assert_eq!(drawn(8, 8, 0.2), (2, 8));
        assert_eq!(drawn(2, 8, 0.0), (2, 8));
        assert_eq!(drawn(0, 5, 0.5), (0, 5));
        assert_eq!(drawn(5, 0, 0.5), (5, 0));
    }

    fn changes<'a>(augment: &'a AugmentConfig, requests: &'a RequestMix) -> Changes<'a> {
        Changes {
            augment,
            requests,
            text_dropout: 0.1,
        }
    }

    #[test]
    fn a_step_sees_the_same_cases_whenever_it_is_asked() {
        let samples = Samples::new(
            Dataset::phantoms(&PhantomConfig::default(), "train", 6),
            None,
            1,
        );
        let (augment, requests) = (AugmentConfig::default(), RequestMix::default());
        let at = |step| {
            samples
                .training("lm", 3, step, 4, changes(&augment, &requests))
                .unwrap()
        };
        let fifth = at(5);
        at(6);
        assert_eq!(fifth, at(5));
        assert_ne!(fifth, at(4));
    }

    #[test]
    fn one_pass_over_the_data_sees_every_case_once() {
        let samples = Samples::new(
            Dataset::phantoms(&PhantomConfig::default(), "train", 6),
            None,
            1,
        );
        let total = samples.dataset().len();
        let (augment, requests) = (AugmentConfig::default(), RequestMix::default());
        let mut ids: Vec<String> = (0..total)
            .flat_map(|step| {
                samples
                    .training("lm", 3, step, 1, changes(&augment, &requests))
                    .unwrap()
            })
            .map(|drawn| drawn.sample.id)
            .collect();
        let mut expected: Vec<String> = (0..total)
            .map(|i| samples.dataset().id(i).to_owned())
            .collect();
        ids.sort();
        expected.sort();
        assert_eq!(ids, expected);
    }
}
