//! Where to compute: the one place of the trainer that names a backend.

use anyhow::Result;
use burn::tensor::Device;
use clap::{Args, ValueEnum};

use crate::system::exit::usage;

/// Where to compute.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(crate) struct DeviceArgs {
    /// Where to compute; auto takes a real GPU if there is one, else the CPU
    #[arg(long, value_enum, default_value_t = DeviceChoice::Auto)]
    pub(crate) device: DeviceChoice,
    /// Accept a GPU that is simulated on the CPU (slow; for tests)
    #[arg(long)]
    pub(crate) software_adapter: bool,
}

/// Values of `--device`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum DeviceChoice {
    /// A real GPU if there is one, else the CPU
    #[default]
    Auto,
    /// The processor
    Cpu,
    /// Any GPU, through Vulkan, Metal or DirectX 12
    Gpu,
    /// An NVIDIA GPU through CUDA (needs a build with `--features cuda`)
    Cuda,
}

/// A device and how to call it in logs.
#[derive(Debug, Clone)]
pub(crate) struct Chosen {
    /// The device, without autodiff.
    pub(crate) device: Device,
    /// Backend and adapter.
    pub(crate) name: String,
    /// Threads among which the cases of a training step are shared out: all on a CPU, one that feeds a GPU.
    pub(crate) workers: usize,
}

/// The device that the arguments ask for.
///
/// # Errors
/// There is no such device, or this build cannot drive it; the message says what to do.
pub(crate) fn choose(args: DeviceArgs) -> Result<Chosen> {
    match args.device {
        DeviceChoice::Cpu => Ok(cpu()),
        DeviceChoice::Auto => Ok(gpu(args.software_adapter).unwrap_or_else(|_| cpu())),
        DeviceChoice::Gpu => gpu(args.software_adapter).map_err(usage),
        DeviceChoice::Cuda => cuda(),
    }
}

/// The processor.
pub(crate) fn cpu() -> Chosen {
    Chosen {
        device: Device::flex(),
        name: "CPU (burn-flex)".to_owned(),
        workers: rayon::current_num_threads(),
    }
}

#[cfg(feature = "gpu")]
fn gpu(software_adapter: bool) -> Result<Chosen, String> {
    use burn::tensor::DeviceKind;
    use burn::tensor::wgpu::wgpu::{Backends, DeviceType, Instance, InstanceDescriptor};

    let instance = Instance::new(InstanceDescriptor::new_without_display_handle());
    let adapters = futures_lite::future::block_on(instance.enumerate_adapters(Backends::PRIMARY));
    let found = |kind: DeviceType| {
        adapters
            .iter()
            .map(|adapter| adapter.get_info())
            .find(|info| info.device_type == kind)
    };
    let real = [
        (DeviceType::DiscreteGpu, DeviceKind::DiscreteGpu(0)),
        (DeviceType::IntegratedGpu, DeviceKind::IntegratedGpu(0)),
        (DeviceType::VirtualGpu, DeviceKind::VirtualGpu(0)),
    ];
    for (kind, device) in real {
        if let Some(info) = found(kind) {
            return Ok(Chosen {
                device: Device::wgpu(device),
                name: format!("{} (burn-wgpu, {})", info.name, info.backend),
                workers: 1,
            });
        }
    }
    match found(DeviceType::Cpu) {
        Some(info) if software_adapter => Ok(Chosen {
            device: Device::wgpu(DeviceKind::Cpu),
            name: format!("{} (burn-wgpu, {}, simulated)", info.name, info.backend),
            workers: 1,
        }),
        Some(info) => Err(format!(
            "the only GPU here, `{}`, is simulated on the CPU and slower than it: use --device cpu, or add --software-adapter to test the GPU path",
            info.name
        )),
        None => Err(
            "no GPU was found: install its Vulkan, Metal or DirectX 12 driver, or use --device cpu"
                .to_owned(),
        ),
    }
}

#[cfg(not(feature = "gpu"))]
fn gpu(_software_adapter: bool) -> Result<Chosen, String> {
    Err(
        "this build cannot drive a GPU: build with `--features gpu`, or use --device cpu"
            .to_owned(),
    )
}

#[cfg(feature = "cuda")]
fn cuda() -> Result<Chosen> {
    Ok(Chosen {
        device: Device::cuda(0),
        name: "CUDA device 0 (burn-cuda)".to_owned(),
        workers: 1,
    })
}

#[cfg(not(feature = "cuda"))]
fn cuda() -> Result<Chosen> {
    Err(usage(
        "this build has no CUDA: build with `cargo run -p trainer --features cuda`, or use --device gpu, which drives NVIDIA GPUs through Vulkan",
    ))
}
