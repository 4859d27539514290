use super::EmbeddingOp;
use crate::gradients::{Differentiable, Saved, differentiate};
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Autodiff, Backend};

/// Gradient of [`EmbeddingOp`].
pub trait EmbeddingGradient: Backend {
    /// Gradient of the table: the sum of the output's gradients at each of its rows.
    fn embed_backward(
        table: FloatTensor<Self>,
        indices: IntTensor<Self>,
        grad: FloatTensor<Self>,
    ) -> FloatTensor<Self>;
}

#[derive(Debug, Clone)]
struct Embedding<B: Backend> {
    indices: IntTensor<B>,
}

impl<B: EmbeddingOp + EmbeddingGradient> Differentiable<B, 1> for Embedding<B> {
    fn forward(&self, [table]: [FloatTensor<B>; 1]) -> FloatTensor<B> {
        B::embed(table, self.indices.clone())
    }

    fn backward(&self, saved: Saved<B, 1>, grad: FloatTensor<B>) -> [Option<FloatTensor<B>>; 1] {
        let [table] = saved.inputs;
        [Some(B::embed_backward(table, self.indices.clone(), grad))]
    }
}

impl<B: EmbeddingOp + EmbeddingGradient, C: CheckpointStrategy> EmbeddingOp for Autodiff<B, C> {
    fn embed(table: FloatTensor<Self>, indices: IntTensor<Self>) -> FloatTensor<Self> {
        differentiate::<B, C, _, 1>(Embedding { indices }, [table])
    }
}
