//! Gradients of a batch, its cases shared out to threads: one pass of a small network keeps little more
//! than one core busy, several passes side by side keep all of them busy.

use burn::module::Module;
use burn::optim::{GradientsAccumulator, GradientsParams};
use burn::tensor::Tensor;
use std::ops::Range;

use crate::system::side_by_side;

/// What a shard's pass gives beside its gradient.
pub(crate) struct Part<R> {
    /// Mean loss over the shard's cases: `[1]`.
    pub(crate) loss: Tensor<1>,
    /// Anything that is not to be differentiated.
    pub(crate) rest: R,
}

/// How the cases of a batch are shared out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shards {
    workers: usize,
    together: usize,
}

impl Shards {
    /// Tiny shards are not worth a thread.
    const FEWEST_CASES: usize = 2;

    /// To so many threads.
    pub(crate) fn new(workers: usize) -> Self {
        Self {
            workers,
            together: 1,
        }
    }

    /// Groups of so many consecutive cases stay together, so that a loss over such a group does not depend on
    /// the number of threads.
    pub(crate) fn keep_together(self, cases: usize) -> Self {
        Self {
            together: cases,
            ..self
        }
    }

    /// Consecutive ranges that differ in length by one group at most.
    fn of(self, cases: usize) -> Vec<Range<usize>> {
        let groups = cases.div_ceil(self.together);
        let most = cases / Self::FEWEST_CASES.max(self.together);
        let count = self.workers.min(most).max(1);
        let end = |i: usize| (i * groups / count * self.together).min(cases);
        (0..count).map(|i| end(i)..end(i + 1)).collect()
    }
}

/// Gradient of the mean loss over `cases` cases, and what every shard's pass gave, in order of the cases.
///
/// Each thread works on a copy of the module, with leaves of its own: burn runs two graphs that share a
/// node one after the other. The copies are made by `valid` and `train`; those that `fork` makes stay in
/// burn-autodiff's table of graphs for good, and every backward pass searches that table. The result depends on the number of threads by rounding only.
pub(crate) fn gradients<M: Module + Sync, R: Send>(
    module: &M,
    cases: usize,
    shards: Shards,
    pass: impl Fn(&M, Range<usize>) -> Part<R> + Sync,
) -> (GradientsParams, Vec<R>) {
    let run = |module: &M, range: Range<usize>| {
        let share = range.len() as f32 / cases as f32;
        let Part { loss, rest } = pass(module, range);
        let gradients = loss.mul_scalar(share).backward();
        (GradientsParams::from_grads(gradients, module), rest)
    };
    let shards = shards.of(cases);
    let done = if shards.len() == 1 {
        vec![run(module, 0..cases)]
    } else {
        let copies = shards
            .into_iter()
            .map(|range| (module.valid().train(), range))
            .collect();
        side_by_side(copies, |(copy, range)| run(&copy, range))
    };
    let mut sum = GradientsAccumulator::new();
    let mut rest = Vec::with_capacity(done.len());
    for (gradients, part) in done {
        sum.accumulate(module, gradients);
        rest.push(part);
    }
    (sum.grads(), rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::nn::{Linear, LinearConfig};
    use burn::tensor::{Device, Distribution};
    use std::time::Instant;

    #[test]
    fn shards_cover_every_case_once() {
        let of = |workers, cases| Shards::new(workers).of(cases);
        assert_eq!(of(3, 16), [0..5, 5..10, 10..16]);
        assert_eq!(of(8, 6), [0..2, 2..4, 4..6]);
        assert_eq!(of(8, 3).as_slice(), std::slice::from_ref(&(0..3)));
        assert_eq!(of(2, 0).as_slice(), std::slice::from_ref(&(0..0)));
    }

    #[test]
    fn groups_stay_together() {
        let of = |workers, cases| Shards::new(workers).keep_together(4).of(cases);
        assert_eq!(of(2, 8), [0..4, 4..8]);
        assert_eq!(of(3, 16), [0..4, 4..8, 8..16]);
        assert_eq!(of(8, 10), [0..4, 4..10]);
        assert_eq!(of(8, 3).as_slice(), std::slice::from_ref(&(0..3)));
    }

    #[test]
    fn a_step_late_in_a_run_takes_no_longer_than_an_early_one() {
        let device = Device::flex().autodiff();
        let layer: Linear = LinearConfig::new(3, 3).init(&device);
        let inputs = Tensor::<2>::ones([4, 3], &device);
        let steps = |count| {
            let start = Instant::now();
            for _ in 0..count {
                gradients(&layer, 4, Shards::new(2), |layer, _| Part {
                    loss: layer.forward(inputs.clone()).mean(),
                    rest: (),
                });
            }
            start.elapsed()
        };
        steps(50);
        let early = steps(200);
        steps(1500);
        let late = steps(200);
        assert!(late < 3 * early, "{early:?}, then {late:?}");
    }

    #[test]
    fn the_gradient_does_not_depend_on_the_number_of_threads() {
        let device = Device::flex().autodiff();
        let layer: Linear = LinearConfig::new(3, 2).init(&device);
        let inputs = Tensor::<2>::random([11, 3], Distribution::Default, &device);
        let of = |workers| {
            let (gradients, parts) = gradients(&layer, 11, Shards::new(workers), |layer, range| {
                let outputs = layer.forward(inputs.clone().slice_dim(0, range.clone()));
                Part {
                    loss: outputs.square().sum_dim(1).mean(),
                    rest: range,
                }
            });
            let weight: Tensor<2> = gradients.get(layer.weight.id).unwrap();
            let values: Vec<f32> = weight.into_data().try_to_vec().unwrap();
            (values, parts)
        };
        let (alone, parts) = of(1);
        assert_eq!(parts.as_slice(), std::slice::from_ref(&(0..11)));
        let (shared, parts) = of(2);
        assert_eq!(parts, [0..5, 5..11]);
        for (a, b) in alone.iter().zip(&shared) {
            assert!((a - b).abs() < 1e-5, "{alone:?} {shared:?}");
        }
    }
}
