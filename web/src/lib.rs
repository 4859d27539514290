//! wasm-bindgen shell over [`mriseg::segmenter::Segmenter`]: bytes in, tokens and masks out.
//!
//! One crate, two engines: feature `cpu` runs burn-flex (simd128), feature
//! `webgpu` runs burn-wgpu without autotune and fusion. The decoding loop lives
//! in the page's worker, which calls `Engine::next` once per pass through the
//! model and so can stop between any two. Elsewhere than in a browser there are
//! only the [`messages`], so that a test can write their types for the page.

#[cfg(all(feature = "cpu", feature = "webgpu"))]
compile_error!("choose one engine: `--no-default-features --features cpu` or `--features webgpu`");
#[cfg(all(target_arch = "wasm32", not(any(feature = "cpu", feature = "webgpu"))))]
compile_error!("choose an engine: `--features cpu` or `--features webgpu`");

pub mod messages;

#[cfg(target_arch = "wasm32")]
mod device;
#[cfg(target_arch = "wasm32")]
mod engine;
#[cfg(target_arch = "wasm32")]
mod fatal;
#[cfg(target_arch = "wasm32")]
mod start;

#[cfg(target_arch = "wasm32")]
pub use engine::Engine;
