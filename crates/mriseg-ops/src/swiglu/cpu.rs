use super::SwigluOp;
use super::gradient::SwigluGradient;
use crate::cpu::shapes::like;
use crate::cpu::{Tensor, floats};
use crate::rows::sigmoid;
use burn::backend::Flex;
use burn::backend::flex::FlexTensor;
use burn::tensor::TensorData;

impl SwigluOp for Flex {
    fn swiglu(gate_up: Tensor) -> Tensor {
        let gate_up = gate_up.to_contiguous();
        let mut shape = gate_up.layout().shape().clone();
        let last = shape.num_dims() - 1;
        let width = shape[last];
        let floats = floats(&gate_up);
        let mut out = Vec::with_capacity(floats.len() / 2);
        for row in floats.chunks_exact(width) {
            let (gate, up) = row.split_at(width / 2);
            let gates_and_ups = gate.iter().zip(up);
            out.extend(gates_and_ups.map(|(gate, up)| gate * sigmoid(*gate) * up));
        }
        shape[last] = width / 2;
        FlexTensor::from_data(TensorData::new(out, shape))
    }
}

impl SwigluGradient for Flex {
    fn swiglu_backward(gate_up: Tensor, grad: Tensor) -> Tensor {
        let (gate_up, grad) = (gate_up.to_contiguous(), grad.to_contiguous());
        let shape = gate_up.layout().shape();
        let width = shape[shape.num_dims() - 1];
        let d_hidden = width / 2;
        let mut out = floats(&gate_up).to_vec();
        let grads = floats(&grad).chunks_exact(d_hidden);
        for (row, grad) in out.chunks_exact_mut(width).zip(grads) {
            let (gate, up) = row.split_at_mut(d_hidden);
            for ((gate, up), grad) in gate.iter_mut().zip(up).zip(grad) {
                let open = sigmoid(*gate);
                let silu = *gate * open;
                *gate = grad * *up * (open + silu * (1.0 - open));
                *up = grad * silu;
            }
        }
        like(&gate_up, out)
    }
}
