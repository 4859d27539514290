//! AdamW, and the moving average of weights, in few operations: on a GPU starting them takes longer than they do.

#[cfg(feature = "gpu-kernels")]
use burn::optim::AdaptiveMomentumState;
use burn::optim::{AdamWConfig, AdamWState, LearningRate, ModuleOptimizer, Optimizer};
use burn::tensor::{Device, Tensor};

#[cfg(feature = "gpu-kernels")]
mod cube;
#[cfg(feature = "gpu-kernels")]
use burn::backend::tensor::FloatTensor;
#[cfg(feature = "gpu-kernels")]
use burn::backend::{Backend, Dispatch, DispatchDevice, backend_extension};

/// The operations; all tensors are of 32-bit floats and of one shape.
#[cfg(feature = "gpu-kernels")]
#[backend_extension(Cube)]
trait UpdateKernels: Backend {
    /// Weight and both moments after a step.
    fn adamw(
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        first: FloatTensor<Self>,
        second: FloatTensor<Self>,
        step: Step,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    /// `average + share * (value - average)`.
    fn blend(average: FloatTensor<Self>, value: FloatTensor<Self>, share: f32)
    -> FloatTensor<Self>;
}

/// What AdamW does to every number.
#[cfg(feature = "gpu-kernels")]
#[derive(Debug, Clone, Copy)]
struct Step {
    rate: f32,
    beta_1: f32,
    beta_2: f32,
    epsilon: f32,
    /// What is left of a weight.
    decay: f32,
    /// Corrections of the moments' bias towards zero.
    correction_1: f32,
    correction_2: f32,
}

/// AdamW (Loshchilov and Hutter 2019), as burn has it and with its state.
#[derive(Clone)]
pub struct AdamW {
    /// Share of the first moment that stays in a step.
    pub beta_1: f32,
    /// Share of the second moment that stays in a step.
    pub beta_2: f32,
    /// Added to the root of the second moment.
    pub epsilon: f32,
    /// Share of a weight, times the learning rate, that goes in a step.
    pub weight_decay: f32,
}

impl AdamW {
    /// For all parameters of a module.
    pub fn init(self) -> ModuleOptimizer {
        ModuleOptimizer::from(self)
    }

    fn plain(&self) -> burn::optim::AdamW {
        AdamWConfig::new()
            .with_beta_1(self.beta_1)
            .with_beta_2(self.beta_2)
            .with_epsilon(self.epsilon)
            .with_weight_decay(self.weight_decay)
            .build()
    }
}

impl Optimizer for AdamW {
    type State<const D: usize> = AdamWState<D>;

    fn step<const D: usize>(
        &self,
        rate: LearningRate,
        weight: Tensor<D>,
        gradient: Tensor<D>,
        state: Option<Self::State<D>>,
    ) -> (Tensor<D>, Option<Self::State<D>>) {
        #[cfg(feature = "gpu-kernels")]
        if on_gpu(&weight) {
            let state = state.map_or_else(
                || AdaptiveMomentumState::new(0, gradient.zeros_like(), gradient.zeros_like()),
                |state| state.momentum,
            );
            let time = state.time + 1;
            let step = Step {
                rate: rate as f32,
                beta_1: self.beta_1,
                beta_2: self.beta_2,
                epsilon: self.epsilon,
                decay: (1.0 - rate * f64::from(self.weight_decay)) as f32,
                correction_1: 1.0 / (1.0 - self.beta_1.powi(time as i32)),
                correction_2: 1.0 / (1.0 - self.beta_2.powi(time as i32)),
            };
            let (weight, first, second) = Dispatch::adamw(
                weight.into_dispatch(),
                gradient.into_dispatch(),
                state.moment_1.into_dispatch(),
                state.moment_2.into_dispatch(),
                step,
            );
            let of = Tensor::from_dispatch;
            let state = AdaptiveMomentumState::new(time, of(first), of(second));
            return (of(weight), Some(AdamWState::new(state)));
        }
        self.plain().step(rate, weight, gradient, state)
    }

    fn to_device<const D: usize>(state: Self::State<D>, device: &Device) -> Self::State<D> {
        burn::optim::AdamW::to_device(state, device)
    }
}

/// `average + share * (value - average)`, of what is not to be differentiated.
pub fn blend<const D: usize>(average: Tensor<D>, value: Tensor<D>, share: f32) -> Tensor<D> {
    #[cfg(feature = "gpu-kernels")]
    if on_gpu(&average) {
        return Tensor::from_dispatch(Dispatch::blend(
            average.into_dispatch(),
            value.into_dispatch(),
            share,
        ));
    }
    average.clone() + (value - average).mul_scalar(share)
}

#[cfg(feature = "gpu-kernels")]
fn on_gpu<const D: usize>(x: &Tensor<D>) -> bool {
    matches!(x.device().as_dispatch(), DispatchDevice::Cube(_))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::kernels::tests::devices;
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
            let burns = ours.plain();
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
}
