//! AdamW (Loshchilov and Hutter 2019, arXiv 1711.05101) and the moving average of weights, one kernel per parameter: on a
//! GPU the launches cost more than the arithmetic, on a CPU the passes over memory.
//!
//! With gradient `g`: `m = β₁ m + (1 − β₁) g`, `v = β₂ v + (1 − β₂) g²`, and
//! `w = w (1 − rate decay) − rate m̂ / (sqrt(v̂) + ε)`, where `m̂ = m / (1 − β₁ᵗ)` and `v̂ = v / (1 − β₂ᵗ)`.

#[cfg(feature = "cpu")]
mod cpu;
#[cfg(feature = "gpu")]
mod gpu;
#[cfg(test)]
mod tests;

use crate::Capability;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::optim::{
    AdamWConfig, AdamWState, AdaptiveMomentumState, LearningRate, ModuleOptimizer, Optimizer,
};
use burn::tensor::{Device, Tensor};

/// The operations of a backend; all tensors are of one shape.
#[backend_extension(Cube: cfg(feature = "gpu"), Flex: cfg(feature = "cpu"))]
pub trait UpdateOp: Backend {
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

/// The constants of a step.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// Learning rate.
    pub rate: f32,
    /// `β₁`
    pub beta_1: f32,
    /// `β₂`
    pub beta_2: f32,
    /// `ε`
    pub epsilon: f32,
    /// Share of a weight that is left.
    pub decay: f32,
    /// `1 / (1 − β₁ᵗ)`
    pub correction_1: f32,
    /// `1 / (1 − β₂ᵗ)`
    pub correction_2: f32,
}

/// AdamW, as burn has it and with its state.
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

    fn reference(&self) -> burn::optim::AdamW {
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
        if !has_kernels(&weight) {
            return self.reference().step(rate, weight, gradient, state);
        }
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
        let [weight, first, second] = [weight, first, second].map(Tensor::from_dispatch);
        let state = AdaptiveMomentumState::new(time, first, second);
        (weight, Some(AdamWState::new(state)))
    }

    fn to_device<const D: usize>(state: Self::State<D>, device: &Device) -> Self::State<D> {
        burn::optim::AdamW::to_device(state, device)
    }
}

/// `average + share * (value - average)`, of tensors that are not differentiated.
pub fn blend<const D: usize>(average: Tensor<D>, value: Tensor<D>, share: f32) -> Tensor<D> {
    if !has_kernels(&average) {
        return average.clone() + (value - average).mul_scalar(share);
    }
    let (average, value) = (average.into_dispatch(), value.into_dispatch());
    Tensor::from_dispatch(Dispatch::blend(average, value, share))
}

fn has_kernels<const D: usize>(x: &Tensor<D>) -> bool {
    let device = x.device();
    !device.is_autodiff() && Capability::of(&device) != Capability::Reference
}
