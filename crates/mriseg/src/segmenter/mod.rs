//! A picture and a sentence in, a stream of tokens and a mask at the picture's own size out: what page and command line
//! run, and what is scored.

mod fit;
mod growth;
mod input;
mod inspection;
mod loaded;
mod prompted;
mod result;
mod sampling;
mod sentences;
mod stream;
#[cfg(test)]
mod tests;

pub use growth::{Codebook, MaskFrames, SeenPicture};
pub use input::InputError;
pub use inspection::{Attention, Inspection, TeacherForced};
pub use loaded::{Frame, Input, Query, Settings, foreground};
pub use prompted::Prompted;
pub use result::{DecodedMask, PartialMask, Segmentation};
pub use sampling::{SamplingOptions, SamplingStream};
pub use stream::SegmentationStream;

use crate::bundle::{Bundle, Domain, Manifest};
use crate::config::ModelConfig;
use crate::decode::{DecodeStrategy, Greedy, Picker, TokenEvent};
use crate::error::Error;
use crate::image::{GrayImage, ImageError, Mask, Picture};
use crate::model::Model;
use crate::reading::Reading;
use crate::text::{Prompt, TextTokenizer};
use crate::vision::Vision;
use burn::tensor::Device;
use loaded::Loaded;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

/// A loaded bundle on a device. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Segmenter {
    loaded: Arc<Loaded>,
}

impl Segmenter {
    /// Checks and loads a bundle; `files` holds every file that the manifest names.
    ///
    /// # Errors
    /// A file is missing or damaged, or the bundle is of another version.
    pub async fn load(
        manifest: &[u8],
        files: BTreeMap<String, Vec<u8>>,
        device: &Device,
    ) -> Result<Self, Error> {
        let manifest = Manifest::parse(manifest)?;
        let bundle = Bundle { manifest, files };
        let (model, tokenizer) = bundle.unpack(device)?;
        let settings = Settings::from(&bundle.manifest);
        Self::from_model(settings, &model, model.vision()?, tokenizer, device).await
    }

    /// Wraps a model that is in memory already; `vision` is [`Model::vision`], or the tokenizer on whose codes the model
    /// was trained.
    ///
    /// # Errors
    /// The device fails, or the rule does not suit the tokenizer.
    pub async fn from_model(
        settings: Settings,
        model: &Model,
        vision: Vision,
        tokenizer: TextTokenizer,
        device: &Device,
    ) -> Result<Self, Error> {
        let loaded = Loaded::new(settings, model, vision, tokenizer, device).await?;
        Ok(Self {
            loaded: Arc::new(loaded),
        })
    }

    /// Sizes of the model.
    pub fn config(&self) -> &ModelConfig {
        &self.loaded.settings.architecture
    }

    /// Where it computes.
    pub fn device(&self) -> &Device {
        &self.loaded.device
    }

    /// How codes are picked.
    pub fn picker(&self) -> &Picker {
        &self.loaded.picker
    }

    /// What stands between pixels and tokens.
    pub fn vision(&self) -> &Vision {
        &self.loaded.vision
    }

    /// Reads a picture file as [`Picture::decode`] does, without colours where the model has no use for them.
    ///
    /// # Errors
    /// As there.
    pub fn decode_picture(&self, bytes: &[u8], name: &str) -> Result<Picture, ImageError> {
        match self.loaded.vision.input_channels() {
            1 => GrayImage::decode(bytes, name).map(Picture::from),
            _ => Picture::decode(bytes, name),
        }
    }

    /// The sentence as the model reads it.
    ///
    /// # Errors
    /// It is empty, or has too many tokens.
    pub fn prompt(&self, text: &str) -> Result<Prompt, Error> {
        let loaded = &self.loaded;
        let example = &loaded.settings.example;
        Ok(loaded
            .tokenizer
            .encode(text, loaded.layout().text, example)?)
    }

    /// The prompt that stands for "no sentence".
    pub fn no_prompt(&self) -> Prompt {
        self.loaded.tokenizer.none(self.loaded.layout().text)
    }

    /// How a sentence is understood, for people; `None` where the model's sentences are not about lungs. The mask comes
    /// from the model, not from this.
    pub fn reading(&self, text: &str) -> Option<Reading> {
        match self.loaded.settings.domain {
            Domain::ChestXray => Some(Reading::of(text)),
            Domain::Other => None,
        }
    }

