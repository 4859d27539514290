//! A whole pass as plain code.

mod attend;
mod transformer;
mod weights;

use super::{DecodePass, DecodeSession, Predicted, TransformerWeights};
use crate::cpu::numbers;
use burn::tensor::{Device, Int, Tensor, TensorData};
use std::sync::Arc;
use transformer::Cache;
use weights::Transformer;

/// The transformer on a device.
#[derive(Debug)]
pub(crate) struct CpuPass {
    device: Device,
    transformer: Transformer,
}

/// Sequences being decoded.
#[derive(Debug, Clone)]
struct CpuSession {
    pass: Arc<CpuPass>,
    cache: Cache,
}

impl CpuPass {
    /// Takes the weights as they are now.
    pub(crate) fn new(weights: &TransformerWeights) -> Self {
        Self {
            device: weights.unembedding.device(),
            transformer: Transformer::new(weights),
        }
    }

    /// Rows of numbers on the device.
    fn tensor(&self, values: Vec<f32>, rows: usize) -> Tensor<2> {
        let width = values.len() / rows;
        Tensor::from_data(TensorData::new(values, [rows, width]), &self.device)
    }
}

impl DecodePass for CpuPass {
    fn prefill(self: Arc<Self>, x: Tensor<2>, batch: usize) -> Box<dyn DecodeSession> {
        let cache = self.transformer.read_prefix(numbers(x), batch);
        Box::new(CpuSession { pass: self, cache })
    }

    fn draft_logits(&self, hidden: Tensor<2>, ahead: Tensor<3>) -> Tensor<2> {
        let heads = self.transformer.look_ahead.len();
        let logits = self
            .transformer
            .head_logits(0..heads, &numbers(hidden), &numbers(ahead));
        self.tensor(logits, heads)
    }

    fn draft(&self, hidden: Tensor<2>, ahead: Tensor<3>) -> Tensor<2, Int> {
        let tokens = self
            .transformer
            .most_probable(&numbers(hidden), &numbers(ahead));
        let shape = [1, tokens.len()];
        Tensor::from_data(TensorData::new(tokens, shape), &self.device)
    }
}

impl DecodeSession for CpuSession {
    fn filled(&self) -> usize {
        self.cache.filled
    }

    fn rewind(&mut self, filled: usize) {
        assert!(filled <= self.cache.filled, "{filled} tokens are not held");
        self.cache.filled = filled;
    }

    fn step(&mut self, x: Tensor<2>) -> Predicted {
        let [rows, _] = x.dims();
        let (hidden, logits) = self.pass.transformer.read(numbers(x), &mut self.cache);
        Predicted {
            hidden: self.pass.tensor(hidden, rows),
            logits: self.pass.tensor(logits, rows),
        }
    }

    fn branch(&self) -> Box<dyn DecodeSession> {
        Box::new(self.clone())
    }
}
