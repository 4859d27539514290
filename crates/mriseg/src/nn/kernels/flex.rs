//! Decoding and convolutions on the CPU, natively and in the browser. Matrices lie in [`panels`], so that a product of
//! few rows streams through memory once.

mod attend;
mod convolve;
pub(in crate::nn) mod decoder;
pub(in crate::nn) mod panels;
mod separable;

use burn::backend::Flex;
use burn::backend::tensor::FloatTensor;
use burn::tensor::TensorData;

type Tensor = FloatTensor<Flex>;

pub(in crate::nn) fn dims<const D: usize>(tensor: &Tensor) -> [usize; D] {
    let shape: &[usize] = tensor.layout().shape();
    shape
        .try_into()
        .expect("ranks are those of the documentation")
}

pub(in crate::nn) fn floats(tensor: &Tensor) -> &[f32] {
    tensor
        .as_slice()
        .expect("contiguous, as the documentation asks for")
}

pub(in crate::nn) fn tensor<const D: usize>(values: Vec<f32>, shape: [usize; D]) -> Tensor {
    Tensor::from_data(TensorData::new(values, shape))
}
