use super::*;
use crate::testing::{compare, compare_precisions, random, training_devices};

#[test]
fn products_and_their_gradients_are_those_of_the_reference() {
    for device in training_devices() {
        for [batch, tokens, d_in, d_out] in [
            [1, 1, 1, 1],
            [2, 65, 33, 70],
            [1, 130, 16, 132],
            [3, 400, 20, 31],
            [2, 4, 96, 68],
        ] {
            let x = random([batch, tokens, d_in], &device);
            let reference = |weight: Tensor<2>| {
                let rows = x.clone().reshape([batch * tokens, d_in]);
                rows.matmul(weight).reshape([batch, tokens, d_out])
            };
            let weight = random([d_in, d_out], &device);
            let found = || linear(x.clone(), weight.clone(), None);
            compare(&x, found(), reference(weight.clone()));
            compare(&weight, found(), reference(weight.clone()));
            // As the code embeddings are, which are read both ways.
            let transposed = random([d_out, d_in], &device);
            let weight = || transposed.clone().transpose();
            let found = || linear(x.clone(), weight(), None);
            compare(&x, found(), reference(weight()));
            compare(&transposed, found(), reference(weight()));
        }
    }
}

#[test]
fn factors_of_16_bits_give_the_products_of_32_but_for_rounding() {
    for device in training_devices() {
        for [tokens, d_in, d_out] in [[1, 8, 12], [130, 33, 70], [1300, 16, 132]] {
            let x = random([1, tokens, d_in], &device);
            let weight = random([d_in, d_out], &device);
            let product = || linear(x.clone(), weight.clone(), None);
            compare_precisions(&x, product);
            compare_precisions(&weight, product);
        }
    }
}
