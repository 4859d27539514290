//! Gradients of a batch, its cases shared out to threads: one pass of a small network keeps little more
//! than one core busy, several passes side by side keep all of them busy.

use burn::module::Module;
use burn::optim::{GradientsAccumulator, GradientsParams};
use burn::tensor::{Device, Tensor};
use std::ops::Range;

use crate::threads::side_by_side;

/// What a shard's pass gives beside its gradient.
pub(crate) struct Part<R> {
    /// Mean loss over the shard's cases: `[1]`.
    pub(crate) loss: Tensor<1>,
    /// Anything that is not to be differentiated.
    pub(crate) rest: R,
}

/// Gradient of the mean loss over `cases` cases, and what every shard's pass gave, in order of the cases.
///
/// Each thread works on a fork of the module, with leaves of its own: burn runs two graphs that share a
/// node one after the other. The result depends on `workers` by rounding only.
pub(crate) fn gradients<M: Module + Sync, R: Send>(
    module: &M,
    device: &Device,
    cases: usize,
    workers: usize,
    pass: impl Fn(&M, Range<usize>) -> Part<R> + Sync,
) -> (GradientsParams, Vec<R>) {
    let run = |module: &M, range: Range<usize>| {
        let share = range.len() as f32 / cases as f32;
        let Part { loss, rest } = pass(module, range);
        let gradients = loss.mul_scalar(share).backward();
        (GradientsParams::from_grads(gradients, module), rest)
    };
    let shards = shards(cases, workers);
    let done = if shards.len() == 1 {
        vec![run(module, 0..cases)]
    } else {
        let forks = shards
            .into_iter()
            .map(|range| (module.clone().fork(device), range))
            .collect();
        side_by_side(forks, |(fork, range)| run(&fork, range))
    };
    let mut sum = GradientsAccumulator::new();
    let mut rest = Vec::with_capacity(done.len());
    for (gradients, part) in done {
        sum.accumulate(module, gradients);
        rest.push(part);
    }
    (sum.grads(), rest)
}

/// `cases` in consecutive ranges that differ in length by one at most; tiny shards are not worth a thread.
fn shards(cases: usize, workers: usize) -> Vec<Range<usize>> {
    const FEWEST_CASES: usize = 2;
    let count = workers.min(cases / FEWEST_CASES).max(1);
    (0..count)
        .map(|i| i * cases / count..(i + 1) * cases / count)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::nn::{Linear, LinearConfig};
    use burn::tensor::Distribution;

    #[test]
    fn shards_cover_every_case_once() {
        assert_eq!(shards(16, 3), [0..5, 5..10, 10..16]);
        assert_eq!(shards(6, 8), [0..2, 2..4, 4..6]);
        assert_eq!(shards(3, 8).as_slice(), std::slice::from_ref(&(0..3)));
        assert_eq!(shards(0, 2).as_slice(), std::slice::from_ref(&(0..0)));
    }

    #[test]
    fn the_gradient_does_not_depend_on_the_number_of_threads() {
        let device = Device::flex().autodiff();
        let layer: Linear = LinearConfig::new(3, 2).init(&device);
        let inputs = Tensor::<2>::random([11, 3], Distribution::Default, &device);
        let of = |workers| {
            let (gradients, parts) = gradients(&layer, &device, 11, workers, |layer, range| {
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
