use super::LinearOp;
use super::gradient::LinearGradient;
use crate::cpu::Tensor;
use crate::cpu::shapes::rounded;
use crate::precision::Precision;
use burn::backend::Flex;
use burn::backend::ops::FloatTensorOps;

impl LinearOp for Flex {
    fn product(a: Tensor, b: Tensor, precision: Precision) -> Tensor {
        Flex::float_matmul(rounded(a, precision), rounded(b, precision))
    }
}

impl LinearGradient for Flex {
    fn product_backward(a: Tensor, b: Tensor, grad: Tensor, precision: Precision) -> [Tensor; 2] {
        let [a, b, grad] = [a, b, grad].map(|x| rounded(x, precision));
        let grad_a = Flex::float_matmul(grad.clone(), b.transpose(0, 1));
        [grad_a, Flex::float_matmul(a.transpose(0, 1), grad)]
    }
}
