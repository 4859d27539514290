//! The engine: a device, at most one model, at most one decoding.

use std::collections::BTreeMap;

use burn::tensor::Device;
use js_sys::{Function, Uint8Array};
use mriseg::segmenter::{Decoding, Segmenter};
use wasm_bindgen::{JsError, prelude::wasm_bindgen};

use crate::{
    device, fatal,
    messages::{PartialMask, Segmentation, Started, TokenEvent},
};

/// A segmentation engine of one device. Its methods must not overlap: await each before the next.
#[wasm_bindgen]
pub struct Engine {
    device: Device,
    segmenter: Option<Segmenter>,
    decoding: Option<Decoding>,
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

    /// Reads a picture and a sentence; [`Engine::next`] gives the tokens.
    ///
    /// # Errors
    ///
    /// When no model is loaded, or the picture or the sentence cannot be read.
    pub async fn start(
        &mut self,
        image: Vec<u8>,
        image_name: String,
        text: String,
    ) -> Result<Started, JsError> {
        self.decoding = None;
        let segmenter = self
            .segmenter
            .as_ref()
            .ok_or_else(|| JsError::new("load a model before segmenting"))?;
        let decoding = segmenter
            .start(&image, &image_name, &text)
            .await
            .map_err(refuse)?;
        let started = Started {
            rows: decoding.grid(),
            columns: decoding.grid(),
            total: decoding.total(),
            unknown_words: decoding.unknown_words().to_vec(),
        };
        self.decoding = Some(decoding);
        Ok(started)
    }

    /// The next token, or `undefined` when all cells are decoded.
    ///
    /// # Errors
    ///
    /// When nothing was started, or the device fails.
    pub async fn next(&mut self) -> Result<Option<TokenEvent>, JsError> {
        let event = self.running()?.next().await.map_err(refuse)?;
        Ok(event.map(|event| TokenEvent {
            index: event.index,
            row: event.cell.row,
            column: event.cell.column,
            token: event.token,
            probability: event.probability,
        }))
    }

    /// The mask as far as it is decoded.
    ///
    /// # Errors
    ///
    /// When nothing was started, or the device fails.
    pub async fn partial(&mut self) -> Result<PartialMask, JsError> {
        let partial = self.running()?.partial_mask().await.map_err(refuse)?;
        Ok(PartialMask {
            width: partial.width,
            height: partial.height,
            probability: partial.probability,
            pending: partial.pending.into_iter().map(u8::from).collect(),
        })
    }

    /// Ends the decoding, complete or not, and gives its result.
    ///
    /// # Errors
    ///
    /// When nothing was started, or the device fails.
    pub async fn finish(&mut self) -> Result<Segmentation, JsError> {
        let decoding = self.decoding.take().ok_or_else(nothing_started)?;
        let result = decoding.finish().await.map_err(refuse)?;
        Ok(Segmentation {
            width: result.width,
            height: result.height,
            mask: result.mask.pixels,
            tokens: result.tokens,
            probabilities: result.probabilities,
            pending: result.pending,
        })
    }
}

impl Engine {
    fn running(&mut self) -> Result<&mut Decoding, JsError> {
        self.decoding.as_mut().ok_or_else(nothing_started)
    }
}

fn nothing_started() -> JsError {
    JsError::new("start a segmentation first")
}

fn refuse(error: impl std::fmt::Display) -> JsError {
    JsError::new(&error.to_string())
}
