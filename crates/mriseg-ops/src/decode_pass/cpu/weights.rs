//! The weights, packed.

use crate::cpu::numbers;
use crate::cpu::packed::PackedMatrix;
use crate::decode_pass::{BlockWeights, TransformerWeights, half_of_columns};
use crate::layout::transposed_copy;
use burn::tensor::Tensor;

/// Sizes of the transformer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sizes {
    pub(super) heads: usize,
    pub(super) head_dim: usize,
    /// Tokens of the whole sequence.
    pub(super) total: usize,
    /// Of the norms.
    pub(super) epsilon: f32,
}

impl Sizes {
    pub(super) fn d_model(&self) -> usize {
        self.heads * self.head_dim
    }

    /// What attention multiplies queries with.
    pub(super) fn query_scale(&self) -> f32 {
        (self.head_dim as f32).powf(-0.5)
    }
}

/// The weights of a block. Norms and scales stay beside them: with these inside, they would not be numbers of 16 bits.
#[derive(Debug)]
pub(super) struct Layer {
    /// `γ` of the norm before attention.
    pub(super) attention_norm: Vec<f32>,
    /// `[d_model, 3 * d_model]`
    pub(super) qkv: PackedMatrix,
    pub(super) out: PackedMatrix,
    /// `γ` of the norm before the feed-forward part.
    pub(super) feed_forward_norm: Vec<f32>,
    pub(super) gate: PackedMatrix,
    pub(super) up: PackedMatrix,
    pub(super) down: PackedMatrix,
}

/// The transformer.
#[derive(Debug)]
pub(super) struct Transformer {
    pub(super) sizes: Sizes,
    pub(super) layers: Vec<Layer>,
    /// Cosines and sines of the positions: `[total, head_dim / 2]`.
    pub(super) cos: Vec<f32>,
    pub(super) sin: Vec<f32>,
    /// Of the last norm.
    pub(super) gamma: Vec<f32>,
    pub(super) unembedding: PackedMatrix,
    /// Of every head, `[d_model, d_model]`.
    pub(super) look_ahead: Vec<PackedMatrix>,
}

fn packed(matrix: Tensor<2>) -> PackedMatrix {
    let [depth, columns] = matrix.dims();
    PackedMatrix::new(&numbers(matrix), depth, columns)
}

impl Layer {
    fn new(block: &BlockWeights) -> Self {
        Self {
            attention_norm: numbers(block.attention_norm.clone()),
            qkv: packed(block.qkv.clone()),
            out: packed(block.out.clone()),
            feed_forward_norm: numbers(block.feed_forward_norm.clone()),
            gate: packed(half_of_columns(&block.gate_up, 0)),
            up: packed(half_of_columns(&block.gate_up, 1)),
            down: packed(block.down.clone()),
        }
    }
}

impl Transformer {
    /// Takes the weights as they are now.
    pub(super) fn new(weights: &TransformerWeights) -> Self {
        let head_dim = weights.head_dim();
        let blocks = weights.blocks.iter();
        Self {
            sizes: Sizes {
                heads: weights.heads,
                head_dim,
                total: weights.total,
                epsilon: weights.epsilon as f32,
            },
            layers: blocks.map(Layer::new).collect(),
            cos: numbers(weights.cos.clone()),
            sin: numbers(weights.sin.clone()),
            gamma: numbers(weights.norm.clone()),
            unembedding: packed(transposed_copy(weights.unembedding.clone())),
            look_ahead: weights.look_ahead.iter().cloned().map(packed).collect(),
        }
    }
}
