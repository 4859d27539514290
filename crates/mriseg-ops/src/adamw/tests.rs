use super::*;
use crate::testing::devices;
use burn::tensor::{Distribution, Tolerance};

fn assert_equal(found: Tensor<2>, expected: Tensor<2>) {
    let tolerance = Tolerance::rel_abs(1e-5, 1e-6);
    let (found, expected) = (found.into_data(), expected.into_data());
    found.assert_approx_eq::<f32>(&expected, tolerance);
}

#[test]
fn steps_are_those_of_burn() {
    for device in devices() {
        device.seed(2);
        let random = || Tensor::<2>::random([7, 33], Distribution::Normal(0.0, 1.0), &device);
        let ours = AdamW {
            beta_1: 0.9,
            beta_2: 0.95,
            epsilon: 1e-8,
            weight_decay: 0.05,
        };
        let burns = ours.reference();
        let start = random();
        let (mut found, mut expected) = ((start.clone(), None), (start, None));
        for _ in 0..3 {
            let gradient = random();
            found = ours.step(0.01, found.0, gradient.clone(), found.1);
            expected = burns.step(0.01, expected.0, gradient, expected.1);
        }
        assert_equal(found.0, expected.0);
        let (found, expected) = (found.1.unwrap().momentum, expected.1.unwrap().momentum);
        assert_eq!(found.time, expected.time);
        assert_equal(found.moment_1, expected.moment_1);
        assert_equal(found.moment_2, expected.moment_2);
    }
}

#[test]
fn a_blend_lies_between() {
    for device in devices() {
        let of = |value: f32| Tensor::<2>::full([3, 5], value, &device);
        assert_equal(blend(of(1.0), of(3.0), 0.25), of(1.5));
    }
}
