use super::*;
use crate::testing::{compare, random, training_devices};

#[test]
fn cross_entropy_and_its_gradient_are_those_of_the_reference() {
    for device in training_devices() {
        for [batch, positions, codes] in [[1, 1, 2], [2, 7, 29], [3, 4, 164]] {
            let logits = random([batch, positions, codes], &device);
            let targets = Tensor::<1, Int>::arange(0..(batch * positions) as i64, &device)
                .mul_scalar(7)
                .remainder_scalar(codes as i64)
                .reshape([batch, positions]);
            compare(
                &logits,
                cross_entropy(logits.clone(), targets.clone()),
                reference(logits.clone(), targets),
            );
        }
    }
}
