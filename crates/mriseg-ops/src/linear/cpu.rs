use super::LinearOp;
use super::gradient::LinearGradient;
use crate::cpu::Tensor;
use burn::backend::Flex;
use burn::backend::ops::FloatTensorOps;

impl LinearOp for Flex {
    fn product(a: Tensor, b: Tensor) -> Tensor {
        Flex::float_matmul(a, b)
    }
}

impl LinearGradient for Flex {
    fn product_backward(a: Tensor, b: Tensor, grad: Tensor) -> [Tensor; 2] {
        let grad_a = Flex::float_matmul(grad.clone(), b.transpose(0, 1));
        [grad_a, Flex::float_matmul(a.transpose(0, 1), grad)]
    }
}
