//! A picture and a prompt in, a stream of tokens and a mask at the picture's own size out: what page and command line
//! run.

use crate::bundle::{Bundle, Domain, Manifest};
use crate::decode::{Agreement, Decode, Decoder, Picker, Sampler, TokenEvent, code_tensor};
use crate::error::Error;
use crate::image::{GrayImage, ImageError, Mask, Picture, Preparation};
use crate::mask_lm::CachedLm;
use crate::model::Model;
use crate::reading::Reading;
use crate::sequence::SequenceLayout;
use crate::text::{Prompt, TextTokenizer};
use crate::vision::Vision;
use burn::tensor::{Device, ExecutionError, Int, Tensor, TensorData};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

/// A loaded bundle on a device. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Segmenter {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    manifest: Manifest,
    vision: Vision,
    lm: CachedLm,
    tokenizer: TextTokenizer,
    device: Device,
    /// Codes of a mask without foreground: stand in for cells that are still pending.
    empty: Vec<u32>,
    picker: Picker,
}

/// A mask on its way.
#[derive(Debug)]
pub struct Decoding {
    inner: Arc<Inner>,
    decoder: Decoder,
    preparation: Option<Preparation>,
    width: usize,
    height: usize,
    tokens: Vec<u32>,
    probabilities: Vec<f32>,
}

/// Several masks on their way, decoded by chance.
#[derive(Debug)]
pub struct Sampling {
    inner: Arc<Inner>,
    sampler: Sampler,
    preparation: Option<Preparation>,
}

/// The mask as far as it is decoded, at the model's resolution.
#[derive(Debug, Clone, PartialEq)]
pub struct PartialMask {
    /// Side in pixels, both ways.
    pub width: usize,
    /// Side in pixels, both ways.
    pub height: usize,
    /// Foreground probability per pixel, 0 to 255, row by row; 0 in pending cells.
    pub probability: Vec<u8>,
    /// Per cell, row by row: not decoded yet, which is not the same as background.
    pub pending: Vec<bool>,
}

/// A finished (or stopped) segmentation.
#[derive(Debug, Clone, PartialEq)]
pub struct Segmentation {
    /// Mask codes, in the order of decoding.
    pub tokens: Vec<u32>,
    /// Their probabilities.
    pub probabilities: Vec<f32>,
    /// Width of the image, in pixels.
    pub width: usize,
    /// Height of the image, in pixels.
    pub height: usize,
    /// The mask at the image's own size. Pending cells hold no foreground.
    pub mask: Mask,
    /// Cells that were not decoded because decoding was stopped.
    pub pending: usize,
    /// Passes through the model, one per token when decoding is greedy.
    pub passes: usize,
    /// Probability of there being something to draw; `None` where the model does not tell.
    pub presence: Option<f32>,
    /// What was done to the picture before the model read it, a sentence each.
    pub notes: Vec<String>,
}

impl Segmenter {
    /// Checks and loads a bundle; `files` holds every file that the manifest names.
    pub async fn load(
        manifest: &[u8],
        files: BTreeMap<String, Vec<u8>>,
        device: &Device,
    ) -> Result<Self, Error> {
        let manifest = Manifest::parse(manifest)?;
        let bundle = Bundle { manifest, files };
        let (model, tokenizer) = bundle.unpack(device)?;
        let vision = model.vision()?;
        Self::from_model(bundle.manifest, &model, vision, tokenizer, device).await
    }

    /// Wraps a model that is in memory already; `vision` is [`Model::vision`], or the tokenizer on whose codes the model was
    /// trained.
    pub async fn from_model(
        manifest: Manifest,
        model: &Model,
        vision: Vision,
        tokenizer: TextTokenizer,
        device: &Device,
    ) -> Result<Self, Error> {
        let picker = Picker::new(manifest.rule, vision.as_ref()).await?;
        let empty = match picker.empty() {
            Some(empty) => empty.codes().to_vec(),
            None => {
                let size = manifest.architecture.mask.size;
                let codes = vision.mask_codes(Tensor::zeros([1, 1, size, size], device));
                let codes = codes.into_data_async().await.map_err(device_error)?;
                codes.iter().collect()
            }
        };
        Ok(Self {
            inner: Arc::new(Inner {
                empty,
                picker,
                manifest,
                lm: CachedLm::new(&model.lm),
                vision,
                tokenizer,
                device: device.clone(),
            }),
        })
    }

    /// What the bundle says about itself.
    pub fn manifest(&self) -> &Manifest {
        &self.inner.manifest
    }

