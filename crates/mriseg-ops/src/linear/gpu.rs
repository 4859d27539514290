use super::LinearOp;
#[cfg(feature = "gradients")]
use crate::gpu::mixed;
use crate::gpu::product::product;
use crate::precision::Precision;
use burn_cubecl::CubeBackend;
use burn_cubecl::tensor::CubeTensor;

impl LinearOp for CubeBackend {
    fn product(a: CubeTensor, b: CubeTensor, precision: Precision) -> CubeTensor {
        #[cfg(feature = "gradients")]
        if precision != Precision::F32 {
            return mixed::matmul(a, b, precision);
        }
        product(a, b)
    }
}
