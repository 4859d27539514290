use super::AttentionOp;
use crate::gradients::{Differentiable, Saved, differentiate};
use crate::precision::Precision;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend};

/// Gradient of [`AttentionOp`].
pub trait AttentionGradient: Backend {
    /// Gradient of `qkv`. With `P = softmax(Q Kᵀ)` and `D = grad Vᵀ`, the scores have `P (D − Σ P D)`.
    fn prefix_attention_backward(
        qkv: FloatTensor<Self>,
        cos: FloatTensor<Self>,
        sin: FloatTensor<Self>,
        prefix: usize,
        grad: FloatTensor<Self>,
        precision: Precision,
    ) -> FloatTensor<Self>;
}

#[derive(Debug, Clone)]
struct PrefixAttention<B: Backend> {
    cos: FloatTensor<B>,
    sin: FloatTensor<B>,
    prefix: usize,
    precision: Precision,
}

impl<B: AttentionOp + AttentionGradient> Differentiable<B, 1> for PrefixAttention<B> {
    fn forward(&self, [qkv]: [FloatTensor<B>; 1]) -> FloatTensor<B> {
        let (cos, sin) = (self.cos.clone(), self.sin.clone());
        B::prefix_attention(qkv, cos, sin, self.prefix, self.precision)
    }

    fn backward(&self, saved: Saved<B, 1>, grad: FloatTensor<B>) -> [Option<FloatTensor<B>>; 1] {
        let [qkv] = saved.inputs;
        let (cos, sin) = (self.cos.clone(), self.sin.clone());
        let Self {
            prefix, precision, ..
        } = *self;
        let backward = |grad| {
            [B::prefix_attention_backward(
                qkv, cos, sin, prefix, grad, precision,
            )]
        };
        precision.scaled::<B, 1>(grad, backward).map(Some)
    }
}

impl<B, C> AttentionOp for Autodiff<B, C>
where
    B: AttentionOp + AttentionGradient,
    C: CheckpointStrategy,
{
    fn prefix_attention(
        qkv: FloatTensor<Self>,
        cos: FloatTensor<Self>,
        sin: FloatTensor<Self>,
        prefix: usize,
        precision: Precision,
    ) -> FloatTensor<Self> {
        let (cos, sin) = (cos.into_primitive(), sin.into_primitive());
        let operation = PrefixAttention {
            cos,
            sin,
            prefix,
            precision,
        };
        differentiate::<B, C, _, 1>(operation, [qkv])
    }
}
