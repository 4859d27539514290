//! What kernels for the CPU share: matrices packed for vector instructions, threads, and burn-flex's tensors as slices.

pub(crate) mod packed;
pub(crate) mod threads;

use burn::backend::Flex;
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::tensor::TensorData;

pub(crate) type Tensor = FloatTensor<Flex>;

pub(crate) fn dims<const D: usize>(tensor: &Tensor) -> [usize; D] {
    let shape: &[usize] = tensor.layout().shape();
    shape
        .try_into()
        .expect("ranks are those of the documentation")
}

/// The numbers of a contiguous tensor.
pub(crate) fn floats(tensor: &Tensor) -> &[f32] {
    tensor
        .as_slice()
        .expect("contiguous, as the documentation asks for")
}

pub(crate) fn tensor<const D: usize>(values: Vec<f32>, shape: [usize; D]) -> Tensor {
    Tensor::from_data(TensorData::new(values, shape))
}

/// Values in the shape of `tensor`.
#[cfg(feature = "gradients")]
pub(crate) fn like(tensor: &Tensor, values: Vec<f32>) -> Tensor {
    let shape = tensor.layout().shape().clone();
    Tensor::from_data(TensorData::new(values, shape))
}

#[cfg(feature = "gradients")]
pub(crate) fn indices(indices: IntTensor<Flex>) -> Vec<usize> {
    let indices = indices.into_data();
    indices.iter::<i64>().map(|index| index as usize).collect()
}
