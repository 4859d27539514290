//! wasm-bindgen shell over [`mriseg::segmenter::Segmenter`]: bytes in, tokens and masks out.
//!
//! One crate, two engines: feature `cpu` runs burn-flex (simd128, or relaxed
//! SIMD where `build-web` has our own crates compiled for it), feature
//! `webgpu` runs burn-wgpu without autotune and fusion. The decoding loop lives
//! in the page's worker, which calls [`Engine::next`] once per pass through the
//! model and so can stop between any two.

#[cfg(all(feature = "cpu", feature = "webgpu"))]
compile_error!("choose one engine: `--no-default-features --features cpu` or `--features webgpu`");
#[cfg(not(any(feature = "cpu", feature = "webgpu")))]
compile_error!("choose an engine: `--features cpu` or `--features webgpu`");

mod checks;
mod device;
mod engine;
mod fatal;
pub mod messages;
mod start;
mod views;

pub use engine::Engine;
