use super::CrossEntropyOp;
use super::gradient::CrossEntropyGradient;
use crate::cpu::shapes::{indices, like};
use crate::cpu::{Tensor, dims, floats, tensor};
use crate::rows::{exponentials, largest, softmax};
use burn::backend::Flex;
use burn::backend::tensor::IntTensor;

impl CrossEntropyOp for Flex {
    fn cross_entropy(logits: Tensor, targets: IntTensor<Self>) -> Tensor {
        let logits = logits.to_contiguous();
        let [batch, positions, codes] = dims(&logits);
        let losses = (floats(&logits).chunks_exact(codes))
            .zip(indices(targets))
            .map(|(logits, target)| {
                let mut row = logits.to_vec();
                exponentials(&mut row).ln() + largest(logits) - logits[target]
            });
        tensor(losses.collect(), [batch, positions])
    }
}

impl CrossEntropyGradient for Flex {
    fn cross_entropy_backward(logits: Tensor, targets: IntTensor<Self>, grad: Tensor) -> Tensor {
        let (logits, grad) = (logits.to_contiguous(), grad.to_contiguous());
        let [_, _, codes] = dims(&logits);
        let mut out = floats(&logits).to_vec();
        let rows = out.chunks_exact_mut(codes);
        for ((row, target), &grad) in rows.zip(indices(targets)).zip(floats(&grad)) {
            softmax(row);
            row[target] -= 1.0;
            for value in row {
                *value *= grad;
            }
        }
        like(&logits, out)
    }
}
