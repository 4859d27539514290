//! The one place of this crate that names a backend.

use burn::tensor::Device;
use wasm_bindgen::JsError;

/// Opens the CPU device. Never fails.
#[cfg(feature = "cpu")]
pub(crate) async fn open() -> Result<Device, JsError> {
    Ok(Device::flex())
}

/// Acquires the WebGPU device and reports its loss and its validation errors from then on.
///
/// # Errors
///
/// When the browser gives no adapter or no device.
#[cfg(feature = "webgpu")]
pub(crate) async fn open() -> Result<Device, JsError> {
    use crate::fatal::report;

    /// More than a pass of the shipped models has: its kernels go to the GPU in one piece.
    const DISPATCHES_OF_A_SUBMIT: usize = 64;

    let (device, setup) = Device::wgpu_options()
        .tasks_max(DISPATCHES_OF_A_SUBMIT)
        .init_with_setup_async()
        .await
        .map_err(|error| JsError::new(&format!("WebGPU could not be started: {error}")))?;
    setup.device.set_device_lost_callback(|reason, message| {
        report("device-lost", &format!("{reason:?}: {message}"));
    });
    setup
        .device
        .on_uncaptured_error(std::sync::Arc::new(|error| {
            report("device-error", &format!("{error}"));
        }));
    Ok(device)
}
