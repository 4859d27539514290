//! Tensors as training's kernels read them.

use super::Tensor;
use burn::backend::Flex;
use burn::backend::tensor::IntTensor;
use burn::tensor::TensorData;

/// Values in the shape of `tensor`.
pub(crate) fn like(tensor: &Tensor, values: Vec<f32>) -> Tensor {
    let shape = tensor.layout().shape().clone();
    Tensor::from_data(TensorData::new(values, shape))
}

pub(crate) fn indices(indices: IntTensor<Flex>) -> Vec<usize> {
    let indices = indices.into_data();
    indices.iter::<i64>().map(|index| index as usize).collect()
}