    /// Reads a picture file as [`Picture::decode`] does, without colours where the model has no use for them.
    ///
    /// # Errors
    /// As there.
    pub fn decode_picture(&self, bytes: &[u8], name: &str) -> Result<Picture, ImageError> {
        match self.inner.vision.input_channels() {
            1 => GrayImage::decode(bytes, name).map(Picture::from),
            _ => Picture::decode(bytes, name),
        }
    }

    /// Reads a picture and a prompt; the mask is decoded by [`Decoding::next`].
    pub fn start(&self, picture: &Picture, prompt: &Prompt, decode: Decode) -> Decoding {
        let inner = &self.inner;
        let preparation = inner.preparation(picture);
        let (text, tokens) = inner.read(picture, preparation.as_ref(), prompt);
        Decoding {
            decoder: Decoder::start(&inner.lm, inner.picker.clone(), decode, text, tokens),
            inner: inner.clone(),
            preparation,
            width: picture.width(),
            height: picture.height(),
            tokens: Vec::new(),
            probabilities: Vec::new(),
        }
    }

    /// Reads a picture and a prompt, to decode `samples` masks by chance with random numbers from `seed`;
    /// [`Sampling::next`] does it.
    pub fn start_sampling(
        &self,
        picture: &Picture,
        prompt: &Prompt,
        samples: usize,
        seed: u64,
    ) -> Sampling {
        const TEMPERATURE: f32 = 1.0;
        let inner = &self.inner;
        let preparation = inner.preparation(picture);
        let (text, tokens) = inner.read(picture, preparation.as_ref(), prompt);
        let rng = ChaCha8Rng::seed_from_u64(seed);
        Sampling {
            sampler: Sampler::start(
                &inner.lm,
                inner.picker.clone(),
                text,
                tokens,
                samples,
                TEMPERATURE,
                rng,
            ),
            inner: inner.clone(),
            preparation,
        }
    }

    /// The sentence as the model reads it.
    pub fn prompt(&self, text: &str) -> Result<Prompt, Error> {
        let inner = &self.inner;
        inner
            .tokenizer
            .encode(text, inner.layout().text, &inner.manifest.info.example)
    }

    /// How a sentence is understood, for people; `None` where the model's sentences are not about lungs. The mask comes
    /// from the model, not from this.
    pub fn reading(&self, text: &str) -> Option<Reading> {
        match self.inner.manifest.info.domain {
            Domain::ChestXray => Some(Reading::of(text)),
            Domain::Other => None,
        }
    }

    /// The prompt that stands for "no sentence".
    pub fn no_prompt(&self) -> Prompt {
        self.inner.tokenizer.none(self.inner.layout().text)
    }

    /// Decodes a whole mask and hands every token to `on_token`, which can stop it.
    pub async fn segment(
        &self,
        picture: &Picture,
        prompt: &Prompt,
        decode: Decode,
        mut on_token: impl FnMut(&TokenEvent) -> ControlFlow<()>,
    ) -> Result<Segmentation, Error> {
        let mut decoding = self.start(picture, prompt, decode);
        loop {
            let run = decoding.next().await?;
            if run.is_empty() {
                return decoding.finish().await;
            }
            if let Some(last) = run.iter().find(|event| on_token(event).is_break()) {
                decoding.tokens.truncate(last.index + 1);
                decoding.probabilities.truncate(last.index + 1);
                return decoding.finish().await;
            }
        }
    }
}

impl Inner {
    fn layout(&self) -> SequenceLayout {
        self.manifest.architecture.layout()
    }

    /// What is done to a picture before it is read.
    fn preparation(&self, picture: &Picture) -> Option<Preparation> {
        let typical = self.manifest.info.typical.as_ref();
        (self.vision.reads_prepared()).then(|| Preparation::of(picture, typical))
    }

    /// Sentence and picture as the language model reads them: `[1, text]` and `[1, image, token_dim]`.
    fn read(
        &self,
        picture: &Picture,
        preparation: Option<&Preparation>,
        prompt: &Prompt,
    ) -> (Tensor<2, Int>, Tensor<3>) {
        let size = self.manifest.architecture.picture_size();
        let pixels = match preparation {
            Some(preparation) => {
                let prepared = preparation.picture(picture);
                self.vision.picture(&prepared, size, &self.device)
            }
            None => self.vision.picture(picture, size, &self.device),
        };
        let text: Vec<i32> = prompt.ids.iter().map(|&id| id as i32).collect();
        let text = TensorData::new(text, [1, self.layout().text]);
        let text = Tensor::from_data(text, &self.device);
        (text, self.vision.image_tokens(pixels))
    }

