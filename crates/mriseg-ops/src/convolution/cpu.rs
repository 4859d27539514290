use super::{ConvolutionOp, ConvolutionOptions};
use crate::cpu::convolution::{Panels, Shape};
use crate::cpu::{Tensor, dims, floats, tensor};
use burn::backend::Flex;

impl ConvolutionOp for Flex {
    fn convolve(x: Tensor, weight: Tensor, bias: Tensor, options: ConvolutionOptions) -> Tensor {
        let (x, weight) = (x.to_contiguous(), weight.to_contiguous());
        let [batch, d_in, height, width] = dims(&x);
        let shape = Shape::new(dims(&x), dims(&weight), options.stride, options.padding);
        let d_out = shape.d_out;
        let panels = Panels::new(dims(&weight), floats(&weight));
        let mut out = Vec::with_capacity(batch * d_out * shape.rows * shape.columns);
        for picture in floats(&x).chunks_exact(d_in * height * width) {
            let pixels = shape.convolve(picture, &panels, floats(&bias));
            for channel in 0..d_out {
                out.extend(pixels[channel..].iter().step_by(d_out));
            }
        }
        tensor(out, [batch, d_out, shape.rows, shape.columns])
    }
}
