//! Losses as free functions: weights, memory and random choices are arguments.

mod hard_error;
mod next_token;
mod presence;
mod reading;
mod reconstruction;
mod token_contrast;

pub use hard_error::{HardErrorMemory, hard_token_loss, hard_token_weights};
pub use next_token::{next_k_token_loss, next_token_loss, token_losses};
pub use presence::presence_loss;
pub use reading::{sentence_mean, sentence_reading_loss};
pub use reconstruction::{mask_reconstruction_loss, picture_reconstruction_loss};
pub use token_contrast::{ContrastTokens, code_likeness, patch_likeness, token_contrastive_loss};

use burn::tensor::Tensor;
use burn::tensor::activation::log_sigmoid;

/// Binary cross-entropy of every logit.
fn binary_cross_entropy<const D: usize>(logits: Tensor<D>, truth: Tensor<D>) -> Tensor<D> {
    logits.clone() * (truth.neg() + 1.0) - log_sigmoid(logits)
}

/// Compares the gradient of `loss` at a random point with central differences.
#[cfg(test)]
pub(crate) fn check_gradient(shape: [usize; 3], loss: impl Fn(Tensor<3>) -> Tensor<1>) {
    use burn::tensor::{Device, TensorData};
    const STEP: f32 = 1e-2;
    let device = Device::flex().autodiff();
    let count = shape.iter().product::<usize>();
    let start: Vec<f32> = (0..count)
        .map(|i| ((i as f32 + 1.0) * 12.9898).sin() * 1.5)
        .collect();
    let at = |values: Vec<f32>| Tensor::<3>::from_data(TensorData::new(values, shape), &device);
    let point = at(start.clone()).require_grad();
    let gradients = loss(point.clone()).backward();
    let gradient = point.grad(&gradients).expect("the loss uses its argument");
    let gradient: Vec<f32> = gradient.into_data().iter::<f32>().collect();
    for i in 0..count {
        let shifted = |by: f32| {
            let mut values = start.clone();
            values[i] += by;
            loss(at(values)).into_scalar::<f32>()
        };
        let expected = (shifted(STEP) - shifted(-STEP)) / (2.0 * STEP);
        assert!(
            (gradient[i] - expected).abs() < 2e-3,
            "entry {i}: {} instead of {expected}",
            gradient[i]
        );
    }
}
