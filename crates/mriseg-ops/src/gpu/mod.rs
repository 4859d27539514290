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

use burn::tensor::{DType, Shape};
use burn_cubecl::CubeDevice;
use burn_cubecl::cubecl::ir::{ElemType, FloatKind, features::TypeUsage};
use burn_cubecl::tensor::CubeTensor;

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

/// What kernels call a float of 16 or 32 bits.
pub(crate) fn elem(float: DType) -> ElemType {
    ElemType::Float(match float {
        DType::F16 => FloatKind::F16,
        DType::BF16 => FloatKind::BF16,
        _ => FloatKind::F32,
    })
}

/// Whether tensors of these floats can be stored on a device.
pub(crate) fn stores(device: &CubeDevice, float: DType) -> bool {
    let client = device.client();
    let features = &client.properties().features;
    features.type_usage(elem(float)).contains(TypeUsage::Buffer)
}
