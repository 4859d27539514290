use super::*;
use crate::testing::{assert_equal, compare, devices, random, training_devices};
use burn::tensor::Distribution;

#[test]
fn swiglu_and_its_gradient_are_those_of_the_reference() {
    for device in training_devices() {
        for shape in [[1, 1, 2], [2, 5, 38], [3, 4, 64]] {
            let x = random(shape, &device);
            compare(&x, swiglu(x.clone()), reference(x.clone()));
        }
    }
}

#[test]
fn constants_are_computed_all_the_same() {
    for device in devices() {
        let x = Tensor::<3>::random([2, 3, 8], Distribution::Default, &device);
        assert_equal(swiglu(x.clone()), reference(x.clone()));
        let constant = Tensor::from_data(x.to_data(), &device.clone().autodiff());
        assert_equal(swiglu(constant.clone()), reference(constant));
    }
}
