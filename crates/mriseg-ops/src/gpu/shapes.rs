//! Tensors as kernels read them.

use burn::backend::ops::IntTensorOps;
use burn::backend::tensor::IntTensor;
use burn::tensor::IntDType;
#[cfg(feature = "gradients")]
use burn::tensor::Shape;
use burn_cubecl::CubeBackend;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;

/// Rows and their width, whatever stands before the last dimension.
#[cfg(feature = "gradients")]
pub(crate) fn rows_of(x: &CubeTensor) -> (usize, usize) {
    let shape = x.meta.shape();
    let width = shape[shape.num_dims() - 1];
    (shape.num_elements() / width, width)
}

/// 32-bit and contiguous.
pub(crate) fn indices(indices: IntTensor<CubeBackend>) -> CubeTensor {
    into_contiguous(CubeBackend::int_cast(indices, IntDType::I32))
}

/// The same numbers in another shape.
#[cfg(feature = "gradients")]
pub(crate) fn reshaped(x: CubeTensor, shape: Shape) -> CubeTensor {
    CubeTensor::new_contiguous(x.client, x.device, shape, x.handle, x.dtype)
}

/// Largest temporary buffer on the device of `on`, in elements. Small in tests, so that they also cover the split path.
#[cfg(feature = "gradients")]
pub(crate) fn largest_buffer(on: &CubeTensor) -> usize {
    const MOST: usize = if cfg!(test) { 1 << 14 } else { 1 << 26 };
    let bytes = on.client.properties().memory.max_page_size as usize;
    MOST.min(bytes / size_of::<f32>())
}
