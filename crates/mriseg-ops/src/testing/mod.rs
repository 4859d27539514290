//! Devices to test on, and comparisons of kernels with references.

mod devices;

use crate::capability::trains;
use crate::precision::{Precision, autocast};
use crate::{Capability, MixedPrecision};
use burn::tensor::{Device, Distribution, Tensor, Tolerance};

/// The processor, and a GPU where there is one, if this build has kernels for them.
pub(crate) fn devices() -> impl Iterator<Item = Device> {
    let all = devices::devices().into_iter();
    all.filter(|device| Capability::of(device) != Capability::Reference)
}

/// [`devices`] with gradients.
pub(crate) fn training_devices() -> impl Iterator<Item = Device> {
    devices().map(|device| {
        device.seed(3);
        device.autodiff()
    })
}

/// A random tensor that is differentiated.
pub(crate) fn random<const D: usize>(shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::random(shape, Distribution::Normal(0.0, 1.5), device).require_grad()
}

/// Equal up to rounding.
pub(crate) fn assert_equal<const D: usize>(found: Tensor<D>, expected: Tensor<D>) {
    assert_within(1e-4, found, expected);
}

/// Equal up to a relative error of 1e-4 and an absolute one of `absolute`.
pub(crate) fn assert_within<const D: usize>(absolute: f64, found: Tensor<D>, expected: Tensor<D>) {
    let tolerance = Tolerance::rel_abs(1e-4, absolute);
    (found.into_data()).assert_approx_eq::<f32>(&expected.into_data(), tolerance);
}

/// [`compare_within`] an absolute error of 1e-4.
pub(crate) fn compare<const D: usize, const E: usize>(
    input: &Tensor<D>,
    found: Tensor<E>,
    expected: Tensor<E>,
) {
    compare_within(1e-4, input, found, expected);
}

/// Compares outputs, and gradients of `input`, of a sum in which every output weighs differently.
pub(crate) fn compare_within<const D: usize, const E: usize>(
    absolute: f64,
    input: &Tensor<D>,
    found: Tensor<E>,
    expected: Tensor<E>,
) {
    assert!(
        trains(&found),
        "the reference would be compared with itself"
    );
    assert_within(absolute, found.clone(), expected.clone());
    let weights = found.random_like(Distribution::Normal(0.0, 1.0)).detach();
    let gradient = |output: Tensor<E>| {
        let gradients = (output * weights.clone()).sum().backward();
        input.grad(&gradients).unwrap()
    };
    assert_within(absolute, gradient(found), gradient(expected));
}

/// Compares outputs, and gradients of `input`, in 16 bits with those in 32: they are rounded, and no gradient is too small.
pub(crate) fn compare_precisions<const D: usize, const E: usize>(
    input: &Tensor<D>,
    compute: impl Fn() -> Tensor<E>,
) {
    let weights = compute()
        .random_like(Distribution::Normal(0.0, 1e-9))
        .detach();
    let run = |precision| {
        let output = autocast(precision, &compute);
        let gradients = (output.clone() * weights.clone()).sum().backward();
        let gradient = input.grad(&gradients).unwrap();
        [output.flatten::<1>(0, E - 1), gradient.flatten(0, D - 1)]
    };
    let exact = run(Precision::F32);
    for (precision, most) in [(Precision::Bf16, 1e-2), (Precision::F16, 1e-3)] {
        if MixedPrecision::of(&input.device(), precision) == MixedPrecision::Missing {
            println!("skipped: {:?} has no {precision}", input.device());
            continue;
        }
        for (found, exact) in run(precision).into_iter().zip(&exact) {
            let norm = |x: Tensor<1>| -> f32 { x.square().sum().sqrt().into_scalar() };
            let apart = norm(found - exact.clone()) / norm(exact.clone());
            assert!(apart > 1e-6 && apart < most, "{precision}: {apart}");
        }
    }
}
