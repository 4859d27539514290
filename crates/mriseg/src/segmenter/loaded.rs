//! A loaded bundle, and the steps from a picture to a mask. Page, `predict`, evaluation and training all take these.

use super::result::DecodedMask;
use crate::bundle::{Domain, Manifest, Precision, SideConvention};
use crate::config::ModelConfig;
use crate::decode::{DecisionRule, Greedy, Picker, code_tensor};
use crate::error::Error;
use crate::image::{GrayImage, Mask, Picture, Preparation, Typical};
use crate::mask_lm::{CachedLm, MaskLm};
use crate::model::Model;
use crate::sequence::SequenceLayout;
use crate::text::{Prompt, TextTokenizer};
use crate::vision::Vision;
use burn::tensor::{Device, Int, Tensor, TensorData, Transaction};

/// What is segmented: a picture and a sentence about it.
#[derive(Debug, Clone, Copy)]
pub struct Query<'a> {
    /// The picture as it is.
    pub picture: &'a Picture,
    /// The sentence.
    pub prompt: &'a Prompt,
    /// Whether the picture was prepared before, and is read as it is.
    pub prepared: bool,
    /// Codes of the picture, where they were made before and image tokens are codes.
    pub codes: Option<&'a [u32]>,
}

impl<'a> Query<'a> {
    /// A picture as it comes.
    pub fn new(picture: &'a Picture, prompt: &'a Prompt) -> Self {
        Self {
            picture,
            prompt,
            prepared: false,
            codes: None,
        }
    }
}

/// Queries as the language model reads them.
#[derive(Debug, Clone)]
pub struct Input {
    /// `[batch, text]`
    pub text: Tensor<2, Int>,
    /// `[batch, image, token_dim]`
    pub image: Tensor<3>,
    /// Where the mask of each belongs.
    pub frames: Vec<Frame>,
}

/// How the mask that the model draws lies in the picture.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Width of the picture, in pixels.
    pub width: usize,
    /// Height of the picture, in pixels.
    pub height: usize,
    /// What was done to the picture before it was read; `None` where the tokenizer reads it as it is.
    pub preparation: Option<Preparation>,
}

/// What a segmenter must know of a model beside its weights.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Sizes of the model.
    pub architecture: ModelConfig,
    /// In how many bits its weights are given.
    pub precision: Precision,
    /// What is drawn, given what the model predicts.
    pub rule: DecisionRule,
    /// What its training pictures typically look like, by which inverted grey values are told.
    pub typical: Option<Typical>,
    /// What its sentences are about.
    pub domain: Domain,
    /// Whose left its sentences mean.
    pub side_convention: SideConvention,
    /// A sentence that it understands.
    pub example: String,
}

impl From<&Manifest> for Settings {
    fn from(manifest: &Manifest) -> Self {
        Self {
            architecture: manifest.architecture.clone(),
            precision: manifest.precision,
            rule: manifest.rule,
            typical: manifest.info.typical.clone(),
            domain: manifest.info.domain,
            side_convention: manifest.info.side_convention,
            example: manifest.info.example.clone(),
        }
    }
}

/// See [`Segmenter`](super::Segmenter).
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) settings: Settings,
    pub(super) vision: Vision,
    pub(super) lm: CachedLm,
    /// The same as training sees it, for [`Inspection`](super::Inspection). It keeps the weights as they are trained, four
    /// bytes each, beside the copy that kernels of `lm` make for themselves.
    pub(super) full: MaskLm,
    pub(super) tokenizer: TextTokenizer,
    pub(super) device: Device,
    /// Codes of a mask without foreground: stand in for cells that are still pending.
    pub(super) empty: Vec<u32>,
    pub(super) picker: Picker,
}

impl Frame {
    /// The mask at the picture's own size; pixels above one half are drawn.
    pub fn draw(&self, soft: &GrayImage) -> Mask {
        match &self.preparation {
            Some(preparation) => preparation.restore(soft),
            None => foreground(soft, self.width, self.height),
        }
    }

    /// What was done to the picture before the model read it, for people, a sentence each.
    pub fn notes(&self) -> Vec<String> {
        let notes = self.preparation.as_ref().map(Preparation::notes);
        notes.unwrap_or_default()
    }
}

impl Input {
    /// One of the queries.
    pub fn one(&self, index: usize) -> Self {
        Self {
            text: self.text.clone().slice_dim(0, index..index + 1),
            image: self.image.clone().slice_dim(0, index..index + 1),
            frames: vec![self.frames[index].clone()],
        }
    }
}

impl Loaded {
    /// Makes a model ready to decode.
    pub(super) async fn new(
        settings: Settings,
        model: &Model,
        vision: Vision,
        tokenizer: TextTokenizer,
        device: &Device,
    ) -> Result<Self, Error> {
        let picker = Picker::new(settings.rule, vision.as_ref()).await?;
        let empty = match picker.empty() {
            Some(empty) => empty.codes().to_vec(),
            None => {
                let size = settings.architecture.mask.size;
                let codes = vision.mask_codes(Tensor::zeros([1, 1, size, size], device));
                let codes = codes.into_data_async().await?;
                codes.iter().collect()
            }
        };
        let lm = match settings.precision {
            Precision::F16 => CachedLm::of_halves(&model.lm),
            Precision::F32 => CachedLm::new(&model.lm),
        };
        Ok(Self {
            empty,
            picker,
            settings,
            lm,
            full: model.lm.clone(),
            vision,
            tokenizer,
            device: device.clone(),
        })
    }

    pub(super) fn layout(&self) -> SequenceLayout {
        self.settings.architecture.layout()
    }

