//! What must run once, before anything else.

use wasm_bindgen::prelude::wasm_bindgen;

/// Runs the module's static constructors, of which CubeCL has hundreds. A module in which nothing calls them
/// itself runs them anew at every call from JavaScript, which took nine tenths of a pass through the model.
#[wasm_bindgen(start)]
#[allow(unsafe_code)]
pub(crate) fn start() {
    unsafe extern "C" {
        fn __wasm_call_ctors();
    }
    // SAFETY: the linker makes this function for every module, and the browser calls `start` once per instance.
    unsafe { __wasm_call_ctors() }
}
