//! The transformer's parts: rotary positions, attention, feed-forward block, the same with a cache, heads
//! that look further ahead.

mod attention;
mod block;
mod cached;
mod convolution;
mod fused;
#[cfg_attr(not(feature = "gpu-kernels"), allow(dead_code, unused))]
pub(crate) mod kernels;
mod look_ahead;
mod rotary;
mod separable;

pub use attention::{PrefixAttention, causal_bias};
pub use block::{TransformerBlock, TransformerBlockConfig};
pub use cached::{CachedTransformer, KvCache, Predicted, TransformerParts};
pub(crate) use convolution::convolve;
pub(crate) use fused::{affine, cross_entropy, embed, group_norm, product, project, rms_norm};
pub use look_ahead::LookAhead;
pub use rotary::RotaryTable;
pub(crate) use separable::{Depthwise, pointwise, pointwise_linear, relu6};

use burn::tensor::Tensor;

/// Sizes of a transformer that decodes.
#[derive(Debug, Clone, Copy)]
pub struct DecodeShape {
    /// Width of the hidden states.
    pub d_model: usize,
    /// Width within the feed-forward part.
    pub d_hidden: usize,
    /// Width of an attention head.
    pub head_dim: usize,
    /// Tokens of the whole sequence.
    pub total: usize,
}

impl DecodeShape {
    /// Attention heads.
    pub fn heads(self) -> usize {
        self.d_model / self.head_dim
    }
}

/// Whether what is done with `x` goes to operations of our own; where it is to be differentiated, only if these have
/// gradients.
#[cfg(any(feature = "cpu-kernels", feature = "training"))]
fn has_operations<const D: usize>(x: &Tensor<D>) -> bool {
    let device = x.device();
    let device = if cfg!(feature = "training") {
        device.without_autodiff()
    } else {
        device
    };
    match device.as_dispatch() {
        #[cfg(feature = "cpu-kernels")]
        burn::backend::DispatchDevice::Flex(_) => true,
        #[cfg(all(feature = "gpu-kernels", feature = "training"))]
        burn::backend::DispatchDevice::Cube(device) => kernels::cube::fit_training(device),
        #[allow(unreachable_patterns)]
        _ => false,
    }
}

/// The transpose as a tensor of its own. Products of a few rows with it are several times faster than with
/// a transposed view, which is packed anew each time (LOG.md).
pub(crate) fn laid_out_transposed(matrix: Tensor<2>) -> Tensor<2> {
    let [rows, columns] = matrix.dims();
    let empty = Tensor::zeros([columns, rows], &matrix.device());
    empty.slice_assign([0..columns, 0..rows], matrix.transpose())
}
