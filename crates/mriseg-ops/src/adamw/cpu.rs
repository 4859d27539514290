//! One pass over the numbers, where operations on tensors would be a dozen.

use super::{Step, UpdateOp};
use crate::cpu::{Tensor, floats};
use burn::backend::Flex;
use rayon::prelude::*;

/// Numbers that are worth a thread's while.
const CHUNK: usize = 1 << 14;

impl UpdateOp for Flex {
    fn adamw(
        weight: Tensor,
        gradient: Tensor,
        first: Tensor,
        second: Tensor,
        step: Step,
    ) -> (Tensor, Tensor, Tensor) {
        let gradient = gradient.to_contiguous();
        let [mut weight, mut first, mut second] =
            [weight, first, second].map(|x| x.to_contiguous());
        let numbers = (weight.storage_mut::<f32>().par_chunks_mut(CHUNK))
            .zip(first.storage_mut::<f32>().par_chunks_mut(CHUNK))
            .zip(second.storage_mut::<f32>().par_chunks_mut(CHUNK))
            .zip(floats(&gradient).par_chunks(CHUNK));
        numbers.for_each(|(((weight, first), second), gradient)| {
            let numbers = weight.iter_mut().zip(first).zip(second).zip(gradient);
            for (((weight, first), second), gradient) in numbers {
                step.take(weight, first, second, *gradient);
            }
        });
        (weight, first, second)
    }

    fn blend(average: Tensor, value: Tensor, share: f32) -> Tensor {
        let value = value.to_contiguous();
        let mut average = average.to_contiguous();
        let numbers = (average.storage_mut::<f32>().par_chunks_mut(CHUNK))
            .zip(floats(&value).par_chunks(CHUNK));
        numbers.for_each(|(average, value)| {
            for (average, value) in average.iter_mut().zip(value) {
                *average += share * (value - *average);
            }
        });
        average
    }
}

impl Step {
    fn take(&self, weight: &mut f32, first: &mut f32, second: &mut f32, gradient: f32) {
        *first = self.beta_1 * *first + (1.0 - self.beta_1) * gradient;
        *second = self.beta_2 * *second + (1.0 - self.beta_2) * gradient * gradient;
        let root = (*second * self.correction_2).sqrt() + self.epsilon;
        *weight = *weight * self.decay - self.rate * (*first * self.correction_1 / root);
    }
}
