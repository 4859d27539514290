//! The engine: a device, at most one model, at most one decoding.

use std::collections::BTreeMap;

use burn::tensor::Device;
use js_sys::{Function, Uint8Array};
use mriseg::image::Picture;
use mriseg::segmenter::{
    Inspection, Prompted, Query, SamplingOptions, SamplingStream, SegmentationStream, Segmenter,
};
use tsify::{Ts, Tsify};
use wasm_bindgen::{JsError, prelude::wasm_bindgen};

use crate::{
    device, fatal,
    messages::{Agreement, Decode, PartialMask, Pass, Reading, Segmentation, Started},
};

/// A segmentation engine of one device. Its methods must not overlap: await each before the next.
#[wasm_bindgen]
pub struct Engine {
    device: Device,
    segmenter: Option<Segmenter>,
    decoding: Option<SegmentationStream>,
    sampling: Option<SamplingStream>,
    inspection: Option<Inspection>,
    prompted: Option<LastPrompt>,
}

/// The last picture and sentence that were read, so that decoding them again behind an edit reads neither again.
struct LastPrompt {
    image: Vec<u8>,
    text: String,
    prompted: Prompted,
}

#[wasm_bindgen]
impl Engine {
    /// Opens the device. `on_fatal(kind, message)` is called for panics and lost devices.
    ///
    /// # Errors
    ///
    /// When there is no WebGPU device (never on the CPU engine).
    pub async fn create(on_fatal: Function) -> Result<Engine, JsError> {
        fatal::listen(on_fatal);
        Ok(Self {
            device: device::open().await?,
            segmenter: None,
            decoding: None,
            sampling: None,
            inspection: None,
            prompted: None,
        })
    }

    /// Loads a bundle: `manifest` is manifest.json, `contents[i]` the bytes of the file `names[i]`.
    ///
    /// # Errors
    ///
    /// When a file is missing or does not match its sha256, or the bundle is of a newer format.
    pub async fn load(
        &mut self,
        manifest: Vec<u8>,
        names: Vec<String>,
        contents: Vec<Uint8Array>,
    ) -> Result<(), JsError> {
        self.decoding = None;
        self.sampling = None;
        self.inspection = None;
        self.prompted = None;
        self.segmenter = None;
        let files: BTreeMap<String, Vec<u8>> = names
            .into_iter()
            .zip(contents)
            .map(|(name, bytes)| (name, bytes.to_vec()))
            .collect();
        let segmenter = Segmenter::load(&manifest, files, &self.device).await;
        self.segmenter = Some(segmenter.map_err(refuse)?);
        Ok(())
    }

    /// How a sentence is understood, at once and without a picture; undefined where the model's sentences are not about
    /// lungs.
    ///
    /// # Errors
    ///
    /// When no model is loaded.
    pub fn read(&self, text: String) -> Result<Option<Ts<Reading>>, JsError> {
        let reading = self.loaded()?.reading(&text);
        Ok(reading
            .map(|reading| Reading::from(reading).into_ts())
            .transpose()?)
    }

    /// Reads a picture and a sentence; [`Engine::next`] gives the tokens. Those of `prefix` stand already, because they
    /// were decoded before or edited: they come first, and decoding goes on behind them.
    ///
    /// # Errors
    ///
    /// When no model is loaded, the picture or the sentence cannot be read, there is no such decoding, or the prefix has
    /// too many tokens or one that is no code.
    pub async fn start(
        &mut self,
        image: Vec<u8>,
        image_name: String,
        text: String,
        decode: Ts<Decode>,
        prefix: Vec<u32>,
    ) -> Result<Ts<Started>, JsError> {
        self.decoding = None;
        let decode = decode.to_rust()?.into();
        let prompted = self.prompted(image, &image_name, &text)?;
        let segmenter = self.loaded()?;
        let decoding = segmenter
            .resume(prompted, decode, &prefix)
            .map_err(refuse)?;
        let reading = segmenter.reading(&text);
        let started = Started::new(decoding.grid(), decoding.frame(), reading).into_ts()?;
        self.decoding = Some(decoding);
        Ok(started)
    }

    /// The next pass through the model; without tokens when all cells have theirs.
    ///
    /// # Errors
    ///
    /// When nothing was started, or the device fails.
    pub async fn next(&mut self) -> Result<Ts<Pass>, JsError> {
        let pass = self.running()?.next().await.map_err(refuse)?;
        Ok(Pass::from(pass).into_ts()?)
    }

