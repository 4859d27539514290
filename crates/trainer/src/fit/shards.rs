//! Gradients of a batch, its cases shared out to threads and devices: one pass of a small network keeps little more
//! than one core busy, several passes side by side keep all of them busy, and several devices are as quick as one for
//! a part of the cases each (data parallelism).
//!
//! burn's own engine for several devices (`burn::tensor::distributed`) is not used. Its collectives run on CUDA alone
//! (NCCL): of the backends of burn 0.22.1, burn-flex leaves `all_reduce` unimplemented, cubecl-wgpu has no transport
//! between devices, and burn-dispatch panics for any of them. It also reduces gradients within each backward pass, once a
//! device, where a step here may have several passes on one.

use burn::module::Module;
use burn::optim::{GradientsAccumulator, GradientsParams};
use burn::tensor::{Device, Tensor};
use std::ops::Range;

use crate::system::{Chosen, side_by_side};

/// What a shard's pass gives beside its gradient.
pub(crate) struct Part<R> {
    /// Mean loss over the shard's cases: `[1]`.
    pub(crate) loss: Tensor<1>,
    /// Anything that is not to be differentiated.
    pub(crate) rest: R,
}

/// Consecutive cases of a batch that one thread differentiates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shard {
    /// Number of the device; the first holds the module.
    pub(crate) device: usize,
    pub(crate) cases: Range<usize>,
}

/// How the cases of a batch are shared out.
#[derive(Debug, Clone)]
pub(crate) struct Shards {
    /// Threads of every device.
    workers: Vec<usize>,
    /// The devices, where there are several.
    devices: Vec<Device>,
    together: usize,
    rounds: usize,
}

impl Shards {
    /// Tiny shards are not worth a thread.
    const FEWEST_CASES: usize = 2;

    /// To so many threads.
    pub(crate) fn new(workers: usize) -> Self {
        Self {
            workers: vec![workers],
            devices: Vec::new(),
            together: 1,
            rounds: 1,
        }
    }

    /// Also to other devices than `home`, on which the module lies and where gradients are added up.
    pub(crate) fn with_replicas(mut self, home: &Device, replicas: &[Chosen]) -> Self {
        if !replicas.is_empty() {
            let others = replicas.iter().map(|replica| replica.device.clone());
            self.devices = std::iter::once(home.clone()).chain(others).collect();
            self.workers.extend(replicas.iter().map(|r| r.workers));
        }
        self
    }

    /// Groups of so many consecutive cases stay together, so that a loss over such a group does not depend on
    /// the number of threads.
    pub(crate) fn keep_together(self, cases: usize) -> Self {
        Self {
            together: cases,
            ..self
        }
    }

    /// So many parts of the batch one after the other, each shared out by itself: gradient accumulation. What passes keep
    /// for their gradients is as large as one part.
    pub(crate) fn in_rounds(self, rounds: usize) -> Self {
        Self { rounds, ..self }
    }

    /// The shards of every round, in order of the cases.
    fn of(&self, cases: usize) -> Vec<Vec<Shard>> {
        let rounds = split(0..cases, self.rounds, self.together);
        let of_round = |round: Range<usize>| -> Vec<Shard> {
            let shares = split(round, self.workers.len(), self.together);
            let of_device = |(device, share): (usize, Range<usize>)| {
                let most = share.len() / Self::FEWEST_CASES.max(self.together);
                let workers = self.workers[device].min(most).max(1);
                let parts = split(share, workers, self.together);
                parts.into_iter().map(move |cases| Shard { device, cases })
            };
            shares.into_iter().enumerate().flat_map(of_device).collect()
        };
        rounds.into_iter().map(of_round).collect()
    }
}

/// At most `parts` consecutive ranges of whole groups of `together` cases, which differ in length by one group at most;
/// none is empty unless all are.
fn split(cases: Range<usize>, parts: usize, together: usize) -> Vec<Range<usize>> {
    let groups = cases.len().div_ceil(together);
    let parts = parts.min(groups).max(1);
    let end = |i: usize| (cases.start + i * groups / parts * together).min(cases.end);
    (0..parts).map(|i| end(i)..end(i + 1)).collect()
}