    /// Foreground probabilities of the decoded cells at the model's resolution; 0 in the others.
    async fn probabilities(&self, tokens: &[u32]) -> Result<Vec<f32>, Error> {
        let layout = self.layout();
        let mut codes = tokens.to_vec();
        codes.extend_from_slice(&self.empty[tokens.len()..]);
        let data = self
            .vision
            .foreground(code_tensor(&codes, layout.mask(), &self.device))
            .into_data_async()
            .await
            .map_err(device_error)?;
        let mut probabilities: Vec<f32> = data.iter::<f32>().collect();
        let (size, patch) = (
            self.manifest.architecture.mask.size,
            self.manifest.architecture.mask.patch,
        );
        for (pixel, probability) in probabilities.iter_mut().enumerate() {
            let (row, column) = (pixel / size / patch, pixel % size / patch);
            if row * layout.grid + column >= tokens.len() {
                *probability = 0.0;
            }
        }
        Ok(probabilities)
    }
}

impl Sampling {
    /// See [`Decoding::preparation`].
    pub fn preparation(&self) -> Option<&Preparation> {
        self.preparation.as_ref()
    }

    /// Draws the next token of every mask; false when all are drawn. To stop, do not call it again.
    pub async fn next(&mut self) -> Result<bool, Error> {
        let lm = &self.inner.lm;
        self.sampler.advance(lm).await.map_err(device_error)
    }

    /// Tokens of each mask so far.
    pub fn drawn(&self) -> usize {
        self.sampler.drawn()
    }

    /// Tokens of a whole mask.
    pub fn total(&self) -> usize {
        self.inner.layout().mask()
    }

    /// Side of the square grid of cells.
    pub fn grid(&self) -> usize {
        self.inner.layout().grid
    }

    /// What the masks have in common; cells that are not drawn yet count as empty in all.
    pub async fn agreement(&self) -> Result<Agreement, Error> {
        let inner = &self.inner;
        let size = &inner.manifest.architecture.mask;
        let mut masks = Vec::new();
        for tokens in self.sampler.masks() {
            masks.push(inner.probabilities(&tokens).await?);
        }
        Ok(Agreement::of(&masks, size.size, size.patch))
    }
}

impl Decoding {
    /// Decodes the next token, or run of tokens; empty when every cell is decoded. To stop, do not call it
    /// again.
    pub async fn next(&mut self) -> Result<Vec<TokenEvent>, Error> {
        let run = self
            .decoder
            .next(&self.inner.lm)
            .await
            .map_err(device_error)?;
        for event in &run {
            self.tokens.push(event.token);
            self.probabilities.push(event.probability);
        }
        Ok(run)
    }

    /// Passes through the model so far.
    pub fn passes(&self) -> usize {
        self.decoder.passes()
    }

    /// See [`Decoder::presence`].
    pub fn presence(&self) -> Option<f32> {
        self.decoder.presence()
    }

    /// Side of the square grid of cells.
    pub fn grid(&self) -> usize {
        self.inner.layout().grid
    }

    /// Tokens of a whole mask.
    pub fn total(&self) -> usize {
        self.inner.layout().mask()
    }

    /// What was done to the picture before the model read it; `None` where the tokenizer reads it as it is.
    pub fn preparation(&self) -> Option<&Preparation> {
        self.preparation.as_ref()
    }

    /// The same for people, a sentence each.
    pub fn notes(&self) -> Vec<String> {
        let notes = self.preparation.as_ref().map(Preparation::notes);
        notes.unwrap_or_default()
    }

    /// The mask so far, for drawing.
    pub async fn partial_mask(&self) -> Result<PartialMask, Error> {
        let size = self.inner.manifest.architecture.mask.size;
        let probabilities = self.inner.probabilities(&self.tokens).await?;
        Ok(PartialMask {
            width: size,
            height: size,
            probability: probabilities
                .iter()
                .map(|p| (p * 255.0).round() as u8)
                .collect(),
            pending: (0..self.total()).map(|i| i >= self.tokens.len()).collect(),
        })
    }

