//! The engine's answers about a mask that is decoded: how it grew, why its tokens, and how good it is.

use mriseg::image::Mask;
use mriseg::metrics::Overlap;
use mriseg::segmenter::{InputError, Query};
use tsify::{Ts, Tsify};
use wasm_bindgen::{JsError, prelude::wasm_bindgen};

use crate::engine::{Engine, refuse};
use crate::messages::{Attention, Codebook, Comparison, Frames, Inspection, Seen, TeacherForced};

#[wasm_bindgen]
impl Engine {
    /// The mask after 0, 1, … tokens, as [`Engine::partial`] gives it then.
    ///
    /// # Errors
    ///
    /// When no model is loaded, there are more tokens than cells, or one is no code.
    pub async fn frames(&self, tokens: Vec<u32>) -> Result<Ts<Frames>, JsError> {
        let frames = self.loaded()?.frames(&tokens).await.map_err(refuse)?;
        Ok(Frames::from(frames).into_ts()?)
    }

    /// What each code draws by itself.
    ///
    /// # Errors
    ///
    /// When no model is loaded, or the device fails.
    pub async fn codebook(&self) -> Result<Ts<Codebook>, JsError> {
        let codebook = self.loaded()?.codebook().await.map_err(refuse)?;
        Ok(Codebook::from(codebook).into_ts()?)
    }

    /// A picture as the model reads it.
    ///
    /// # Errors
    ///
    /// When no model is loaded, or the picture cannot be read.
    pub async fn see(&self, image: Vec<u8>, image_name: String) -> Result<Ts<Seen>, JsError> {
        let picture = self.picture(&image, &image_name)?;
        Ok(Seen::from(self.loaded()?.see(&picture)).into_ts()?)
    }

    /// The distributions that tokens are picked from; [`Engine::attention`] goes on from there.
    ///
    /// # Errors
    ///
    /// When no model is loaded, the picture or the sentence cannot be read, there are more tokens than cells, or one is no
    /// code.
    pub async fn inspect(
        &mut self,
        image: Vec<u8>,
        image_name: String,
        text: String,
        tokens: Vec<u32>,
    ) -> Result<Ts<Inspection>, JsError> {
        *self.inspection() = None;
        let prompted = self.prompted(image, &image_name, &text)?;
        let inspection = self.loaded()?.inspect(prompted, &text, &tokens).await;
        let inspection = inspection.map_err(refuse)?;
        let message = Inspection::from(&inspection).into_ts()?;
        *self.inspection() = Some(inspection);
        Ok(message)
    }

    /// What the position that predicts token `index` of the last inspection attends to. The first call after an inspection
    /// runs the whole sequence through the model.
    ///
    /// # Errors
    ///
    /// When nothing was inspected, or not this token, or the device fails.
    pub async fn attention(&mut self, index: u32) -> Result<Ts<Attention>, JsError> {
        let inspection = self.inspection().as_mut();
        let inspection = inspection.ok_or_else(|| JsError::new("inspect a mask first"))?;
        let attention = inspection.attention(index as usize).await.map_err(refuse)?;
        Ok(Attention::from(attention).into_ts()?)
    }

    /// What the model predicts for each cell where it reads the true mask before it. The mask has the picture's size.
    ///
    /// # Errors
    ///
    /// When no model is loaded, the picture or the sentence cannot be read, or the mask is of another size.
    #[wasm_bindgen(js_name = teacherForce)]
    pub async fn teacher_force(
        &self,
        image: Vec<u8>,
        image_name: String,
        text: String,
        truth: Vec<u8>,
        width: u32,
        height: u32,
    ) -> Result<Ts<TeacherForced>, JsError> {
        let segmenter = self.loaded()?;
        let truth = mask(truth, width, height)?;
        let prompt = segmenter.prompt(&text).map_err(refuse)?;
        let picture = self.picture(&image, &image_name)?;
        let forced = segmenter.teacher_force(Query::new(&picture, &prompt), &truth);
        Ok(TeacherForced::from(forced.await.map_err(refuse)?).into_ts()?)
    }

    /// How well a mask agrees with the true one.
    ///
    /// # Errors
    ///
    /// When one of them does not have `width * height` pixels.
    pub fn compare(
        &self,
        mask: Vec<u8>,
        truth: Vec<u8>,
        width: u32,
        height: u32,
    ) -> Result<Ts<Comparison>, JsError> {
        let [mask, truth] = [
            self::mask(mask, width, height)?,
            self::mask(truth, width, height)?,
        ];
        let overlap = Overlap::of(&mask.pixels, &truth.pixels);
        Ok(Comparison::from(overlap).into_ts()?)
    }

    /// Dice against the true mask after 0, 1, … tokens, at the model's resolution. The mask has the picture's size.
    ///
    /// # Errors
    ///
    /// When no model is loaded, the picture cannot be read, the mask is of another size, there are more tokens than cells,
    /// or one is no code.
    #[wasm_bindgen(js_name = diceCurve)]
    pub async fn dice_curve(
        &self,
        image: Vec<u8>,
        image_name: String,
        tokens: Vec<u32>,
        truth: Vec<u8>,
        width: u32,
        height: u32,
    ) -> Result<Vec<f32>, JsError> {
        let truth = mask(truth, width, height)?;
        let picture = self.picture(&image, &image_name)?;
        let curve = self.loaded()?.dice_curve(&picture, &tokens, &truth).await;
        curve.map_err(refuse)
    }

    /// Run lengths of a mask in COCO's uncompressed form: column by column, zeros first.
    ///
    /// # Errors
    ///
    /// When it does not have `width * height` pixels.
    pub fn rle(&self, mask: Vec<u8>, width: u32, height: u32) -> Result<Vec<u32>, JsError> {
        Ok(self::mask(mask, width, height)?.run_lengths())
    }
}

/// A mask of which every value but 0 is foreground.
fn mask(pixels: Vec<u8>, width: u32, height: u32) -> Result<Mask, JsError> {
    let (width, height) = (width as usize, height as usize);
    if width.checked_mul(height) != Some(pixels.len()) {
        let pixels = pixels.len();
        return Err(refuse(InputError::MaskPixels {
            pixels,
            width,
            height,
        }));
    }
    let pixels = pixels.into_iter().map(|pixel| u8::from(pixel != 0));
    Ok(Mask::new(width, height, pixels.collect()))
}