/// Gradient of the mean loss over `cases` cases, and what every shard's pass gave, in order of the cases.
///
/// Each thread works on a copy of the module, with leaves of its own: burn runs two graphs that share a
/// node one after the other. The copies are made by `valid` and `train`; those that `fork` makes stay in
/// burn-autodiff's table of graphs for good, and every backward pass searches that table. Other devices are sent the weights
/// in every step, so that one optimizer moves them all. The result depends on threads, devices and rounds by rounding only.
pub(crate) fn gradients<M: Module + Sync, R: Send>(
    module: &M,
    cases: usize,
    shards: &Shards,
    pass: impl Fn(&M, Shard) -> Part<R> + Sync,
) -> (GradientsParams, Vec<R>) {
    let home = shards.devices.first();
    let run = |module: &M, shard: Shard| {
        let share = shard.cases.len() as f32 / cases as f32;
        let away = home.filter(|_| shard.device > 0);
        let Part { loss, rest } = pass(module, shard);
        let gradients = loss.mul_scalar(share).backward();
        let gradients = GradientsParams::from_grads(gradients, module);
        let gradients = match away {
            Some(home) => gradients.to_device(home, module),
            None => gradients,
        };
        (gradients, rest)
    };
    let rounds = shards.of(cases);
    let replicas: Vec<M> = match shards.devices.as_slice() {
        [] => vec![module.valid()],
        devices => devices
            .iter()
            .map(|device| module.valid().to_device(device))
            .collect(),
    };
    let mut sum = GradientsAccumulator::new();
    let mut rest = Vec::new();
    for round in rounds {
        let done = match <[Shard; 1]>::try_from(round) {
            Ok([shard]) => vec![run(module, shard)],
            Err(round) => {
                let copies = round
                    .into_iter()
                    .map(|shard| (replicas[shard.device].clone().train(), shard))
                    .collect();
                side_by_side(copies, |(copy, shard)| run(&copy, shard))
            }
        };
        for (gradients, part) in done {
            sum.accumulate(module, gradients);
            rest.push(part);
        }
    }
    (sum.grads(), rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::device;
    use burn::nn::{Linear, LinearConfig};
    use burn::tensor::Distribution;
    use std::time::Instant;

    /// Cases of the shards of a batch.
    fn ranges(shards: &Shards, cases: usize) -> Vec<Range<usize>> {
        let rounds = shards.of(cases).into_iter().flatten();
        rounds.map(|shard| shard.cases).collect()
    }

    #[test]
    fn rounds_are_shared_out_to_devices_and_these_to_threads() {
        let cpu = Chosen {
            workers: 2,
            ..device::cpu()
        };
        let home = cpu.device.clone();
        let shards = Shards::new(1)
            .with_replicas(&home, &[cpu])
            .keep_together(2)
            .in_rounds(2);
        let of = |cases| -> Vec<Vec<(usize, Range<usize>)>> {
            let rounds = shards.of(cases).into_iter();
            let of_round = |round: Vec<Shard>| round.into_iter().map(|s| (s.device, s.cases));
            rounds.map(|round| of_round(round).collect()).collect()
        };
        let [first, second] = of(12).try_into().unwrap();
        assert_eq!(first, [(0, 0..2), (1, 2..4), (1, 4..6)]);
        assert_eq!(second, [(0, 6..8), (1, 8..10), (1, 10..12)]);
        assert_eq!(of(2), [[(0, 0..2)]]);
    }

    #[test]
    fn shards_cover_every_case_once() {
        let of = |workers, cases| ranges(&Shards::new(workers), cases);
        assert_eq!(of(3, 16), [0..5, 5..10, 10..16]);
        assert_eq!(of(8, 6), [0..2, 2..4, 4..6]);
        assert_eq!(of(8, 3).as_slice(), std::slice::from_ref(&(0..3)));
        assert_eq!(of(2, 0).as_slice(), std::slice::from_ref(&(0..0)));
    }

    #[test]
    fn groups_stay_together() {
        let of = |workers, cases| ranges(&Shards::new(workers).keep_together(4), cases);
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
                gradients(&layer, 4, &Shards::new(2), |layer, _| Part {
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
    fn the_gradient_does_not_depend_on_threads_devices_and_rounds() {
        let device = Device::flex().autodiff();
        let layer: Linear = LinearConfig::new(3, 2).init(&device);
        let inputs = Tensor::<2>::random([11, 3], Distribution::Default, &device);
        let of = |shards: Shards| {
            let (gradients, parts) = gradients(&layer, 11, &shards, |layer, shard| {
                let outputs = layer.forward(inputs.clone().slice_dim(0, shard.cases.clone()));
                Part {
                    loss: outputs.square().sum_dim(1).mean(),
                    rest: shard.cases,
                }
            });
            let weight: Tensor<2> = gradients.get(layer.weight.id).unwrap();
            let values: Vec<f32> = weight.into_data().try_to_vec().unwrap();
            (values, parts)
        };
        let (alone, parts) = of(Shards::new(1));
        assert_eq!(parts.as_slice(), std::slice::from_ref(&(0..11)));
        let (threads, parts) = of(Shards::new(2));
        assert_eq!(parts, [0..5, 5..11]);
        let replica = Chosen {
            workers: 1,
            ..device::cpu()
        };
        let (devices, parts) = of(Shards::new(1).with_replicas(&Device::flex(), &[replica]));
        assert_eq!(parts, [0..5, 5..11]);
        let (rounds, parts) = of(Shards::new(2).in_rounds(3));
        assert_eq!(parts, [0..3, 3..5, 5..7, 7..9, 9..11]);
        for shared in [threads, devices, rounds] {
            for (a, b) in alone.iter().zip(&shared) {
                assert!((a - b).abs() < 1e-5, "{alone:?} {shared:?}");
            }
        }
    }
}