    /// The mask at the image's own size, from the tokens decoded so far.
    pub async fn finish(self) -> Result<Segmentation, Error> {
        let size = self.inner.manifest.architecture.mask.size;
        let soft = GrayImage {
            width: size,
            height: size,
            pixels: self.inner.probabilities(&self.tokens).await?,
        };
        Ok(Segmentation {
            pending: self.total() - self.tokens.len(),
            passes: self.passes(),
            presence: self.presence(),
            notes: self.notes(),
            mask: match &self.preparation {
                Some(preparation) => preparation.restore(&soft),
                None => foreground(&soft, self.width, self.height),
            },
            tokens: self.tokens,
            probabilities: self.probabilities,
            width: self.width,
            height: self.height,
        })
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

fn device_error(error: ExecutionError) -> Error {
    Error::Device(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::{BundleInfo, Precision};
    use crate::config::ModelConfig;
    use futures_lite::future::block_on;

    fn segmenter() -> Segmenter {
        let device = Device::flex();
        let config = ModelConfig::tiny();
        let tokenizer = TextTokenizer::learn(["left lung"; 3].into_iter(), 300).unwrap();
        let info = BundleInfo {
            name: "test".to_owned(),
            side_convention: Default::default(),
            domain: Default::default(),
            typical: None,
            example: "left lung".to_owned(),
            data: String::new(),
            command: String::new(),
            config_sha256: String::new(),
            metrics: Default::default(),
            licence: String::new(),
            intended_use: String::new(),
            pretrained_encoder: None,
            emu3: None,
        };
        let model = config.init(&device);
        let bundle = Bundle::pack(
            &model,
            &config,
            &tokenizer,
            Default::default(),
            Precision::F16,
            info,
            "",
        )
        .unwrap();
        let manifest = bundle.manifest_bytes();
        block_on(Segmenter::load(&manifest, bundle.files, &device)).unwrap()
    }

    fn image() -> Picture {
        let pixels = (0..4000).map(|i| (i % 100) as f32 / 100.0);
        GrayImage::new(100, 40, pixels.collect()).into()
    }

    #[test]
    fn a_mask_arrives_token_by_token_at_the_images_own_size() {
        let segmenter = segmenter();
        let prompt = segmenter.prompt("left lung").unwrap();
        let mut events = Vec::new();
        let keep = |event: &TokenEvent| {
            events.push(*event);
            ControlFlow::Continue(())
        };
        let image = image();
        let result = segmenter.segment(&image, &prompt, Decode::Speculative, keep);
        let result = block_on(result).unwrap();
        assert_eq!((result.mask.width, result.mask.height), (100, 40));
        assert_eq!(result.mask.pixels.len(), 4000);
        assert_eq!(result.pending, 0);
        let tokens: Vec<u32> = events.iter().map(|event| event.token).collect();
        assert_eq!(tokens, result.tokens);
        assert!(events.iter().enumerate().all(|(i, event)| event.index == i));
    }

    #[test]
    fn stopping_keeps_what_was_decoded_and_leaves_the_rest_pending() {
        let segmenter = segmenter();
        let prompt = segmenter.prompt("left lung").unwrap();
        let mut decoding = segmenter.start(&image(), &prompt, Decode::Greedy);
        for _ in 0..12 {
            block_on(decoding.next()).unwrap();
        }
        let partial = block_on(decoding.partial_mask()).unwrap();
        assert_eq!(partial.pending.iter().filter(|&&p| p).count(), 52);
        assert!(!partial.pending[11] && partial.pending[12]);
        let below = &partial.probability[16 * 64..];
        assert!(below.iter().all(|&p| p == 0), "pending cells are not drawn");
        let result = block_on(decoding.finish()).unwrap();
        assert_eq!((result.tokens.len(), result.pending), (12, 52));
    }

    #[test]
    fn sampled_masks_say_how_sure_each_cell_is() {
        let segmenter = segmenter();
        let prompt = segmenter.prompt("left lung").unwrap();
        let at = |seed| {
            let mut sampling = segmenter.start_sampling(&image(), &prompt, 3, seed);
            while block_on(sampling.next()).unwrap() {}
            assert_eq!(sampling.drawn(), sampling.total());
            block_on(sampling.agreement()).unwrap()
        };
        let agreement = at(1);
        assert_eq!(agreement.mean.len(), 64 * 64);
        assert_eq!(agreement.cells.len(), 64);
        assert!(agreement.cells.iter().all(|&c| (0.5..=1.001).contains(&c)));
        assert_eq!(agreement, at(1));
        assert_ne!(agreement, at(2));
    }

    #[test]
    fn a_sentence_that_cannot_be_read_is_an_error_not_a_panic() {
        let segmenter = segmenter();
        let refuse = |text: &str| segmenter.prompt(text).unwrap_err().to_string();
        assert!(refuse("").contains("empty"));
        assert!(refuse(&"left ".repeat(2000)).contains("too long: 2000 words"));
    }
}
