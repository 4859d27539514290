//! What kernels in CubeCL share: reductions within a workgroup, sums, matrix products, and how a launch is laid out.
//! No kernel needs subgroups.

pub(crate) mod grid;
#[cfg(feature = "gradients")]
pub(crate) mod matmul;
#[cfg(feature = "gradients")]
pub(crate) mod mixed;
pub(crate) mod product;
pub(crate) mod reduce;
pub(crate) mod rows;
pub(crate) mod shapes;
#[cfg(feature = "gradients")]
pub(crate) mod sums;

use burn::backend::{Backend, DTypeUsage};
use burn::tensor::{DType, Shape};
use burn_cubecl::tensor::CubeTensor;
use burn_cubecl::{CubeBackend, CubeDevice};

pub(crate) fn dims<const D: usize>(tensor: &CubeTensor) -> [usize; D] {
    tensor
        .meta
        .shape()
        .to_vec()
        .try_into()
        .expect("ranks are those of the documentation")
}

/// Floats of another shape on the device of `on`, not yet written.
pub(crate) fn like(on: &CubeTensor, shape: impl Into<Shape>) -> CubeTensor {
    let shape = shape.into();
    let handle = on.client.empty(shape.num_elements() * size_of::<f32>());
    let (client, device) = (on.client.clone(), on.device.clone());
    CubeTensor::new_contiguous(client, device, shape, handle, DType::F32)
}

/// Whether tensors of these floats can be stored on a device, and made of others.
pub(crate) fn stores(device: &CubeDevice, float: DType) -> bool {
    CubeBackend::dtype_usage(device, float).contains(DTypeUsage::Storage)
}
