//! What kernels for the CPU share: matrices packed for vector instructions, threads, and burn-flex's tensors as slices.

pub(crate) mod convolution;
pub(crate) mod packed;
#[cfg(feature = "gradients")]
pub(crate) mod shapes;
pub(crate) mod threads;
pub(crate) mod vector;

use burn::backend::Flex;
use burn::backend::tensor::FloatTensor;
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

/// The numbers of a tensor on the CPU.
pub(crate) fn numbers<const D: usize>(x: burn::tensor::Tensor<D>) -> Vec<f32> {
    (x.into_data().try_into_vec()).expect("the CPU's tensors are of f32")
}

pub(crate) fn tensor<const D: usize>(values: Vec<f32>, shape: [usize; D]) -> Tensor {
    Tensor::from_data(TensorData::new(values, shape))
}
