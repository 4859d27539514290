//! Tensors as training's kernels read them.

use super::{Tensor, floats};
use crate::precision::Precision;
use burn::backend::Flex;
use burn::backend::tensor::IntTensor;
use burn::tensor::TensorData;
use half::{bf16, f16};

/// Values in the shape of `tensor`.
pub(crate) fn like(tensor: &Tensor, values: Vec<f32>) -> Tensor {
    let shape = tensor.layout().shape().clone();
    Tensor::from_data(TensorData::new(values, shape))
}

pub(crate) fn indices(indices: IntTensor<Flex>) -> Vec<usize> {
    let indices = indices.into_data();
    indices.iter::<i64>().map(|index| index as usize).collect()
}

/// Every number as it is after it was held in 16 bits.
pub(crate) fn rounded(x: Tensor, precision: Precision) -> Tensor {
    let round = match precision {
        Precision::F32 => return x,
        Precision::Bf16 => |x: f32| bf16::from_f32(x).to_f32(),
        Precision::F16 => |x: f32| f16::from_f32(x).to_f32(),
    };
    let x = x.to_contiguous();
    like(&x, floats(&x).iter().map(|&x| round(x)).collect())
}
