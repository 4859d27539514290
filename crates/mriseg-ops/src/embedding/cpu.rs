use super::EmbeddingOp;
use super::gradient::EmbeddingGradient;
use crate::cpu::shapes::indices;
use crate::cpu::{Tensor, dims, floats, tensor};
use burn::backend::Flex;
use burn::backend::ops::FloatTensorOps;
use burn::backend::tensor::IntTensor;

impl EmbeddingOp for Flex {
    fn embed(table: Tensor, indices: IntTensor<Self>) -> Tensor {
        Flex::float_select(table, 0, indices)
    }
}

impl EmbeddingGradient for Flex {
    fn embed_backward(table: Tensor, indices: IntTensor<Self>, grad: Tensor) -> Tensor {
        let grad = grad.to_contiguous();
        let [rows, width] = dims(&table);
        let mut out = vec![0.0; rows * width];
        let grads = floats(&grad).chunks_exact(width);
        for (row, grad) in self::indices(indices).into_iter().zip(grads) {
            for (out, grad) in out[row * width..][..width].iter_mut().zip(grad) {
                *out += grad;
            }
        }
        tensor(out, [rows, width])
    }
}
