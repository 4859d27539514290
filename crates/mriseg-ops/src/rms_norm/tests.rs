use super::*;
use crate::testing::{compare, random, training_devices};

#[test]
fn the_norm_and_its_gradients_are_those_of_the_reference() {
    for device in training_devices() {
        for shape in [[1, 1, 4], [2, 9, 35], [3, 100, 96]] {
            let (x, gamma) = (random(shape, &device), random([shape[2]], &device));
            let found = || rms_norm(x.clone(), gamma.clone(), 1e-5);
            let expected = || reference(x.clone(), gamma.clone(), 1e-5);
            compare(&x, found(), expected());
            compare(&gamma, found(), expected());
        }
    }
}