    /// Prepares pictures and turns them and their sentences into tokens.
    pub(super) fn read(&self, queries: &[Query<'_>]) -> Input {
        let text: Vec<i32> = (queries.iter())
            .flat_map(|query| query.prompt.ids.iter().map(|&id| id as i32))
            .collect();
        let text = TensorData::new(text, [queries.len(), self.layout().text]);
        let frames: Vec<Frame> = (queries.iter())
            .map(|query| self.frame(query.picture, query.prepared))
            .collect();
        Input {
            text: Tensor::from_data(text, &self.device),
            image: (self.tokens_of_codes(queries))
                .unwrap_or_else(|| self.image_tokens(queries, &frames)),
            frames,
        }
    }

    /// `prepared`, if the picture was before.
    pub(super) fn frame(&self, picture: &Picture, prepared: bool) -> Frame {
        let typical = self.settings.typical.as_ref();
        let prepares = self.vision.reads_prepared() && !prepared;
        Frame {
            width: picture.width(),
            height: picture.height(),
            preparation: prepares.then(|| Preparation::of(picture, typical)),
        }
    }

    /// Image tokens of codes, where all queries have them.
    fn tokens_of_codes(&self, queries: &[Query<'_>]) -> Option<Tensor<3>> {
        let codes: Option<Vec<&[u32]>> = queries.iter().map(|query| query.codes).collect();
        let codes = code_tensor(&codes?.concat(), self.layout().image(), &self.device);
        self.vision.tokens_of_codes(codes)
    }

    fn image_tokens(&self, queries: &[Query<'_>], frames: &[Frame]) -> Tensor<3> {
        let size = self.settings.architecture.picture_size();
        let pictures: Vec<Tensor<4>> = (queries.iter().zip(frames))
            .map(|(query, frame)| match &frame.preparation {
                Some(preparation) => {
                    let prepared = preparation.picture(query.picture);
                    self.vision.picture(&prepared, size, &self.device)
                }
                None => self.vision.picture(query.picture, size, &self.device),
            })
            .collect();
        let tokens = pictures
            .chunks(self.vision.batch(pictures.len()))
            .map(|pictures| self.vision.image_tokens(Tensor::cat(pictures.to_vec(), 0)));
        Tensor::cat(tokens.collect(), 0)
    }

    pub(super) fn start_many(&self, input: &Input) -> Greedy {
        let (text, image) = (input.text.clone(), input.image.clone());
        Greedy::start(&self.lm, self.picker.clone(), text, image)
    }

    pub(super) async fn decode_many(&self, mut greedy: Greedy) -> Result<Vec<DecodedMask>, Error> {
        let (mut ids, mut probabilities) = (Vec::new(), Vec::new());
        while let Some(picked) = greedy.advance(&self.lm) {
            ids.push(picked.ids);
            probabilities.push(picked.probabilities);
        }
        let mut reading = Transaction::default()
            .register(Tensor::cat(ids, 1))
            .register(Tensor::cat(probabilities, 1));
        let presence = greedy.presence();
        let tells = presence.is_some();
        if let Some(presence) = presence {
            reading = reading.register(presence);
        }
        let read = reading.execute_async().await?;
        let mut read = read.into_iter();
        let mut next = || {
            read.next()
                .expect("a transaction returns what was registered")
        };
        let ids: Vec<u32> = next().iter().collect();
        let probabilities: Vec<f32> = next().iter().collect();
        let presence: Option<Vec<f32>> = tells.then(|| next().iter().collect());
        let mask = self.layout().mask();
        let rows = ids.chunks_exact(mask).zip(probabilities.chunks_exact(mask));
        Ok(rows
            .enumerate()
            .map(|(row, (tokens, probabilities))| DecodedMask {
                tokens: tokens.to_vec(),
                probabilities: probabilities.to_vec(),
                presence: presence.as_ref().map(|presence| presence[row]),
            })
            .collect())
    }

    /// How surely each pixel is foreground at the model's resolution, of masks of which some cells may be pending: these
    /// are 0.
    pub(super) async fn soft_masks(&self, masks: &[&[u32]]) -> Result<Vec<GrayImage>, Error> {
        let layout = self.layout();
        let (size, patch) = {
            let mask = &self.settings.architecture.mask;
            (mask.size, mask.patch)
        };
        let mut soft = Vec::with_capacity(masks.len());
        for masks in masks.chunks(self.vision.batch(masks.len())) {
            let codes: Vec<u32> = (masks.iter())
                .flat_map(|tokens| tokens.iter().chain(&self.empty[tokens.len()..]).copied())
                .collect();
            let data = self
                .vision
                .foreground(code_tensor(&codes, layout.mask(), &self.device))
                .into_data_async()
                .await?;
            let mut all = data.iter::<f32>();
            for tokens in masks {
                let mut pixels: Vec<f32> = all.by_ref().take(size * size).collect();
                for (pixel, probability) in pixels.iter_mut().enumerate() {
                    let (row, column) = (pixel / size / patch, pixel % size / patch);
                    if row * layout.grid + column >= tokens.len() {
                        *probability = 0.0;
                    }
                }
                soft.push(GrayImage::new(size, size, pixels));
            }
        }
        Ok(soft)
    }
}

/// Foreground probabilities to a mask of another size: scaled first, then cut at one half.
pub fn foreground(soft: &GrayImage, width: usize, height: usize) -> Mask {
    const FOREGROUND: f32 = 0.5;
    let cut = |soft: &GrayImage| Mask {
        width,
        height,
        pixels: soft
            .pixels
            .iter()
            .map(|&p| u8::from(p > FOREGROUND))
            .collect(),
    };
    if (soft.width, soft.height) == (width, height) {
        cut(soft)
    } else {
        cut(&soft.resized(width, height))
    }
}