    /// The mask as far as it is decoded.
    ///
    /// # Errors
    ///
    /// When nothing was started, or the device fails.
    pub async fn partial(&mut self) -> Result<Ts<PartialMask>, JsError> {
        let partial = self.running()?.partial_mask().await.map_err(refuse)?;
        Ok(PartialMask::from(partial).into_ts()?)
    }

    /// Ends the decoding, complete or not, and gives its result.
    ///
    /// # Errors
    ///
    /// When nothing was started, or the device fails.
    pub async fn finish(&mut self) -> Result<Ts<Segmentation>, JsError> {
        let decoding = self.decoding.take().ok_or_else(nothing_started)?;
        let result = decoding.finish().await.map_err(refuse)?;
        Ok(Segmentation::from(result).into_ts()?)
    }

    /// Reads a picture and a sentence to sample `samples` masks, with random numbers from `seed`; a `temperature` of 1 is
    /// the model's own distribution. [`Engine::sample`] gives a token of each.
    ///
    /// # Errors
    ///
    /// When no model is loaded, the picture or the sentence cannot be read, or there is no such number of masks or
    /// temperature.
    #[wasm_bindgen(js_name = startSampling)]
    pub async fn start_sampling(
        &mut self,
        image: Vec<u8>,
        image_name: String,
        text: String,
        samples: u32,
        temperature: f32,
        seed: u32,
    ) -> Result<Ts<Started>, JsError> {
        self.sampling = None;
        let segmenter = self.loaded()?;
        let options = SamplingOptions {
            samples: samples as usize,
            temperature,
            seed: seed.into(),
        };
        options.check().map_err(refuse)?;
        let prompt = segmenter.prompt(&text).map_err(refuse)?;
        let image = self.picture(&image, &image_name)?;
        let sampling = segmenter.sample(Query::new(&image, &prompt), options);
        let reading = segmenter.reading(&text);
        let started = Started::new(sampling.grid(), sampling.frame(), reading).into_ts()?;
        self.sampling = Some(sampling);
        Ok(started)
    }

    /// One pass: the next token of every mask. False when all are drawn.
    ///
    /// # Errors
    ///
    /// When no sampling was started, or the device fails.
    pub async fn sample(&mut self) -> Result<bool, JsError> {
        let sampling = self.sampling.as_mut().ok_or_else(nothing_started)?;
        sampling.next().await.map_err(refuse)
    }

    /// What the masks have in common as far as they are sampled, after any pass.
    ///
    /// # Errors
    ///
    /// When no sampling was started, or the device fails.
    pub async fn agreement(&mut self) -> Result<Ts<Agreement>, JsError> {
        let sampling = self.sampling.as_ref().ok_or_else(nothing_started)?;
        let agreement = sampling.agreement().await.map_err(refuse)?;
        Ok(Agreement::new(agreement, sampling.masks()).into_ts()?)
    }
}

impl Engine {
    /// The model.
    ///
    /// # Errors
    ///
    /// When none is loaded.
    pub(crate) fn loaded(&self) -> Result<&Segmenter, JsError> {
        let segmenter = self.segmenter.as_ref();
        segmenter.ok_or_else(|| JsError::new("load a model before segmenting"))
    }

    /// A picture file, for the model.
    pub(crate) fn picture(&self, image: &[u8], name: &str) -> Result<Picture, JsError> {
        self.loaded()?.decode_picture(image, name).map_err(refuse)
    }

    /// Reads a picture and a sentence, or remembers that it has.
    pub(crate) fn prompted(
        &mut self,
        image: Vec<u8>,
        name: &str,
        text: &str,
    ) -> Result<Prompted, JsError> {
        let known =
            (self.prompted.as_ref()).filter(|last| last.text == text && last.image == image);
        if let Some(last) = known {
            return Ok(last.prompted.clone());
        }
        let segmenter = self.loaded()?;
        let prompt = segmenter.prompt(text).map_err(refuse)?;
        let picture = self.picture(&image, name)?;
        let prompted = segmenter.prompted(Query::new(&picture, &prompt));
        self.prompted = Some(LastPrompt {
            image,
            text: text.to_owned(),
            prompted: prompted.clone(),
        });
        Ok(prompted)
    }

    /// The last inspection.
    pub(crate) fn inspection(&mut self) -> &mut Option<Inspection> {
        &mut self.inspection
    }

    fn running(&mut self) -> Result<&mut SegmentationStream, JsError> {
        self.decoding.as_mut().ok_or_else(nothing_started)
    }
}

fn nothing_started() -> JsError {
    JsError::new("start a segmentation first")
}

/// An error as JavaScript throws it.
pub(crate) fn refuse(error: impl std::fmt::Display) -> JsError {
    JsError::new(&error.to_string())
}
