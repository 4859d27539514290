//! The weights, packed.

use crate::cpu::packed::PackedMatrix;
use crate::decode_pass::{BlockWeights, TransformerWeights, after_norm, half_of_columns};
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
}

/// The weights of a block: gains of the norms are in the weights after them.
#[derive(Debug)]
pub(super) struct Layer {
    /// `[d_model, 3 * d_model]`, the queries scaled as attention wants them.
    pub(super) qkv: PackedMatrix,
    pub(super) out: PackedMatrix,
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

/// The numbers of a tensor on the CPU.
pub(super) fn numbers<const D: usize>(x: Tensor<D>) -> Vec<f32> {
    (x.into_data().try_into_vec()).expect("the CPU's tensors are of f32")
}

fn packed(matrix: Tensor<2>) -> PackedMatrix {
    let [depth, columns] = matrix.dims();
    PackedMatrix::new(&numbers(matrix), depth, columns)
}

impl Layer {
    fn new(block: &BlockWeights, head_dim: usize) -> Self {
        let qkv = after_norm(&block.attention_norm, &block.qkv);
        let [d_model, all] = qkv.dims();
        let scale = (head_dim as f32).powf(-0.5);
        let q = qkv.clone().slice_dim(1, 0..d_model).mul_scalar(scale);
        let kv = qkv.slice_dim(1, d_model..all);
        let gate_up = after_norm(&block.feed_forward_norm, &block.gate_up);
        Self {
            qkv: packed(Tensor::cat(vec![q, kv], 1)),
            out: packed(block.out.clone()),
            gate: packed(half_of_columns(&gate_up, 0)),
            up: packed(half_of_columns(&gate_up, 1)),
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
            layers: blocks.map(|block| Layer::new(block, head_dim)).collect(),
            cos: numbers(weights.cos.clone()),
            sin: numbers(weights.sin.clone()),
            gamma: numbers(weights.norm.clone()),
            unembedding: packed(transposed_copy(weights.unembedding.clone())),
            look_ahead: weights.look_ahead.iter().cloned().map(packed).collect(),
        }
    }
}
