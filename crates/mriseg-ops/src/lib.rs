//! The operations on which the model spends its time: tensors in, tensors out.
//!
//! Each stands in a folder of its own: the formula and the reference, composed of burn's operations, in `mod.rs`; kernels
//! in `cpu` (burn-flex, native and wasm32) and `gpu` (CubeCL); the backward pass in `gradient`. Every kernel is
//! tested against the reference on every device at hand. [`Capability`] alone decides what a device runs.
//!
//! | module | operation |
//! |---|---|
//! | [`linear`] | `x W`, `x W + b` |
//! | [`embedding`] | rows of a table |
//! | [`attention`] | multi-head attention over `[prefix \| mask]` with rotary positions |
//! | [`rms_norm`], [`group_norm`] | normalisation |
//! | [`swiglu`] | `silu(gate) * up` |
//! | [`cross_entropy`] | `-log softmax(logits)[target]` |
//! | [`convolution`] | square kernels |
//! | [`separable`] | depthwise and pointwise convolutions with ReLU6 |
//! | [`decode_pass`] | a transformer with a key-value cache, a few tokens at a time |
//! | [`encode_pass`] | inverted residual blocks, weights packed once |
//! | `adamw` | AdamW, moving average of weights (feature `gradients`) |
//! | [`precision`] | matrix products with factors of 16 bits |
//! | [`layout`] | transposed copies |
//! | [`rows`] | exponential, softmax, sums of rows of numbers on the host |
#![warn(missing_docs)]
// Operations without kernels in a build: what burn's macro makes of them uses no argument.
#![cfg_attr(not(feature = "gradients"), allow(unused_variables))]

#[cfg(feature = "gradients")]
pub mod adamw;
pub mod attention;
pub mod capability;
pub mod convolution;
#[cfg(feature = "cpu")]
mod cpu;
pub mod cross_entropy;
pub mod decode_pass;
pub mod embedding;
pub mod encode_pass;
#[cfg(feature = "gpu")]
mod gpu;
#[cfg(feature = "gradients")]
mod gradients;
pub mod group_norm;
pub mod layout;
pub mod linear;
pub mod precision;
pub mod rms_norm;
pub mod rows;
pub mod separable;
pub mod swiglu;
#[cfg(test)]
mod testing;

pub use capability::{Capability, MixedPrecision};
