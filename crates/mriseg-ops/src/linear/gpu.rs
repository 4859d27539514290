use super::LinearOp;
use crate::gpu::product::product;
use burn_cubecl::CubeBackend;
use burn_cubecl::tensor::CubeTensor;

impl LinearOp for CubeBackend {
    fn product(a: CubeTensor, b: CubeTensor) -> CubeTensor {
        product(a, b)
    }
}
