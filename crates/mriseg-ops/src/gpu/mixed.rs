//! Matrix products with factors of 16 bits: in burn's kernels where the device has matrix units for them (tensor cores:
//! cooperative matrices of Vulkan, CUDA), else in our own with factors that are rounded, which is no faster than 32 bits.

use super::matmul;
use super::sums::sum_rows;
use super::{dims, shapes::reshaped, stores};
use crate::precision::Precision;
use burn::backend::cubecl::dtype_to_storage_type;
use burn::backend::ops::FloatTensorOps;
use burn::tensor::{DType, Shape, Slice};
use burn_cubecl::cubecl::ir::{ElemType, FloatKind};
use burn_cubecl::kernel::matmul::{MatmulStrategy, matmul as on_matrix_units};
use burn_cubecl::kernel::{cast, into_contiguous};
use burn_cubecl::tensor::CubeTensor;
use burn_cubecl::{CubeBackend, CubeDevice};

/// Whether tensors of 16 bits can be stored on a device, and whether it has matrix units for them.
pub(crate) fn support(device: &CubeDevice, half: DType) -> (bool, bool) {
    let (client, elem) = (device.client(), dtype_to_storage_type(half));
    let units = (client.properties().features.matmul.cmma.iter())
        .any(|unit| unit.a_type == elem && unit.cd_type == ElemType::Float(FloatKind::F32));
    let stored = stores(device, half);
    (stored, stored && units)
}

/// Whether factors are multiplied in 16 bits. Tests do so on devices without matrix units too, slowly.
pub(crate) fn in_halves(device: &CubeDevice, precision: Precision) -> bool {
    (precision.half()).is_some_and(|half| cfg!(test) || support(device, half).1)
}

/// The numbers of `x` as factors: of 16 bits if they are multiplied [`in_halves`], else rounded and of 32.
pub(crate) fn factor(x: CubeTensor, precision: Precision) -> CubeTensor {
    let Some(half) = precision.half() else {
        return x;
    };
    let halves = in_halves(&x.device, precision);
    let x = cast(x, half);
    if halves { x } else { cast(x, DType::F32) }
}

/// `a b`.
///
/// # Shapes
/// - a: `[.., rows, depth]`, a [`factor`] of 16 bits
/// - b: `[.., depth, columns]`, likewise
/// - output: `[.., rows, columns]`, of 32 bits
pub(crate) fn product(a: CubeTensor, b: CubeTensor) -> CubeTensor {
    on_matrix_units(a, b, None, MatmulStrategy::Cube, DType::F32)
        .expect("burn has a kernel for every device that stores 16 bits")
}

/// `a b` of matrices.
///
/// # Shapes
/// - a: `[rows, depth]`
/// - b: `[depth, columns]`
/// - output: `[rows, columns]`
pub(crate) fn matmul(a: CubeTensor, b: CubeTensor, precision: Precision) -> CubeTensor {
    let [a, b] = [a, b].map(|x| factor(x, precision));
    if a.dtype == DType::F32 {
        return matmul::matmul(a, b);
    }
    product(a, b)
}

/// `grad bᵀ` and `aᵀ grad`, the gradients of [`matmul`].
pub(crate) fn matmul_backward(
    a: CubeTensor,
    b: CubeTensor,
    grad: CubeTensor,
    precision: Precision,
) -> [CubeTensor; 2] {
    let [a, b, grad] = [a, b, grad].map(|x| factor(x, precision));
    let b = CubeBackend::float_swap_dims(b, 0, 1);
    if grad.dtype == DType::F32 {
        return [
            matmul::matmul(grad.clone(), b),
            matmul::matmul_transposed(a, grad),
        ];
    }
    [product(grad.clone(), b), product_transposed(a, grad)]
}

/// `xᵀ grad`: a sum over so many rows is split, so that there are tiles enough.
fn product_transposed(x: CubeTensor, grad: CubeTensor) -> CubeTensor {
    const SPLIT: usize = 512;
    let [rows, d_in] = dims(&x);
    let [_, d_out] = dims(&grad);
    let parts = rows / SPLIT;
    let whole = parts * SPLIT;
    let of = |x: &CubeTensor, rows: std::ops::Range<usize>| {
        CubeBackend::float_slice(x.clone(), &[Slice::from(rows), Slice::full()])
    };
    let transposed =
        |x: CubeTensor, first: usize| CubeBackend::float_swap_dims(x, first, first + 1);
    let rest = || {
        let [x, grad] = [&x, &grad].map(|x| of(x, whole..rows));
        product(transposed(x, 0), grad)
    };
    if parts == 0 {
        return rest();
    }
    let in_parts = |x: &CubeTensor, width: usize| {
        let x = into_contiguous(of(x, 0..whole));
        reshaped(x, Shape::from([parts, SPLIT, width]))
    };
    let partial = product(transposed(in_parts(&x, d_in), 1), in_parts(&grad, d_out));
    let sum = sum_rows(&into_contiguous(partial), parts, d_in * d_out);
    let sum = reshaped(sum, Shape::from([d_in, d_out]));
    if whole == rows {
        return sum;
    }
    CubeBackend::float_add(sum, rest())
}
