//! Optimizer step: learning-rate schedule, clipping by the norm of the whole gradient (burn's own
//! clips each parameter by itself), and a moving average of the weights.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use mriseg_ops::adamw::blend;
use std::collections::HashMap;

/// Linear warm-up over the share `warmup` of `steps`, then a cosine down to a hundredth.
pub(crate) fn learning_rate(highest: f64, warmup: f64, step: usize, steps: usize) -> f64 {
    const LOWEST: f64 = 0.01;
    let ramp = (warmup * steps as f64).max(1.0);
    let at = step as f64 + 1.0;
    if at < ramp {
        return highest * at / ramp;
    }
    let part = ((at - ramp) / (steps as f64 - ramp).max(1.0)).min(1.0);
    let cosine = 0.5 * (1.0 + (std::f64::consts::PI * part).cos());
    highest * (LOWEST + (1.0 - LOWEST) * cosine)
}

/// Scales all gradients so that their joint norm is at most `limit`; gives the norm before, `[1]`, `None` without
/// any gradient. Nothing is read back from the device.
pub(crate) fn clip_norm<M: Module>(
    module: &M,
    gradients: &mut GradientsParams,
    limit: f32,
) -> Option<Tensor<1>> {
    let mut flat = Flat {
        gradients,
        values: Vec::new(),
    };
    module.visit(&mut flat);
    if flat.values.is_empty() {
        return None;
    }
    let norm = Tensor::cat(flat.values, 0).square().sum().sqrt();
    let factor = norm.clone().recip().mul_scalar(limit).clamp_max(1.0);
    module.visit(&mut Scale { gradients, factor });
    Some(norm)
}

struct Flat<'a> {
    gradients: &'a GradientsParams,
    values: Vec<Tensor<1>>,
}

impl ModuleVisitor for Flat<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.get::<D>(param.id) {
            let count = gradient.shape().num_elements();
            self.values.push(gradient.reshape([count]));
        }
    }
}

struct Scale<'a> {
    gradients: &'a mut GradientsParams,
    /// `[1]`
    factor: Tensor<1>,
}

impl ModuleVisitor for Scale<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.remove::<D>(param.id) {
            let factor = self.factor.clone().reshape([1; D]);
            self.gradients.register(param.id, gradient * factor);
        }
    }
}

/// Takes the gradients of `module` out of all.
pub(crate) fn take_gradients<M: Module>(
    module: &M,
    gradients: &mut GradientsParams,
) -> GradientsParams {
    struct Take<'a> {
        from: &'a mut GradientsParams,
        taken: GradientsParams,
    }

    impl ModuleVisitor for Take<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if let Some(gradient) = self.from.remove::<D>(param.id) {
                self.taken.register(param.id, gradient);
            }
        }
    }

    let mut take = Take {
        from: gradients,
        taken: GradientsParams::new(),
    };
    module.visit(&mut take);
    take.taken
}

/// The decay after `step` steps: smaller at first, so that a random start is soon forgotten.
pub(crate) fn grown_decay(decay: f32, step: usize) -> f32 {
    decay.min((1.0 + step as f32) / (10.0 + step as f32))
}

/// `average += (1 - decay) * (target - average)`, parameter by parameter: what is frozen stays to the bit. The target is
/// `module`, which may have more parameters than its average, or `share * start + (1 - share) * module`.
pub(crate) fn update_average<A: Module, M: Module>(
    average: A,
    module: &M,
    start: Option<(&A, f32)>,
    decay: f32,
) -> A {
    let rate = 1.0 - decay;
    let Some((start, share)) = start else {
        return moved_towards(average, module, rate);
    };
    // What both moves leave of the average is the decay; all that is 0 only if the share is 1 and the decay 0.
    let left = (1.0 - rate * share).max(f32::MIN_POSITIVE);
    let average = moved_towards(average, module, rate * (1.0 - share) / left);
    moved_towards(average, start, rate * share)
}

fn moved_towards<A: Module, M: Module>(average: A, module: &M, rate: f32) -> A {
    let mut current = Collect::default();
    module.visit(&mut current);
    average.map(&mut Blend {
        current: current.values,
        rate,
    })
}

#[derive(Default)]
struct Collect {
    values: HashMap<ParamId, Box<dyn std::any::Any>>,
}

impl ModuleVisitor for Collect {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = param.val().without_autodiff();
        self.values.insert(param.id, Box::new(value));
    }
}

