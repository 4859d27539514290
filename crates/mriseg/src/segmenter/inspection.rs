//! Why a token: the distribution that it was picked from, what its position attends to, and what each layer would predict.

use super::input::InputError;
use super::loaded::{Loaded, Query};
use super::prompted::Prompted;
use crate::config::ModelConfig;
use crate::decode::{code_tensor, force_tokens};
use crate::error::Error;
use crate::image::Mask;
use crate::mask_lm::Trace;
use burn::tensor::{Tensor, TensorData, Transaction};
use std::sync::Arc;

/// The distributions along a mask, and the way to what lies behind them. After the first [`Self::attention`] it keeps a
/// [`Trace`].
#[derive(Debug)]
pub struct Inspection {
    loaded: Arc<Loaded>,
    prompted: Prompted,
    tokens: Vec<u32>,
    words: Vec<String>,
    probabilities: Vec<f32>,
    trace: Option<Trace>,
}

/// What the position that predicts one token attends to, and what each layer would predict there.
#[derive(Debug, Clone, PartialEq)]
pub struct Attention {
    /// Layers of the model.
    pub layers: usize,
    /// Attention heads of a layer.
    pub heads: usize,
    /// Pieces of the sentence that are attended to. The padding after them is left out, so weights may sum to less than 1.
    pub words: usize,
    /// Cells of the picture that are attended to.
    pub cells: usize,
    /// Mask inputs that are attended to: begin-of-mask, then the tokens before this one.
    pub mask: usize,
    /// Layer after layer, head after head: `words + cells + mask` weights.
    pub weights: Vec<f32>,
    /// The most probable code after each layer.
    pub lens_codes: Vec<u32>,
    /// Its probability there, before marginal probabilities are mixed in.
    pub lens_probabilities: Vec<f32>,
}

/// What the model predicts where it reads the true mask.
#[derive(Debug, Clone, PartialEq)]
pub struct TeacherForced {
    /// Codes of the true mask.
    pub truth: Vec<u32>,
    /// The code that is picked for each cell, given the true ones before it.
    pub predicted: Vec<u32>,
    /// Probability of the true code of each cell.
    pub probabilities: Vec<f32>,
}

impl Inspection {
    /// `words` are the pieces of the sentence.
    pub(super) async fn new(
        loaded: Arc<Loaded>,
        prompted: Prompted,
        words: Vec<String>,
        tokens: Vec<u32>,
    ) -> Result<Self, Error> {
        loaded.check_tokens(&tokens)?;
        let prefill = prompted.prefill.clone();
        let probabilities = force_tokens(&loaded.lm, &loaded.picker, prefill, &tokens).await?;
        Ok(Self {
            loaded,
            prompted,
            tokens,
            words,
            probabilities,
            trace: None,
        })
    }

    /// Probabilities of the codes of every token given those before it, as codes are picked by them: `rows * codes`, row by
    /// row. Where the tokens end before the mask does, the last row is the next token's.
    pub fn probabilities(&self) -> &[f32] {
        &self.probabilities
    }

    /// Sizes of the model.
    pub fn config(&self) -> &ModelConfig {
        &self.loaded.settings.architecture
    }

    /// Distributions.
    pub fn rows(&self) -> usize {
        self.probabilities.len() / self.loaded.layout().codes
    }

    /// What the text tokens stand for, without padding.
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// What the position that predicts token `index` attends to. The first call runs the whole sequence through the model.
    ///
    /// # Errors
    /// There is no such row, or the device fails.
    pub async fn attention(&mut self, index: usize) -> Result<Attention, Error> {
        let rows = self.rows();
        if index >= rows {
            return Err(InputError::NotInspected { index, rows }.into());
        }
        let (lm, layout) = (&self.loaded.full, self.loaded.layout());
        if self.trace.is_none() {
            let Prompted { text, image, .. } = self.prompted.clone();
            let begin = layout.begin_of_mask() as u32;
            let mut inputs = vec![begin];
            inputs.extend_from_slice(&self.tokens[..rows - 1]);
            let inputs = code_tensor(&inputs, rows, &self.loaded.device);
            self.trace = Some(lm.trace(text, image, inputs));
        }
        let trace = self.trace.as_ref().expect("it was made");
        let weights = trace.attention(index);
        let [layers, heads, seen] = weights.dims();
        let (most, codes) = lm.lens(trace, index).max_dim_with_indices(1);
        let read = (Transaction::default().register(weights).register(codes))
            .register(most)
            .execute_async()
            .await?;
        let [weights, codes, most] =
            <[TensorData; 3]>::try_from(read).expect("a transaction returns what was registered");
        let weights: Vec<f32> = weights.iter().collect();
        let (words, text) = (self.words.len(), layout.text);
        let shown = |row: &[f32]| [&row[..words], &row[text..]].concat();
        Ok(Attention {
            layers,
            heads,
            words,
            cells: layout.image(),
            mask: index + 1,
            weights: weights.chunks_exact(seen).flat_map(shown).collect(),
            lens_codes: codes.iter().collect(),
            lens_probabilities: most.iter().collect(),
        })
    }
}

impl Loaded {
    pub(super) async fn teacher_force(
        &self,
        query: Query<'_>,
        truth: &Mask,
    ) -> Result<TeacherForced, Error> {
        let size = self.settings.architecture.mask.size;
        let prompted = Prompted::new(self, self.read(&[query]));
        let truth = prompted.frame.truth(truth, size)?;
        let pixels: Vec<f32> = truth.pixels.into_iter().map(f32::from).collect();
        let mask = Tensor::from_data(TensorData::new(pixels, [1, 1, size, size]), &self.device);
        let truth = self.vision.mask_codes(mask).into_data_async().await?;
        let truth: Vec<u32> = truth.iter().collect();
        let rows = force_tokens(&self.lm, &self.picker, prompted.prefill, &truth).await?;
        let rows = rows.chunks_exact(self.layout().codes);
        Ok(TeacherForced {
            predicted: (rows.clone())
                .map(|row| self.picker.pick_of(row) as u32)
                .collect(),
            probabilities: (rows.zip(&truth))
                .map(|(row, &code)| row[code as usize])
                .collect(),
            truth,
        })
    }
}