    /// Prepares pictures and turns them and their sentences into tokens.
    pub fn read(&self, queries: &[Query<'_>]) -> Input {
        self.loaded.read(queries)
    }

    /// Begins the mask of one query; [`SegmentationStream::next`] decodes it.
    pub fn stream(&self, query: Query<'_>, strategy: DecodeStrategy) -> SegmentationStream {
        self.stream_input(self.read(&[query]), strategy)
    }

    /// The same of a query that was read before, the only one of `input`.
    pub fn stream_input(&self, input: Input, strategy: DecodeStrategy) -> SegmentationStream {
        let prompted = Prompted::new(&self.loaded, input);
        SegmentationStream::start(self.loaded.clone(), prompted, strategy, Vec::new())
    }

    /// Reads a picture and a sentence, to decode them once or more.
    pub fn prompted(&self, query: Query<'_>) -> Prompted {
        Prompted::new(&self.loaded, self.read(&[query]))
    }

    /// Begins a mask behind `given` tokens, which [`SegmentationStream::next`] gives first. What follows them is what would
    /// follow them had they been decoded; only a mask that has some is never emptied, however little there is to draw.
    ///
    /// # Errors
    /// There are more tokens than cells, or one is no code.
    pub fn resume(
        &self,
        prompted: Prompted,
        strategy: DecodeStrategy,
        given: &[u32],
    ) -> Result<SegmentationStream, Error> {
        self.loaded.check_tokens(given)?;
        let loaded = self.loaded.clone();
        let stream = SegmentationStream::start(loaded, prompted, strategy, given.to_vec());
        Ok(stream)
    }

    /// Begins several masks of one query; [`SamplingStream::next`] samples them.
    pub fn sample(&self, query: Query<'_>, options: SamplingOptions) -> SamplingStream {
        self.sample_input(self.read(&[query]), options)
    }

    /// The same of a query that was read before, the only one of `input`.
    pub fn sample_input(&self, input: Input, options: SamplingOptions) -> SamplingStream {
        SamplingStream::start(self.loaded.clone(), input, options)
    }

    /// Decodes a whole mask and hands every token to `on_token`, which can stop it.
    ///
    /// # Errors
    /// The device fails.
    pub async fn segment(
        &self,
        query: Query<'_>,
        strategy: DecodeStrategy,
        mut on_token: impl FnMut(&TokenEvent) -> ControlFlow<()>,
    ) -> Result<Segmentation, Error> {
        let mut stream = self.stream(query, strategy);
        loop {
            let run = stream.next().await?;
            if run.is_empty() {
                return stream.finish().await;
            }
            if let Some(last) = run.tokens.iter().find(|event| on_token(event).is_break()) {
                stream.truncate(last.index + 1);
                return stream.finish().await;
            }
        }
    }

    /// Reads queries, to decode their masks greedily together.
    pub fn start_many(&self, input: &Input) -> Greedy {
        self.loaded.start_many(input)
    }

    /// Decodes masks together, a token of each per pass: the same tokens as one by one.
    ///
    /// # Errors
    /// The device fails.
    pub async fn decode_many(&self, greedy: Greedy) -> Result<Vec<DecodedMask>, Error> {
        self.loaded.decode_many(greedy).await
    }

    /// How surely each pixel is foreground at the model's resolution, 0 to 1, of masks of which some cells may be pending:
    /// these are 0. [`Frame::draw`] makes masks of them.
    ///
    /// # Errors
    /// The device fails.
    pub async fn soft_masks(&self, masks: &[&[u32]]) -> Result<Vec<GrayImage>, Error> {
        self.loaded.soft_masks(masks).await
    }

    /// The mask that tokens draw after 0, 1, … of them: what [`SegmentationStream::partial_mask`] draws then.
    ///
    /// # Errors
    /// There are more tokens than cells, one is no code, or the device fails.
    pub async fn frames(&self, tokens: &[u32]) -> Result<MaskFrames, Error> {
        self.loaded.frames(tokens).await
    }

    /// Dice of the mask that tokens draw after 0, 1, … of them, against the true mask of the picture, both at the model's
    /// resolution; 1 where both are empty.
    ///
    /// # Errors
    /// As [`Self::frames`]; or picture and mask differ in size.
    pub async fn dice_curve(
        &self,
        picture: &Picture,
        tokens: &[u32],
        truth: &Mask,
    ) -> Result<Vec<f32>, Error> {
        let frame = self.loaded.frame(picture, false);
        self.loaded.dice_curve(&frame, tokens, truth).await
    }

    /// What every code draws among its like.
    ///
    /// # Errors
    /// That depends on the codes around it, or the device fails.
    pub async fn codebook(&self) -> Result<Codebook, Error> {
        self.loaded.codebook().await
    }

    /// A picture as the model reads it.
    pub fn see(&self, picture: &Picture) -> SeenPicture {
        self.loaded.see(picture)
    }

    /// The distributions that tokens are picked from, each given those before it; `text` is the sentence of `prompted`.
    ///
    /// # Errors
    /// There are more tokens than cells, one is no code, or the device fails.
    pub async fn inspect(
        &self,
        prompted: Prompted,
        text: &str,
        tokens: &[u32],
    ) -> Result<Inspection, Error> {
        let words = self.loaded.tokenizer.pieces(text)?;
        Inspection::new(self.loaded.clone(), prompted, words, tokens.to_vec()).await
    }

    /// What the model predicts for each cell where it reads the true mask's codes before it.
    ///
    /// # Errors
    /// Picture and mask differ in size, or the device fails.
    pub async fn teacher_force(
        &self,
        query: Query<'_>,
        truth: &Mask,
    ) -> Result<TeacherForced, Error> {
        self.loaded.teacher_force(query, truth).await
    }
}