struct Blend {
    current: HashMap<ParamId, Box<dyn std::any::Any>>,
    rate: f32,
}

impl ModuleMapper for Blend {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let id = param.id;
        let current = self.current.remove(&id);
        param.map(
            |average| match current.and_then(|value| value.downcast::<Tensor<D>>().ok()) {
                Some(value) => blend(average, *value, self.rate),
                None => average,
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::nn::{Linear, LinearConfig};
    use burn::tensor::Device;

    #[test]
    fn the_rate_rises_then_falls() {
        let rate = |step| learning_rate(1.0, 0.1, step, 100);
        assert!((rate(0) - 0.1).abs() < 1e-9);
        assert!((rate(9) - 1.0).abs() < 1e-9);
        assert!(rate(50) < 1.0 && rate(50) > rate(80));
        assert!((rate(99) - 0.01).abs() < 1e-9);
    }

    fn layer(device: &Device) -> Linear {
        LinearConfig::new(3, 2).init(device)
    }

    #[test]
    fn clipping_bounds_the_joint_norm() {
        let device = Device::flex().autodiff();
        let layer = layer(&device);
        let gradients = || {
            let output = layer.forward(Tensor::<2>::ones([1, 3], &device));
            GradientsParams::from_grads(output.mul_scalar(10.0).sum().backward(), &layer)
        };
        let clip = |gradients: &mut GradientsParams, limit| -> f32 {
            let norm = clip_norm(&layer, gradients, limit);
            norm.expect("there are gradients").into_scalar()
        };
        let mut clipped = gradients();
        let before = clip(&mut clipped, 1.0);
        assert!((before - 800f32.sqrt()).abs() < 1e-3, "{before}");
        let after = clip(&mut clipped, 1.0);
        assert!((after - 1.0).abs() < 1e-4, "{after}");
        let mut small = gradients();
        clip(&mut small, 1e6);
        assert!((clip(&mut small, 1e6) - before).abs() < 1e-3);
        assert!(clip_norm(&layer, &mut GradientsParams::new(), 1.0).is_none());
    }

    #[test]
    fn the_average_moves_by_the_decay() {
        let device = Device::flex().autodiff();
        let start = layer(&device);
        let zero = start.clone().map(&mut Zero);
        let average = update_average(start.valid(), &zero, None, 0.9);
        let before: Vec<f32> = start.weight.val().into_data().try_to_vec().unwrap();
        let after: Vec<f32> = average.weight.val().into_data().try_to_vec().unwrap();
        for (a, b) in after.iter().zip(before) {
            assert!((a - 0.9 * b).abs() < 1e-6);
        }
    }

    #[test]
    fn the_average_ends_at_the_share_of_the_start() {
        let device = Device::flex().autodiff();
        let start = layer(&device).valid();
        let zero = start.clone().map(&mut Zero);
        let mut average = zero.clone();
        for _ in 0..40 {
            average = update_average(average, &zero, Some((&start, 0.3)), 0.5);
        }
        let values = |layer: &Linear| layer.weight.val().into_data().try_to_vec::<f32>().unwrap();
        for (a, s) in values(&average).iter().zip(values(&start)) {
            assert!((a - 0.3 * s).abs() < 1e-6, "{a} of {s}");
        }
    }

    #[test]
    fn gradients_of_a_part_are_taken_out() {
        let device = Device::flex().autodiff();
        let both = [layer(&device), layer(&device)];
        let x = || Tensor::<2>::ones([1, 3], &device);
        let loss = both[0].forward(x()).sum() + both[1].forward(x()).sum();
        let whole = both.to_vec();
        let mut gradients = GradientsParams::from_grads(loss.backward(), &whole);
        let taken = take_gradients(&both[0], &mut gradients);
        let has = |of: &GradientsParams, layer: &Linear| of.get::<2>(layer.weight.id).is_some();
        assert!(has(&taken, &both[0]) && !has(&taken, &both[1]));
        assert!(has(&gradients, &both[1]) && !has(&gradients, &both[0]));
    }

    #[test]
    fn the_decay_grows() {
        assert_eq!(grown_decay(0.995, 0), 0.1);
        assert!((grown_decay(0.995, 90) - 0.91).abs() < 1e-6);
        assert_eq!(grown_decay(0.995, 1_000_000), 0.995);
    }

    struct Zero;
    impl ModuleMapper for Zero {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            param.map(|value| value.zeros_like())
        }
    }
}
