//! Mixed precision (Micikevicius et al. 2018, arXiv 1710.03740): the factors of matrix products have 16 bits; their sums,
//! everything between them, weights and gradients have 32.
//!
//! Gradients are small: in [`Precision::F16`] many would be zero. Where a gradient is a factor, it is scaled so that its
//! largest number is 1 024, and the products are scaled back, tensor by tensor; nothing has to be chosen or remembered
//! between steps, as a scale of the loss would be.

#[cfg(feature = "gradients")]
use burn::backend::tensor::FloatTensor;
#[cfg(feature = "gradients")]
use burn::backend::{Backend, TensorMetadata};
#[cfg(feature = "gradients")]
use burn::tensor::{DType, Shape};
use serde::{Deserialize, Serialize};
use std::cell::Cell;
use std::fmt::{self, Display, Formatter};

/// What the factors of matrix products are rounded to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// Nothing is rounded.
    #[default]
    F32,
    /// `bfloat16`: the range of 32 bits, 8 significant bits.
    Bf16,
    /// IEEE half precision: up to 65 504, 11 significant bits.
    F16,
}

impl Display for Precision {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
            Self::F16 => "f16",
        })
    }
}

thread_local! {
    static CURRENT: Cell<Precision> = const { Cell::new(Precision::F32) };
}

/// Runs `pass`; the operations that it calls on this thread compute in `precision`, and so do their gradients, wherever and
/// whenever those are computed. Of the operations, [`linear`](crate::linear), [`attention`](crate::attention) and
/// [`pointwise`](crate::separable::pointwise) multiply matrices.
pub fn autocast<R>(precision: Precision, pass: impl FnOnce() -> R) -> R {
    struct Restore(Precision);
    impl Drop for Restore {
        fn drop(&mut self) {
            CURRENT.set(self.0);
        }
    }
    let _restore = Restore(CURRENT.replace(precision));
    pass()
}

/// That of the innermost [`autocast`] of this thread.
pub(crate) fn current() -> Precision {
    CURRENT.get()
}

/// What the largest number of a gradient becomes in [`Precision::F16`]: far from the largest one there is, as sums of a few
/// are factors too.
#[cfg(feature = "gradients")]
const LARGEST: f32 = 1024.0;

#[cfg(feature = "gradients")]
impl Precision {
    /// Of tensors that are rounded.
    pub(crate) fn half(self) -> Option<DType> {
        match self {
            Self::F32 => None,
            Self::Bf16 => Some(DType::BF16),
            Self::F16 => Some(DType::F16),
        }
    }

    /// The results of `backward`, which are linear in the gradient that it is given.
    pub(crate) fn scaled<B: Backend, const N: usize>(
        self,
        grad: FloatTensor<B>,
        backward: impl FnOnce(FloatTensor<B>) -> [FloatTensor<B>; N],
    ) -> [FloatTensor<B>; N] {
        if self != Self::F16 {
            return backward(grad);
        }
        // A gradient without any number but 0 stays as it is.
        let largest = B::float_clamp_min(B::float_max_abs(grad.clone()), f32::MIN_POSITIVE.into());
        let times = |x: FloatTensor<B>, factor: FloatTensor<B>| {
            let ones = Shape::from(vec![1; x.shape().num_dims()]);
            B::float_mul(x, B::float_reshape(factor, ones))
        };
        let unit = times(grad, B::float_recip(largest.clone()));
        let results = backward(B::float_mul_scalar(unit, LARGEST.into()));
        let back = B::float_mul_scalar(largest, LARGEST.recip().into());
        results.map(|result| times(result, back.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_precision_ends_with_its_pass() {
        autocast(Precision::F16, || {
            assert_eq!(current(), Precision::F16);
            autocast(Precision::F32, || assert_eq!(current(), Precision::F32));
            let failed =
                std::panic::catch_unwind(|| autocast(Precision::Bf16, || panic!("on purpose")));
            assert!(failed.is_err());
            assert_eq!(current(), Precision::F16);
            let elsewhere = std::thread::spawn(current).join().unwrap();
            assert_eq!(elsewhere, Precision::F32);
        });
        assert_eq!(current(), Precision::F32);
    }
}
