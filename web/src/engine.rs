//! The engine: a device, at most one model, at most one decoding.

use std::collections::BTreeMap;

use burn::tensor::Device;
use js_sys::{Function, Uint8Array};
use mriseg::image::Preparation;
use mriseg::segmenter::{Query, SamplingOptions, SamplingStream, SegmentationStream, Segmenter};
use tsify::{Ts, Tsify};
use wasm_bindgen::{JsError, prelude::wasm_bindgen};

use crate::{
    device, fatal,
    messages::{Agreement, Decode, PartialMask, Reading, Segmentation, Square, Started, Token},
};

/// A segmentation engine of one device. Its methods must not overlap: await each before the next.
#[wasm_bindgen]
pub struct Engine {
    device: Device,
    segmenter: Option<Segmenter>,
    decoding: Option<SegmentationStream>,
    sampling: Option<SamplingStream>,
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

    /// Reads a picture and a sentence; [`Engine::next`] gives the tokens.
    ///
    /// # Errors
    ///
    /// When no model is loaded, the picture or the sentence cannot be read, or there is no such decoding.
    pub async fn start(
        &mut self,
        image: Vec<u8>,
        image_name: String,
        text: String,
        decode: Ts<Decode>,
    ) -> Result<Ts<Started>, JsError> {
        self.decoding = None;
        let segmenter = self.loaded()?;
        let decode = decode.to_rust()?.into();
        let prompt = segmenter.prompt(&text).map_err(refuse)?;
        let image = segmenter
            .decode_picture(&image, &image_name)
            .map_err(refuse)?;
        let decoding = segmenter.stream(Query::new(&image, &prompt), decode);
        let square = match &decoding.frame().preparation {
            Some(preparation) => Square::from(preparation),
            None => Square::from(&Preparation::none(image.width(), image.height())),
        };
        let reading = segmenter.reading(&text).map(Reading::from);
        let (read_as, hint) = reading.map_or((None, None), |r| (Some(r.read_as), r.hint));
        let started = Started {
            rows: decoding.grid(),
            columns: decoding.grid(),
            total: decoding.total(),
            read_as,
            hint,
            notes: decoding.frame().notes(),
            square,
        };
        let started = started.into_ts()?;
        self.decoding = Some(decoding);
        Ok(started)
    }

    /// The tokens of the next pass through the model; none when all cells are decoded.
    ///
    /// # Errors
    ///
    /// When nothing was started, or the device fails.
    pub async fn next(&mut self) -> Result<Vec<Ts<Token>>, JsError> {
        let run = self.running()?.next().await.map_err(refuse)?;
        let tokens = run.into_iter().map(|event| Token::from(event).into_ts());
        Ok(tokens.collect::<Result<_, _>>()?)
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

    /// Reads a picture and a sentence to sample `samples` masks, with random numbers from `seed`. Gives
    /// the number of passes through the model that [`Engine::sample`] will take.
    ///
    /// # Errors
    ///
    /// When no model is loaded, or the picture or the sentence cannot be read.
    #[wasm_bindgen(js_name = startSampling)]
    pub async fn start_sampling(
        &mut self,
        image: Vec<u8>,
        image_name: String,
        text: String,
        samples: u32,
        seed: u32,
    ) -> Result<u32, JsError> {
        self.sampling = None;
        let segmenter = self.loaded()?;
        let prompt = segmenter.prompt(&text).map_err(refuse)?;
        let image = segmenter
            .decode_picture(&image, &image_name)
            .map_err(refuse)?;
        let options = SamplingOptions {
            samples: samples as usize,
            temperature: 1.0,
            seed: seed.into(),
        };
        let sampling = segmenter.sample(Query::new(&image, &prompt), options);
        let total = sampling.total() as u32;
        self.sampling = Some(sampling);
        Ok(total)
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

    /// Ends the sampling and says what the masks have in common.
    ///
    /// # Errors
    ///
    /// When no sampling was started, or the device fails.
    pub async fn agreement(&mut self) -> Result<Ts<Agreement>, JsError> {
        let sampling = self.sampling.take().ok_or_else(nothing_started)?;
        let agreement = sampling.agreement().await.map_err(refuse)?;
        Ok(Agreement::from(agreement).into_ts()?)
    }
}

impl Engine {
    pub(crate) fn loaded(&self) -> Result<&Segmenter, JsError> {
        let segmenter = self.segmenter.as_ref();
        segmenter.ok_or_else(|| JsError::new("load a model before segmenting"))
    }

    fn running(&mut self) -> Result<&mut SegmentationStream, JsError> {
        self.decoding.as_mut().ok_or_else(nothing_started)
    }
}

fn nothing_started() -> JsError {
    JsError::new("start a segmentation first")
}

fn refuse(error: impl std::fmt::Display) -> JsError {
    JsError::new(&error.to_string())
}
