//! A transformer made ready to decode in plain code on the CPU.

use super::blocks::{after_norm, columns};
use super::{TransformerParts, numbers};
use crate::nn::block::TransformerBlock;
use crate::nn::kernels::flex::{
    decoder::{Decoder, Layer, Sizes},
    panels::Panels,
};
use crate::nn::{DecodeShape, laid_out_transposed};
use burn::tensor::Tensor;

/// Takes the weights as they are now.
pub(super) fn decoder(parts: &TransformerParts<'_>, shape: DecodeShape) -> Decoder {
    let matrix = |matrix: Tensor<2>| {
        let [depth, columns] = matrix.dims();
        Panels::new(&numbers(matrix), depth, columns)
    };
    let d_model = shape.d_model;
    let scale = (shape.head_dim as f32).powf(-0.5);
    let layer = |block: &TransformerBlock| {
        let qkv = after_norm(&block.attention_norm, &block.attention.qkv);
        let q = qkv.clone().slice_dim(1, 0..d_model).mul_scalar(scale);
        let kv = qkv.slice_dim(1, d_model..3 * d_model);
        let gate_up = after_norm(&block.feed_forward_norm, &block.gate_up);
        let [_, both] = gate_up.dims();
        Layer {
            qkv: matrix(Tensor::cat(vec![q, kv], 1)),
            out: matrix(block.attention.out.weight.val()),
            gate: matrix(columns(&gate_up, 0..both / 2)),
            up: matrix(columns(&gate_up, both / 2..both)),
            down: matrix(block.down.weight.val()),
        }
    };
    Decoder {
        sizes: Sizes {
            heads: shape.heads(),
            head_dim: shape.head_dim,
            total: shape.total,
            epsilon: parts.norm.epsilon as f32,
        },
        layers: parts.blocks.iter().map(layer).collect(),
        cos: numbers(parts.rotary.cos()),
        sin: numbers(parts.rotary.sin()),
        gain: numbers(parts.norm.gamma.val()),
        unembedding: matrix(laid_out_transposed(parts.unembedding.clone())),
        look_ahead: (parts.look_ahead.iter())
            .map(|head| matrix(head.of_hidden()))
            .collect(),
    }
}
