//! Devices to test on. `mriseg` tests on the same, and includes this file.

use burn::tensor::wgpu::wgpu::{Backends, DeviceType, Instance, InstanceDescriptor};
use burn::tensor::{Device, DeviceKind};
use futures_lite::future::block_on;

/// The processor, and a GPU where there is one.
pub(crate) fn devices() -> Vec<Device> {
    std::iter::once(Device::flex()).chain(gpu()).collect()
}

/// A GPU, simulated or not.
fn gpu() -> Option<Device> {
    let instance = Instance::new(InstanceDescriptor::new_without_display_handle());
    let adapters = block_on(instance.enumerate_adapters(Backends::PRIMARY));
    let kinds: Vec<DeviceType> = (adapters.iter())
        .map(|adapter| adapter.get_info().device_type)
        .collect();
    let device = [
        (DeviceType::DiscreteGpu, DeviceKind::DiscreteGpu(0)),
        (DeviceType::IntegratedGpu, DeviceKind::IntegratedGpu(0)),
        (DeviceType::Cpu, DeviceKind::Cpu),
    ]
    .into_iter()
    .find(|(kind, _)| kinds.contains(kind))
    .map(|(_, device)| Device::wgpu(device));
    if device.is_none() {
        println!(
            "skipped: there is no Vulkan, Metal or DirectX 12 driver, not even a simulated one"
        );
    }
    device
}
