//! Whether the text part of the sequence tells what the sentence asks for. Not the paper's: a mask says little about
//! each word, and this teaches thousands of wordings in a fraction of the steps.

use super::binary_cross_entropy;
use burn::tensor::{Tensor, assert_shape};

/// Binary cross-entropy of what sentences ask for, bit by bit: `[1]`. Sentences of which nothing is `known` count
/// nothing.
///
/// # Shapes
/// - logits: `[batch, bits]`
/// - asked: the same, values 0 or 1
/// - known: `[batch, 1]`, values 0 or 1
pub fn sentence_reading_loss(logits: Tensor<2>, asked: Tensor<2>, known: Tensor<2>) -> Tensor<1> {
    let [batch, bits] = logits.dims();
    assert_shape!(asked, [batch, bits]);
    assert_shape!(known, [batch, 1]);
    let losses = binary_cross_entropy(logits, asked);
    let count = known.clone().sum().clamp_min(1.0).mul_scalar(bits as f64);
    (losses * known).sum() / count
}

/// The mean of the states of each sentence's own tokens: `[batch, d_model]`. What pads a sentence counts nothing, as it
/// differs from batch to batch; a sentence without tokens gives zeros.
///
/// # Shapes
/// - states: `[batch, length, d_model]`
/// - own: `[batch, length]`, 1 for a token of the sentence, 0 for what pads it
pub fn sentence_mean(states: Tensor<3>, own: Tensor<2>) -> Tensor<2> {
    let [batch, length, _] = states.dims();
    assert_shape!(own, [batch, length]);
    let count = own.clone().sum_dim(1).clamp_min(1.0);
    (states * own.unsqueeze_dim(2)).sum_dim(1).squeeze_dim(1) / count
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    fn loss(logits: [[f32; 2]; 2], asked: [[f32; 2]; 2], known: [[f32; 1]; 2]) -> f32 {
        let device = Device::flex();
        sentence_reading_loss(
            Tensor::from_data(logits, &device),
            Tensor::from_data(asked, &device),
            Tensor::from_data(known, &device),
        )
        .into_scalar::<f32>()
    }

    #[test]
    fn a_logit_of_zero_costs_log_2_and_unknown_sentences_nothing() {
        let log_2 = std::f32::consts::LN_2;
        let zero = [[0.0; 2]; 2];
        let value = loss(zero, [[1.0, 0.0], [0.0, 0.0]], [[1.0], [1.0]]);
        assert!((value - log_2).abs() < 1e-6, "{value}");
        let half = loss([[0.0; 2], [9.0; 2]], zero, [[1.0], [0.0]]);
        assert!((half - log_2).abs() < 1e-6, "{half}");
        assert_eq!(loss(zero, zero, [[0.0], [0.0]]), 0.0);
    }

    #[test]
    fn a_sure_and_right_answer_costs_little_and_a_sure_wrong_one_much() {
        let asked = [[1.0, 0.0]; 2];
        let known = [[1.0]; 2];
        assert!(loss([[8.0, -8.0]; 2], asked, known) < 1e-3);
        assert!((loss([[-8.0, 8.0]; 2], asked, known) - 8.0).abs() < 1e-2);
    }

    #[test]
    fn what_pads_a_sentence_counts_nothing() {
        let device = Device::flex();
        let mean = |states: [[[f32; 1]; 3]; 2]| {
            let own = Tensor::from_data([[1.0, 1.0, 0.0], [0.0, 0.0, 0.0]], &device);
            let mean = sentence_mean(Tensor::from_data(states, &device), own);
            assert_eq!(mean.dims(), [2, 1]);
            mean.into_data().try_to_vec::<f32>().unwrap()
        };
        let short = mean([[[1.0], [4.0], [0.0]], [[0.0], [0.0], [0.0]]]);
        let padded = mean([[[1.0], [4.0], [70.0]], [[9.0], [9.0], [9.0]]]);
        assert_eq!(short, [2.5, 0.0]);
        assert_eq!(padded, short);
    }
}
