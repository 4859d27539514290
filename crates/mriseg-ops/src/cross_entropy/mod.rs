//! Cross-entropy: `-log softmax(logits)[target]`.

#[cfg(all(feature = "cpu", feature = "gradients"))]
mod cpu;
#[cfg(all(feature = "gpu", feature = "gradients"))]
mod gpu;
#[cfg(feature = "gradients")]
mod gradient;
#[cfg(all(test, feature = "gradients"))]
mod tests;

use crate::capability::trains;
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::tensor::activation::log_softmax;
use burn::tensor::{Int, Tensor, assert_shape};

/// [`cross_entropy`] of a backend.
#[backend_extension(
    Cube: cfg(all(feature = "gpu", feature = "gradients")),
    Flex: cfg(all(feature = "cpu", feature = "gradients")),
    Autodiff: cfg(feature = "gradients")
)]
pub trait CrossEntropyOp: Backend {
    /// # Shapes
    /// - logits: `[batch, positions, codes]`
    /// - targets, output: `[batch, positions]`
    fn cross_entropy(logits: FloatTensor<Self>, targets: IntTensor<Self>) -> FloatTensor<Self>;
}

/// `-log softmax(logits)[target]` of every position, in nats.
///
/// # Shapes
/// - logits: `[batch, positions, codes]`
/// - targets, output: `[batch, positions]`
pub fn cross_entropy(logits: Tensor<3>, targets: Tensor<2, Int>) -> Tensor<2> {
    let [batch, positions, _] = logits.dims();
    assert_shape!(targets, [batch, positions]);
    if !trains(&logits) {
        return reference(logits, targets);
    }
    let (logits, targets) = (logits.into_dispatch(), targets.into_dispatch());
    Tensor::from_dispatch(Dispatch::cross_entropy(logits, targets))
}

fn reference(logits: Tensor<3>, targets: Tensor<2, Int>) -> Tensor<2> {
    let shape = targets.dims();
    log_softmax(logits, 2)
        .gather(2, targets.unsqueeze_dim(2))
        .neg()
        .reshape(shape)
}
