use super::LinearOp;
use super::gradient::LinearGradient;
use crate::gpu::matmul::{matmul, matmul_transposed};
use burn::backend::ops::FloatTensorOps;
use burn_cubecl::CubeBackend;
use burn_cubecl::tensor::CubeTensor;

impl LinearOp for CubeBackend {
    fn product(a: CubeTensor, b: CubeTensor) -> CubeTensor {
        matmul(a, b)
    }
}

impl LinearGradient for CubeBackend {
    fn product_backward(a: CubeTensor, b: CubeTensor, grad: CubeTensor) -> [CubeTensor; 2] {
        let grad_a = matmul(grad.clone(), Self::float_swap_dims(b, 0, 1));
        [grad_a, matmul_transposed(a, grad)]
    }
}
